"""Plots as in Figure 1 of Goodfellow et al. (2014): p_data, p_g, D(x), and arrows from z to x = G(z)."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from lightning_gan.plotting.figures import render_figure

HEIGHT = 1.9  # height of the density axis in peaks of p_data; a higher p_g is cut off
ARROW = {
    "arrowstyle": "-|>",
    "lw": 0.7,
    "shrinkA": 0,
    "shrinkB": 0,
    "mutation_scale": 7,
    "color": "black",
}


class View(NamedTuple):
    """State of a one-dimensional GAN at one step."""

    x: Tensor
    """Points on the line, [n]."""
    p_data: Tensor
    """Density of the data at x, [n]."""
    p_g: Tensor
    """Density of generated samples at x, [n]."""
    d: Tensor
    """D(x), in [0, 1], [n]."""
    z: Tensor
    """Noise in ascending order, [arrows]."""
    g_z: Tensor
    """G(z), [arrows]."""


def draw_row(views: Sequence[View], titles: Sequence[str]) -> Tensor:
    """Draw views next to each other, as in the paper.

    Args:
        views: States to draw.
        titles: Title of each view.

    Returns:
        Bytes [3, H, W].
    """
    return _draw_views(
        views, titles, Figure(figsize=(3.4 * len(views), 3.8), layout="constrained", dpi=100)
    )


def draw_frame(view: View, title: str) -> Tensor:
    """Draw one view as a frame of an animation: bytes [3, H, W]."""
    return _draw_views([view], [title], Figure(figsize=(4.8, 3.8), layout="constrained", dpi=80))


def _draw_views(views: Sequence[View], titles: Sequence[str], figure: Figure) -> Tensor:
    axes = figure.subplots(2, len(views), height_ratios=(3, 1), squeeze=False)
    for i, (view, title) in enumerate(zip(views, titles, strict=True)):
        lines = _draw_curves(axes[0, i], view, left=i == 0, right=i == len(views) - 1)
        axes[0, i].set_title(title, fontsize=10)
        _draw_arrows(axes[1, i], view)
        for ax in axes[:, i]:
            ax.set_xlim(view.x[0].item(), view.x[-1].item())
    figure.legend(handles=lines, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return render_figure(figure)


def _draw_curves(ax: Axes, view: View, left: bool, right: bool) -> list[Line2D]:
    lines = ax.plot(view.x, view.p_data, color="black", ls=":", lw=1.8, label="p_data(x)")
    lines += ax.plot(view.x, view.p_g, color="green", lw=1.6, label="p_g(x)")
    ax.set_ylim(0, HEIGHT * view.p_data.max().item())
    ax.set_xticks([])
    ax.tick_params(axis="y", labelsize=8, labelleft=left)
    answers = ax.twinx()
    lines += answers.plot(view.x, view.d, color="tab:blue", ls="--", lw=1.6, label="D(x)")
    answers.axhline(0.5, color="tab:blue", lw=0.5, alpha=0.5)
    answers.set_ylim(0, 1)
    answers.set_yticks([0, 0.5, 1])
    answers.tick_params(
        axis="y", labelsize=8, color="tab:blue", labelcolor="tab:blue", labelright=right
    )
    if left:
        ax.set_ylabel("density", fontsize=9)
    if right:
        answers.set_ylabel("D(x)", fontsize=9, color="tab:blue")
    return lines


def _draw_arrows(ax: Axes, view: View) -> None:
    """Draw arrows from the z axis, stretched to the width of the plot, to the x axis.

    If G decreases, the z axis runs from right to left, so that arrows cross only where G is not monotonic.
    """
    low, high = view.x[0].item(), view.x[-1].item()
    margin = 0.06 * (high - low)
    falls = bool(view.g_z[-1] < view.g_z[0])
    share = (view.z - view.z[0]) / (view.z[-1] - view.z[0])
    share = 1 - share if falls else share
    starts = low + margin + share * (high - low - 2 * margin)
    ax.set_ylim(-0.25, 1.1)
    ax.axis("off")
    for name, y, side in (("x", 0.95, "top"), ("z", 0.03, "bottom")):
        ax.plot([low, high], [round(y)] * 2, color="black", lw=0.8)
        ax.text(low, y, name, ha="left", va=side, fontsize=10, style="italic")
    for i in (0, -1):
        ax.text(
            starts[i].item(), -0.05, f"{view.z[i].item():.1f}", ha="center", va="top", fontsize=8
        )
    for start, end in zip(starts.tolist(), view.g_z.tolist(), strict=True):
        if low <= end <= high:
            ax.annotate("", xy=(end, 1), xytext=(start, 0), arrowprops=ARROW)
