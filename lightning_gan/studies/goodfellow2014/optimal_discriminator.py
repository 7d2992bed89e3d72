"""Proposition 1: for a fixed G the best D is p_data / (p_data + p_g). D learns it from samples alone.

G has one linear layer, so that p_g is known to us; D and the loop are given samples of it and nothing else. The claim
holds where the trained D lies within `TOLERANCE` of D* everywhere in the region that holds 95 % of (p_data + p_g) / 2
(the points of highest density), for every seed and in both models, and no D has a value V(D, G) above that of D*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.distributions import (
    Categorical,
    Distribution,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)
from torch.optim import SGD, Adam

from datamodules import Gaussian1D, Ring, ToyData
from lightning_gan.analysis import theory
from lightning_gan.losses import Minimax
from lightning_gan.models.gan import GAN
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.priors import Gaussian, Prior
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.theory_plots import (
    answers_in_the_plane,
    answers_on_a_line,
)
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 4000, 1000  # of D
AT_ONCE = 100  # k: G's update, at rate 0, comes after so many of D's
BATCH = 500
MASS = 0.95  # of (p_data + p_g) / 2: the region that D is compared in
TOLERANCE, QUICK_TOLERANCE = 0.1, 0.2  # of D(x), a probability


class TwoBumps(Prior):
    """p(z): an even mixture of two Gaussians on the line, at -1 and 1, of standard deviation 0.4."""

    density = MixtureSameFamily(
        Categorical(torch.ones(2)), Normal(torch.tensor([-1.0, 1.0]), torch.tensor([0.4, 0.4]))
    )

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z, [m, z_dim], each coordinate by itself."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        side = z.bernoulli_(0.5, generator=rng) * 2 - 1
        return (side + 0.4 * torch.empty_like(z).normal_(generator=rng)).to(device)


@dataclass(frozen=True)
class Known:
    """A model in which both densities are written down.

    Args:
        data: with its `density`.
        prior: p(z).
        weight: of G's one layer, [d, d].
        shift: of G's one layer, [d].
        p_g: density of weight z + shift.
        grid: of the region that matters.
    """

    data: ToyData
    prior: Prior
    weight: Tensor
    shift: Tensor
    p_g: Distribution
    grid: theory.QuadratureGrid

    @property
    def logs(self) -> tuple[Tensor, Tensor]:
        """Log p_data and log p_g on the grid, [n] each."""
        return self.grid.compute_log_density(self.data.density), self.grid.compute_log_density(
            self.p_g
        )

    @property
    def region(self) -> Tensor:
        """Which points of the grid hold `MASS` of (p_data + p_g) / 2, those of highest density first, [n]."""
        density = torch.logaddexp(*self.logs).exp() / 2
        order = density.argsort(descending=True)
        inside = (density * self.grid.weights)[order].cumsum(0) <= MASS
        return torch.zeros_like(inside).scatter(0, order, inside)


def line() -> Known:
    """Two bumps against two others, on the line."""
    data = Gaussian1D((-2.0, 1.5), (0.6, 0.9), batch_size=BATCH)
    weight, shift = torch.tensor([[1.5]]), torch.tensor([0.5])
    bumps = Normal(1.5 * torch.tensor([-1.0, 1.0]) + 0.5, torch.full((2,), 1.5 * 0.4))
    p_g = MixtureSameFamily(Categorical(torch.ones(2)), bumps)
    return Known(data, TwoBumps(), weight, shift, p_g, theory.make_interval(-8, 8, 1601))


def plane() -> Known:
    """A ring of three bumps against one tilted Gaussian, in the plane."""
    data = Ring(modes=3, radius=2.0, std=0.7, batch_size=BATCH)
    weight, shift = torch.tensor([[1.2, 0.0], [0.6, 0.8]]), torch.tensor([0.5, 0.0])
    p_g = MultivariateNormal(shift.double(), (weight @ weight.T).double())
    return Known(data, Gaussian(), weight, shift, p_g, theory.make_rectangle([-8, -7], [9, 7], 301))


def train_discriminator(known: Known, seed: int, updates: int) -> tuple[GAN, Tensor]:
    """Train D against the G that stands still; the model, and D's scores on the grid, [n]."""
    seed_single_thread(seed)
    d = len(known.shift)
    generator = LinearMLPGenerator([d], z_dim=d, widths=())
    with torch.no_grad():
        layer = cast(nn.Linear, generator.network[0])
        layer.weight.copy_(known.weight)
        layer.bias.copy_(known.shift)
    model = GAN(
        generator, MLPDiscriminator([d], widths=(64, 64), activation=nn.SiLU), Minimax(), known.prior, AT_ONCE,
        d_optimizer=partial(Adam, lr=3e-3), g_optimizer=partial(SGD, lr=0.0),
        d_scheduler=partial(LinearDecay, total=updates, start=0.3),
    )  # fmt: skip
    train_in_memory(model, known.data, updates // AT_ONCE)
    with torch.no_grad():
        return model, model.discriminator(known.grid.points.float()).double()


def off(known: Known, scores: Tensor) -> float:
    """Largest distance of D from D* in the region."""
    best = theory.compute_optimal_discriminator(*known.logs)
    return (scores.sigmoid() - best)[known.region].abs().max().item()


def short(known: Known, scores: Tensor) -> float:
    """V(D*, G) - V(D, G) in nats: never below 0, if Proposition 1 is true."""
    best = theory.compute_criterion(*known.logs, known.grid).value
    return (best - theory.compute_value(scores, *known.logs, known.grid).value).item()


def run(setting: Setting) -> list[Finding]:
    """Both models with every seed."""
    folder = setting.folder("optimal_discriminator")
    updates, most = (QUICK_UPDATES, QUICK_TOLERANCE) if setting.quick else (UPDATES, TOLERANCE)
    findings: list[Finding] = []
    for name, known, draw in (("line", line(), on_a_line), ("plane", plane(), in_the_plane)):
        models = [train_discriminator(known, seed, updates) for seed in setting.seeds]
        scores = [s for _, s in models]
        drawn = draw(known, models[0][0], scores)
        image = images.save_image(drawn, folder / f"optimal_discriminator_{name}.png")
        findings += judge_discriminators(name, known, scores, most, image)
    return findings


def judge_discriminators(
    name: str, known: Known, scores: Sequence[Tensor], most: float, image: Path
) -> list[Finding]:
    """How far every D is from D*, by its answers and by the value."""
    errors = [off(known, s) for s in scores]
    gaps = [short(known, s) for s in scores]
    where = f"where {MASS:.0%} of (p_data + p_g)/2 lies"
    return [
        Finding(
            f"largest |D - D*| {where}, {name}", f"0 at the optimum; here below {most} for every seed",
            format_over_seeds(errors), Verdict.of(max(errors) < most), image,
        ),
        Finding(
            f"V(D*, G) - V(D, G) of the trained D, nats, {name}", "at least 0: no D is better than D*",
            format_over_seeds(gaps, 5), Verdict.of(min(gaps) > -1e-9), image,
        ),
    ]  # fmt: skip


def on_a_line(known: Known, model: GAN, scores: Sequence[Tensor]) -> Tensor:
    """What D is given, what it makes of it, and p_g read off D."""
    given = known.data.images("train")[:5000, 0], model.sample(5000)[:, 0]
    p_data, p_g = (log.exp() for log in known.logs)
    return answers_on_a_line(
        known.grid.points.squeeze(1), (p_data, p_g), scores, known.region, given
    )


def in_the_plane(known: Known, model: GAN, scores: Sequence[Tensor]) -> Tensor:
    """Both sets of points, D*, the first seed's D, and their difference."""
    given = known.data.images("train")[:1500], model.sample(1500)
    best = theory.compute_optimal_discriminator(*known.logs)
    return answers_in_the_plane(known.grid.points, best, scores[0].sigmoid(), known.region, given)


CLAIM = Claim(
    name="optimal_discriminator",
    section="sec. 4.1, prop. 1",
    says="for G fixed, the best D is p_data / (p_data + p_g)",
    run=run,
    seconds=19.0,
    quick_seconds=6.0,
    seeds=5,
)
