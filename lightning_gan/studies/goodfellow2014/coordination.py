"""Section 7, extension 5: a controller that chooses k, compared with fixed values of k."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean, stdev
from typing import cast

import torch
from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Adam

from datamodules import Ring
from lightning_gan.metrics.modes import NEAR
from lightning_gan.models import AdaptiveRatioGAN
from lightning_gan.models.gan import GAN
from lightning_gan.plotting.figures import render_figure
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.ring import count_covered, make_ring_gan
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.utils import images

UPDATES = 4000  # of both networks together, the same for every arm
QUICK_UPDATES = 800
MEASUREMENTS = 10  # of the samples, evenly spaced over the second half of training
SAMPLES = 10_000
G_RATE, D_RATE = 4e-3, 1e-3  # a rate at which k matters
LEAD, MOST = 0.3, 10  # settings of the controller, chosen on seeds 100 to 105


@dataclass(frozen=True)
class ControllerArm:
    """Rule for the number of updates of D between updates of G.

    Args:
        name: Name in tables and images.
        make_model: Function that builds the model and its data from a seed.
    """

    name: str
    make_model: Callable[[int], tuple[GAN, Ring]]


def make_controlled_gan(seed: int) -> tuple[GAN, Ring]:
    """Build the ring's model with the controller, and its data."""
    gan, data = make_ring_gan(seed)
    model = AdaptiveRatioGAN(
        gan.generator, gan.discriminator, gan.loss, gan.prior, LEAD, MOST,
        d_optimizer=partial(Adam, lr=D_RATE, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=G_RATE, betas=(0.5, 0.99)),
    )  # fmt: skip
    return model, data


FIXED = [
    ControllerArm(f"k = {k}", partial(make_ring_gan, k=k, g_rate=G_RATE, d_rate=D_RATE))
    for k in (1, 2, 3, 5, 10)
]
CONTROLLER = ControllerArm(f"k by lead of D ({LEAD} nats, at most {MOST})", make_controlled_gan)


def compute_ring_distance(samples: Tensor, data: Ring) -> float:
    """Compute the total variation between samples and data over nine cells: each mode, and the rest of the plane.

    The cell of a mode has a radius of three standard deviations, which holds 1 - exp(-9/2) of the mode's mass.

    Returns:
        Distance from 0, equal shares in all cells, to 1, no samples near the data.
    """
    scaled, nearest = (torch.cdist(samples, data.means) / data.std).min(1)
    modes = len(data.means)
    cell = torch.where(scaled < NEAR, nearest, modes)
    share = torch.bincount(cell, minlength=modes + 1).float() / len(samples)
    outside = math.exp(-(NEAR**2) / 2)
    expected = torch.tensor([(1 - outside) / modes] * modes + [outside])
    return 0.5 * (share - expected).abs().sum().item()


class UpdateBudget(Callback):
    """Callback that stops training after a number of updates of both networks, and measures samples before.

    Args:
        updates: Updates of both networks together.
        data: Data to compare samples with.
    """

    def __init__(self, updates: int, data: Ring) -> None:
        self.updates, self.data = updates, data
        self.distances: list[float] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Measure samples if a measurement is due; stop if all updates are done."""
        gan = cast(GAN, pl_module)
        done = gan.d_updates + gan.g_updates
        due = self.updates // 2 + (len(self.distances) + 1) * self.updates // (2 * MEASUREMENTS)
        if done >= due:
            self.distances.append(compute_ring_distance(gan.sample(SAMPLES, seed=1), self.data))
        if done >= self.updates:
            trainer.should_stop = True


def measure_controller_arm(arm: ControllerArm, seed: int, updates: int) -> CachedRow:
    """Train one model; return its mean distance over the second half, its final mode coverage, and its mean k."""
    gan, data = arm.make_model(seed)
    budget = UpdateBudget(updates, data)
    train_in_memory(gan, data, updates, [budget])
    end = count_covered(gan, data)
    return {
        "distance": mean(budget.distances), "modes": end.covered, "high_quality": end.high_quality,
        "k": gan.d_updates / max(1, gan.g_updates),
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Run every arm with every seed, and compare the controller with the best fixed k."""
    folder = setting.make_folder("coordination")
    updates = QUICK_UPDATES if setting.quick else UPDATES
    rows: dict[str, list[CachedRow]] = {}
    for arm in [*FIXED, CONTROLLER]:
        for seed in setting.seeds:
            key = f"{arm.name} | rates {G_RATE} {D_RATE} | {updates} updates | seed {seed}"
            row = cached_result(
                folder / "rows.json", key, partial(measure_controller_arm, arm, seed, updates)
            )
            rows.setdefault(arm.name, []).append(row)
    image = images.save_image(draw_controller_arms(rows), folder / "coordination.png")
    distances = {name: [r["distance"] for r in found] for name, found in rows.items()}
    best = min((a.name for a in FIXED), key=lambda name: mean(distances[name]))
    gains = [f - c for f, c in zip(distances[best], distances[CONTROLLER.name], strict=True)]
    note = f"{updates} updates of both networks together; rates: G {G_RATE:g}, D {D_RATE:g}; 0: equal to the data"
    findings = [
        Finding(
            f"distance from the ring, {name}",
            "",
            describe_controller_arm(rows[name]),
            Verdict.SHOWN,
            image,
            note,
        )
        for name in rows
    ]
    gain = Finding(
        f"distance of the best fixed k ({best}) minus that of the controller", "above 0 by two standard errors",
        format_over_seeds(gains), Verdict.from_bool(is_better_controller(gains)), image,
    )  # fmt: skip
    return [*findings, gain]


def describe_controller_arm(rows: Sequence[CachedRow]) -> str:
    """Format the distance of an arm with its standard error over seeds, and the means of the other values."""
    modes, quality, k = (mean(r[key] for r in rows) for key in ("modes", "high_quality", "k"))
    text = format_over_seeds([r["distance"] for r in rows])
    return f"{text}; {modes:.1f} modes, {quality:.0%} good, k {k:.2f}"


def is_better_controller(gains: Sequence[float]) -> bool:
    """Return whether the mean gain is two standard errors above 0; False for one seed."""
    return len(gains) > 1 and mean(gains) > 2 * stdev(gains) / math.sqrt(len(gains))


def draw_controller_arms(rows: dict[str, list[CachedRow]]) -> Tensor:
    """Draw the distance of each model, and the mean of each arm."""
    figure = Figure(figsize=(7, 3.2), layout="constrained", dpi=100)
    ax = figure.subplots()
    for x, found in enumerate(rows.values()):
        values = [r["distance"] for r in found]
        spread = torch.linspace(-0.15, 0.15, len(values)).tolist()
        ax.plot([x + s for s in spread], values, "o", ms=4, alpha=0.5)
        ax.hlines(mean(values), x - 0.3, x + 0.3, color="black")
    ax.set_xticks(range(len(rows)), [name.replace(" (", "\n(") for name in rows])
    ax.set(ylabel="total variation from the ring", ylim=(0, 1.05))
    ax.set_title("points: models; lines: means over seeds", fontsize=9)
    return render_figure(figure)


CLAIM = Claim(
    name="coordination",
    section="sec. 7, item 5",
    statement="training improves with better coordination of G and D",
    run=run,
    seconds=50.0,
    quick_seconds=15.0,
    seeds=20,
)
