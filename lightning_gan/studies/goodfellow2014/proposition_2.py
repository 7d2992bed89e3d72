"""Proposition 2: if D is optimal after every small step of p_g, then p_g goes to p_data; and what that leaves open.

In function space, exactly: p_g is a vector of probabilities on `STATES` states and moves by exponentiated gradient on
V(D*, p_g), with D* computed anew at each step. The claim holds if C falls at every step of every start, C is convex
along random segments, and the total variation from p_data ends below `NEAR` for all. In the space of parameters,
exactly too, what the paper itself says of it ("multiple critical points"): a family that contains p_data and has local
minima elsewhere; and a D that takes gradient steps instead of being optimal, which never arrives.
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
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.theory_plots import circles, descended, falling
from lightning_gan.utils import images

STATES = 12
RATE = 0.1  # of the exponentiated gradient; C falls at every step for any rate up to 1
STEPS = 600
STARTS = 20  # for each seed, each with its own p_data
NEAR = 1e-6  # total variation
SEGMENTS = 10_000
ROUNDING = 1e-14
WEIGHTS, WIDTH = (0.7, 0.3), 0.6  # of the two bumps of p_data, in the space of parameters
PLACES = (-2.0, 2.0)
DESCENTS, DESCENT_RATE = 600, 1.0
TURNS, TURN_RATE = 300, 0.3


class Descent(NamedTuple):
    """How starts went."""

    over: Tensor
    """C + log 4 in nats, [starts, steps + 1]."""
    variation: Tensor
    """Total variation of p_g and p_data, [starts, steps + 1]."""


def random_distributions(n: int, rng: torch.Generator) -> Tensor:
    """Uneven ones, some states a million times rarer than others: log p, [n, STATES]."""
    return (4 * torch.randn(n, STATES, generator=rng, dtype=torch.float64)).log_softmax(1)


def step(log_data: Tensor, log_g: Tensor, rate: float = RATE) -> Tensor:
    """p_g exp(-rate dV/dp_g), normalised, under D*: log p_g, [n, states].

    dV/dp_g(x) = log(1 - D*(x)). It is the gradient of C as well, because C is a supremum of functions that are linear
    in p_g: the argument of the paper's proof.
    """
    slope = logsigmoid(-theory.compute_optimal_logits(log_data, log_g))
    return (log_g - rate * slope).log_softmax(1)


def descent(seed: int, starts: int = STARTS, steps: int = STEPS) -> Descent:
    """From random p_g to random p_data; half of the p_data lack a third of the states altogether."""
    rng = torch.Generator().manual_seed(seed)
    log_data, log_g = random_distributions(starts, rng), random_distributions(starts, rng)
    log_data[starts // 2 :, : STATES // 3] = -torch.inf
    log_data, space = log_data.log_softmax(1), theory.make_states(STATES)
    over, variation = [], []
    for _ in range(steps + 1):
        over.append(2 * theory.compute_jensen_shannon(log_data, log_g, space).value)
        variation.append(theory.compute_total_variation(log_data, log_g, space))
        log_g = step(log_data, log_g)
    return Descent(torch.stack(over, 1), torch.stack(variation, 1))


def convexity(seed: int, segments: int = SEGMENTS) -> float:
    """Least of t C(p) + (1 - t) C(q) - C(t p + (1 - t) q) over random segments, nats: not below 0 if C is convex."""
    rng, space = torch.Generator().manual_seed(seed), theory.make_states(STATES)
    log_data, p, q = (random_distributions(segments, rng) for _ in range(3))
    t = torch.rand(segments, generator=rng, dtype=torch.float64)
    between = (t[:, None] * p.exp() + (1 - t[:, None]) * q.exp()).log()
    at_p, at_q, at_t = (theory.compute_criterion(log_data, r, space).value for r in (p, q, between))
    return (t * at_p + (1 - t) * at_q - at_t).min().item()


def family(theta: Tensor, grid: theory.QuadratureGrid) -> Tensor:
    """Log p_g of two bumps of fixed weights and width at theta = (a, b), [..., 2]: [..., n]."""
    x = grid.points.squeeze(1)
    parts = [
        math.log(w) + Normal(theta[..., i, None], WIDTH).log_prob(x) for i, w in enumerate(WEIGHTS)
    ]
    return torch.logaddexp(*parts)


LINE = theory.make_interval(-9, 9, 601)
DATA = family(torch.tensor(PLACES, dtype=torch.float64), LINE)


def slope(theta: Tensor) -> Tensor:
    """G's gradient under D*, which stands still: of V(D*, G) with respect to theta, [..., 2]."""
    theta = theta.detach().requires_grad_()
    log_g = family(theta, LINE)
    best = theory.compute_optimal_logits(DATA, log_g).detach()
    return torch.autograd.grad(theory.compute_value(best, DATA, log_g, LINE).value.sum(), theta)[0]


def in_parameters() -> list[Tensor]:
    """Ways of gradient descent from 16 starts, D* computed anew at each step: [DESCENTS + 1] of [16, 2]."""
    at = torch.linspace(-3.0, 3.0, 4, dtype=torch.float64)
    way = [torch.cartesian_prod(at, at)]
    for _ in range(DESCENTS):
        way.append(way[-1] - DESCENT_RATE * slope(way[-1]))
    return way


def over_least(theta: Tensor) -> Tensor:
    """C + log 4 in nats, [..., 2] to [...]."""
    return theory.compute_criterion(DATA, family(theta, LINE), LINE).value + math.log(4)


