"""Image of the memorisation test."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting import figures

BINS = 24


def draw_histograms(distances: Mapping[str, Mapping[str, Tensor]]) -> Tensor:
    """Draw histograms of distances to the nearest training image, with a panel for each space.

    Args:
        distances: Distances, [n], by space and set; the first set of each space is the reference, drawn filled.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(4.2 * len(distances), 3.9), layout="constrained", dpi=100)
    axes = figure.subplots(1, len(distances), squeeze=False)[0]
    for ax, (space, sets) in zip(axes, distances.items(), strict=True):
        _draw_panel(ax, sets)
        ax.set(title=space, xlabel="distance to the nearest training image")
    axes[0].set_ylabel("share of the images")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figures.render_figure(figure)


def _draw_panel(ax: Axes, sets: Mapping[str, Tensor]) -> None:
    """Draw the histograms of one space."""
    end = max(float(np.quantile(d.numpy(), 0.995)) for d in sets.values())
    edges = np.linspace(0, end, BINS + 1)
    shares = {name: np.histogram(d.numpy(), edges)[0] / len(d) for name, d in sets.items()}
    reference, *others = shares
    top = 1.7 * shares[reference].max()
    ax.stairs(shares[reference], edges, fill=True, color="0.85", label=reference)
    for i, name in enumerate(others):
        ax.stairs(shares[name], edges, lw=1.5, color=f"C{i}", label=name)
        first = shares[name][0]
        if first > top:  # the bar of copies would hide all others
            ax.text(0.06 * end, (0.93 - 0.07 * i) * top, f"{first:.0%} at 0", color=f"C{i}", fontsize=8)  # fmt: skip
    ax.set(xlim=(0, end), ylim=(0, top))
