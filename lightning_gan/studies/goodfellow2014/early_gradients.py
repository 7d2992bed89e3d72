"""Section 3: log(1 - D(G(z))) saturates where D rejects G's samples; -log D(G(z)) does not, with the same fixed point.

G is untrained and fixed while D is trained. The data are a ring of radius 2, so that no sample of G lies on it: they
are "clearly different from the training data". The claim holds if, for every seed, the norm of the non-saturating
gradient with respect to G's parameters is at the end at least `STRONGER` times that of the saturating one, and the
saturating one has decreased from its maximum by at least the same factor. The fixed point is tested by quadrature for
G(z) = mu + s z under D*.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import cast

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import cosine_similarity, logsigmoid

from datamodules import Ring
from lightning_gan.analysis import theory
from lightning_gan.losses import AdversarialLoss, Minimax, NonSaturating
from lightning_gan.models.gan import GAN
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.ring import BATCH, make_ring_gan
from lightning_gan.studies.goodfellow2014.theory_plots import draw_gradient_norms
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 1000, 500  # of D, with G fixed
RADIUS = 2.0  # of the ring
MEASUREMENTS = 25  # evenly spaced in the logarithm of D's updates
SAMPLES = 2000
STRONGER = 10.0
SINGLE = 20  # noise vectors whose gradients are compared one by one
DISTANCES = (
    1.0,
    0.3,
    0.1,
    0.03,
    0.01,
    0.001,
    0.0,
)  # of p_g from p_data, as a share of the way to N(2, 1.5)
GradientRow = dict[str, float]


def compute_gradient(loss: AdversarialLoss, model: GAN, z: Tensor) -> Tensor:
    """Compute the gradient of L_G with respect to all parameters of G, as one vector."""
    objective = loss.g_loss(model.discriminator(model.generator(z)))
    parts = torch.autograd.grad(objective, list(model.generator.parameters()))
    return torch.cat([p.flatten() for p in parts])


def measure_gradients(model: GAN) -> GradientRow:
    """Compute the norms of both gradients on the same noise, and the mean of D(G(z))."""
    z = model.sample_inputs(SAMPLES, torch.Generator().manual_seed(1))
    with torch.no_grad():
        d_gz = model.discriminator(model.generator(z)).sigmoid().mean().item()
    saturating, non_saturating = (
        compute_gradient(loss, model, z).norm().item() for loss in (Minimax(), NonSaturating())
    )
    return {
        "updates": model.d_updates,
        "d_gz": d_gz,
        "saturating": saturating,
        "non_saturating": non_saturating,
    }


class GradientMeasurement(Callback):
    """Callback that measures G's gradients before training and after chosen updates of D."""

    def __init__(self, updates: int) -> None:
        powers = torch.linspace(0, math.log(updates), MEASUREMENTS).exp().round().int().tolist()
        self.due, self.rows = set(powers), list[GradientRow]()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure before the first update."""
        self.rows.append(measure_gradients(cast(GAN, pl_module)))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Measure after a chosen update of D."""
        if cast(GAN, pl_module).d_updates in self.due:
            self.rows.append(measure_gradients(cast(GAN, pl_module)))


def train_rejecting_d(seed: int, updates: int) -> tuple[GAN, list[GradientRow]]:
    """Train D against a fixed G; return the model and the measurements."""
    model, _ = make_ring_gan(seed, g_rate=0.0)
    measurement = GradientMeasurement(updates)
    train_in_memory(model, Ring(radius=RADIUS, batch_size=BATCH), updates, [measurement])
    return model, measurement.rows


def compare_single_gradients(model: GAN) -> tuple[float, float]:
    """Compare both gradients for single z, in double precision because D is near 0.

    By the chain rule they are sigmoid(s) and 1 - sigmoid(s) times the same vector.

    Returns:
        Least cosine of both gradients, and largest |ratio of norms / ((1 - D) / D) - 1|.
    """
    model = model.double()
    z = model.sample_inputs(SINGLE, torch.Generator().manual_seed(2)).double()
    cosines, errors = [], []
    for one in z.split(1):
        saturating, non_saturating = (
            compute_gradient(Minimax(), model, one),
            compute_gradient(NonSaturating(), model, one),
        )
        logit = model.discriminator(model.generator(one)).item()
        cosines.append(cosine_similarity(saturating, non_saturating, 0, eps=1e-300).item())
        errors.append(abs((non_saturating.norm() / saturating.norm()).item() * math.exp(logit) - 1))
    return min(cosines), max(errors)


