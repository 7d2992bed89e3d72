"""Section 3: log(1 - D(G(z))) saturates where D rejects G's samples; -log D(G(z)) does not, with the same fixed point.

G stays at its start while D is trained more and more. The data are a ring of radius 2, so that no sample of an
untrained G lies on it: "clearly different from the training data", as the paper has it. The claim holds where, for
every seed, the non-saturating gradient with respect to G's parameters ends at least `STRONGER` times as long as the
other, and that other has shrunk by as much from its largest. Fixed point: exact, by quadrature, for G(z) = mu + s z
under D*.
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
from lightning_gan.studies.goodfellow2014.theory_plots import gradient_norms
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 1000, 500  # of D, while G stands at its start
RADIUS = 2.0  # of the ring
LOOKS = 25  # evenly spread over the logarithm of D's updates
SAMPLES = 2000
STRONGER = 10.0
SINGLE = 20  # noise vectors looked at one by one
TOWARDS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.001, 0.0)  # share of the way from p_data back to N(2, 1.5)
Row = dict[str, float]


def gradient(loss: AdversarialLoss, model: GAN, z: Tensor) -> Tensor:
    """Of L_G with respect to all of G's parameters, as one vector."""
    objective = loss.g_loss(model.discriminator(model.generator(z)))
    parts = torch.autograd.grad(objective, list(model.generator.parameters()))
    return torch.cat([p.flatten() for p in parts])


def measure_gradients(model: GAN) -> Row:
    """Both gradients on the same noise, and how confident D is."""
    z = model.noise(SAMPLES, torch.Generator().manual_seed(1))
    with torch.no_grad():
        d_gz = model.discriminator(model.generator(z)).sigmoid().mean().item()
    saturating, other = (
        gradient(loss, model, z).norm().item() for loss in (Minimax(), NonSaturating())
    )
    return {
        "updates": model.d_updates,
        "d_gz": d_gz,
        "saturating": saturating,
        "non_saturating": other,
    }


