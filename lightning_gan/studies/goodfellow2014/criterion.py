"""Theorem 1: C(G) = max_D V(D, G) = -log 4 + 2 JSD(p_data || p_g), and its only minimum, -log 4, is p_g = p_data.

Three tests, each of which could fail. (1) For pairs of densities, the maximum over D is found point by point by
bisection on the slope of V, without Proposition 1; it has to be -log 4 + 2 JSD to `EXACT`, with the JSD from entropies
on another grid. (2) In the family N(mu, s), C(G) has to exceed -log 4 at every point of a lattice but the one that is
p_data. (3) For random distributions on a finite space TV^2 / 2 <= JSD <= log 2 TV, so that JSD = 0 where TV = 0 only.
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
from lightning_gan.studies.goodfellow2014.theory_plots import minimum_and_bounds
from lightning_gan.utils import images

EXACT = 1e-6  # nats
LEAST = -math.log(4)
MU = torch.linspace(-3, 3, 61, dtype=torch.float64)
S = torch.linspace(-1.5, 1.5, 61, dtype=torch.float64).exp()
STATES = 6
PAIRS = 4000
Pair = tuple[str, Distribution, Distribution]


def normal(mean: float, std: float) -> Normal:
    """On the line, in double precision."""
    return Normal(torch.tensor(mean).double(), torch.tensor(std).double())


def mixture(means: list[float], stds: list[float], weights: list[float]) -> MixtureSameFamily:
    """On the line."""
    parts = Normal(torch.tensor(means).double(), torch.tensor(stds).double())
    return MixtureSameFamily(Categorical(torch.tensor(weights).double()), parts)


def ring(radius: float, std: float) -> MixtureSameFamily:
    """Eight bumps in the plane."""
    angles = torch.arange(8).double() * math.pi / 4
    means = radius * torch.stack([angles.cos(), angles.sin()], 1)
    parts = Independent(Normal(means, torch.full_like(means, std)), 1)
    return MixtureSameFamily(Categorical(torch.ones(8).double()), parts)


def on_the_line() -> list[Pair]:
    """p_data and p_g; all mass lies within [-14, 14]."""
    two = mixture([-2.0, 1.5], [0.6, 0.9], [0.3, 0.7])
    return [
        ("N(0, 1) and itself", normal(0, 1), normal(0, 1)),
        ("N(0, 1) and N(1, 1)", normal(0, 1), normal(1, 1)),
        ("N(0, 1) and N(0, 1.8)", normal(0, 1), normal(0, 1.8)),
        ("two bumps and one", two, normal(0, 1.5)),
        ("two bumps and three", two, mixture([-3.0, 0.0, 3.0], [0.5, 0.7, 0.4], [0.2, 0.5, 0.3])),
        ("far apart, N(-8, .4) and N(8, .4)", normal(-8, 0.4), normal(8, 0.4)),
    ]


def in_the_plane() -> list[Pair]:
    """p_data and p_g; all mass lies within [-9, 9] x [-9, 9]."""
    tilted = torch.tensor([[1.5, 0.6], [0.6, 0.8]]).double()
    return [
        ("ring and itself", ring(2, 0.3), ring(2, 0.3)),
        ("ring and a larger one", ring(2, 0.3), ring(2.5, 0.4)),
        (
            "ring and a tilted Gaussian",
            ring(2, 0.3),
            MultivariateNormal(torch.zeros(2).double(), tilted),
        ),
    ]


def best_score(log_data: Tensor, log_g: Tensor) -> Tensor:
    """The score that maximises V at each point, by 60 bisections of its slope p_data sigmoid(-s) - p_g sigmoid(s).

    V is concave in the score, so that a positive slope says: go up. Nothing here knows equation 2.
    """
    low, high = torch.full_like(log_data, -700.0), torch.full_like(log_data, 700.0)
    for _ in range(60):
        middle = (low + high) / 2
        up = log_data + logsigmoid(-middle) > log_g + logsigmoid(middle)
        low, high = torch.where(up, middle, low), torch.where(up, high, middle)
    return (low + high) / 2


def jsd_from_entropies(p: Distribution, q: Distribution, grid: theory.QuadratureGrid) -> float:
    """H((p + q) / 2) - H(p) / 2 - H(q) / 2: another way to the same number."""
    log_p, log_q = grid.compute_log_density(p), grid.compute_log_density(q)
    average = torch.logaddexp(log_p, log_q) - math.log(2)
    h_average, h_p, h_q = (
        -grid.integrate(log.exp() * log).value for log in (average, log_p, log_q)
    )
    return (h_average - h_p / 2 - h_q / 2).item()


def measure_criterion(pair: Pair) -> tuple[str, float, float, float]:
    """Name, max_D V by bisection, -log 4 + 2 JSD from entropies on another grid, stated error of the former."""
    name, p, q = pair
    if p.event_shape:
        grid, other = (
            theory.make_rectangle([-9, -9], [9, 9], 401),
            theory.make_rectangle([-9, -9], [9, 9], 361),
        )
    else:
        grid, other = theory.make_interval(-14, 14, 2001), theory.make_interval(-14, 14, 1701)
    log_p, log_q = grid.compute_log_density(p), grid.compute_log_density(q)
    found = theory.compute_value(best_score(log_p, log_q), log_p, log_q, grid)
    return name, found.value.item(), LEAST + 2 * jsd_from_entropies(p, q, other), found.error


def surface() -> Tensor:
    """C(G) - (-log 4) in nats for p_g = N(mu, s) and p_data = N(0, 1): [len(MU), len(S)]."""
    grid = theory.make_interval(-40, 40, 4001)
    p_data = grid.compute_log_density(normal(0, 1))
    rows = [theory.compute_criterion(p_data, _row(mu, grid), grid).value for mu in MU]
    return torch.stack(rows) - LEAST


def _row(mu: Tensor, grid: theory.QuadratureGrid) -> Tensor:
    """Log N(mu, s) on the grid for every s, [len(S), n]."""
    return Normal(mu, S[:, None]).log_prob(grid.points.squeeze(1))


def random_pairs(n: int) -> tuple[Tensor, Tensor]:
    """TV and JSD of n pairs on `STATES` states, [n] each.

    The second of a pair lies between the first and a third, so near to the first that TV goes below 1e-6; every tenth
    pair is twice the same.
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
    """Distributions on the states, uneven ones: normalised cubes of exponential numbers, [n, STATES]."""
    x = torch.empty(n, STATES, dtype=torch.float64).exponential_(generator=rng) ** 3
    return x / x.sum(1, keepdim=True)


