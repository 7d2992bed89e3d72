"""The pair that Salimans et al. (2016), "Improved techniques for training GANs", trained on MNIST with few labels.

Sizes are those of section 5.1's released code. `KPlusOneDiscriminator(WeightNormDiscriminator(...), 10)` is its D.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize
from torch.nn.utils.parametrizations import weight_norm

from lightning_gan.arguments import Count, NonNegative, Size, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.networks.layers import GaussianNoise
from lightning_gan.utils.errors import UserError


class SoftplusGenerator(Generator):
    """Softplus layers with BatchNorm, then sigmoid units whose weights have a length of their own: samples in [0, 1].

    ==============================  ======================  ==========================
    layer                           2016, MNIST             output
    ==============================  ======================  ==========================
    noise z, U(0, 1)                                        [m, 100]
    linear, BatchNorm, softplus     500                     [m, 500]
    linear, BatchNorm, softplus     500                     [m, 500]
    linear with weight norm         784                     [m, 784]
    sigmoid                                                 [m, 1, 28, 28] in [0, 1]
    ==============================  ======================  ==========================

    BatchNorm has shifts and no scales. Weights start as Xavier's uniform, those into an output unit then with length
    1; biases at 0.

    Args:
        data_shape: of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: noise variables, 1 to 2^20.
        widths: units of the hidden layers, each 1 to 2^20.
    """

    value_range = (0.0, 1.0)

    @check_arguments
    def __init__(
        self, data_shape: Sequence[Size], z_dim: Size = 100, widths: Sequence[Size] = (500, 500)
    ) -> None:
        super().__init__(data_shape, z_dim)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([z_dim, *widths]):
            norm = nn.BatchNorm1d(n_out, eps=1e-6)
            norm.weight.requires_grad_(False)  # no scale
            layers += [nn.Linear(n_in, n_out, bias=False), norm, nn.Softplus()]
        output = nn.Linear([z_dim, *widths][-1], self.data_size)
        for layer in [*layers, output]:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(output.bias)
        self.network = nn.Sequential(*layers, _of_length_1(output), nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape] in [0, 1]."""
        return self.network(z).view(-1, *self.data_shape)


class WeightNormLinear(nn.Linear):
    r"""Linear units with noise before them and weights of a length of their own: Salimans & Kingma (2016).

    .. math:: t = \frac{g}{\lVert v \rVert} v^T (x + \sigma \epsilon) + b

    v starts in N(0, 0.1^2), as in the code released with Salimans et al. (2016). g and b are set at the first minibatch
    in training mode so that each unit has mean 0 and variance 1 on it (Salimans & Kingma 2016, section 3): on the
    examples of all devices.

    Args:
        n_in: inputs, at least 1.
        n_out: units, 1 to 2^20.
        noise: sigma, in training mode, at least 0.
        learn_length: whether g is trained.
    """

    @check_arguments
    def __init__(
        self, n_in: Count, n_out: Size, noise: NonNegative = 0.0, learn_length: bool = False
    ) -> None:
        super().__init__(n_in, n_out)
        self.noise = GaussianNoise(noise)
        nn.init.normal_(self.weight, 0.0, 0.1)  # v: the longer it is, the slower Adam turns it
        nn.init.zeros_(self.bias)
        weight_norm(self)
        with torch.no_grad():
            self.g.fill_(1.0)
        self.g.requires_grad_(learn_length)
        self.started = False

    @property
    def g(self) -> Tensor:
        """The length of the weights into each unit, [n_out, 1]."""
        return self.parametrizations.weight.original0  # type: ignore[union-attr, return-value]

    @torch.no_grad()
    def init_from_data(self, x: Tensor) -> None:
        """Let each unit have mean 0 and variance 1 on inputs, [m, n_in]."""
        units = collectives.all_gather(linear(x, self.weight).float())
        std = units.std(0, correction=0).clamp(min=1e-6)
        self.g.div_(std[:, None])
        self.bias.copy_(-units.mean(0) / std)
        self.started = True

    def get_extra_state(self) -> Tensor:
        """For checkpoints: whether g and b have been set; no buffer, because to look at one makes a GPU wait."""
        return torch.tensor(self.started)

    def set_extra_state(self, state: Tensor) -> None:
        """As a checkpoint says."""
        self.started = bool(state)

    def forward(self, x: Tensor) -> Tensor:
        """[m, n_in] to [m, n_out]."""
        x = self.noise(x)
        if self.training and not self.started and len(x) > 1:
            self.init_from_data(x)
        return linear(x, self.weight, self.bias)


class WeightNormDiscriminator(FeatureDiscriminator):
    """ReLU layers with weight normalisation and Gaussian noise before every layer.

    =====================================  ======================  ==========================
    layer                                  2016, MNIST             output
    =====================================  ======================  ==========================
    image x                                                        [m, 784]
    noise 0.3, linear, ReLU                1000                    [m, 1000]
    noise 0.5, linear, ReLU                500                     [m, 500]
    noise 0.5, linear, ReLU                250                     [m, 250]
    noise 0.5, linear, ReLU                250                     [m, 250]
    noise 0.5, linear, ReLU                250                     f(x), [m, 250]
    noise 0.5, linear                      1                       [m]
    =====================================  ======================  ==========================

    Every layer is a `WeightNormLinear`, of which the last alone trains its lengths. Features are what the last hidden
    layer says, before the noise on it. A last unit that is put in by `replace_head` becomes one of the same kind.

    Args:
        data_shape: of one example, such as [1, 28, 28], each 1 to 2^20.
        widths: units of the hidden layers, each 1 to 2^20.
        input_noise: standard deviation on the pixels, in units of the data, at least 0.
        noise: on the hidden units, at least 0.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        widths: Sequence[Size] = (1000, 500, 250, 250, 250),
        input_noise: NonNegative = 0.3,
        noise: NonNegative = 0.5,
    ) -> None:
        super().__init__(data_shape)
        if not widths:
            raise UserError("WeightNormDiscriminator without hidden layers: give widths.")
        layers: list[nn.Module] = [nn.Flatten()]
        stds = [input_noise] + [noise] * len(widths)
        sizes = [self.data_size, *widths]
        for (n_in, n_out), std in zip(pairwise(sizes), stds, strict=False):
            layers += [WeightNormLinear(n_in, n_out, std), nn.ReLU()]
        unit = WeightNormLinear(sizes[-1], 1, stds[-1], learn_length=True)
        self.network = nn.Sequential(*layers, unit)

    def replace_head(self, unit: nn.Linear) -> None:
        """Let as many units of this network's kind read f(x) in the last one's place."""
        noise = cast(WeightNormLinear, self.last_layer).noise.std
        super().replace_head(WeightNormLinear(unit.in_features, unit.out_features, noise, True))


def _of_length_1(layer: nn.Linear) -> nn.Linear:
    """Weight normalisation, the weights into each unit starting with length 1."""
    with torch.no_grad():
        layer.weight.copy_(normalize(layer.weight))
    return weight_norm(layer)
