"""Digits whose kind, thickness, slant and colour are known, because they are drawn here: no files."""

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
    """20,000 + 2,000 + 2,000 colour images of digits, 32 x 32, with four factors; values in [-1, 1].

    Every combination of factors is equally likely. What is left varies a little, the same for all of them: the exact
    width (± 15 %), slant (± 0.06), brightness (down to 75 %), size (± 8 %) and place (± 1.5 pixels). Labels number the
    combinations, the last factor fastest. Images depend on `data_seed` alone, so that runs of different
    seeds learn from the same ones.

    Attributes:
        factor_names: in the order of `factors`.
        factor_sizes: how many values each of them has.
        factor_values: the values in words; no word belongs to two factors.

    Args:
        batch_size: examples per batch and device, at least 1.
        seed: of the order of training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: of the images themselves, 0 to 2^32 - 1.
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
        """Draw the images of all splits, one after the other, from one stream."""
        rng = torch.Generator().manual_seed(self.data_seed)
        splits: Splits = {split: self._drawn(n, rng) for split, n in SIZES.items()}
        counts = " + ".join(f"{n:,}" for n in SIZES.values())
        self.provenance = (
            f"{self.name}: {counts} digits in colour, drawn with seed {self.data_seed}"
        )
        return splits

    def factors(self, split: Split) -> Tensor:
        """The factors of all examples of a split: int64, [n, n_factors], from 0, on the CPU."""
        return torch.stack(torch.unravel_index(self.labels(split), self.factor_sizes), dim=1)

    def _drawn(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Images, uint8 [n, 3, 32, 32], and the numbers of their combinations, int64 [n]."""
        labels = torch.randint(self.num_classes, (n,), generator=rng)
        digit, thickness, slant, colour = torch.unravel_index(labels, self.factor_sizes)
        u = 2 * torch.rand(6, n, generator=rng) - 1
        image_bytes = draw_digit(
            digit,
            width=WIDTHS[thickness] * (1 + 0.15 * u[0]),
            slant=SLANTS[slant] + 0.06 * u[1],
            colour=COLOURS[colour] * (0.875 + 0.125 * u[2, :, None]),
            scale=1 + 0.08 * u[3],
            place=1.5 * u[4:].T,
        )
        return image_bytes, labels
