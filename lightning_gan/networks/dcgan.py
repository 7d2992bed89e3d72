"""Generator and discriminator of DCGAN: Radford et al. (2016)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from lightning_gan.arguments import CountFromTwo, Size, check_arguments
from lightning_gan.networks.base import FeatureDiscriminator, Generator
from lightning_gan.networks.normalization import Norm, make_norm
from lightning_gan.utils.errors import UserError

HALVINGS = {28: 2, 32: 3, 64: 4}  # image side: number of stride-2 layers, down to 7 or 4 pixels


class DCGANGenerator(Generator):
    """Generator with transposed convolutions of stride 2, BatchNorm and ReLU; tanh output in [-1, 1].

    ===============================  =========================  ==========================
    layer                            width 128, 32 x 32         output
    ===============================  =========================  ==========================
    noise z                                                     [m, 100]
    linear, BatchNorm, ReLU          512 x 4 x 4                [m, 512, 4, 4]
    transposed, BatchNorm, ReLU      256, 5 x 5                 [m, 256, 8, 8]
    transposed, BatchNorm, ReLU      128, 5 x 5                 [m, 128, 16, 16]
    transposed, tanh                 3, 5 x 5                   [m, 3, 32, 32] in [-1, 1]
    ===============================  =========================  ==========================

    At 64 x 64, as in the paper's Figure 1, the first maps are 1024 x 4 x 4 and there is one more layer; at 28 x 28 the
    first maps are 256 x 7 x 7 and there is one layer less. As in the released code, no layer has a bias except
    BatchNorm; norm none adds one to each layer, with PyTorch's initialisation. Initial weights are from N(0, 0.02^2),
    BatchNorm's scales from N(1, 0.02^2).

    Args:
        data_shape: Shape of one example, [C, S, S] with S 28, 32 or 64, each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        width: Number of channels before the output layer, 1 to 2^20.
        kernel: Side of the filters, at least 2: 5 in the paper; 4, a multiple of the stride, in PyTorch's example.
        norm: Normalisation between the convolutions. batch: as in the paper. layer: over all channels and pixels of one
            example (`GroupNorm` with one group). instance: over the pixels of one channel of one example. none: no
            normalisation, and a bias for each channel.
    """

    value_range = (-1.0, 1.0)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 100,
        width: Size = 128,
        kernel: CountFromTwo = 5,
        norm: Norm = "batch",
    ) -> None:
        super().__init__(data_shape, z_dim)
        channels, side = _pyramid(self.data_shape, width)
        widest = channels[-1]
        self.first = nn.Sequential(
            nn.Linear(z_dim, widest * side**2, bias=norm == "none"),
            nn.Unflatten(1, (widest, side, side)),
            make_norm(norm, widest),
            nn.ReLU(),
        )
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(reversed(channels)):
            layers += [_double(n_in, n_out, kernel, norm), make_norm(norm, n_out), nn.ReLU()]
        # neither BatchNorm nor ReLU at the output
        self.network = nn.Sequential(*layers[:-2], nn.Tanh())
        normal_(self)

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], in [-1, 1], from noise, [m, z_dim]."""
        return self.network(self.first(z))


class DCGANDiscriminator(FeatureDiscriminator):
    """Discriminator with convolutions of stride 2, BatchNorm in all but the first, LeakyReLU 0.2, and one linear unit.

    ===============================  =========================  ==========================
    layer                            width 128, 32 x 32         output
    ===============================  =========================  ==========================
    image x                                                     [m, 3, 32, 32]
    convolution, LeakyReLU           128, 5 x 5                 [m, 128, 16, 16]
    convolution, BatchNorm, LeakyR.  256, 5 x 5                 [m, 256, 8, 8]
    convolution, BatchNorm, LeakyR.  512, 5 x 5                 [m, 512, 4, 4]
    linear                           1                          [m]
    ===============================  =========================  ==========================

    At 64 x 64 there is one more layer, of 1024; at 28 x 28 one less, down to 256 x 7 x 7. No layer has a bias except
    BatchNorm; norm none adds one to each convolution. Weights are initialised as those of `DCGANGenerator`. With
    BatchNorm a logit depends on the whole minibatch; real and generated images are separate minibatches, as in the
    released code.

    Args:
        data_shape: Shape of one example, [C, S, S] with S 28, 32 or 64, each 1 to 2^20.
        width: Number of channels after the first layer, 1 to 2^20.
        kernel: Side of the filters, at least 2.
        norm: Normalisation as for `DCGANGenerator`. A gradient penalty needs layer, instance or none, because with
            BatchNorm a logit depends on the whole minibatch.
    """

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        width: Size = 128,
        kernel: CountFromTwo = 5,
        norm: Norm = "batch",
    ) -> None:
        super().__init__(data_shape)
        channels, side = _pyramid(self.data_shape, width)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(channels):
            layers += [
                _halve(n_in, n_out, kernel, norm),
                make_norm(norm, n_out),
                nn.LeakyReLU(0.2),
            ]
        del layers[1]  # the first layer has no BatchNorm
        self.network = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(channels[-1] * side**2, 1, bias=False)
        )
        normal_(self)


def normal_(module: nn.Module, std: float = 0.02) -> None:
    """Initialise all layers of a module: weights from N(0, std^2), scales of norms from N(1, std^2), shifts 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, std)
        elif isinstance(layer, nn.BatchNorm2d | nn.GroupNorm | nn.InstanceNorm2d):
            nn.init.normal_(layer.weight, 1.0, std)
            nn.init.zeros_(layer.bias)


def _pyramid(data_shape: Sequence[int], width: int) -> tuple[list[int], int]:
    """Compute the channels from the image to the smallest map, and the side of that map."""
    if len(data_shape) != 3 or data_shape[1] != data_shape[2] or data_shape[1] not in HALVINGS:
        sides = ", ".join(f"[C, {s}, {s}]" for s in HALVINGS)
        raise UserError(f"DCGAN of data_shape {list(data_shape)}: give one of {sides}.")
    halvings = HALVINGS[data_shape[1]]
    channels = [data_shape[0], *(width * 2**i for i in range(halvings))]
    return channels, data_shape[1] >> halvings


def _halve(n_in: int, n_out: int, kernel: int, norm: Norm) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, kernel, stride=2, padding=(kernel - 1) // 2, bias=norm == "none")


def _double(n_in: int, n_out: int, kernel: int, norm: Norm) -> nn.ConvTranspose2d:
    odd = kernel % 2  # makes the output side twice the input side
    return nn.ConvTranspose2d(
        n_in,
        n_out,
        kernel,
        stride=2,
        padding=(kernel - 1) // 2,
        output_padding=odd,
        bias=norm == "none",
    )
