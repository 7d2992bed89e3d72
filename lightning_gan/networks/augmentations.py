"""DiffAugment of Zhao et al. (2020), "Differentiable augmentation for data-efficient GAN training": D sees T(x)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_gan.arguments import NonNegative, Share, check_arguments
from lightning_gan.distributed import collectives
from lightning_gan.networks.base import Discriminator
from lightning_gan.networks.wrappers import DiscriminatorWrapper
from lightning_gan.utils.errors import UserError


class Augmentation(ABC):
    """T: images to images, [m, C, H, W] both; drawn for each image, and differentiable in it."""

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """T(x), shaped like x."""


class Brightness(Augmentation):
    """Add one number to an image, from U(-strength, strength).

    Args:
        strength: in units of the data, at least 0; 0.5 in the paper, for values in [-1, 1].
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """X + b."""
        return x + _draw(x, -self.strength, self.strength)


class Saturation(Augmentation):
    """Move channels away from the grey of their pixel, or towards it, by a factor from U(1 - strength, 1 + strength).

    Args:
        strength: at least 0; 1 in the paper: factors of 0 to 2.
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 1.0) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Grey + s (x - grey), grey being the mean over the channels at each place."""
        grey = x.mean(1, keepdim=True)
        return grey + _draw(x, 1 - self.strength, 1 + self.strength) * (x - grey)


class Contrast(Augmentation):
    """Move values away from the mean of their image, or towards it, by a factor from U(1 - strength, 1 + strength).

    Args:
        strength: at least 0; 0.5 in the paper: factors of 0.5 to 1.5.
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Mean + s (x - mean), the mean being that of all values of an image."""
        mean = x.mean((1, 2, 3), keepdim=True)
        return mean + _draw(x, 1 - self.strength, 1 + self.strength) * (x - mean)


class Translation(Augmentation):
    """Shift an image by whole pixels; what comes in is 0.

    Each shift from -s to s is equally likely, s being ratio times the side, rounded; along both sides apart.

    Args:
        ratio: share of the side, 0 to 1; 0.125 in the paper: 4 pixels of 32.
    """

    @check_arguments
    def __init__(self, ratio: Share = 0.125) -> None:
        self.ratio = ratio

    def __call__(self, x: Tensor) -> Tensor:
        """What lies at i + shift of x, at i; 0 where that is outside."""
        for side in (2, 3):
            n = x.shape[side]
            most = int(n * self.ratio + 0.5)
            shift = _draw_integers(x, -most, most)
            source = torch.arange(n, device=x.device) + shift
            inside = _along(((source >= 0) & (source < n)).to(x.dtype), side)
            places = _along(source.clamp(0, n - 1), side)
            x = inside * x.gather(side, places.expand_as(x))
        return x


class Cutout(Augmentation):
    """Set a rectangle of an image to 0; it may reach beyond the edge.

    Its sides are ratio times those of the image, rounded, and its centre is anywhere in the image.

    Args:
        ratio: share of the sides, 0 to 1; 0.5 in the paper: 16 x 16 pixels of 32 x 32.
    """

    @check_arguments
    def __init__(self, ratio: Share = 0.5) -> None:
        self.ratio = ratio

    def __call__(self, x: Tensor) -> Tensor:
        """X outside the rectangle, 0 within."""
        within = torch.ones(1, dtype=x.dtype, device=x.device)
        for side in (2, 3):
            n = x.shape[side]
            length = int(n * self.ratio + 0.5)
            # a length that is even has its centre between two pixels: one place more
            centre = _draw_integers(x, 0, n - length % 2)
            distance = torch.arange(n, device=x.device) - (centre - length // 2)
            within = within * _along(((distance >= 0) & (distance < length)).to(x.dtype), side)
        return x * (1 - within)


class DiffAugmentDiscriminator(DiscriminatorWrapper):
    """D(T(x)): every augmentation acts on examples and on samples alike, in both networks' turns.

    What G learns then is to make samples whose T(G(z)) look true, and T is chosen such that only true samples do. In
    evaluation mode D sees x itself. Curves of training, such as `train/d_x`, are of T(x).

    ========================  ==================
    layer                     output
    ========================  ==================
    images x                [m, C, H, W]
    T, in training mode       [m, C, H, W]
    D inside                  scores, [m]
    ========================  ==================

    Args:
        discriminator: the one inside, of data_shape [C, H, W].
        augmentations: applied in this order; the paper's policy for little data is Brightness, Saturation, Contrast,
            Translation, Cutout.
    """

    def __init__(self, discriminator: Discriminator, augmentations: Sequence[Augmentation]) -> None:
        super().__init__(discriminator)
        if len(self.data_shape) != 3:
            raise UserError(
                f"DiffAugmentDiscriminator of data_shape {list(self.data_shape)}: want images, [C, H, W]."
            )
        self.augmentations = tuple(augmentations)

    def preprocess(self, x: Tensor) -> Tensor:
        """T(x), [m, C, H, W], in training mode; x in evaluation mode."""
        for augmentation in self.augmentations if self.training else ():
            x = augmentation(x)
        return x


def _draw(x: Tensor, low: float, high: float) -> Tensor:
    """A number from U(low, high) for each image, [m, 1, 1, 1]."""

    def draw(n: int) -> Tensor:
        return torch.rand(n, 1, 1, 1, dtype=x.dtype, device=x.device)

    return low + (high - low) * collectives.rank_slice(len(x), draw)


def _draw_integers(x: Tensor, low: int, high: int) -> Tensor:
    """A whole number from low to high for each image, [m, 1]."""
    return collectives.rank_slice(
        len(x), lambda n: torch.randint(low, high + 1, (n, 1), device=x.device)
    )


def _along(values: Tensor, side: int) -> Tensor:
    """[m, n], of which n runs along a side of images: [m, 1, n, 1] or [m, 1, 1, n]."""
    return values[:, None, :, None] if side == 2 else values[:, None, None, :]
