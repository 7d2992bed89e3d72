"""Training curves, and figures rendered as bytes."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

PlottedCurve = Sequence[tuple[int, float]]
TITLES = ("value V(D, G), nats", "D(x) and D(G(z))", "losses, nats")
KEYS = (
    "train/value", "val/value", "train/d_x", "train/d_gz", "val/d_x", "train/d_loss", "train/g_loss",
    "val/parzen_nats",
)  # fmt: skip
CRITIC_TITLES = ("V of D's output as a logit", "sigmoid of D's output", "losses")


def plot_curves(curves: Mapping[str, PlottedCurve], logits: bool = True) -> Tensor:
    """Plot V(D, G), D(x) and D(G(z)), both losses, and the Parzen score if there is one, over steps.

    Args:
        curves: (step, value) pairs by key of metrics.csv.
        logits: Whether D's outputs are logits. If so, lines mark the equilibrium values -log 4 and 1/2.

    Returns:
        Bytes [3, H, W].
    """
    parzen = bool(curves.get("val/parzen_nats"))
    figure = Figure(figsize=(14 if parzen else 10.5, 3.2), layout="constrained", dpi=100)
    axes = figure.subplots(1, 4 if parzen else 3)
    for ax, title in zip(axes, TITLES if logits else CRITIC_TITLES, strict=False):
        ax.set(title=title, xlabel="step (updates of G)")
    _draw(axes[0], curves, {"train/value": "training", "val/value": "held out"})
    if logits:
        axes[0].axhline(-math.log(4), color="black", ls=":", lw=1, label="-log 4")
        axes[1].axhline(0.5, color="black", ls=":", lw=1, label="1/2")
    _draw(
        axes[1], curves, {"train/d_x": "D(x)", "train/d_gz": "D(G(z))", "val/d_x": "D(x), held out"}
    )
    axes[1].set_ylim(0, 1)
    _draw(axes[2], curves, {"train/d_loss": "D", "train/g_loss": "G"})
    if parzen:
        axes[3].set(title="Parzen log-likelihood, nats", xlabel="step (updates of G)")
        _draw(axes[3], curves, {"val/parzen_nats": "validation"})
        axes[3].set_ylim(bottom=max(axes[3].get_ylim()[0], -50))
    for ax in axes:
        if ax.get_legend_handles_labels()[0]:
            ax.legend(frameon=False, fontsize=8)
    return render_figure(figure)


def _draw(ax: "object", curves: Mapping[str, PlottedCurve], names: Mapping[str, str]) -> None:
    for key, label in names.items():
        if curves.get(key):
            steps, values = zip(*curves[key], strict=True)
            marker = "." if len(steps) == 1 else None  # a line of one point is invisible
            ax.plot(steps, values, lw=1, marker=marker, label=label)  # type: ignore[attr-defined]


def render_figure(figure: Figure) -> Tensor:
    """Render a figure without a display: bytes [3, H, W]."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return torch.from_numpy(np.array(canvas.buffer_rgba()))[..., :3].permute(2, 0, 1).contiguous()
