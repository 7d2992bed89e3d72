"""Random masks for `InpaintingGAN`: the subsets S of Goodfellow et al. (2014), section 7, item 3.

A mask has the shape of x: 1 at observed values (index not in S), 0 at hidden ones (index in S).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_gan.arguments import NonNegative, PositiveShare, Rate, Size, check_arguments
from lightning_gan.utils.errors import UserError

__all__ = [
    "HalfPlanes",
    "MaskMixture",
    "Masks",
    "Nothing",
    "Pixels",
    "Rectangles",
    "Subsets",
]


class Masks(ABC):
    """Probability distribution over masks."""

    @abstractmethod
    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw n masks, [n, *data_shape], which may observe all values; n may be 0."""

    def draw(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None = None) -> Tensor:
        """Draw n masks with at least one hidden value each.

        A proposed mask that observes all values is replaced by one that hides all of them.

        Args:
            n: Number of masks.
            data_shape: Shape of one example.
            rng: Random number generator; None: the global one.

        Returns:
            Zeros and ones, float32 [n, *data_shape], on the CPU.

        Raises:
            UserError: There are no such masks for this shape.
        """
        masks = self.propose(n, data_shape, rng)
        return masks * (masks.flatten(1).amin(1) < 1).view(-1, *[1] * len(data_shape))


class Nothing(Masks):
    """Masks that hide all values, so that the model is one of p(x)."""

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Return zeros."""
        return torch.zeros(n, *data_shape)


class Subsets(Masks):
    """Masks of examples with few values: each subset of them but the whole set is observed with equal probability."""

    MOST = 62

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw masks as the binary digits of random integers."""
        size = math.prod(data_shape)
        if size > self.MOST:
            raise UserError(
                f"Subsets takes examples of at most {self.MOST} numbers, not {size}: choose masks for images, such as "
                f"HalfPlanes."
            )
        number = torch.randint(2**size - 1, (n, 1), generator=rng)
        return (number >> torch.arange(size) & 1).float().view(n, *data_shape)


class Pixels(Masks):
    """Masks that observe each pixel independently, with a probability drawn for each example.

    Args:
        least: Smallest probability, at least 0 and below 1.
        most: Largest probability, at least 0 and below 1.
    """

    @check_arguments
    def __init__(self, least: Rate = 0.0, most: Rate = 0.5) -> None:
        if least > most:
            raise UserError(
                f"Pixels with probabilities from {least} to {most}: give least not above most."
            )
        self.least, self.most = least, most

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw each pixel independently; a pixel's channels are observed together."""
        _, height, width = _image(data_shape, self)
        share = self.least + (self.most - self.least) * torch.rand(n, 1, 1, 1, generator=rng)
        return _all_channels(torch.rand(n, 1, height, width, generator=rng) < share, data_shape)


class HalfPlanes(Masks):
    """Masks that observe the pixels on one side of a random straight line.

    Args:
        reach: Largest distance of the line from the centre, as a share of half the image's side, at least 0 and below
            1; 0: the line goes through the centre.
    """

    @check_arguments
    def __init__(self, reach: Rate = 0.5) -> None:
        self.reach = reach

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw the direction of the line, then its distance from the centre."""
        _, height, width = _image(data_shape, self)
        angle = 2 * math.pi * torch.rand(n, 1, 1, 1, generator=rng)
        distance = self.reach * (2 * torch.rand(n, 1, 1, 1, generator=rng) - 1)
        down, right = _centres(height)[:, None], _centres(width)
        return _all_channels(right * angle.cos() + down * angle.sin() > distance, data_shape)


class Rectangles(Masks):
    """Masks that hide a random rectangle.

    Args:
        least: Shortest side, as a share of the image's side, above 0 and at most 1.
        most: Longest side, as a share of the image's side, above 0 and at most 1.
    """

    @check_arguments
    def __init__(self, least: PositiveShare = 0.3, most: PositiveShare = 0.8) -> None:
        if least > most:
            raise UserError(
                f"Rectangles with sides from {least} to {most} of the image's: give least not above most."
            )
        self.least, self.most = least, most

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw the sides, then a centre such that the rectangle lies inside the image."""
        _, height, width = _image(data_shape, self)
        side = self.least + (self.most - self.least) * torch.rand(2, n, 1, 1, 1, generator=rng)
        middle = (1 - side) * (2 * torch.rand(2, n, 1, 1, 1, generator=rng) - 1)
        down, right = _centres(height)[:, None], _centres(width)
        inside = ((down - middle[0]).abs() < side[0]) & ((right - middle[1]).abs() < side[1])
        return _all_channels(~inside, data_shape)


class MaskMixture(Masks):
    """Mixture of distributions over masks.

    Args:
        kinds: Distributions of the mixture, at least one.
        weights: Weight of each distribution, at least 0; None: equal weights.
    """

    @check_arguments
    def __init__(
        self, kinds: Sequence[Masks], weights: Sequence[NonNegative] | None = None
    ) -> None:
        weights = [1.0] * len(kinds) if weights is None else list(weights)
        if not kinds or len(weights) != len(kinds) or sum(weights) <= 0:
            raise UserError(
                f"MaskMixture of {len(kinds)} kinds with weights {weights}: give at least one kind, and for each a "
                f"weight of 0 or more, not all 0."
            )
        self.kinds, self.weights = list(kinds), torch.tensor(weights, dtype=torch.float)

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw the distribution of each mask, then the masks of each distribution."""
        kind = torch.multinomial(self.weights, max(n, 1), replacement=True, generator=rng)[:n]
        masks = torch.empty(n, *data_shape, dtype=torch.float32)
        for i, of_kind in enumerate(self.kinds):
            indices = (kind == i).nonzero().flatten()
            masks[indices] = of_kind.propose(len(indices), data_shape, rng)
        return masks


@check_arguments
def check_mask(mask: Tensor, data_shape: Sequence[Size]) -> None:
    """Check a mask that the user gives.

    Args:
        mask: Mask, data_shape or [m, *data_shape].
        data_shape: Shape of one example, each 1 to 2^20.

    Raises:
        UserError: The mask has another shape, other values than 0 and 1, or no hidden value.
    """
    shape = tuple(data_shape)
    if tuple(mask.shape) != shape and tuple(mask.shape[1:]) != shape:
        raise UserError(
            f"The mask has shape {list(mask.shape)}, but an example has {list(shape)}: give one mask of that shape, or "
            f"one for each example."
        )
    if not ((mask == 0) | (mask == 1)).all():
        raise UserError(
            f"The mask has values from {mask.min().item():g} to {mask.max().item():g}: give 1 at observed values and "
            f"0 at hidden ones."
        )
    if mask.view(-1, math.prod(shape)).amin(1).max() == 1:
        raise UserError("The mask has no hidden values: set at least one value to 0.")


def _image(data_shape: Sequence[int], masks: Masks) -> tuple[int, int, int]:
    """Return channels, height and width."""
    if len(data_shape) != 3:
        raise UserError(
            f"{type(masks).__name__} are masks of images [C, H, W], not of {list(data_shape)}: choose Subsets."
        )
    channels, height, width = data_shape
    return channels, height, width


def _centres(n: int) -> Tensor:
    """Return the centres of n pixels on a side from -1 to 1."""
    return (2 * torch.arange(n) + 1) / n - 1


def _all_channels(observed: Tensor, data_shape: Sequence[int]) -> Tensor:
    """Expand [n, 1, H, W] to masks of images, [n, C, H, W]."""
    return observed.float().expand(-1, *data_shape).clone()
