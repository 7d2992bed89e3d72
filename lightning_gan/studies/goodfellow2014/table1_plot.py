"""Image of Table 1: all published rows, our recipe and the baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.table1_rows import GAN_2014, OTHERS, Nats
from lightning_gan.utils import images

PUBLISHED, OURS, NO_NETWORK = "tab:gray", "tab:blue", "tab:orange"


class PlotRow(NamedTuple):
    """Row of the image: name, value with its standard error, colour, and values of single runs."""

    name: str
    nats: Nats
    colour: str
    seeds: Sequence[float] = ()


def draw_table1(
    path: Path, ours: Nats, seeds: Sequence[float], name: str, baselines: Mapping[str, Nats]
) -> Path:
    """Draw MNIST scores on the left and published TFD scores on the right.

    Args:
        path: Path of the PNG file.
        ours: Mean of our runs.
        seeds: Values of single runs.
        name: Name of our row.
        baselines: Scores of baselines without a network.
    """
    mnist = [PlotRow(row.model, row.mnist, PUBLISHED) for row in (*OTHERS, GAN_2014)]
    mnist += [PlotRow(name, ours, OURS, seeds)]
    mnist += [PlotRow(baseline, nats, NO_NETWORK) for baseline, nats in baselines.items()]
    tfd = [PlotRow(row.model, row.tfd, PUBLISHED) for row in (*OTHERS, GAN_2014)]
    figure = Figure(figsize=(11, 4), layout="constrained", dpi=100)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_points(left, mnist, "MNIST, test nats (Parzen window, 10,000 samples)", 100)
    _draw_points(right, tfd, "TFD, test nats (published)", 1800)
    left.axvline(GAN_2014.mnist.value, color=PUBLISHED, ls=":", lw=1, zorder=0)
    for kind, colour in {
        "published": PUBLISHED,
        "this suite": OURS,
        "no network": NO_NETWORK,
    }.items():
        left.plot([], [], "o", color=colour, label=kind)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return images.save_image(figures.render_figure(figure), path)


def _draw_points(ax: Any, rows: Sequence[PlotRow], title: str, start: float) -> None:
    """Draw a point with its standard error for each row; values below `start` are text at the left edge."""
    for y, row in enumerate(rows):
        nats = row.nats
        inside = nats.value > start
        at = nats.value + nats.error if inside else start
        if inside:
            ax.errorbar(
                nats.value,
                y,
                xerr=nats.error,
                color=row.colour,
                fmt="o",
                ms=6,
                capsize=4,
                lw=1.5,
            )
        ax.plot(row.seeds, [y + 0.3] * len(row.seeds), "|", color=row.colour, ms=6)
        ax.annotate(
            f"{'' if inside else '← '}{nats.value:.4g} ± {nats.error:.2g}", (at, y),
            xytext=(8, 0), textcoords="offset points", va="center", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(start, max(row.nats.value + row.nats.error for row in rows) * 1.22 - 0.22 * start)
    ax.set_title(title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", alpha=0.2)
