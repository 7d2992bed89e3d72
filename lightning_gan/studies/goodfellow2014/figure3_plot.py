"""The image of figure 3: digits along lines in z, and what a classifier says of them."""

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting import figures
from lightning_gan.utils import images

COLOURS = [
    *(f"C{i}" for i in range(7)),
    "black",
    "C8",
    "C9",
]  # C7 is the grey of those that do not matter
LABELLED = 0.4  # classes whose probability reaches it somewhere on the line get a label


def chain_image(
    x: Tensor, blends: Tensor, probabilities: Tensor, blended: Tensor, shown: int
) -> Tensor:
    """For each line: digits along it, class probabilities, and blends of its ends; side by side.

    Args:
        x: bytes on lines in z, [points, lines, 1, H, W].
        blends: bytes between the same ends in pixel space, shaped like x.
        probabilities: of the classes on lines in z, [points, lines, classes].
        blended: the same of blends.
        shown: how many of the points are drawn as images, ends included.

    Returns:
        Bytes [3, H', W'].
    """
    n = x.shape[1]
    figure = Figure(figsize=(4.2 * n, 4.6), layout="constrained", dpi=100)
    axes = figure.subplots(4, n, squeeze=False, height_ratios=[1, 2.6, 1, 2.6])
    for i in range(n):
        rows = ((x, probabilities, "line in z"), (blends, blended, "blend of the ends"))
        for j, (image_bytes, p, name) in enumerate(rows):
            strip, curves = axes[2 * j, i], axes[2 * j + 1, i]
            _strip(strip, image_bytes[:, i], shown)
            strip.set_title(name, fontsize=9)
            _curves(curves, p[:, i], with_xlabel=j == 1)
            if i == 0:
                curves.set_ylabel("class probability", fontsize=9)
    return figures.render_figure(figure)


def _strip(ax: Axes, image_bytes: Tensor, shown: int) -> None:
    """Some of the images of a line, in a row."""
    places = torch.linspace(0, len(image_bytes) - 1, shown).round().long()
    row = images.make_image_grid(image_bytes[places], shown, gap=1)
    ax.imshow(row.permute(1, 2, 0).numpy(), aspect="auto", interpolation="nearest")
    ax.set_axis_off()


def _curves(ax: Axes, probabilities: Tensor, with_xlabel: bool) -> None:
    """Probability of every class along a line; those that matter in colour, with the digit at their top."""
    t = torch.linspace(0, 1, len(probabilities))
    for digit, p in enumerate(probabilities.T):
        top = p.max()
        matters = bool(top >= LABELLED)
        colour = COLOURS[digit % len(COLOURS)] if matters else "0.8"
        ax.plot(t, p, color=colour, lw=1.8 if matters else 0.8)
        if matters:
            place = t[p >= 0.95 * top].mean().clamp(0.02, 0.98).item()
            ax.text(place, 1.05, str(digit), color=colour, ha="center", fontweight="bold")
    ax.set(xlim=(0, 1), ylim=(0, 1.25), yticks=(0, 0.5, 1))
    if with_xlabel:
        ax.set_xlabel("place on the line", fontsize=9)
