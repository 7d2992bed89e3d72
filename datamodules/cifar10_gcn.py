"""CIFAR-10 with global contrast normalization, as in Goodfellow et al. (2014)."""

from typing import Literal

import torch
from torch import Tensor

from datamodules.base import Split
from datamodules.cifar10 import CIFAR10
from lightning_gan.arguments import Count, CountOrZero, Seed, check_arguments

SCALE = 55.0  # Euclidean norm of an image: 55 / sqrt(3072) = 0.992 is the root mean square of its values
SMALLEST = 1e-8  # share of SCALE below which an image is constant and becomes zeros
CHUNK = 1000  # images converted at a time: 12 MB of floats


class CIFAR10GCN(CIFAR10):
    """CIFAR-10 as in Goodfellow et al. (2014): each image minus its mean, times 55 / its Euclidean norm.

    Mean and norm are over all 3,072 values of an image. This is pylearn2's global_contrast_normalize with scale 55, as
    in the yaml files released with the paper. The first 40,000 images train, as in those files.

    The returned values are unbounded; over the 40,000 training images they are in [-11.98, 9.38]. Displayed images show
    [-3, 3], which contains 99.79 % of the values, and all values of 73.6 % of the images; the other values are clipped.
    Displayed images are the normalized ones, without the original brightness and contrast.

    Args:
        root: Folder of the files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: Images per batch and device, at least 1.
        validation: Number of the last training images that form the validation split, at least 0; 0 leaves it
            empty.
        source: Source of the images; "auto" tries all sources in order.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.

    Raises:
        ValueError: If `source` is unknown, or no training image is left.
    """

    name = "cifar10_contrast"
    value_range = (-torch.inf, torch.inf)
    display_range = (-3.0, 3.0)

    @check_arguments
    def __init__(
        self,
        root: str = "data",
        batch_size: Count = 100,
        validation: CountOrZero = 10_000,
        source: Literal["auto", "files", "mirrors"] = "auto",
        seed: Seed | None = None,
    ) -> None:
        super().__init__(root, batch_size, validation, source, seed)

    def convert(self, images: Tensor) -> Tensor:
        """Convert uint8 images, [m, 3, 32, 32], to float32 with mean 0 and norm 55 in each image."""
        x = images.float().flatten(1)
        x -= x.mean(1, keepdim=True)
        norm = torch.linalg.vector_norm(x, dim=1, keepdim=True) / SCALE
        return x.div_(torch.where(norm < SMALLEST, 1.0, norm)).view(images.shape)

    def uint8_images(self, split: Split) -> Tensor:
        """Return the displayed images of a split, uint8 [n, 3, 32, 32], on the CPU: `display_range` as 0 to 255."""
        images = self._split(split)[0]
        low, high = self.display_range
        shown = torch.empty_like(images)
        for part, bytes_ in zip(shown.split(CHUNK), images.split(CHUNK), strict=True):
            unit = (self.convert(bytes_) - low).div_(high - low).clamp_(0, 1)
            part.copy_(unit.mul_(255).round_())
        return shown
