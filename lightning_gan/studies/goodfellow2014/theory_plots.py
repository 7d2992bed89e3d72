"""Images of sections 3 and 4, drawn from computed values."""

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_gan.plotting.figures import render_figure
from lightning_gan.studies.goodfellow2014.claim import count_seeds

LEVELS = [0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4]  # of C(G) + log 4, nats


def draw_line_outputs(
    x: Tensor,
    densities: tuple[Tensor, Tensor],
    logits: Sequence[Tensor],
    inside: Tensor,
    given: tuple[Tensor, Tensor],
) -> Tensor:
    """Draw the training samples, the outputs of D, and the estimate of p_g from D.

    Args:
        x: Points of the grid, [n].
        densities: Values of p_data and p_g, [n] each.
        logits: Logits of D, [n] for each seed.
        inside: Mask of the region in which D is compared with D*, [n].
        given: Real and generated numbers, [m] each.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained", dpi=90)
    axes = figure.subplots(1, 3)
    p_data, p_g = densities
    for values, colour, label in zip(
        given, ("C0", "C2"), ("real x", "generated G(z)"), strict=True
    ):
        axes[0].hist(values, 80, range=(-6, 6), density=True, color=colour, alpha=0.5, label=label)
    axes[1].fill_between(x, 0, 1, where=inside.numpy(), color="0.93", label="region compared")
    axes[1].plot(x, p_data, "C0:", label="p_data")
    axes[1].plot(x, p_g, "C2-", label="p_g")
    axes[1].plot(x, p_data / (p_data + p_g), "k--", lw=2, label="D* (equation 2)")
    for i, one in enumerate(logits):
        axes[1].plot(x, one.sigmoid(), "C3", lw=0.8, alpha=0.7, label=None if i else "D, trained")
    axes[2].plot(x, p_g, "C2-", lw=3, alpha=0.5, label="p_g, unknown to D")
    estimate = p_data * (-logits[0]).exp()  # D* = p_data / (p_data + p_g), solved for p_g
    axes[2].plot(x[inside], estimate[inside], "C3.", ms=2, label="p_data (1 - D) / D")
    top = 1.55 * p_g.max().item()
    titles = (
        "training samples of D",
        f"D of {count_seeds(len(logits))}, and D*",
        "estimate of p_g from D",
    )
    for ax, title, high in zip(axes, titles, (top, 1.85, top), strict=True):
        ax.set(title=title, xlabel="x", xlim=(-6, 6), ylim=(0, high))
        ax.legend(frameon=False, fontsize=8, loc="upper left", ncols=2 if ax is axes[1] else 1)
    axes[1].set_yticks([0, 0.25, 0.5, 0.75, 1])
    return render_figure(figure)


def draw_plane_outputs(
    points: Tensor, best: Tensor, found: Tensor, inside: Tensor, given: tuple[Tensor, Tensor]
) -> Tensor:
    """Draw the training samples, D*, a trained D, and their difference.

    Args:
        points: Points of a square grid, [n, 2].
        best: Values of D*, [n].
        found: Values of the trained D, [n].
        inside: Mask of the region in which D is compared with D*, [n].
        given: Real and generated points, [m, 2] each.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(12, 2.9), layout="constrained", dpi=90)
    axes = figure.subplots(1, 4)
    for xy, colour, label in zip(given, ("C0", "C2"), ("x", "G(z)"), strict=True):
        axes[0].plot(*xy.T, ".", color=colour, ms=1.5, alpha=0.6, label=label)
    axes[0].set_title("training samples of D")
    axes[0].legend(frameon=False, fontsize=8, markerscale=5)
    maps = ((best, "D* (equation 2)", "RdBu", 0, 1), (found, "D, trained", "RdBu", 0, 1),
            (found - best, "D - D*", "PuOr", -0.1, 0.1))  # fmt: skip
    side = round(len(points) ** 0.5)
    (x0, y0), (x1, y1) = points[0].tolist(), points[-1].tolist()
    for ax, (values, title, colours, low, high) in zip(axes[1:], maps, strict=True):
        shown = torch.where(inside, values, torch.nan).view(side, side).T.numpy()
        drawn = ax.imshow(
            shown, extent=(x0, x1, y0, y1), origin="lower", cmap=colours, vmin=low, vmax=high
        )
        ax.set_title(title)
        figure.colorbar(drawn, ax=ax, shrink=0.9)
    for ax in axes:
        ax.set(xlim=(-4, 5), ylim=(-4, 4), aspect="equal")
    return render_figure(figure)


