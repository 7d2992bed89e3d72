"""Proposition 1: for a fixed G the optimal D is p_data / (p_data + p_g), which D learns from samples.

G has one linear layer, so that p_g is known; D is trained on samples only. The claim holds if the trained D is within
`TOLERANCE` of D* in the region of highest density that holds 95 % of (p_data + p_g) / 2, for every seed and both
models, and if no D has a value V(D, G) above that of D*.
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
    draw_line_outputs,
    draw_plane_outputs,
)
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 4000, 1000  # of D
AT_ONCE = 100  # k; the updates of G have a learning rate of 0
BATCH = 500
MASS = 0.95  # share of (p_data + p_g) / 2 in the region in which D is compared with D*
TOLERANCE, QUICK_TOLERANCE = 0.1, 0.2  # differences of probabilities


class TwoGaussians(Prior):
    """Prior of independent coordinates, each an even mixture of Gaussians at -1 and 1 with standard deviation 0.4."""

    density = MixtureSameFamily(
        Categorical(torch.ones(2)), Normal(torch.tensor([-1.0, 1.0]), torch.tensor([0.4, 0.4]))
    )

    def sample(
        self, m: int, z_dim: int, device: torch.device, rng: torch.Generator | None = None
    ) -> Tensor:
        """Draw m vectors z, [m, z_dim]."""
        z = torch.empty(m, z_dim, device=rng.device if rng else device)
        side = z.bernoulli_(0.5, generator=rng) * 2 - 1
        return (side + 0.4 * torch.empty_like(z).normal_(generator=rng)).to(device)


@dataclass(frozen=True)
class KnownDensities:
    """Data and linear generator with known densities.

    Args:
        data: Data module with a `density`.
        prior: Prior p(z).
        weight: Weight of G's layer, [d, d].
        shift: Bias of G's layer, [d].
        p_g: Density of weight z + shift.
        grid: Quadrature grid that covers both densities.
    """

    data: ToyData
    prior: Prior
    weight: Tensor
    shift: Tensor
    p_g: Distribution
    grid: theory.QuadratureGrid

    @property
    def logs(self) -> tuple[Tensor, Tensor]:
        """Values of log p_data and log p_g on the grid, [n] each."""
        return self.grid.compute_log_density(self.data.density), self.grid.compute_log_density(
            self.p_g
        )

    @property
    def region(self) -> Tensor:
        """Mask of the grid points of highest density that hold `MASS` of (p_data + p_g) / 2, [n]."""
        density = torch.logaddexp(*self.logs).exp() / 2
        order = density.argsort(descending=True)
        inside = (density * self.grid.weights)[order].cumsum(0) <= MASS
        return torch.zeros_like(inside).scatter(0, order, inside)


def make_line() -> KnownDensities:
    """Create two mixtures of two Gaussians on the line."""
    data = Gaussian1D((-2.0, 1.5), (0.6, 0.9), batch_size=BATCH)
    weight, shift = torch.tensor([[1.5]]), torch.tensor([0.5])
    modes = Normal(1.5 * torch.tensor([-1.0, 1.0]) + 0.5, torch.full((2,), 1.5 * 0.4))
    p_g = MixtureSameFamily(Categorical(torch.ones(2)), modes)
    return KnownDensities(
        data, TwoGaussians(), weight, shift, p_g, theory.make_interval(-8, 8, 1601)
    )


def make_plane() -> KnownDensities:
    """Create a ring of three Gaussians and a tilted Gaussian in the plane."""
    data = Ring(modes=3, radius=2.0, std=0.7, batch_size=BATCH)
    weight, shift = torch.tensor([[1.2, 0.0], [0.6, 0.8]]), torch.tensor([0.5, 0.0])
    p_g = MultivariateNormal(shift.double(), (weight @ weight.T).double())
    return KnownDensities(
        data, Gaussian(), weight, shift, p_g, theory.make_rectangle([-8, -7], [9, 7], 301)
    )


def train_discriminator(known: KnownDensities, seed: int, updates: int) -> tuple[GAN, Tensor]:
    """Train D against the fixed G; return the model, and the logits of D on the grid, [n]."""
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


def measure_error(known: KnownDensities, logits: Tensor) -> float:
    """Compute the largest |D - D*| in the region."""
    optimal = theory.compute_optimal_discriminator(*known.logs)
    return (logits.sigmoid() - optimal)[known.region].abs().max().item()


def measure_value_gap(known: KnownDensities, logits: Tensor) -> float:
    """Compute V(D*, G) - V(D, G) in nats, which is not negative by Proposition 1."""
    optimum = theory.compute_criterion(*known.logs, known.grid).value
    return (optimum - theory.compute_value(logits, *known.logs, known.grid).value).item()


def run(setting: Setting) -> list[Finding]:
    """Train D in both models with every seed, draw the results, and judge them."""
    folder = setting.make_folder("optimal_discriminator")
    updates, most = (QUICK_UPDATES, QUICK_TOLERANCE) if setting.quick else (UPDATES, TOLERANCE)
    findings: list[Finding] = []
    for name, known, draw in (
        ("line", make_line(), draw_line),
        ("plane", make_plane(), draw_plane),
    ):
        models = [train_discriminator(known, seed, updates) for seed in setting.seeds]
        logits = [s for _, s in models]
        drawn = draw(known, models[0][0], logits)
        image = images.save_image(drawn, folder / f"optimal_discriminator_{name}.png")
        findings += judge_discriminators(name, known, logits, most, image)
    return findings


def judge_discriminators(
    name: str, known: KnownDensities, logits: Sequence[Tensor], most: float, image: Path
) -> list[Finding]:
    """Judge the distance of every D from D*, and its value V(D, G)."""
    errors = [measure_error(known, s) for s in logits]
    gaps = [measure_value_gap(known, s) for s in logits]
    where = f"where {MASS:.0%} of (p_data + p_g)/2 lies"
    return [
        Finding(
            f"largest |D - D*| {where}, {name}", f"0 at the optimum (criterion: below {most} for every seed)",
            format_over_seeds(errors), Verdict.from_bool(max(errors) < most), image,
        ),
        Finding(
            f"V(D*, G) - V(D, G) of the trained D, nats, {name}", "not negative",
            format_over_seeds(gaps, 5), Verdict.from_bool(min(gaps) > -1e-9), image,
        ),
    ]  # fmt: skip


def draw_line(known: KnownDensities, model: GAN, logits: Sequence[Tensor]) -> Tensor:
    """Draw the training samples, D of every seed, and the estimate of p_g from D."""
    samples = known.data.images("train")[:5000, 0], model.sample(5000)[:, 0]
    p_data, p_g = (log.exp() for log in known.logs)
    return draw_line_outputs(
        known.grid.points.squeeze(1), (p_data, p_g), logits, known.region, samples
    )


def draw_plane(known: KnownDensities, model: GAN, logits: Sequence[Tensor]) -> Tensor:
    """Draw the training samples, D*, D of the first seed, and their difference."""
    samples = known.data.images("train")[:1500], model.sample(1500)
    optimal = theory.compute_optimal_discriminator(*known.logs)
    return draw_plane_outputs(
        known.grid.points, optimal, logits[0].sigmoid(), known.region, samples
    )


CLAIM = Claim(
    name="optimal_discriminator",
    section="sec. 4.1, prop. 1",
    statement="for a fixed G, the optimal D is p_data / (p_data + p_g)",
    run=run,
    seconds=19.0,
    quick_seconds=6.0,
    seeds=5,
)
