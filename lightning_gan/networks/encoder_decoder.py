"""The encoder-decoder pair of DiscoGAN: Kim et al. (2017), and its released code."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from lightning_gan.arguments import CountOrZero, Size, check_arguments
from lightning_gan.networks.base import Discriminator
from lightning_gan.networks.translator import Translator
from lightning_gan.utils.errors import UserError


class EncoderDecoderTranslator(Translator):
    """Convolutions 4 x 4 of stride 2 down to 4 x 4 pixels and transposed ones back; sigmoid: images in [0, 1].

    At 64 x 64 with width 64: convolutions to 64 (without BatchNorm), 128, 256 and 512 maps with LeakyReLU 0.2, then
    transposed convolutions to 256, 128 and 64 maps with BatchNorm and ReLU, and to the image. No layer has a bias.
    Parameters from 3 to 3 channels: 5,513,856; 7,153,480 with a bottleneck of 100.

    Args:
        input_shape: shape of a source image, [C, S, S], each 1 to 2^20; S a power of 2, at least 16.
        data_shape: shape of a translated image, [C', S, S], each 1 to 2^20.
        width: feature maps of the first layer, 1 to 2^20.
        bottleneck: units of a layer of 1 x 1 pixels between the two halves, 0 to 2^20; 0: there is none. The released
            code has 100 for car and face angles.
    """

    value_range = (0.0, 1.0)

    @check_arguments
    def __init__(
        self,
        input_shape: Sequence[Size],
        data_shape: Sequence[Size],
        width: Size = 64,
        bottleneck: CountOrZero = 0,
    ) -> None:
        super().__init__(input_shape, data_shape)
        self.multiple = self.data_shape[1]
        widths = list_widths(self.data_shape, width)
        self.encoder = make_encoder([self.input_shape[0], *widths])
        middle: list[nn.Module] = []
        if bottleneck:
            middle = [
                nn.Conv2d(widths[-1], bottleneck, 4, bias=False),
                nn.BatchNorm2d(bottleneck),
                nn.LeakyReLU(0.2),
                nn.ConvTranspose2d(bottleneck, widths[-1], 4, bias=False),
                nn.BatchNorm2d(widths[-1]),
                nn.ReLU(),
            ]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(reversed([self.data_shape[0], *widths])):
            conv = nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(n_out), nn.ReLU()]
        self.decoder = nn.Sequential(*middle, *layers[:-2], nn.Sigmoid())

    def forward(self, a: Tensor) -> Tensor:
        """Translate images, [m, *input_shape], to images, [m, *data_shape], in [0, 1]."""
        for layer in self.encoder:
            a = layer(a)
        return self.decoder(a)


class EncoderDiscriminator(Discriminator):
    """The encoder of `EncoderDecoderTranslator`, and one filter over its 4 x 4 maps.

    Parameters at 64 x 64 with width 64 and 3 channels: 2,765,568.

    Args:
        data_shape: shape of an image, [C, S, S], each 1 to 2^20; S a power of 2, at least 16.
        width: feature maps of the first layer, 1 to 2^20.
    """

    @check_arguments
    def __init__(self, data_shape: Sequence[Size], width: Size = 64) -> None:
        super().__init__(data_shape)
        widths = list_widths(self.data_shape, width)
        self.encoder = make_encoder([self.data_shape[0], *widths])
        self.head = nn.Conv2d(widths[-1], 1, 4, bias=False)

    def features_by_layer(self, x: Tensor) -> list[Tensor]:
        """Compute the maps after each LeakyReLU but the first, from shallow to deep, of images, [m, C, S, S]."""
        found = []
        for layer in self.encoder:
            x = layer(x)
            found.append(x)
        return found[1:]

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits, [m], of images, [m, *data_shape]."""
        return self.head(self.features_by_layer(x)[-1]).flatten()


def list_widths(data_shape: Sequence[int], width: int) -> list[int]:
    """List the feature maps of the encoder's layers, from the side of an image down to 4 pixels.

    Raises:
        UserError: The images are not square, or their side is no power of 2 from 16 on.
    """
    side = data_shape[-1]
    if len(data_shape) != 3 or data_shape[1] != side or side < 16 or side & (side - 1):
        raise UserError(
            f"The networks of DiscoGAN for data_shape {list(data_shape)}: give square images [C, S, S] whose side is "
            f"a power of 2, at least 16."
        )
    return [width * 2**i for i in range(side.bit_length() - 3)]


def make_encoder(channels: Sequence[int]) -> nn.ModuleList:
    """Make convolutions 4 x 4 of stride 2 with BatchNorm (but the first) and LeakyReLU 0.2."""
    layers = nn.ModuleList()
    for i, (n_in, n_out) in enumerate(pairwise(channels)):
        conv = nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=False)
        norm = [nn.BatchNorm2d(n_out)] if i else []
        layers.append(nn.Sequential(conv, *norm, nn.LeakyReLU(0.2)))
    return layers
