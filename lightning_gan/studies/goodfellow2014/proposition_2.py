"""Proposition 2: if D is optimal after every small step of p_g, then p_g converges to p_data.

p_g is a vector of probabilities on `STATES` states, updated by exponentiated gradient steps on V(D*, p_g). The claim
holds if C decreases at every step, C is convex along random segments, and the final total variation from p_data is
below `TOLERANCE`, for all starts. It does not hold for parameters: two examples are local minima, and a D behind D*.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import logsigmoid

from lightning_gan.analysis import theory
from lightning_gan.plotting.figures import render_figure
from lightning_gan.studies.goodfellow2014 import theory_plots as plots
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)  # fmt: skip
from lightning_gan.utils import images

STATES = 12
RATE = 0.1  # of the exponentiated gradient; C decreases at every step for any rate up to 1
STEPS, STARTS = 600, 20  # starts for each seed, each with another p_data
TOLERANCE = 1e-6  # total variation
SEGMENTS = 10_000
ROUNDING = 1e-14
WEIGHTS, WIDTH = (0.7, 0.3), 0.6  # of the two modes of p_data, in parameter space
TARGET = (-2.0, 2.0)
DESCENTS, DESCENT_RATE = 600, 1.0
TURNS, TURN_RATE = 300, 0.3


class Descent(NamedTuple):
    """Course of a descent from many starts."""

    over: Tensor
    """C + log 4 in nats, [starts, steps + 1]."""
    variation: Tensor
    """Total variation between p_g and p_data, [starts, steps + 1]."""


def draw_random_distributions(n: int, rng: torch.Generator) -> Tensor:
    """Draw n uneven distributions, with probability ratios up to about 10^6; returns log p, [n, STATES]."""
    return (4 * torch.randn(n, STATES, generator=rng, dtype=torch.float64)).log_softmax(1)


def take_step(log_data: Tensor, log_g: Tensor, rate: float = RATE) -> Tensor:
    """Update p_g to p_g exp(-rate dV/dp_g), normalised, under D*; returns log p_g, [n, states].

    dV/dp_g(x) = log(1 - D*(x)) is also the gradient of C, because C is a supremum of functions that are linear in p_g,
    as in the paper's proof.
    """
    slope = logsigmoid(-theory.compute_optimal_logits(log_data, log_g))
    return (log_g - rate * slope).log_softmax(1)


def run_descent(seed: int, starts: int = STARTS, steps: int = STEPS) -> Descent:
    """Run the descent from random p_g to random p_data; half of the p_data are 0 on a third of the states."""
    rng = torch.Generator().manual_seed(seed)
    log_data, log_g = draw_random_distributions(starts, rng), draw_random_distributions(starts, rng)
    log_data[starts // 2 :, : STATES // 3] = -torch.inf
    log_data, space = log_data.log_softmax(1), theory.make_states(STATES)
    over, variation = [], []
    for _ in range(steps + 1):
        over.append(2 * theory.compute_jensen_shannon(log_data, log_g, space).value)
        variation.append(theory.compute_total_variation(log_data, log_g, space))
        log_g = take_step(log_data, log_g)
    return Descent(torch.stack(over, 1), torch.stack(variation, 1))


def measure_convexity(seed: int, segments: int = SEGMENTS) -> float:
    """Compute the minimum of t C(p) + (1 - t) C(q) - C(t p + (1 - t) q) over random segments, in nats."""
    rng, space = torch.Generator().manual_seed(seed), theory.make_states(STATES)
    log_data, p, q = (draw_random_distributions(segments, rng) for _ in range(3))
    t = torch.rand(segments, generator=rng, dtype=torch.float64)
    between = (t[:, None] * p.exp() + (1 - t[:, None]) * q.exp()).log()
    at_p, at_q, at_t = (theory.compute_criterion(log_data, r, space).value for r in (p, q, between))
    return (t * at_p + (1 - t) * at_q - at_t).min().item()


def compute_family_log_density(theta: Tensor, grid: theory.QuadratureGrid) -> Tensor:
    """Compute log p_g of two modes with fixed weights and width at theta = (a, b), [..., 2], on the grid, [..., n]."""
    x = grid.points.squeeze(1)
    parts = [
        math.log(w) + Normal(theta[..., i, None], WIDTH).log_prob(x) for i, w in enumerate(WEIGHTS)
    ]
    return torch.logaddexp(*parts)


LINE = theory.make_interval(-9, 9, 601)
DATA = compute_family_log_density(torch.tensor(TARGET, dtype=torch.float64), LINE)


def compute_slope(theta: Tensor) -> Tensor:
    """Compute the gradient of V(D*, G) with respect to theta for a fixed D*, [..., 2]."""
    theta = theta.detach().requires_grad_()
    log_g = compute_family_log_density(theta, LINE)
    optimal = theory.compute_optimal_logits(DATA, log_g).detach()
    return torch.autograd.grad(theory.compute_value(optimal, DATA, log_g, LINE).value.sum(), theta)[
        0
    ]


def descend_parameters() -> list[Tensor]:
    """Run gradient descent from 16 starts with an optimal D at each step; returns [DESCENTS + 1] of [16, 2]."""
    at = torch.linspace(-3.0, 3.0, 4, dtype=torch.float64)
    path = [torch.cartesian_prod(at, at)]
    for _ in range(DESCENTS):
        path.append(path[-1] - DESCENT_RATE * compute_slope(path[-1]))
    return path


def compute_excess(theta: Tensor) -> Tensor:
    """Compute C + log 4 in nats at theta, [..., 2]."""
    return theory.compute_criterion(
        DATA, compute_family_log_density(theta, LINE), LINE
    ).value + math.log(4)


def compute_curvature(theta: Tensor) -> float:
    """Compute the least eigenvalue of the Hessian of C at theta, [2]."""
    rows = torch.autograd.functional.hessian(
        lambda t: theory.compute_criterion(DATA, compute_family_log_density(t, LINE), LINE).value,
        theta,
    )
    return torch.linalg.eigvalsh(rows).min().item()


def train_dirac_gan(alternating: bool, turns: int = TURNS) -> Tensor:
    """Train the Dirac-GAN of Mescheder et al. (2018), section 2; returns (theta, psi), [turns + 1, 2].

    G is the point theta, the data are the point 0, D(x) = sigmoid(psi x), and V(D, G) = log(1/2) + log(1 - D(theta)).
    Both networks take gradient steps on V; `alternating` lets G use the updated D.
    """
    theta, psi = 1.0, 0.0
    path = [(theta, psi)]
    for _ in range(turns):
        updated = psi - TURN_RATE * theta / (1 + math.exp(-psi * theta))  # ascent of D
        used = updated if alternating else psi
        theta += TURN_RATE * used / (1 + math.exp(-used * theta))  # descent of G
        psi = updated
        path.append((theta, psi))
    return torch.tensor(path)


def run(setting: Setting) -> list[Finding]:
    """Run the descent with every seed, and the two counterexamples."""
    folder = setting.make_folder("proposition_2")
    descents = [run_descent(seed) for seed in setting.seeds]
    path = descend_parameters()
    turns = [train_dirac_gan(alternating) for alternating in (False, True)]
    image = images.save_image(draw_descents(descents, path, turns), folder / "proposition_2.png")
    bends = [measure_convexity(seed) for seed in setting.seeds]
    findings = judge_function_space(descents, bends, image)
    return [*findings, judge_local_minima(path, image), judge_cycling(turns, image)]


def judge_function_space(
    descents: Sequence[Descent], bends: Sequence[float], image: Path
) -> list[Finding]:
    """Judge the three criteria in function space."""
    rises = max(d.over.diff(dim=1).max().item() for d in descents)
    far = max(d.variation[:, -1].max().item() for d in descents)
    needed = [float((d.variation > TOLERANCE).sum(1).max().item()) for d in descents]
    return [
        Finding(
            f"total variation between p_g and p_data after {STEPS} steps, largest of {STARTS * len(descents)} starts",
            f"0 (criterion: below {TOLERANCE:g})",
            f"{far:.1e}; below {TOLERANCE:g} after {format_over_seeds(needed, 0, 'steps')}",
            Verdict.from_bool(far < TOLERANCE), image, "steps of the slowest start of each seed",
        ),
        Finding(
            "largest increase of C(G) in one step, nats", "0", f"{rises:.1e}",
            Verdict.from_bool(rises < ROUNDING), image, f"criterion: below {ROUNDING:g}, the rounding error",
        ),
        Finding(
            f"C on {SEGMENTS * len(descents):,} segments between two p_g: minimum of chord minus curve, nats",
            "not negative: convex", f"{min(bends):.1e}", Verdict.from_bool(min(bends) > -ROUNDING), image,
        ),
    ]  # fmt: skip


def judge_local_minima(path: Sequence[Tensor], image: Path) -> Finding:
    """Judge whether descent in parameters ends in local minima, although the family contains p_data."""
    ends = path[-1]
    excess = compute_excess(ends)
    missed = excess > 0.01
    gradient = compute_slope(ends).norm(dim=1)[missed].max().item()
    eigenvalue = min(compute_curvature(end) for end in ends[missed])
    levels = sorted({round(v, 2) for v in excess[missed].tolist()})
    holds = 0 < int(missed.sum()) < len(ends) and gradient < 1e-5 and eigenvalue > 0
    return Finding(
        f"{len(ends)} starts of p_g = {WEIGHTS[0]} N(a, {WIDTH}) + {WEIGHTS[1]} N(b, {WIDTH}), which contains p_data",
        '"multiple critical points in parameter space"',
        f"{int((~missed).sum())} reach p_data; {int(missed.sum())} end in local minima, C + log 4 = {levels} nats",
        Verdict.from_bool(holds), image,
        f"at the minima: gradient at most {gradient:.0e}, least eigenvalue of the Hessian {eigenvalue:.3f}",
    )  # fmt: skip


def judge_cycling(turns: Sequence[Tensor], image: Path) -> Finding:
    """Judge whether gradient steps of both networks, without an optimal D, fail to converge."""
    simultaneous, alternating = (t.norm(dim=1) for t in turns)
    return Finding(
        f"distance from the equilibrium (at first 1) after {TURNS} steps of both", '"lack of theoretical guarantees"',
        f"{simultaneous[-1]:.2f} simultaneous; {alternating.min():.2f} to {alternating.max():.2f} alternating",
        Verdict.from_bool(simultaneous[-1].item() > 1 and alternating.min().item() > 0.1), image,
    )  # fmt: skip


def draw_descents(
    descents: Sequence[Descent], path: Sequence[Tensor], turns: Sequence[Tensor]
) -> Tensor:
    """Draw the descent in function space, and the two counterexamples."""
    figure = Figure(figsize=(13, 3.6), layout="constrained", dpi=90)
    axes = figure.subplots(1, 4)
    plots.plot_decrease(axes[0], [d.over for d in descents], "steps of p_g: C(G) + log 4", "nats")
    plots.plot_decrease(axes[1], [d.variation for d in descents], "total variation from p_data", "")
    axes[1].axhline(TOLERANCE, color="black", ls=":")
    at = torch.linspace(-3.6, 3.6, 49, dtype=torch.float64)
    lattice = torch.stack(torch.meshgrid(at, at, indexing="ij"), -1)
    plots.plot_descent_paths(axes[2], at, compute_excess(lattice), torch.stack(list(path)), TARGET)
    plots.plot_cycles(axes[3], turns, ("simultaneous", "alternating"))
    return render_figure(figure)


CLAIM = Claim(
    name="proposition_2",
    section="sec. 4.2, prop. 2",
    statement="with an optimal D at each step, small steps of p_g converge to p_data",
    run=run,
    seconds=1.0,
    quick_seconds=2.0,
    seeds=5,
)
