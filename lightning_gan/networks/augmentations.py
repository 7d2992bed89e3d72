"""DiffAugment: Zhao et al. (2020), "Differentiable augmentation for data-efficient GAN training"."""

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
    """Random differentiable transformation T of images, drawn independently for each image."""

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Transform images, [m, C, H, W]."""


class Brightness(Augmentation):
    """Shift of all values of an image by a number from U(-strength, strength).

    Args:
        strength: Largest shift, in units of the data, at least 0; 0.5 in the paper, for values in [-1, 1].
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Return x + b."""
        return x + _draw(x, -self.strength, self.strength)


class Saturation(Augmentation):
    """Scaling of the differences of a pixel's channels from their mean by a factor from U(1 - strength, 1 + strength).

    Args:
        strength: Largest deviation of the factor from 1, at least 0; 1 in the paper.
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 1.0) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Return grey + s (x - grey), where grey is the mean over the channels of each pixel."""
        grey = x.mean(1, keepdim=True)
        return grey + _draw(x, 1 - self.strength, 1 + self.strength) * (x - grey)


class Contrast(Augmentation):
    """Scaling of the differences of an image's values from their mean by a factor from U(1 - strength, 1 + strength).

    Args:
        strength: Largest deviation of the factor from 1, at least 0; 0.5 in the paper.
    """

    @check_arguments
    def __init__(self, strength: NonNegative = 0.5) -> None:
        self.strength = strength

    def __call__(self, x: Tensor) -> Tensor:
        """Return mean + s (x - mean), where mean is that of all values of an image."""
        mean = x.mean((1, 2, 3), keepdim=True)
        return mean + _draw(x, 1 - self.strength, 1 + self.strength) * (x - mean)


class Translation(Augmentation):
    """Shift of an image by whole pixels, with zeros at the new pixels.

    The shift along each side is uniform on -s, ..., s, where s is ratio times the side, rounded.

    Args:
        ratio: Largest shift as a share of the side, 0 to 1; 0.125 in the paper: 4 pixels of 32.
    """

    @check_arguments
    def __init__(self, ratio: Share = 0.125) -> None:
        self.ratio = ratio

    def __call__(self, x: Tensor) -> Tensor:
        """Return the pixel at i + shift for each i, and 0 where i + shift is outside the image."""
        for side in (2, 3):
            n = x.shape[side]
            most = int(n * self.ratio + 0.5)
            shift = _draw_integers(x, -most, most)
            source = torch.arange(n, device=x.device) + shift
            inside = _along(((source >= 0) & (source < n)).to(x.dtype), side)
            indices = _along(source.clamp(0, n - 1), side)
            x = inside * x.gather(side, indices.expand_as(x))
        return x


class Cutout(Augmentation):
    """Removal of a rectangle of an image, whose values are set to 0.

    The sides of the rectangle are ratio times those of the image, rounded. Its centre is uniform over the image, so
    that it may extend beyond the edge.

    Args:
        ratio: Share of the image's sides, 0 to 1; 0.5 in the paper: 16 x 16 pixels of 32 x 32.
    """

    @check_arguments
    def __init__(self, ratio: Share = 0.5) -> None:
        self.ratio = ratio

    def __call__(self, x: Tensor) -> Tensor:
        """Return x outside the rectangle and 0 inside it."""
        within = torch.ones(1, dtype=x.dtype, device=x.device)
        for side in (2, 3):
            n = x.shape[side]
            length = int(n * self.ratio + 0.5)
            # the centre of an even length lies between two pixels, which gives one position more
            centre = _draw_integers(x, 0, n - length % 2)
            distance = torch.arange(n, device=x.device) - (centre - length // 2)
            within = within * _along(((distance >= 0) & (distance < length)).to(x.dtype), side)
        return x * (1 - within)


class DiffAugmentDiscriminator(DiscriminatorWrapper):
    """Discriminator D(T(x)), where T transforms real and generated images in the updates of both networks.

    G learns to match the distribution of T(x), which determines that of x for the paper's T. In evaluation mode D reads
    x itself. Metrics of training, such as `train/d_x`, are those of T(x).

    ========================  ==================
    layer                     output
    ========================  ==================
    images x                  [m, C, H, W]
    T, in training mode       [m, C, H, W]
    D inside                  logits, [m]
    ========================  ==================

    Args:
        discriminator: Discriminator inside the wrapper, with data_shape [C, H, W].
        augmentations: Augmentations in the order of application; the paper's policy for small data sets is
            Brightness, Saturation, Contrast, Translation, Cutout.

    Raises:
        UserError: The discriminator does not read images.
    """

    def __init__(self, discriminator: Discriminator, augmentations: Sequence[Augmentation]) -> None:
        super().__init__(discriminator)
        if len(self.data_shape) != 3:
            raise UserError(
                f"DiffAugmentDiscriminator of data_shape {list(self.data_shape)}: give a discriminator of images, "
                f"[C, H, W]."
            )
        self.augmentations = tuple(augmentations)

    def preprocess(self, x: Tensor) -> Tensor:
        """Return T(x), [m, C, H, W], in training mode, and x in evaluation mode."""
        for augmentation in self.augmentations if self.training else ():
            x = augmentation(x)
        return x


def _draw(x: Tensor, low: float, high: float) -> Tensor:
    """Draw a number from U(low, high) for each image, [m, 1, 1, 1]."""

    def draw(n: int) -> Tensor:
        return torch.rand(n, 1, 1, 1, dtype=x.dtype, device=x.device)

    return low + (high - low) * collectives.rank_slice(len(x), draw)


def _draw_integers(x: Tensor, low: int, high: int) -> Tensor:
    """Draw a whole number from low to high for each image, [m, 1]."""
    return collectives.rank_slice(
        len(x), lambda n: torch.randint(low, high + 1, (n, 1), device=x.device)
    )


def _along(values: Tensor, side: int) -> Tensor:
    """Reshape [m, n] to [m, 1, n, 1] or [m, 1, 1, n], so that n runs along dimension `side` of images."""
    return values[:, None, :, None] if side == 2 else values[:, None, None, :]
