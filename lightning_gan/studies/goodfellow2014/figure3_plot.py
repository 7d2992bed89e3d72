"""Image of Figure 3: digits along lines in z, and their class probabilities."""

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
]  # C7 is grey, the colour of unlabelled classes
LABELLED = 0.4  # least maximal probability of a class that is labelled


def draw_chain(
    x: Tensor, blends: Tensor, probabilities: Tensor, blended: Tensor, shown: int
) -> Tensor:
    """Draw the digits and class probabilities of lines in z and of blends of their ends, a column for each line.

    Args:
        x: Bytes of images on lines in z, [points, lines, 1, H, W].
        blends: Bytes of blends of the same ends in pixel space, shaped like x.
        probabilities: Class probabilities on lines in z, [points, lines, classes].
        blended: Class probabilities of blends, shaped like probabilities.
        shown: Number of points that are drawn as images, including the ends.

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
    """Draw `shown` images of a line in a row."""
    indices = torch.linspace(0, len(image_bytes) - 1, shown).round().long()
    row = images.make_image_grid(image_bytes[indices], shown, gap=1)
    ax.imshow(row.permute(1, 2, 0).numpy(), aspect="auto", interpolation="nearest")
    ax.set_axis_off()


def _curves(ax: Axes, probabilities: Tensor, with_xlabel: bool) -> None:
    """Draw the probability of every class along a line; classes that reach `LABELLED` have a colour and a label."""
    t = torch.linspace(0, 1, len(probabilities))
    for digit, p in enumerate(probabilities.T):
        top = p.max()
        labelled = bool(top >= LABELLED)
        colour = COLOURS[digit % len(COLOURS)] if labelled else "0.8"
        ax.plot(t, p, color=colour, lw=1.8 if labelled else 0.8)
        if labelled:
            position = t[p >= 0.95 * top].mean().clamp(0.02, 0.98).item()
            ax.text(position, 1.05, str(digit), color=colour, ha="center", fontweight="bold")
    ax.set(xlim=(0, 1), ylim=(0, 1.25), yticks=(0, 0.5, 1))
    if with_xlabel:
        ax.set_xlabel("position on the line", fontsize=9)
