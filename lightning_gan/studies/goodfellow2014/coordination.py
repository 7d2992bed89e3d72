"""Extension 5 of section 7: better coordination of G and D. A controller that chooses k, against every fixed k."""

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
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.utils import images

UPDATES = 4000  # of both networks together: every arm spends the same
QUICK_UPDATES = 800
LOOKS = 10  # at the samples, evenly spread over the second half
SAMPLES = 10_000
G_RATE, D_RATE = 4e-3, 1e-3  # a G that is four times faster than its D: where coordination matters
LEAD, MOST = 0.3, 10  # the controller's, chosen on seeds 100 to 105


@dataclass(frozen=True)
class ControllerArm:
    """A way to take turns."""

    name: str
    model: Callable[[int], tuple[GAN, Ring]]


def coordinated(seed: int) -> tuple[GAN, Ring]:
    """The ring's networks under the controller."""
    gan, data = make_ring_gan(seed)
    controlled = AdaptiveRatioGAN(
        gan.generator, gan.discriminator, gan.loss, gan.prior, LEAD, MOST,
        d_optimizer=partial(Adam, lr=D_RATE, betas=(0.5, 0.99)),
        g_optimizer=partial(Adam, lr=G_RATE, betas=(0.5, 0.99)),
    )  # fmt: skip
    return controlled, data


FIXED = [
    ControllerArm(f"k = {k}", partial(make_ring_gan, k=k, g_rate=G_RATE, d_rate=D_RATE))
    for k in (1, 2, 3, 5, 10)
]
CONTROLLER = ControllerArm(f"k by D's lead ({LEAD} nats, at most {MOST})", coordinated)


def distance(samples: Tensor, data: Ring) -> float:
    """Total variation between where samples and data fall: one cell for each mode, one for everything else.

    A sample falls to a mode less than three standard deviations away; 1 - exp(-9/2) of the data do. 0: as the data; 1:
    nothing where the data are. It counts modes that are missing, modes that are too heavy, and samples between modes.
    """
    scaled, nearest = (torch.cdist(samples, data.means) / data.std).min(1)
    modes = len(data.means)
    cell = torch.where(scaled < NEAR, nearest, modes)
    share = torch.bincount(cell, minlength=modes + 1).float() / len(samples)
    outside = math.exp(-(NEAR**2) / 2)
    truth = torch.tensor([(1 - outside) / modes] * modes + [outside])
    return 0.5 * (share - truth).abs().sum().item()


class Budget(Callback):
    """Ends the model after so many updates of both networks, and looks at the samples on the way."""

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
        """Count; look when the next tenth of the second half is over."""
        gan = cast(GAN, pl_module)
        spent = gan.d_updates + gan.g_updates
        due = self.updates // 2 + (len(self.distances) + 1) * self.updates // (2 * LOOKS)
        if spent >= due:
            self.distances.append(distance(gan.sample(SAMPLES, seed=1), self.data))
        if spent >= self.updates:
            trainer.should_stop = True


def measure_controller_arm(arm: ControllerArm, seed: int, updates: int) -> Row:
    """One model: mean distance over the second half, and what its end covers."""
    gan, data = arm.model(seed)
    budget = Budget(updates, data)
    train_in_memory(gan, data, updates, [budget])
    end = count_covered(gan, data)
    return {
        "distance": mean(budget.distances), "modes": end.covered, "high_quality": end.high_quality,
        "k": gan.d_updates / max(1, gan.g_updates),
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Every arm with every seed; the controller against the best fixed k, seed by seed."""
    folder = setting.folder("coordination")
    updates = QUICK_UPDATES if setting.quick else UPDATES
    rows: dict[str, list[Row]] = {}
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
    note = f"{updates} updates of both networks together, rates of G {G_RATE:g} and of D {D_RATE:g}; 0 is as the data"
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
    gained = Finding(
        f"nearer than the best fixed k ({best}), by two standard errors", "above 0", format_over_seeds(gains),
        Verdict.of(is_better_controller(gains)), image,
    )  # fmt: skip
    return [*findings, gained]


def describe_controller_arm(rows: Sequence[Row]) -> str:
    """Distance with its error over seeds, and means of the rest."""
    modes, quality, k = (mean(r[key] for r in rows) for key in ("modes", "high_quality", "k"))
    text = format_over_seeds([r["distance"] for r in rows])
    return f"{text}; {modes:.1f} modes, {quality:.0%} good, k {k:.2f}"


def is_better_controller(gains: Sequence[float]) -> bool:
    """Whether the mean gain lies two standard errors above 0; one seed shows nothing."""
    return len(gains) > 1 and mean(gains) > 2 * stdev(gains) / math.sqrt(len(gains))


def draw_controller_arms(rows: dict[str, list[Row]]) -> Tensor:
    """A point for each model, and the mean of each arm."""
    figure = Figure(figsize=(7, 3.2), layout="constrained", dpi=100)
    ax = figure.subplots()
    for place, found in enumerate(rows.values()):
        values = [r["distance"] for r in found]
        spread = torch.linspace(-0.15, 0.15, len(values)).tolist()
        ax.plot([place + s for s in spread], values, "o", ms=4, alpha=0.5)
        ax.hlines(mean(values), place - 0.3, place + 0.3, color="black")
    ax.set_xticks(range(len(rows)), [name.replace(" (", "\n(") for name in rows])
    ax.set(ylabel="total variation from the ring", ylim=(0, 1.05))
    ax.set_title("each point a model; lines are means over seeds", fontsize=9)
    return render_figure(figure)


CLAIM = Claim(
    name="coordination",
    section="sec. 7, item 5",
    says="training gains from better coordination of G and D",
    run=run,
    seconds=50.0,
    quick_seconds=15.0,
    seeds=20,
)
