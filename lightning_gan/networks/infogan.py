"""Convolutional networks of Chen et al. (2016), "InfoGAN", appendix C.1, without the latent code of that paper."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from lightning_gan.arguments import NonNegative, Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.networks.normalization import Norm, make_norm
from lightning_gan.utils.errors import UserError

HALVINGS = {28: 2, 32: 2, 64: 3}  # image side: number of stride-2 layers, down to 7 or 8 pixels


class InfoGANGenerator(Generator):
    """Generator with two dense layers and 4 x 4 transposed convolutions of stride 2; tanh output in [-1, 1].

    ===============================  ==========================  ==========================
    layer                            paper, MNIST                output
    ===============================  ==========================  ==========================
    noise z                                                      [m, 74]
    linear, norm, ReLU               1024                        [m, 1024]
    linear, norm, ReLU               128 x 7 x 7                 [m, 128, 7, 7]
    transposed, norm, ReLU           64, 4 x 4                   [m, 64, 14, 14]
    transposed, tanh                 1, 4 x 4                    [m, 1, 28, 28] in [-1, 1]
    ===============================  ==========================  ==========================

    At 32 x 32 the first maps are 8 x 8; at 64 x 64 there is one more layer. The output is tanh where the paper has a
    sigmoid. In the second dense layer each unit is normalised separately, as in the paper; with one scale for each map,
    as in DCGAN, training on MNIST loses most modes (RESULTS.md).

    Args:
        data_shape: Shape of one image, [C, S, S] with S 28, 32 or 64, each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        hidden: Number of units in the first dense layer, 1 to 2^20.
        width: Number of maps before the output layer, 1 to 2^20; it doubles at each lower resolution.
        norm: Normalisation before each ReLU: batch (as in the paper), layer, instance or none. In dense layers instance
            means none, because instance normalisation of a single value gives 0.
    """

    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 74,
        hidden: Size = 1024,
        width: Size = 64,
        norm: Norm = "batch",
    ) -> None:
        super().__init__(data_shape, z_dim)
        channels, side = _list_channels(self.data_shape, width)
        widest = channels[-1]
        self.dense = nn.Sequential(
            *_dense(z_dim, hidden, norm),
            nn.ReLU(),
            *_dense(hidden, widest * side**2, norm),
            nn.ReLU(),
            nn.Unflatten(1, (widest, side, side)),
        )
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(reversed(channels)):
            layers += [
                nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1),
                make_norm(norm, n_out),
                nn.ReLU(),
            ]
        self.network = nn.Sequential(*layers[:-2], nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """Generate images, [m, *data_shape], in [-1, 1], from noise, [m, z_dim]."""
        return self.network(self.dense(z))


class InfoGANDiscriminator(FeatureDiscriminator):
    """Discriminator with 4 x 4 convolutions of stride 2, one dense layer, LeakyReLU, and one linear unit.

    ===============================  ==========================  ==========================
    layer                            paper, MNIST                output
    ===============================  ==========================  ==========================
    image x                                                      [m, 1, 28, 28]
    convolution, LeakyReLU           64, 4 x 4                   [m, 64, 14, 14]
    convolution, norm, LeakyReLU     128, 4 x 4                  [m, 128, 7, 7]
    linear, norm, LeakyReLU          1024                        [m, 1024]
    linear                           1                           [m]
    ===============================  ==========================  ==========================

    At 32 x 32 and 64 x 64 the maps are those of `InfoGANGenerator`.

    Args:
        data_shape: Shape of one image, [C, S, S] with S 28, 32 or 64, each 1 to 2^20.
        width: Number of maps after the first layer, 1 to 2^20; it doubles with each further layer.
        hidden: Number of units in the dense layer, 1 to 2^20.
        slope: Slope of LeakyReLU for negative values, at least 0; 0.1 in the paper.
        norm: Normalisation as for `InfoGANGenerator`, after all layers but the first and the last. A gradient penalty
            needs layer, instance or none, because with BatchNorm a logit depends on the whole minibatch.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        width: Size = 64,
        hidden: Size = 1024,
        slope: NonNegative = 0.1,
        norm: Norm = "batch",
    ) -> None:
        super().__init__(data_shape)
        channels, side = _list_channels(self.data_shape, width)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(channels):
            layers += [
                nn.Conv2d(n_in, n_out, 4, stride=2, padding=1),
                make_norm(norm, n_out),
                nn.LeakyReLU(slope),
            ]
        del layers[1]  # the first layer has no normalisation
        self.network = nn.Sequential(
            *layers,
            nn.Flatten(),
            *_dense(channels[-1] * side**2, hidden, norm),
            nn.LeakyReLU(slope),
            nn.Linear(hidden, 1),
        )


def _dense(n_in: int, n_out: int, norm: Norm) -> list[nn.Module]:
    """Make a linear layer with a normalisation of each unit; none for instance normalisation, which would give 0."""
    normalize = make_norm("none" if norm == "instance" else norm, n_out)
    return [nn.Linear(n_in, n_out), nn.Unflatten(1, (n_out, 1, 1)), normalize, nn.Flatten()]


def _list_channels(data_shape: Sequence[int], width: int) -> tuple[list[int], int]:
    """Compute the channels from the image to the smallest map, and the side of that map.

    Raises:
        UserError: The layers cannot generate this shape.
    """
    if len(data_shape) != 3 or data_shape[1] != data_shape[2] or data_shape[1] not in HALVINGS:
        sides = ", ".join(f"[C, {s}, {s}]" for s in HALVINGS)
        raise UserError(f"The InfoGAN pair for data_shape {list(data_shape)}: give one of {sides}.")
    halvings = HALVINGS[data_shape[1]]
    return [data_shape[0], *(width * 2**i for i in range(halvings))], data_shape[1] >> halvings
