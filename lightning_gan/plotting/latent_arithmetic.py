"""Plot sums in z as in Figure 7 of Radford et al. (2016): samples, means, and neighbours of the result."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting import figures
from lightning_gan.utils import images

SHOWN = 3  # samples drawn of each group
SIDE_BY_SIDE = 2  # sums in a row of the plot


class Sum(NamedTuple):
    """Images of a sum in z, as bytes.

    Attributes:
        names: Names of the terms with their signs, and of the result.
        groups: Samples of each term, [terms, group, C, H, W].
        means: Image of the mean z of each term, [terms, C, H, W].
        nine: Result in the middle of eight neighbours, [9, C, H, W].
    """

    names: Sequence[str]
    groups: Sequence[Tensor]
    means: Tensor
    nine: Tensor


def draw_sums(pictured: Sequence[Sum]) -> Tensor:
    """Draw sums in rows of two: for each term its samples and the image of their mean z; then the result.

    Args:
        pictured: Sums with equal numbers of terms, at least one.

    Returns:
        Bytes [3, H', W'].
    """
    terms, per_row = len(pictured[0].groups), min(SIDE_BY_SIDE, len(pictured))
    rows = -(-len(pictured) // per_row)
    widths = ([0.9] * terms + [2.6]) * per_row
    figure = Figure(figsize=(1.05 * sum(widths), 3.1 * rows), layout="constrained", dpi=90)
    axes = figure.subplots(rows, len(widths), squeeze=False, width_ratios=widths)
    for ax in axes.flat:
        ax.set_axis_off()
    for i, one in enumerate(pictured):
        row, start = i // per_row, i % per_row * (terms + 1)
        _draw(list(axes[row, start : start + terms + 1]), one)
    return figures.render_figure(figure)


def _draw(axes: Sequence[Axes], one: Sum) -> None:
    for ax, name, group, mean in zip(axes, one.names, one.groups, one.means, strict=False):
        column = images.make_image_grid(torch.cat([group[:SHOWN], mean[None]]), 1)
        cut = mean.shape[1] + 2  # the mean and the gap below it
        white = torch.full_like(column[:, : mean.shape[1] // 4], 255)
        parts = [column[:, :-cut], white, column[:, -cut - 2 :]]
        _show(ax, torch.cat(parts, 1), "\n".join(name.rsplit(" ", 1)))  # the column is narrow
    _show(axes[-1], images.make_image_grid(one.nine, 3), one.names[-1])


def _show(ax: Axes, image: Tensor, name: str) -> None:
    ax.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
    ax.set_title(name, fontsize=8)
