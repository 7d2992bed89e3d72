"""Networks for MNIST with few labels: Salimans et al. (2016), "Improved techniques for training GANs", section 5.1.

Sizes are those of the released code. Its D is `KPlusOneDiscriminator(WeightNormDiscriminator(...), 10)`.
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
    """Generator with softplus layers, BatchNorm, and weight-normalised sigmoid outputs in [0, 1].

    ==============================  ======================  ==========================
    layer                           2016, MNIST             output
    ==============================  ======================  ==========================
    noise z, U(0, 1)                                        [m, 100]
    linear, BatchNorm, softplus     500                     [m, 500]
    linear, BatchNorm, softplus     500                     [m, 500]
    linear with weight norm         784                     [m, 784]
    sigmoid                                                 [m, 1, 28, 28] in [0, 1]
    ==============================  ======================  ==========================

    BatchNorm has shifts and no scales. Weights have Xavier uniform initialisation, and those into each output unit are
    normalised to length 1; biases are 0.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20.
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
        """Generate examples, [m, *data_shape], in [0, 1], from noise, [m, z_dim]."""
        return self.network(z).view(-1, *self.data_shape)


class WeightNormLinear(nn.Linear):
    r"""Linear layer with Gaussian noise on its input and weight normalisation: Salimans & Kingma (2016).

    .. math:: t = \frac{g}{\lVert v \rVert} v^T (x + \sigma \epsilon) + b

    The initial v is from N(0, 0.1^2), as in the code released with Salimans et al. (2016). At the first minibatch in
    training mode, g and b are set so that each unit has mean 0 and variance 1 (Salimans & Kingma 2016, section 3) over
    the examples of all devices.

    Args:
        n_in: Number of inputs, at least 1.
        n_out: Number of units, 1 to 2^20.
        noise: Standard deviation sigma of the noise in training mode, at least 0.
        learn_length: Whether g is trained.
    """

    @check_arguments
    def __init__(
        self, n_in: Count, n_out: Size, noise: NonNegative = 0.0, learn_length: bool = False
    ) -> None:
        super().__init__(n_in, n_out)
        self.noise = GaussianNoise(noise)
        nn.init.normal_(
            self.weight, 0.0, 0.1
        )  # v: its length sets how fast Adam changes its direction
        nn.init.zeros_(self.bias)
        weight_norm(self)
        with torch.no_grad():
            self.g.fill_(1.0)
        self.g.requires_grad_(learn_length)
        self.started = False

    @property
    def g(self) -> Tensor:
        """Length of the weights into each unit, [n_out, 1]."""
        return self.parametrizations.weight.original0  # type: ignore[union-attr, return-value]

    @torch.no_grad()
    def init_from_data(self, x: Tensor) -> None:
        """Set g and b so that each unit has mean 0 and variance 1 for inputs x, [m, n_in]."""
        units = collectives.all_gather(linear(x, self.weight).float())
        std = units.std(0, correction=0).clamp(min=1e-6)
        self.g.div_(std[:, None])
        self.bias.copy_(-units.mean(0) / std)
        self.started = True

    def get_extra_state(self) -> Tensor:
        """Return whether g and b have been set, for checkpoints; reading a buffer would synchronise with the GPU."""
        return torch.tensor(self.started)

    def set_extra_state(self, state: Tensor) -> None:
        """Restore whether g and b have been set."""
        self.started = bool(state)

    def forward(self, x: Tensor) -> Tensor:
        """Map [m, n_in] to [m, n_out]."""
        x = self.noise(x)
        if self.training and not self.started and len(x) > 1:
            self.init_from_data(x)
        return linear(x, self.weight, self.bias)


class WeightNormDiscriminator(FeatureDiscriminator):
    """Fully connected discriminator with ReLU, weight normalisation, and Gaussian noise before each layer.

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

    Each layer is a `WeightNormLinear`; only the last one trains its lengths g. The features are the output of the last
    hidden layer before the noise. `replace_last_layer` makes the new layer a `WeightNormLinear` too.

    Args:
        data_shape: Shape of one example, such as [1, 28, 28], each 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20.
        input_noise: Standard deviation of the noise on the image, in units of the data, at least 0.
        noise: Standard deviation of the noise on the hidden units, at least 0.

    Raises:
        UserError: There are no hidden layers.
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
            raise UserError(
                "WeightNormDiscriminator has no hidden layers: give widths, such as [1000, 500]."
            )
        layers: list[nn.Module] = [nn.Flatten()]
        stds = [input_noise] + [noise] * len(widths)
        sizes = [self.data_size, *widths]
        for (n_in, n_out), std in zip(pairwise(sizes), stds, strict=False):
            layers += [WeightNormLinear(n_in, n_out, std), nn.ReLU()]
        unit = WeightNormLinear(sizes[-1], 1, stds[-1], learn_length=True)
        self.network = nn.Sequential(*layers, unit)

    def replace_last_layer(self, layer: nn.Linear) -> None:
        """Replace the last layer by a `WeightNormLinear` with as many units as `layer`."""
        noise = cast(WeightNormLinear, self.last_layer).noise.std
        super().replace_last_layer(
            WeightNormLinear(layer.in_features, layer.out_features, noise, True)
        )


def _of_length_1(layer: nn.Linear) -> nn.Linear:
    """Apply weight normalisation after normalising the weights into each unit to length 1."""
    with torch.no_grad():
        layer.weight.copy_(normalize(layer.weight))
    return weight_norm(layer)