def draw_minimum_and_bounds(mu: Tensor, s: Tensor, over: Tensor, tv: Tensor, jsd: Tensor) -> Tensor:
    """Draw C(G) as a surface and as contours, and JSD over total variation with its two bounds.

    Args:
        mu: Means of p_g = N(mu, s), [a].
        s: Standard deviations of p_g, [b].
        over: C(G) + log 4 in nats, [a, b].
        tv: Total variation of random pairs, [n].
        jsd: JSD of the same pairs in nats, [n].

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(12, 3.8), layout="constrained", dpi=90)
    solid = figure.add_subplot(1, 3, 1, projection="3d")
    a, b = torch.meshgrid(mu, s.log(), indexing="ij")
    solid.plot_surface(a, b, over - math.log(4), cmap="viridis", rstride=2, cstride=2)
    solid.set(xlabel="mu", ylabel="log s", title="C(G), nats; p_g = N(mu, s)")
    flat = figure.add_subplot(1, 3, 2)
    shown = flat.contourf(a, b, over.clamp(min=1e-5), levels=LEVELS)
    figure.colorbar(shown, ax=flat, label="C(G) + log 4 = 2 JSD, nats")
    flat.plot(0, 0, "r*", ms=9, label="p_g = p_data: C = -log 4")
    flat.set(xlabel="mu", ylabel="log s", title="one minimum: p_data = N(0, 1)")
    flat.legend(fontsize=8, loc="lower left")
    pairs, apart = figure.add_subplot(1, 3, 3), tv > 0
    at = torch.logspace(-8, 0, 50)
    pairs.loglog(tv[apart], jsd[apart], ".", ms=2, label="random pairs, not equal")
    pairs.loglog(at, at**2 / 2, "k--", lw=1, label="TV$^2$ / 2")
    pairs.loglog(at, math.log(2) * at, "k:", lw=1, label="log 2 · TV")
    pairs.set(xlabel="total variation (TV) of p_data and p_g", ylabel="JSD, nats")
    pairs.set_title("JSD is 0 only where TV is 0")
    pairs.legend(fontsize=8)
    return render_figure(figure)


def plot_decrease(ax: Axes, curves: Sequence[Tensor], title: str, unit: str) -> None:
    """Plot curves of all starts, [starts, steps] for each seed, on a logarithmic axis."""
    for found in curves:
        ax.semilogy(found.clamp(min=1e-17).T, "C0", lw=0.5, alpha=0.5)
    ax.set(title=title, xlabel="step", ylabel=unit)


def plot_descent_paths(
    ax: Axes, at: Tensor, over: Tensor, paths: Tensor, goal: Sequence[float]
) -> None:
    """Plot C over two parameters, and paths of gradient descent.

    Args:
        ax: Axes to draw on.
        at: Values of both parameters, [n].
        over: C + log 4 in nats, [n, n].
        paths: Paths of the parameters, [steps, starts, 2].
        goal: Parameters of p_data.
    """
    a, b = torch.meshgrid(at, at, indexing="ij")
    ax.contourf(a, b, over, levels=20)
    for i in range(paths.shape[1]):
        ax.plot(*paths[:, i].T, "w-", lw=0.8)
    ax.plot(*paths[-1].T, "ro", ms=5)
    ax.plot(*goal, "w*", ms=12, mec="black")
    ax.set(title="steps of parameters, D optimal: C(a, b)", xlabel="a", ylabel="b")


def plot_cycles(ax: Axes, paths: Sequence[Tensor], labels: Sequence[str]) -> None:
    """Plot paths of the parameters of two networks around their equilibrium, [steps, 2] each."""
    for path, label in zip(paths, labels, strict=True):
        ax.plot(*path.T, ".-", ms=2, lw=0.5, label=label)
    ax.plot(0, 0, "k*", ms=8)
    ax.set(
        title="gradient steps of D: no convergence", xlabel="G's parameter", ylabel="D's parameter"
    )
    ax.set_ylim(-3, 3.8)
    ax.legend(fontsize=8, loc="upper right")


def draw_gradient_norms(
    rows: Sequence[Sequence[Mapping[str, float]]],
    exact: Sequence[tuple[float, float, float, float]],
) -> Tensor:
    """Draw the norms of G's two gradients over D's updates, over D(G(z)), and over the distance from p_data.

    Args:
        rows: Measurements of each seed: updates, d_gz, saturating and non_saturating.
        exact: Distance of p_g from p_data, both norms and their cosine.

    Returns:
        Bytes [3, H, W].
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained", dpi=90)
    early, confident, fixed = figure.subplots(1, 3)
    kinds = (("non_saturating", "C2", "-log D(G(z))"), ("saturating", "C3", "log(1 - D(G(z)))"))
    for i, found in enumerate(rows):
        for key, colour, name in kinds:
            label = None if i else name
            norms, updates, d_gz = ([r[name] for r in found] for name in (key, "updates", "d_gz"))
            early.plot(updates, norms, color=colour, lw=1, label=label)
            confident.plot(d_gz, norms, ".-", color=colour, lw=0.6, ms=4, label=label)
    early.set_xscale("symlog", linthresh=1)
    early.set(yscale="log", xlabel="updates of D, G fixed", title=count_seeds(len(rows)))
    confident.set(xscale="log", yscale="log", xlabel="mean D(G(z))")
    confident.set_title("norm over D(G(z))")
    near = exact[:-1]  # at the fixed point itself both norms are 0
    fixed.loglog([w[0] for w in near], [w[2] for w in near], "C2.-", label="-log D*")
    fixed.loglog([w[0] for w in near], [w[1] for w in near], "C3.-", label="log(1 - D*)")
    fixed.set(xlabel="t: p_g = N(2t, 1 + t/2), p_data at 0", title="under D*: the same fixed point")
    for ax in (early, confident, fixed):
        ax.set_ylabel("norm of G's gradient")
        ax.legend(frameon=False, fontsize=8)
    for ax in (confident, fixed):
        ax.invert_xaxis()
    return render_figure(figure)
