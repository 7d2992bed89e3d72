"""DiffAugment of Zhao et al. (2020), "Differentiable augmentation for data-efficient GAN training": D sees T(x)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_gan.domains import NonNegative, Share, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.networks.base import Discriminator
from lightning_gan.networks.wrappers import WrappedDiscriminator
from lightning_gan.several import devices


class Augmentation(ABC):
    """T: pictures to pictures, [m, C, H, W] both; drawn for each picture, and differentiable in it."""

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """T(x), shaped like x."""


class Brightness(Augmentation):
    """Add one number to a picture, from U(-strength, strength).

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
    """Move values away from the mean of their picture, or towards it, by a factor from U(1 - strength, 1 + strength).

    Args:
        strength: at least 0; 0.5 in the paper: factors of 0.5 to 1.5.
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Mean + s (x - mean), the mean being that of all values of a picture."""
        mean = x.mean((1, 2, 3), keepdim=True)
        return mean + _draw(x, 1 - self.strength, 1 + self.strength) * (x - mean)


class Translation(Augmentation):
    """Shift a picture by whole pixels; what comes in is 0.

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
            shift = _whole(x, -most, most)
            source = torch.arange(n, device=x.device) + shift
            inside = _along(((source >= 0) & (source < n)).to(x.dtype), side)
            places = _along(source.clamp(0, n - 1), side)
            x = inside * x.gather(side, places.expand_as(x))
        return x


class Cutout(Augmentation):
    """Set a rectangle of a picture to 0; it may reach beyond the edge.

    Its sides are ratio times those of the picture, rounded, and its centre is anywhere in the picture.

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
            centre = _whole(x, 0, n - length % 2)
            distance = torch.arange(n, device=x.device) - (centre - length // 2)
            within = within * _along(((distance >= 0) & (distance < length)).to(x.dtype), side)
        return x * (1 - within)


class DiffAugmented(WrappedDiscriminator):
    """D(T(x)): every augmentation acts on examples and on samples alike, in both players' turns.

    What G learns then is to make samples whose T(G(z)) look true, and T is chosen such that only true samples do. In
    evaluation mode D sees x itself. Curves of training, such as `train/d_x`, are of T(x).

    ========================  ==================
    layer                     output
    ========================  ==================
    pictures x                [m, C, H, W]
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
                f"DiffAugmented of data_shape {list(self.data_shape)}: want pictures, [C, H, W]."
            )
        self.augmentations = tuple(augmentations)

    def seen(self, x: Tensor) -> Tensor:
        """T(x), [m, C, H, W], in training mode; x in evaluation mode."""
        for augmentation in self.augmentations if self.training else ():
            x = augmentation(x)
        return x


def _draw(x: Tensor, low: float, high: float) -> Tensor:
    """A number from U(low, high) for each picture, [m, 1, 1, 1]."""

    def draw(n: int) -> Tensor:
        return torch.rand(n, 1, 1, 1, dtype=x.dtype, device=x.device)

    return low + (high - low) * devices.rows(len(x), draw)


def _whole(x: Tensor, low: int, high: int) -> Tensor:
    """A whole number from low to high for each picture, [m, 1]."""
    return devices.rows(len(x), lambda n: torch.randint(low, high + 1, (n, 1), device=x.device))


def _along(values: Tensor, side: int) -> Tensor:
    """[m, n], of which n runs along a side of pictures: [m, 1, n, 1] or [m, 1, 1, n]."""
    return values[:, None, :, None] if side == 2 else values[:, None, None, :]