class GradientMeasurement(Callback):
    """Looks at G's gradients after chosen updates of D, from 0 on."""

    def __init__(self, updates: int) -> None:
        powers = torch.linspace(0, math.log(updates), LOOKS).exp().round().int().tolist()
        self.due, self.rows = set(powers), list[Row]()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Before D has learnt anything."""
        self.rows.append(measure_gradients(cast(GAN, pl_module)))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """When an update that was chosen is over."""
        if cast(GAN, pl_module).d_updates in self.due:
            self.rows.append(measure_gradients(cast(GAN, pl_module)))


def train_rejecting_d(seed: int, updates: int) -> tuple[GAN, list[Row]]:
    """Train D alone: G moves at rate 0. The model, and what was seen on the way."""
    model, _ = make_ring_gan(seed, g_rate=0.0)
    looks = GradientMeasurement(updates)
    train_in_memory(model, Ring(radius=RADIUS, batch_size=BATCH), updates, [looks])
    return model, looks.rows


def one_by_one(model: GAN) -> tuple[float, float]:
    """For single z: least cosine of both gradients, and largest |ratio of norms / ((1 - D)/D) - 1|.

    By the chain rule they are sigmoid(s) and 1 - sigmoid(s) times one vector. In double precision, because D is near 0.
    """
    model = model.double()
    z = model.noise(SINGLE, torch.Generator().manual_seed(2)).double()
    cosines, errors = [], []
    for one in z.split(1):
        saturating, other = gradient(Minimax(), model, one), gradient(NonSaturating(), model, one)
        score = model.discriminator(model.generator(one)).item()
        cosines.append(cosine_similarity(saturating, other, 0, eps=1e-300).item())
        errors.append(abs((other.norm() / saturating.norm()).item() * math.exp(score) - 1))
    return min(cosines), max(errors)


def towards_the_data(share: float) -> tuple[float, float, float]:
    """Norms of both gradients with respect to (mu, s), and their cosine, for p_g on the way to p_data = N(0, 1).

    D is D* of that p_g, and stands still while G's gradient is taken.
    """
    grid = theory.make_interval(-20, 20, 2001)
    p_data = grid.compute_log_density(Normal(torch.zeros((), dtype=torch.float64), 1.0))
    theta = torch.tensor([2 * share, 1 + 0.5 * share], dtype=torch.float64, requires_grad=True)
    p_g = grid.compute_log_density(Normal(theta[0], theta[1]))
    scores = theory.compute_optimal_logits(p_data, p_g).detach()
    both = []
    for per_sample in (logsigmoid(-scores), -logsigmoid(scores)):  # log(1 - D) and -log D
        # E_g[1] = 1 has no gradient: taking a constant away changes nothing but rounding
        objective = grid.integrate(p_g.exp() * (per_sample - per_sample.mean())).value
        both.append(torch.autograd.grad(objective, theta, retain_graph=True)[0])
    norms = [g.norm().item() for g in both]
    return norms[0], norms[1], cosine_similarity(both[0], both[1], 0, eps=1e-300).item()


def run(setting: Setting) -> list[Finding]:
    """Every seed; the exact part needs none."""
    folder = setting.folder("early_gradients")
    updates = QUICK_UPDATES if setting.quick else UPDATES
    played = [train_rejecting_d(seed, updates) for seed in setting.seeds]
    rows = [found for _, found in played]
    way = [(share, *towards_the_data(share)) for share in TOWARDS]
    image = images.save_image(gradient_norms(rows, way), folder / "early_gradients.png")
    ratios = [r[-1]["non_saturating"] / r[-1]["saturating"] for r in rows]
    shrunk = [max(x["saturating"] for x in r) / r[-1]["saturating"] for r in rows]
    start = mean(r[0]["non_saturating"] / r[0]["saturating"] for r in rows)
    d_gz = max(r[-1]["d_gz"] for r in rows)
    single = [one_by_one(model) for model, _ in played]
    note = f"{start:.2f} before D is trained; {measure_first_doubt(rows)}; mean D(G(z)) after {updates}: "
    f"{d_gz:.0e} or less"
    stronger = Finding(
        "norm of the gradient of -log D(G(z)) over that of log(1 - D(G(z))), D confident",
        f"much stronger; here at least {STRONGER:g} for every seed", format_over_seeds(ratios, 0),
        Verdict.of(min(ratios) >= STRONGER), image, note,
    )  # fmt: skip
    saturates = Finding(
        "gradient of log(1 - D(G(z))): largest over last", f"saturates; here at least {STRONGER:g} for every seed",
        format_over_seeds(shrunk, 0), Verdict.of(min(shrunk) >= STRONGER), image,
    )  # fmt: skip
    cosine, off = min(c for c, _ in single), max(e for _, e in single)
    direction = Finding(
        f"for {SINGLE} single z: cosine of both gradients, and ratio of norms against (1 - D)/D", "1, and equal",
        f"1 - cosine at most {max(0.0, 1 - cosine):.0e}, ratio off by at most {off:.0e}",
        Verdict.of(1 - cosine < 1e-9 and off < 1e-9), image,
    )  # fmt: skip
    return [stronger, saturates, direction, *fixed_point(way, image)]


def measure_first_doubt(rows: Sequence[Sequence[Row]]) -> str:
    """The ratio of norms when D has only just become sure: at the first look with a mean D(G(z)) below 0.01."""
    sure = [
        [r["non_saturating"] / r["saturating"] for r in found if r["d_gz"] < 0.01] for found in rows
    ]
    if not all(sure):
        return "D(G(z)) never fell below 0.01"
    return f"{format_over_seeds([ratios[0] for ratios in sure], 0)} when D(G(z)) has just fallen below 0.01"


def fixed_point(way: Sequence[tuple[float, float, float, float]], image: Path) -> list[Finding]:
    """At p_g = p_data neither objective moves G; close to it they agree."""
    _, at_a, at_b, _ = way[-1]
    _, near_a, near_b, cosine = way[-2]
    before = min(min(a, b) for _, a, b, _ in way[:-1])
    holds = (
        max(at_a, at_b) < 1e-12 < before and cosine > 1 - 1e-5 and abs(near_b / near_a - 1) < 1e-2
    )
    return [
        Finding(
            "both gradients under D* of G(z) = mu + s z: at p_g = p_data; and agreement at 1/1000 of the way from it",
            "the same fixed point",
            f"norms below {max(at_a, at_b, 1e-16):.0e}; cosine {cosine:.6f}, ratio {near_b / near_a:.4f}",
            Verdict.of(holds), image,
        )
    ]  # fmt: skip


CLAIM = Claim(
    name="early_gradients",
    section="sec. 3",
    says="early in learning log(1 - D(G(z))) saturates; -log D(G(z)) has the same fixed point and stronger gradients",
    run=run,
    seconds=5.0,
    quick_seconds=3.0,
    seeds=5,
)
