"""Theorem 1: C(G) = max_D V(D, G) = -log 4 + 2 JSD(p_data || p_g), and its only minimum, -log 4, is p_g = p_data.

Three tests. (1) For pairs of densities, the maximum over D is found at each point by bisection on the slope of V,
without Proposition 1. It has to equal -log 4 + 2 JSD to `TOLERANCE`, with the JSD from entropies on another grid.
(2) In the family N(mu, s), C(G) has to exceed -log 4 at every point of a lattice except p_data. (3) For random
distributions on a finite space, TV^2 / 2 <= JSD <= log 2 TV has to hold, so that JSD = 0 only where TV = 0.
"""

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)
from torch.nn.functional import logsigmoid

from lightning_gan.analysis import theory
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting, Verdict
from lightning_gan.studies.goodfellow2014.theory_plots import draw_minimum_and_bounds
from lightning_gan.utils import images

TOLERANCE = 1e-6  # nats
MINIMUM = -math.log(4)
MU = torch.linspace(-3, 3, 61, dtype=torch.float64)
S = torch.linspace(-1.5, 1.5, 61, dtype=torch.float64).exp()
STATES = 6
PAIRS = 4000
DensityPair = tuple[str, Distribution, Distribution]


def make_normal(mean: float, std: float) -> Normal:
    """Create a Gaussian on the line, in double precision."""
    return Normal(torch.tensor(mean).double(), torch.tensor(std).double())


def make_mixture(means: list[float], stds: list[float], weights: list[float]) -> MixtureSameFamily:
    """Create a mixture of Gaussians on the line, in double precision."""
    parts = Normal(torch.tensor(means).double(), torch.tensor(stds).double())
    return MixtureSameFamily(Categorical(torch.tensor(weights).double()), parts)


def make_ring(radius: float, std: float) -> MixtureSameFamily:
    """Create a mixture of eight Gaussians on a ring in the plane, in double precision."""
    angles = torch.arange(8).double() * math.pi / 4
    means = radius * torch.stack([angles.cos(), angles.sin()], 1)
    parts = Independent(Normal(means, torch.full_like(means, std)), 1)
    return MixtureSameFamily(Categorical(torch.ones(8).double()), parts)


def make_line_pairs() -> list[DensityPair]:
    """Create pairs of p_data and p_g with all mass in [-14, 14]."""
    two = make_mixture([-2.0, 1.5], [0.6, 0.9], [0.3, 0.7])
    return [
        ("N(0, 1) and itself", make_normal(0, 1), make_normal(0, 1)),
        ("N(0, 1) and N(1, 1)", make_normal(0, 1), make_normal(1, 1)),
        ("N(0, 1) and N(0, 1.8)", make_normal(0, 1), make_normal(0, 1.8)),
        ("two modes and one", two, make_normal(0, 1.5)),
        (
            "two modes and three",
            two,
            make_mixture([-3.0, 0.0, 3.0], [0.5, 0.7, 0.4], [0.2, 0.5, 0.3]),
        ),
        ("far apart, N(-8, .4) and N(8, .4)", make_normal(-8, 0.4), make_normal(8, 0.4)),
    ]


def make_plane_pairs() -> list[DensityPair]:
    """Create pairs of p_data and p_g with all mass in [-9, 9] x [-9, 9]."""
    tilted = torch.tensor([[1.5, 0.6], [0.6, 0.8]]).double()
    return [
        ("ring and itself", make_ring(2, 0.3), make_ring(2, 0.3)),
        ("ring and a larger one", make_ring(2, 0.3), make_ring(2.5, 0.4)),
        (
            "ring and a tilted Gaussian",
            make_ring(2, 0.3),
            MultivariateNormal(torch.zeros(2).double(), tilted),
        ),
    ]


def find_optimal_logits(log_data: Tensor, log_g: Tensor) -> Tensor:
    """Find the logit s that maximises V at each point, by 60 bisections of its slope.

    The slope is p_data sigmoid(-s) - p_g sigmoid(s); V is concave in s. Equation 2 is not used.
    """
    low, high = torch.full_like(log_data, -700.0), torch.full_like(log_data, 700.0)
    for _ in range(60):
        middle = (low + high) / 2
        up = log_data + logsigmoid(-middle) > log_g + logsigmoid(middle)
        low, high = torch.where(up, middle, low), torch.where(up, high, middle)
    return (low + high) / 2


def compute_jsd_from_entropies(
    p: Distribution, q: Distribution, grid: theory.QuadratureGrid
) -> float:
    """Compute the JSD in nats as H((p + q) / 2) - H(p) / 2 - H(q) / 2."""
    log_p, log_q = grid.compute_log_density(p), grid.compute_log_density(q)
    average = torch.logaddexp(log_p, log_q) - math.log(2)
    h_average, h_p, h_q = (
        -grid.integrate(log.exp() * log).value for log in (average, log_p, log_q)
    )
    return (h_average - h_p / 2 - h_q / 2).item()


def measure_criterion(pair: DensityPair) -> tuple[str, float, float, float]:
    """Compute both sides of the theorem for a pair.

    Returns:
        Name of the pair, max_D V by bisection, -log 4 + 2 JSD from entropies on another grid, and the estimated
        quadrature error of the former.
    """
    name, p, q = pair
    if p.event_shape:
        grid, other = (
            theory.make_rectangle([-9, -9], [9, 9], 401),
            theory.make_rectangle([-9, -9], [9, 9], 361),
        )
    else:
        grid, other = theory.make_interval(-14, 14, 2001), theory.make_interval(-14, 14, 1701)
    log_p, log_q = grid.compute_log_density(p), grid.compute_log_density(q)
    found = theory.compute_value(find_optimal_logits(log_p, log_q), log_p, log_q, grid)
    return (
        name,
        found.value.item(),
        MINIMUM + 2 * compute_jsd_from_entropies(p, q, other),
        found.error,
    )


