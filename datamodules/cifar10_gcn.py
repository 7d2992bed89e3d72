"""CIFAR-10 with the contrast of each image normalised, as in Goodfellow et al. (2014)."""

from typing import Literal

import torch
from torch import Tensor

from datamodules.base import Split
from datamodules.cifar10 import CIFAR10
from lightning_gan.arguments import Count, CountOrZero, Seed, check_arguments

SCALE = 55.0  # length of an image as a vector: 55 / sqrt(3072) = 0.992 is the root mean square of its pixels
SMALLEST = (
    1e-8  # an image whose length is less than this share of SCALE is of one grey: it becomes zeros
)
CHUNK = 1000  # images shown at a time: 12 MB of floats


class CIFAR10GCN(CIFAR10):
    """CIFAR-10 as the 2014 networks saw it: each image less its mean, times 55 / its length.

    The mean is that over all 3,072 values of the image, and its length the root of the sum of their squares:
    pylearn2's global_contrast_normalize with scale 55, as the yaml files released with the paper ask for. The first
    40,000 images train, as there.

    What is given out has no bounds: over the 40,000 it lies in [-11.98, 9.38]. Images show [-3, 3], where 99.79 % of
    these values are, and all values of 73.6 % of the images; the others are clipped. So images are of the images as
    they were learned from, without the brightness and the contrast that these had.

    Args:
        root: folder of the files; the environment variable LIGHTNING_GAN_DATA replaces "data".
        batch_size: examples per batch and device, at least 1.
        validation: how many of the last training images validate instead, at least 0; 0: all train, and there is no
            validation split.
        source: where the images may come from.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.

    Raises:
        ValueError: if source is unknown, or no image is left to train.
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
        """Bytes, [m, 3, 32, 32], as float32 with mean 0 and length 55 in each image."""
        x = images.float().flatten(1)
        x -= x.mean(1, keepdim=True)
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True) / SCALE
        return x.div_(torch.where(length < SMALLEST, 1.0, length)).view(images.shape)

    def uint8_images(self, split: Split) -> Tensor:
        """What images of a split show: uint8, [n, 3, 32, 32], on the CPU.

        `find_display_range_of_data` as 0 to 255, clipped.
        """
        images = self._split(split)[0]
        low, high = self.display_range
        shown = torch.empty_like(images)
        for part, bytes_ in zip(shown.split(CHUNK), images.split(CHUNK), strict=True):
            unit = (self.convert(bytes_) - low).div_(high - low).clamp_(0, 1)
            part.copy_(unit.mul_(255).round_())
        return shown
