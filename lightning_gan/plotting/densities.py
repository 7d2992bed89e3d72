"""Figure 1 of Goodfellow et al. (2014): p_data, p_g and D over the line, and how z becomes x = G(z)."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from lightning_gan.plotting.figures import render_figure

HEIGHT = 1.9  # of the densities' axis, in peaks of p_data: a higher p_g leaves the image
ARROW = {
    "arrowstyle": "-|>",
    "lw": 0.7,
    "shrinkA": 0,
    "shrinkB": 0,
    "mutation_scale": 7,
    "color": "black",
}


class View(NamedTuple):
    """A model on the line, as it stands."""

    x: Tensor
    """Points, [n]."""
    p_data: Tensor
    """Density of the data there, [n]."""
    p_g: Tensor
    """Density of G's samples there, [n]."""
    d: Tensor
    """D(x) there, in [0, 1], [n]."""
    z: Tensor
    """Noise, [arrows], rising."""
    g_z: Tensor
    """x = G(z) of it, [arrows]."""


def draw_row(views: Sequence[View], titles: Sequence[str]) -> Tensor:
    """Views side by side, as in the paper: bytes [3, H, W]."""
    return _draw_views(
        views, titles, Figure(figsize=(3.4 * len(views), 3.8), layout="constrained", dpi=100)
    )


def draw_frame(view: View, title: str) -> Tensor:
    """One view, as an image of an animation: bytes [3, H, W]."""
    return _draw_views([view], [title], Figure(figsize=(4.8, 3.8), layout="constrained", dpi=80))


def _draw_views(views: Sequence[View], titles: Sequence[str], figure: Figure) -> Tensor:
    axes = figure.subplots(2, len(views), height_ratios=(3, 1), squeeze=False)
    for i, (view, title) in enumerate(zip(views, titles, strict=True)):
        lines = _curves(axes[0, i], view, left=i == 0, right=i == len(views) - 1)
        axes[0, i].set_title(title, fontsize=10)
        _arrows(axes[1, i], view)
        for ax in axes[:, i]:
            ax.set_xlim(view.x[0].item(), view.x[-1].item())
    figure.legend(handles=lines, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return render_figure(figure)


def _curves(ax: Axes, view: View, left: bool, right: bool) -> list[Line2D]:
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


def _arrows(ax: Axes, view: View) -> None:
    """From the z axis below, stretched to the width of the image, up to the x axis.

    Where G falls, the z axis runs from right to left, so that arrows cross only where G turns.
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
