"""Which numbers of an example are observed: the subsets of section 7's "all conditionals".

A mask has the shape of x: 1 where x is observed (its index is not in S), 0 where it is hidden (its index is in S).
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
    """A distribution over masks."""

    @abstractmethod
    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Draw n masks, [n, *data_shape]; n may be 0."""

    def draw(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None = None) -> Tensor:
        """Draw n masks of zeros and ones, float32 [n, *data_shape], on the CPU.

        Where everything would be observed there is nothing to model: then everything is hidden instead.

        Args:
            n: masks.
            data_shape: of one example.
            rng: to draw from; none: the global one.

        Raises:
            ValueError: if there are no such masks for this shape.
        """
        masks = self.propose(n, data_shape, rng)
        return masks * (masks.flatten(1).amin(1) < 1).view(-1, *[1] * len(data_shape))


class Nothing(Masks):
    """Nothing is observed: what is modelled is p(x) itself."""

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Zeros."""
        return torch.zeros(n, *data_shape)


class Subsets(Masks):
    """Every subset of a few numbers, but for all of them, is observed equally often."""

    MOST = 62

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """The binary digits of random integers."""
        size = math.prod(data_shape)
        if size > self.MOST:
            raise UserError(
                f"Subsets of {size} numbers are too many to be met: choose masks for images, such as HalfPlanes."
            )
        number = torch.randint(2**size - 1, (n, 1), generator=rng)
        return (number >> torch.arange(size) & 1).float().view(n, *data_shape)


class Pixels(Masks):
    """Each pixel is observed by itself, with a probability that is drawn anew for each example.

    Args:
        least: smallest probability, at least 0 and below 1.
        most: largest probability, at least 0 and below 1.
    """

    @check_arguments
    def __init__(self, least: Rate = 0.0, most: Rate = 0.5) -> None:
        if least > most:
            raise UserError(
                f"Pixels observed with probabilities from {least} to {most}: give a least of at most the most."
            )
        self.least, self.most = least, most

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Independent draws; all channels of a pixel together."""
        _, height, width = _image(data_shape, self)
        share = self.least + (self.most - self.least) * torch.rand(n, 1, 1, 1, generator=rng)
        return _all_channels(torch.rand(n, 1, height, width, generator=rng) < share, data_shape)


class HalfPlanes(Masks):
    """What lies on one side of a random straight line is observed.

    Args:
        reach: largest distance of the line from the centre, in halves of the image's sides, at least 0 and below 1;
            0: always half of it.
    """

    @check_arguments
    def __init__(self, reach: Rate = 0.5) -> None:
        self.reach = reach

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Lines of any direction."""
        _, height, width = _image(data_shape, self)
        angle = 2 * math.pi * torch.rand(n, 1, 1, 1, generator=rng)
        distance = self.reach * (2 * torch.rand(n, 1, 1, 1, generator=rng) - 1)
        down, right = _centres(height)[:, None], _centres(width)
        return _all_channels(right * angle.cos() + down * angle.sin() > distance, data_shape)


class Rectangles(Masks):
    """All but a random rectangle is observed.

    Args:
        least: shortest side, as a share of the image's, above 0 and at most 1.
        most: longest side, above 0 and at most 1.
    """

    @check_arguments
    def __init__(self, least: PositiveShare = 0.3, most: PositiveShare = 0.8) -> None:
        if least > most:
            raise UserError(
                f"Rectangles with sides from {least} to {most} of the image's: give a least of at most the most."
            )
        self.least, self.most = least, most

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """Sides first, then a place where they fit."""
        _, height, width = _image(data_shape, self)
        side = self.least + (self.most - self.least) * torch.rand(2, n, 1, 1, 1, generator=rng)
        middle = (1 - side) * (2 * torch.rand(2, n, 1, 1, 1, generator=rng) - 1)
        down, right = _centres(height)[:, None], _centres(width)
        inside = ((down - middle[0]).abs() < side[0]) & ((right - middle[1]).abs() < side[1])
        return _all_channels(~inside, data_shape)


class MaskMixture(Masks):
    """Masks of several kinds.

    Args:
        kinds: of masks.
        weights: how often each is drawn, each at least 0; all alike if they are not given.
    """

    @check_arguments
    def __init__(
        self, kinds: Sequence[Masks], weights: Sequence[NonNegative] | None = None
    ) -> None:
        weights = [1.0] * len(kinds) if weights is None else list(weights)
        if not kinds or len(weights) != len(kinds) or sum(weights) <= 0:
            raise UserError(
                f"A mixture of {len(kinds)} kinds of masks with weights {weights}: give at least one kind, and for "
                f"each a weight of 0 or more, not all 0."
            )
        self.kinds, self.weights = list(kinds), torch.tensor(weights, dtype=torch.float)

    def propose(self, n: int, data_shape: Sequence[int], rng: torch.Generator | None) -> Tensor:
        """The kind of each mask first."""
        kind = torch.multinomial(self.weights, max(n, 1), replacement=True, generator=rng)[:n]
        masks = torch.empty(n, *data_shape, dtype=torch.float32)
        for i, of_kind in enumerate(self.kinds):
            places = (kind == i).nonzero().flatten()
            masks[places] = of_kind.propose(len(places), data_shape, rng)
        return masks


@check_arguments
def check_mask(mask: Tensor, data_shape: Sequence[Size]) -> None:
    """A mask that the user gives must leave something to model.

    Args:
        mask: data_shape, or [m, *data_shape].
        data_shape: of one example, each 1 to 2^20.

    Raises:
        ValueError: naming what is wrong with it.
    """
    shape = tuple(data_shape)
    if tuple(mask.shape) != shape and tuple(mask.shape[1:]) != shape:
        raise UserError(
            f"A mask of {list(mask.shape)} came for examples of {list(shape)}: give one of that shape, or one for each."
        )
    if not ((mask == 0) | (mask == 1)).all():
        raise UserError(
            f"A mask with values from {mask.min().item():g} to {mask.max().item():g} came: give 1 where x is observed "
            f"and 0 where it is hidden."
        )
    if mask.view(-1, math.prod(shape)).amin(1).max() == 1:
        raise UserError(
            "A mask that observes everything leaves nothing to model: hide something (0)."
        )


def _image(data_shape: Sequence[int], whose: Masks) -> tuple[int, int, int]:
    if len(data_shape) != 3:
        raise UserError(
            f"{type(whose).__name__} are masks of images [C, H, W], not of {list(data_shape)}: choose Subsets."
        )
    channels, height, width = data_shape
    return channels, height, width


def _centres(n: int) -> Tensor:
    """Centres of n pixels on a side from -1 to 1."""
    return (2 * torch.arange(n) + 1) / n - 1


def _all_channels(observed: Tensor, data_shape: Sequence[int]) -> Tensor:
    """[n, 1, H, W] as masks of images."""
    return observed.float().expand(-1, *data_shape).clone()