def run(setting: Setting) -> list[Finding]:
    """The three tests, and the image of the last two. Nothing is trained: no seed changes anything."""
    folder = setting.folder("criterion")
    rows = [measure_criterion(pair) for pair in on_the_line() + in_the_plane()]
    over = surface()
    tv, jsd = random_pairs(PAIRS)
    image = images.save_image(minimum_and_bounds(MU, S, over, tv, jsd), folder / "criterion.png")
    return [identity(rows, image), minimum(over, image), equality(tv, jsd, image)]


def identity(rows: list[tuple[str, float, float, float]], image: Path) -> Finding:
    """The first test."""
    worst = max(rows, key=lambda row: abs(row[1] - row[2]))
    off, error = abs(worst[1] - worst[2]), max(row[3] for row in rows)
    table = "; ".join(f"{name}: {value - LEAST:z.6f}" for name, value, _, _ in rows)
    return Finding(
        f"|max_D V - (-log 4 + 2 JSD)|, nats, largest of {len(rows)} pairs", f"0; here below {EXACT:g}",
        f"{off:.1e} ({worst[0]})", Verdict.of(off < EXACT and error < EXACT), image,
        f"quadrature errs by less than {max(error, 1e-16):.0e}; C(G) + log 4 of {table}; log 4 is {-LEAST:.6f}",
    )  # fmt: skip


def minimum(over: Tensor, image: Path) -> Finding:
    """The second test: the least of the lattice is p_data itself, and nothing else reaches it."""
    place = over.argmin().item()
    mu, s = MU[int(place) // len(S)].item(), S[int(place) % len(S)].item()
    least, next_one = over.flatten().sort().values[:2].tolist()
    holds = abs(mu) < 1e-9 and abs(s - 1) < 1e-9 and abs(least) < EXACT and next_one > 10 * EXACT
    return Finding(
        f"C(G) + log 4 over {over.numel():,} p_g = N(mu, s), p_data = N(0, 1): least, and next", "0, and above 0",
        f"{abs(least):.1e} at mu {abs(mu):.2f}, s {s:.2f}; next {next_one:.5f}", Verdict.of(holds), image,
    )  # fmt: skip


def equality(tv: Tensor, jsd: Tensor, image: Path) -> Finding:
    """The third test, with room for rounding."""
    same = tv == 0
    low, high = (jsd - tv**2 / 2).min().item(), (math.log(2) * tv - jsd).min().item()
    holds = (
        min(low, high) > -1e-15
        and bool((jsd[same].abs() < 1e-15).all())
        and bool((jsd[~same] > 0).all())
    )
    return Finding(
        f"JSD of {len(tv):,} random pairs on {STATES} states, {int(same.sum())} of them equal",
        "0 if and only if equal",
        f"{jsd[same].abs().max():.0e} if equal, else {jsd[~same].min():.0e} or more (TV {tv[~same].min():.0e})",
        Verdict.of(holds), image, "TV^2 / 2 <= JSD <= log 2 TV for all of them",
    )  # fmt: skip


CLAIM = Claim(
    name="criterion",
    section="sec. 4.1, theorem 1",
    says="max_D V(D, G) = -log 4 + 2 JSD(p_data || p_g), least where p_g = p_data and nowhere else",
    run=run,
    seconds=3.0,
    quick_seconds=3.0,
)
