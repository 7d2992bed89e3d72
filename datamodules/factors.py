"""Rendered digits with known factors: digit, thickness, slant and colour."""

from typing import ClassVar

import torch
from torch import Tensor

from datamodules.base import ImageData, Split, Splits
from datamodules.digit_renderer import draw_digit
from lightning_gan.arguments import Count, Seed, check_arguments

SIZES: dict[Split, int] = {"train": 20_000, "val": 2_000, "test": 2_000}
VALUES = {
    "digit": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "thickness": ("thin", "thick"),
    "slant": ("left", "upright", "right"),
    "colour": ("red", "green", "blue"),
}
WIDTHS = torch.tensor([1.8, 4.2])  # pixels
SLANTS = torch.tensor([-0.4, 0.0, 0.4])
COLOURS = torch.tensor([[1.0, 0.2, 0.2], [0.2, 0.9, 0.2], [0.25, 0.4, 1.0]])


class FactorDigits(ImageData):
    """Rendered colour digits with four factors, 3 x 32 x 32, with values in [-1, 1]; 20,000 train, 2,000 val and test.

    All combinations of factors are equally likely. Independently of the factors, images vary in exact stroke width
    (± 15 %), slant (± 0.06), brightness (down to 75 %), size (± 8 %) and position (± 1.5 pixels). Labels number the
    combinations, with the last factor fastest. Images depend only on `data_seed`, so that runs with different seeds
    train on the same images.

    Attributes:
        factor_names: Names in the order of `factors`.
        factor_sizes: Number of values of each factor.
        factor_values: Words for the values; no word belongs to two factors.

    Args:
        batch_size: Images per batch and device, at least 1.
        seed: Random seed for the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Random seed for the images, 0 to 2^32 - 1.
    """

    name = "factors"
    data_shape = (3, 32, 32)
    value_range = (-1.0, 1.0)
    drawn = True
    factor_names: ClassVar[tuple[str, ...]] = tuple(VALUES)
    factor_values: ClassVar[tuple[tuple[str, ...], ...]] = tuple(VALUES.values())
    factor_sizes: ClassVar[tuple[int, ...]] = tuple(len(words) for words in factor_values)
    num_classes = 180

    @check_arguments
    def __init__(
        self, batch_size: Count = 100, seed: Seed | None = None, data_seed: Seed = 0
    ) -> None:
        super().__init__(batch_size, seed)
        self.data_seed = data_seed

    def load(self, *, fetch: bool) -> Splits:
        """Draw the images of all splits, one after the other, with one random generator."""
        rng = torch.Generator().manual_seed(self.data_seed)
        splits: Splits = {split: self._draw(n, rng) for split, n in SIZES.items()}
        counts = " + ".join(f"{n:,}" for n in SIZES.values())
        self.provenance = (
            f"{self.name}: {counts} digits in colour, drawn with seed {self.data_seed}"
        )
        return splits

    def factors(self, split: Split) -> Tensor:
        """Return the factors of all images of a split, int64 [n, n_factors], from 0, on the CPU."""
        return torch.stack(torch.unravel_index(self.labels(split), self.factor_sizes), dim=1)

    def _draw(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw images, uint8 [n, 3, 32, 32], and their combinations, int64 [n]."""
        labels = torch.randint(self.num_classes, (n,), generator=rng)
        digit, thickness, slant, colour = torch.unravel_index(labels, self.factor_sizes)
        u = 2 * torch.rand(6, n, generator=rng) - 1
        image_bytes = draw_digit(
            digit,
            width=WIDTHS[thickness] * (1 + 0.15 * u[0]),
            slant=SLANTS[slant] + 0.06 * u[1],
            colour=COLOURS[colour] * (0.875 + 0.125 * u[2, :, None]),
            scale=1 + 0.08 * u[3],
            offset=1.5 * u[4:].T,
        )
        return image_bytes, labels
