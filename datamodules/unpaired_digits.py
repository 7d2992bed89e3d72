"""Thin and thick digits as two domains without pairs, whose true partners are known."""

import torch
from torch import Tensor

from datamodules.digit_renderer import draw_digit
from datamodules.factors import COLOURS, SLANTS, WIDTHS
from datamodules.in_memory import Split
from datamodules.two_domains import Domains, TwoDomains
from lightning_gan.arguments import Count, Seed, check_arguments

SIZES: dict[Split, int] = {"train": 8_000, "val": 1_000, "test": 1_000}
DIGITS = 10
THIN, THICK = 0, 1


class UnpairedDigits(TwoDomains):
    """A: thin digits; B: thick digits; colour images of 32 x 32, drawn here, values in [-1, 1].

    Digit, slant, colour, size, brightness and position vary as in `FactorDigits`. The 8,000 training images of A and of
    B are separate draws, so no training image has its partner in the other domain. The 1,000 validation and test images
    of A and B are pairs that differ only in the width of the strokes; `pairs` returns them.

    Attributes:
        factors: For each of "val" and "test", digit, slant and colour of the pairs, int64 [n, 3]; set by `load`.

    Args:
        batch_size: Images of each domain in a batch of one device, at least 1.
        seed: Seed of the training batches, 0 to 2^32 - 1; None takes the seed of `seed_everything`.
        data_seed: Seed of the images, 0 to 2^32 - 1.
    """

    name = "unpaired_digits"
    input_shape = data_shape = (3, 32, 32)
    drawn = True
    held_out_pairs = True

    @check_arguments
    def __init__(
        self, batch_size: Count = 8, seed: Seed | None = None, data_seed: Seed = 0
    ) -> None:
        super().__init__(batch_size, seed=seed)
        self.data_seed = data_seed
        self.factors: dict[Split, Tensor] = {}

    def load(self, *, fetch: bool) -> Domains:
        """Draw all images from one stream of random numbers."""
        rng = torch.Generator().manual_seed(self.data_seed)
        sides = [self._draw(SIZES["train"], (width,), rng)[0][0] for width in (THIN, THICK)]
        found: Domains = {"train": (sides[0], sides[1])}
        for split in ("val", "test"):
            (a, b), self.factors[split] = self._draw(SIZES[split], (THIN, THICK), rng)
            found[split] = (a, b)
        self.provenance = (
            f"{self.name}: 8,000 thin and 8,000 other thick digits, 1,000 + 1,000 pairs, drawn with seed "
            f"{self.data_seed}."
        )
        return found

    def pairs(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return thin digits and the same digits thick, float32 [1000, 3, 32, 32] each, of "val" or "test"."""
        if split == "train":
            return super().pairs(split)
        return self.images(split, "a"), self.images(split, "b")

    @staticmethod
    def _draw(n: int, widths: tuple[int, ...], rng: torch.Generator) -> tuple[list[Tensor], Tensor]:
        """Draw n digits once in each width; return the images, uint8 [n, 3, 32, 32] each, and the factors, [n, 3]."""
        sizes = (DIGITS, len(SLANTS), len(COLOURS))
        factors = torch.stack([torch.randint(size, (n,), generator=rng) for size in sizes], dim=1)
        digit, slant, colour = factors.T
        u = 2 * torch.rand(6, n, generator=rng) - 1
        images = [
            draw_digit(
                digit,
                width=WIDTHS[width] * (1 + 0.15 * u[0]),
                slant=SLANTS[slant] + 0.06 * u[1],
                colour=COLOURS[colour] * (0.875 + 0.125 * u[2, :, None]),
                scale=1 + 0.08 * u[3],
                offset=1.5 * u[4:].T,
            )
            for width in widths
        ]
        return images, factors
