"""The fully connected pair of Salimans et al. (2016), "Improved techniques for training GANs", for few labels.

Layer for layer as in its released code (github.com/openai/improved-gan, mnist_svhn_cifar10); the paper's section 6.1
names only the sizes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.parametrizations import weight_norm

from lightning_gan.networks.base import FeatureDiscriminator, Generator


class SoftplusGenerator(Generator):
    """Softplus layers with BatchNorm, then sigmoid units whose weights are normalised.

    =========================  ======================  ==========================
    layer                      2016, MNIST             output
    =========================  ======================  ==========================
    noise z                    U(0, 1)                 [m, 100]
    linear, BatchNorm, sftpl.  500                     [m, 500]
    linear, BatchNorm, sftpl.  500                     [m, 500]
    normalised linear, sigm.   784                     [m, 784] in [0, 1]
    =========================  ======================  ==========================

    BatchNorm has a shift for each unit and no scale. The last layer's weights into a unit have a length that is learned
    and begins at 1, and a direction (Salimans & Kingma 2016). Weights start as Glorot & Bengio's (2010), uniform.

    Args:
        data_shape: of one example, such as [1, 28, 28].
        z_dim: noise variables.
        widths: units of the hidden layers.
    """

    value_range = (0.0, 1.0)

    def __init__(
        self, data_shape: Sequence[int], z_dim: int = 100, widths: Sequence[int] = (500, 500)
    ) -> None:
        super().__init__(data_shape, z_dim)
        if not widths:
            raise ValueError("SoftplusGenerator without hidden layers: give widths, as [500, 500].")
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([z_dim, *widths]):
            norm = nn.BatchNorm1d(n_out)
            norm.weight.requires_grad_(False)  # 1 for ever
            layers += [nn.Linear(n_in, n_out, bias=False), norm, nn.Softplus()]
        last = nn.Linear(widths[-1], self.data_size)
        for layer in [*layers, last]:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(last.bias)
        weight_norm(last)
        nn.init.ones_(cast(Tensor, last.parametrizations.weight.original0))  # type: ignore[union-attr]
        self.network = nn.Sequential(*layers, last, nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape] in [0, 1]."""
        return self.network(z).view(-1, *self.data_shape)


class NoisyLinear(nn.Linear):
    """A linear layer with normalised weights, that sees its input under N(0, noise^2) while training.

    Weight normalisation: Salimans & Kingma (2016), equation 2; each unit's weights are a length times a direction.

    Args:
        n_in: inputs.
        n_out: outputs.
        noise: standard deviation.
        learn_length: whether the length moves after its start.
    """

    def __init__(self, n_in: int, n_out: int, noise: float, learn_length: bool) -> None:
        super().__init__(n_in, n_out)
        if noise < 0:
            raise ValueError(f"NoisyLinear with noise {noise}: give 0 or more.")
        self.noise = noise
        nn.init.normal_(self.weight, 0.0, 0.1)
        nn.init.zeros_(self.bias)
        weight_norm(self)
        self.length.requires_grad_(learn_length)

    @property
    def length(self) -> nn.Parameter:
        """Of each unit's weights, [n_out, 1]."""
        return cast(nn.Parameter, self.parametrizations.weight.original0)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        """[m, n_in] to [m, n_out]."""
        noisy = x + self.noise * torch.randn_like(x) if self.training and self.noise else x
        return super().forward(noisy)

    @torch.no_grad()
    def start_from(self, x: Tensor) -> Tensor:
        """Give each unit mean 0 and variance 1 over these inputs, [m, n_in] (Salimans & Kingma 2016, equation 5).

        Returns:
            What the layer then makes of them, [m, n_out].
        """
        noisy = x + self.noise * torch.randn_like(x)
        out = linear(noisy, self.weight)
        mean, square = over_processes(torch.stack([out.mean(0), out.square().mean(0)]))
        std = (square - mean.square()).clamp(min=1e-12).sqrt()
        self.length.div_(std[:, None])
        self.bias.copy_(-mean / std)
        return (out - mean) / std


class NoisyDiscriminator(FeatureDiscriminator):
    """ReLU layers with normalised weights and Gaussian noise before every layer; then one linear unit.

    =========================  ======================  ==========================
    layer                      2016, MNIST             output
    =========================  ======================  ==========================
    image x                                            [m, 784]
    noise .3, linear, ReLU     1000                    [m, 1000]
    noise .5, linear, ReLU     500                     [m, 500]
    noise .5, linear, ReLU     250                     [m, 250]
    noise .5, linear, ReLU     250                     [m, 250]
    noise .5, linear, ReLU     250                     [m, 250]: the features
    noise .5, linear           1                       [m]
    =========================  ======================  ==========================

    At the first minibatch in training mode each unit's length and bias are set so that it has mean 0 and variance 1
    there (Salimans & Kingma 2016, section 3). In the hidden layers the length stays so, as in the released code; the
    last unit's is learned. Another last unit, put in by `end_with`, is normalised and sees noise too. Features are
    without the noise that the last layer sees.

    Args:
        data_shape: of one example, such as [1, 28, 28].
        widths: units of the hidden layers.
        input_noise: standard deviation of the noise on x, in units of the data.
        noise: of that on the hidden layers.
    """

    started: Tensor

    def __init__(
        self,
        data_shape: Sequence[int],
        widths: Sequence[int] = (1000, 500, 250, 250, 250),
        input_noise: float = 0.3,
        noise: float = 0.5,
    ) -> None:
        super().__init__(data_shape)
        if not widths:
            raise ValueError(
                "NoisyDiscriminator without hidden layers: give widths, such as [1000, 500]."
            )
        sizes = [self.data_size, *widths]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            layers += [NoisyLinear(n_in, n_out, noise if i else input_noise, False), nn.ReLU()]
        self.noise = noise
        self.network = nn.Sequential(*layers, NoisyLinear(sizes[-1], 1, noise, True))
        self.register_buffer("started", torch.tensor(False))  # part of every checkpoint
        self.ready = False  # the same, where asking costs nothing

    def end_with(self, unit: nn.Linear) -> None:
        """Let a layer of as many units as this one, normalised and under noise, read f(x) in the last one's place."""
        super().end_with(NoisyLinear(unit.in_features, unit.out_features, self.noise, True))

    def features(self, x: Tensor) -> Tensor:
        """[m, *data_shape] to what the last unit reads, [m, feature_dim]."""
        x = x.flatten(1)
        if self.training and not self.ready:
            self.ready = bool(self.started) or self.start_from(x)
        return super().features(x)

    def start_from(self, x: Tensor) -> bool:
        """Set every layer's lengths and biases by these examples, [m, data_size], one layer after the other."""
        for layer in self.network:
            x = layer.start_from(x) if isinstance(layer, NoisyLinear) else layer(x)
        return bool(self.started.fill_(True))


def over_processes(mean: Tensor) -> Tensor:
    """The mean over all processes, so that their copies of a player stay one."""
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(mean)
        mean /= dist.get_world_size()
    return mean
