"""Table 1 as an image: every published row, ours, and the baselines, on one axis."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.table1_rows import GAN_2014, OTHERS, Nats
from lightning_gan.utils import images

PUBLISHED, OURS, NO_NETWORK = "tab:gray", "tab:blue", "tab:orange"


class Row(NamedTuple):
    """A row of the image: its name, its value with ±, the colour of its kind, and values of single runs."""

    name: str
    nats: Nats
    colour: str
    seeds: Sequence[float] = ()


def draw_table1(
    path: Path, ours: Nats, seeds: Sequence[float], name: str, baselines: Mapping[str, Nats]
) -> Path:
    """Write the image: MNIST left, what was published of TFD right.

    Args:
        path: of the PNG.
        ours: mean of our runs.
        seeds: each of them, as small strokes.
        name: of our row.
        baselines: scores of what needs no network.
    """
    mnist = [Row(row.model, row.mnist, PUBLISHED) for row in (*OTHERS, GAN_2014)]
    mnist += [Row(name, ours, OURS, seeds)]
    mnist += [Row(what, nats, NO_NETWORK) for what, nats in baselines.items()]
    tfd = [Row(row.model, row.tfd, PUBLISHED) for row in (*OTHERS, GAN_2014)]
    figure = Figure(figsize=(11, 4), layout="constrained", dpi=100)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _points(left, mnist, "MNIST, test nats (Parzen window, 10,000 samples)", 100)
    _points(right, tfd, "TFD, test nats (published)", 1800)
    left.axvline(GAN_2014.mnist.value, color=PUBLISHED, ls=":", lw=1, zorder=0)
    for kind, colour in {
        "published": PUBLISHED,
        "this suite": OURS,
        "no network at all": NO_NETWORK,
    }.items():
        left.plot([], [], "o", color=colour, label=kind)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return images.save_image(figures.render_figure(figure), path)


def _points(ax: Any, rows: Sequence[Row], title: str, start: float) -> None:
    """A point with its ± for each row; a value below `start` is written at the left edge."""
    for place, row in enumerate(rows):
        nats = row.nats
        inside = nats.value > start
        at = nats.value + nats.error if inside else start
        if inside:
            ax.errorbar(
                nats.value,
                place,
                xerr=nats.error,
                color=row.colour,
                fmt="o",
                ms=6,
                capsize=4,
                lw=1.5,
            )
        ax.plot(row.seeds, [place + 0.3] * len(row.seeds), "|", color=row.colour, ms=6)
        ax.annotate(
            f"{'' if inside else '← '}{nats.value:.4g} ± {nats.error:.2g}", (at, place),
            xytext=(8, 0), textcoords="offset points", va="center", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(start, max(row.nats.value + row.nats.error for row in rows) * 1.22 - 0.22 * start)
    ax.set_title(title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", alpha=0.2)