def compute_surface() -> Tensor:
    """Compute C(G) + log 4 in nats for p_g = N(mu, s) and p_data = N(0, 1), [len(MU), len(S)]."""
    grid = theory.make_interval(-40, 40, 4001)
    p_data = grid.compute_log_density(make_normal(0, 1))
    rows = [theory.compute_criterion(p_data, _row(mu, grid), grid).value for mu in MU]
    return torch.stack(rows) - MINIMUM


def _row(mu: Tensor, grid: theory.QuadratureGrid) -> Tensor:
    """Compute log N(mu, s) on the grid for every s, [len(S), n]."""
    return Normal(mu, S[:, None]).log_prob(grid.points.squeeze(1))


def draw_random_pairs(n: int) -> tuple[Tensor, Tensor]:
    """Draw n pairs of distributions on `STATES` states, and compute their TV and JSD, [n] each.

    The TV of a pair reaches down to 1e-6; every tenth pair has two equal distributions.
    """
    rng = torch.Generator().manual_seed(0)
    p, other = _random(n, rng), _random(n, rng)
    step = 10 ** (-6 * torch.rand(n, 1, generator=rng, dtype=torch.float64))
    step[::10] = 0
    q = (1 - step) * p + step * other
    grid = theory.make_states(STATES)
    return theory.compute_total_variation(p.log(), q.log(), grid), theory.compute_jensen_shannon(
        p.log(), q.log(), grid
    ).value


def _random(n: int, rng: torch.Generator) -> Tensor:
    """Draw uneven distributions on the states: normalised cubes of exponential numbers, [n, STATES]."""
    x = torch.empty(n, STATES, dtype=torch.float64).exponential_(generator=rng) ** 3
    return x / x.sum(1, keepdim=True)


def run(setting: Setting) -> list[Finding]:
    """Run the three tests, and draw the last two. Nothing is trained, so seeds have no effect."""
    folder = setting.make_folder("criterion")
    rows = [measure_criterion(pair) for pair in make_line_pairs() + make_plane_pairs()]
    over = compute_surface()
    tv, jsd = draw_random_pairs(PAIRS)
    image = images.save_image(
        draw_minimum_and_bounds(MU, S, over, tv, jsd), folder / "criterion.png"
    )
    return [judge_identity(rows, image), judge_minimum(over, image), judge_equality(tv, jsd, image)]


def judge_identity(rows: list[tuple[str, float, float, float]], image: Path) -> Finding:
    """Judge the first test."""
    worst = max(rows, key=lambda row: abs(row[1] - row[2]))
    off, error = abs(worst[1] - worst[2]), max(row[3] for row in rows)
    table = "; ".join(f"{name}: {value - MINIMUM:z.6f}" for name, value, _, _ in rows)
    return Finding(
        f"|max_D V - (-log 4 + 2 JSD)|, nats, largest of {len(rows)} pairs", f"0 (criterion: below {TOLERANCE:g})",
        f"{off:.1e} ({worst[0]})", Verdict.from_bool(off < TOLERANCE and error < TOLERANCE), image,
        f"quadrature error below {max(error, 1e-16):.0e}; C(G) + log 4 of {table}; log 4 is {-MINIMUM:.6f}",
    )  # fmt: skip


def judge_minimum(over: Tensor, image: Path) -> Finding:
    """Judge the second test: the minimum of the lattice is at p_data and nowhere else."""
    index = over.argmin().item()
    mu, s = MU[int(index) // len(S)].item(), S[int(index) % len(S)].item()
    least, second = over.flatten().sort().values[:2].tolist()
    holds = (
        abs(mu) < 1e-9 and abs(s - 1) < 1e-9 and abs(least) < TOLERANCE and second > 10 * TOLERANCE
    )
    return Finding(
        f"C(G) + log 4 over {over.numel():,} p_g = N(mu, s), p_data = N(0, 1): two smallest values", "0, and above 0",
        f"{abs(least):.1e} at mu {abs(mu):.2f}, s {s:.2f}; second {second:.5f}", Verdict.from_bool(holds), image,
    )  # fmt: skip


def judge_equality(tv: Tensor, jsd: Tensor, image: Path) -> Finding:
    """Judge the third test, up to rounding."""
    equal = tv == 0
    low, high = (jsd - tv**2 / 2).min().item(), (math.log(2) * tv - jsd).min().item()
    holds = (
        min(low, high) > -1e-15
        and bool((jsd[equal].abs() < 1e-15).all())
        and bool((jsd[~equal] > 0).all())
    )
    return Finding(
        f"JSD of {len(tv):,} random pairs on {STATES} states, {int(equal.sum())} of them equal",
        "0 if and only if equal",
        f"{jsd[equal].abs().max():.0e} if equal, else {jsd[~equal].min():.0e} or more (TV {tv[~equal].min():.0e})",
        Verdict.from_bool(holds), image, "TV^2 / 2 <= JSD <= log 2 TV for all of them",
    )  # fmt: skip


CLAIM = Claim(
    name="criterion",
    section="sec. 4.1, theorem 1",
    statement="max_D V(D, G) = -log 4 + 2 JSD(p_data || p_g), with its only minimum at p_g = p_data",
    run=run,
    seconds=3.0,
    quick_seconds=3.0,
)
