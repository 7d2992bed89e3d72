"""Scatter plots of points in the plane."""

from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting.figures import render_figure

MARGIN = 0.35  # margin on each side, relative to the width of the data


def draw_points(samples: Tensor, data: Tensor, title: str) -> Tensor:
    """Draw samples over data points.

    Args:
        samples: Generated points, [n, 2]; points outside of the plot are counted in its corner.
        data: Real points, [n', 2]; they set the limits of the plot.
        title: Title of the plot.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(4.8, 4.8), layout="constrained", dpi=80)
    ax = figure.subplots()
    low, high = data.amin(0), data.amax(0)
    margin = MARGIN * (high - low).max()
    centre, half = (low + high) / 2, (high - low).max() / 2 + margin
    outside = int(((samples - centre).abs() > half).any(1).sum())
    ax.scatter(data[:, 0], data[:, 1], s=14, color="0.75", lw=0, label="data")
    ax.scatter(
        samples[:, 0], samples[:, 1], s=3, color="tab:blue", lw=0, alpha=0.6, label="samples"
    )
    ax.set_xlim((centre[0] - half).item(), (centre[0] + half).item())
    ax.set_ylim((centre[1] - half).item(), (centre[1] + half).item())
    ax.set_aspect("equal")
    ax.set_title(title, fontsize=10)
    ax.tick_params(labelsize=8)
    ax.legend(frameon=False, fontsize=8, loc="upper right")
    if outside:
        ax.text(0.02, 0.02, f"{outside} samples outside", transform=ax.transAxes, fontsize=8)
    return render_figure(figure)