def curvature(theta: Tensor) -> float:
    """Least eigenvalue of the Hessian of C at theta, [2]."""
    rows = torch.autograd.functional.hessian(
        lambda t: theory.compute_criterion(DATA, family(t, LINE), LINE).value, theta
    )
    return torch.linalg.eigvalsh(rows).min().item()


def against_a_point(alternating: bool, turns: int = TURNS) -> Tensor:
    """(theta, psi) of Mescheder et al. (2018), section 2: G is the point theta, the data are the point 0.

    D(x) = sigmoid(psi x). Gradient steps on V(D, G) = log(1/2) + log(1 - D(theta)), by hand: [turns + 1, 2].
    """
    theta, psi = 1.0, 0.0
    way = [(theta, psi)]
    for _ in range(turns):
        moved = psi - TURN_RATE * theta / (1 + math.exp(-psi * theta))  # D climbs V
        seen = moved if alternating else psi
        theta += TURN_RATE * seen / (1 + math.exp(-seen * theta))  # G descends it
        psi = moved
        way.append((theta, psi))
    return torch.tensor(way)


def run(setting: Setting) -> list[Finding]:
    """The descent from every seed's starts; the counter-cases need none."""
    folder = setting.folder("proposition_2")
    descents = [descent(seed) for seed in setting.seeds]
    way = in_parameters()
    turns = [against_a_point(alternating) for alternating in (False, True)]
    image = images.save_image(draw_descents(descents, way, turns), folder / "proposition_2.png")
    mathematics = judge_function_space(descents, [convexity(seed) for seed in setting.seeds], image)
    return [*mathematics, stuck(way, image), circling(turns, image)]


def judge_function_space(
    descents: Sequence[Descent], bends: Sequence[float], image: Path
) -> list[Finding]:
    """The three tests in function space."""
    rises = max(d.over.diff(dim=1).max().item() for d in descents)
    far = max(d.variation[:, -1].max().item() for d in descents)
    took = [float((d.variation > NEAR).sum(1).max().item()) for d in descents]
    return [
        Finding(
            f"total variation of p_g and p_data after {STEPS} steps, largest of {STARTS * len(descents)} starts",
            f"to 0; here below {NEAR:g}", f"{far:.1e}; below {NEAR:g} after {format_over_seeds(took, 0, 'steps')}",
            Verdict.of(far < NEAR), image, "the steps are those of the slowest start of each seed",
        ),
        Finding(
            "largest rise of C(G) in one step, nats", "0: it falls", f"{rises:.1e}",
            Verdict.of(rises < ROUNDING), image, f"up to {ROUNDING:g} is rounding",
        ),
        Finding(
            f"C on {SEGMENTS * len(descents):,} segments between two p_g: least of chord over curve, nats",
            "at least 0: convex", f"{min(bends):.1e}", Verdict.of(min(bends) > -ROUNDING), image,
        ),
    ]  # fmt: skip


def stuck(way: Sequence[Tensor], image: Path) -> Finding:
    """A local minimum among parameters, although C is convex in p_g and p_data is in the family."""
    ends = way[-1]
    over = over_least(ends)
    missed = over > 0.01
    still = slope(ends).norm(dim=1)[missed].max().item()
    bent = min(curvature(end) for end in ends[missed])
    levels = sorted({round(v, 2) for v in over[missed].tolist()})
    holds = 0 < int(missed.sum()) < len(ends) and still < 1e-5 and bent > 0
    return Finding(
        f"{len(ends)} starts of p_g = {WEIGHTS[0]} N(a, {WIDTH}) + {WEIGHTS[1]} N(b, {WIDTH}), with p_data among them",
        '"multiple critical points in parameter space"',
        f"{int((~missed).sum())} reach p_data; {int(missed.sum())} stop at local minima, C + log 4 = {levels} nats",
        Verdict.of(holds), image,
        f"where they stop: gradient at most {still:.0e}, least eigenvalue of a Hessian {bent:.3f}",
    )  # fmt: skip


def circling(turns: Sequence[Tensor], image: Path) -> Finding:
    """Gradient steps of both networks, where D is not brought to its optimum."""
    away, round_ = (t.norm(dim=1) for t in turns)
    return Finding(
        f"distance from the equilibrium, at first 1, after {TURNS} steps of both", '"lack of theoretical guarantees"',
        f"{away[-1]:.2f} at the same time; never below {round_.min():.2f} nor above {round_.max():.2f} in turn",
        Verdict.of(away[-1].item() > 1 and round_.min().item() > 0.1), image,
    )  # fmt: skip


def draw_descents(
    descents: Sequence[Descent], way: Sequence[Tensor], turns: Sequence[Tensor]
) -> Tensor:
    """The proof's space on the left, two counter-cases on the right."""
    figure = Figure(figsize=(13, 3.6), layout="constrained", dpi=90)
    axes = figure.subplots(1, 4)
    falling(axes[0], [d.over for d in descents], "p_g itself moves: C(G) + log 4", "nats")
    falling(axes[1], [d.variation for d in descents], "total variation from p_data", "")
    axes[1].axhline(NEAR, color="black", ls=":")
    at = torch.linspace(-3.6, 3.6, 49, dtype=torch.float64)
    lattice = torch.stack(torch.meshgrid(at, at, indexing="ij"), -1)
    descended(axes[2], at, over_least(lattice), torch.stack(list(way)), PLACES)
    circles(axes[3], turns, ("at the same time", "in turn"))
    return render_figure(figure)


CLAIM = Claim(
    name="proposition_2",
    section="sec. 4.2, prop. 2",
    says="small steps of p_g under an optimal D bring p_g to p_data",
    run=run,
    seconds=1.0,
    quick_seconds=2.0,
    seeds=5,
)