def compute_exact_gradients(share: float) -> tuple[float, float, float]:
    """Compute the gradients of G(z) = mu + s z with respect to (mu, s) under D*, for p_data = N(0, 1).

    Args:
        share: Distance of p_g from p_data, as a share of the way to N(2, 1.5).

    Returns:
        Norms of the saturating and of the non-saturating gradient, and their cosine.
    """
    grid = theory.make_interval(-20, 20, 2001)
    p_data = grid.compute_log_density(Normal(torch.zeros((), dtype=torch.float64), 1.0))
    theta = torch.tensor([2 * share, 1 + 0.5 * share], dtype=torch.float64, requires_grad=True)
    p_g = grid.compute_log_density(Normal(theta[0], theta[1]))
    logits = theory.compute_optimal_logits(p_data, p_g).detach()
    both = []
    for per_sample in (logsigmoid(-logits), -logsigmoid(logits)):  # log(1 - D) and -log D
        # E_g[1] = 1 has no gradient, so a constant can be subtracted to reduce rounding errors
        objective = grid.integrate(p_g.exp() * (per_sample - per_sample.mean())).value
        both.append(torch.autograd.grad(objective, theta, retain_graph=True)[0])
    norms = [g.norm().item() for g in both]
    return norms[0], norms[1], cosine_similarity(both[0], both[1], 0, eps=1e-300).item()


def run(setting: Setting) -> list[Finding]:
    """Train D with every seed, and compute the exact gradients near the fixed point."""
    folder = setting.make_folder("early_gradients")
    updates = QUICK_UPDATES if setting.quick else UPDATES
    trained = [train_rejecting_d(seed, updates) for seed in setting.seeds]
    rows = [found for _, found in trained]
    exact = [(share, *compute_exact_gradients(share)) for share in DISTANCES]
    image = images.save_image(draw_gradient_norms(rows, exact), folder / "early_gradients.png")
    ratios = [r[-1]["non_saturating"] / r[-1]["saturating"] for r in rows]
    decreases = [max(x["saturating"] for x in r) / r[-1]["saturating"] for r in rows]
    start = mean(r[0]["non_saturating"] / r[0]["saturating"] for r in rows)
    d_gz = max(r[-1]["d_gz"] for r in rows)
    single = [compare_single_gradients(model) for model, _ in trained]
    note = (
        f"{start:.2f} before training of D; {describe_first_confident_ratio(rows)}; mean D(G(z)) after {updates} "
        f"updates: at most {d_gz:.0e}"
    )
    stronger = Finding(
        "norm of the gradient of -log D(G(z)) over that of log(1 - D(G(z))), with a trained D",
        f"much larger (criterion: at least {STRONGER:g} for every seed)", format_over_seeds(ratios, 0),
        Verdict.from_bool(min(ratios) >= STRONGER), image, note,
    )  # fmt: skip
    saturates = Finding(
        "gradient of log(1 - D(G(z))): largest norm over last",
        f"saturates (criterion: at least {STRONGER:g} for every seed)",
        format_over_seeds(decreases, 0), Verdict.from_bool(min(decreases) >= STRONGER), image,
    )  # fmt: skip
    cosine, off = min(c for c, _ in single), max(e for _, e in single)
    direction = Finding(
        f"{SINGLE} single z: cosine of both gradients; ratio of norms compared with (1 - D)/D", "1; equal",
        f"1 - cosine at most {max(0.0, 1 - cosine):.0e}, relative error of the ratio at most {off:.0e}",
        Verdict.from_bool(1 - cosine < 1e-9 and off < 1e-9), image,
    )  # fmt: skip
    return [stronger, saturates, direction, *judge_fixed_point(exact, image)]


def describe_first_confident_ratio(rows: Sequence[Sequence[GradientRow]]) -> str:
    """Describe the ratio of norms at the first measurement with a mean D(G(z)) below 0.01."""
    confident = [
        [r["non_saturating"] / r["saturating"] for r in found if r["d_gz"] < 0.01] for found in rows
    ]
    if not all(confident):
        return "D(G(z)) was never below 0.01"
    return f"{format_over_seeds([ratios[0] for ratios in confident], 0)} when D(G(z)) first is below 0.01"


def judge_fixed_point(
    exact: Sequence[tuple[float, float, float, float]], image: Path
) -> list[Finding]:
    """Judge whether both gradients are zero at p_g = p_data and agree close to it."""
    _, at_a, at_b, _ = exact[-1]
    _, near_a, near_b, cosine = exact[-2]
    before = min(min(a, b) for _, a, b, _ in exact[:-1])
    holds = (
        max(at_a, at_b) < 1e-12 < before and cosine > 1 - 1e-5 and abs(near_b / near_a - 1) < 1e-2
    )
    return [
        Finding(
            "both gradients of G(z) = mu + s z under D*: at p_g = p_data, and at a distance of 1/1000",
            "the same fixed point",
            f"norms below {max(at_a, at_b, 1e-16):.0e}; cosine {cosine:.6f}, ratio {near_b / near_a:.4f}",
            Verdict.from_bool(holds), image,
        )
    ]  # fmt: skip


CLAIM = Claim(
    name="early_gradients",
    section="sec. 3",
    statement="early on log(1 - D(G(z))) saturates; -log D(G(z)) has larger gradients and the same fixed point",
    run=run,
    seconds=5.0,
    quick_seconds=3.0,
    seeds=5,
)
