"""Section 6: "G must not be trained too much without updating D", or G maps many z to one x.

Arms on the ring: k = 1 and k = 5, with a learning rate of G that is 1, 10 and 100 times that of D. The geometric mean
of both rates is always 1e-3, so that no arm fails for one large rate alone; all arms have the same number of updates of
G. Gap of D: V of a copy of D after further training against the fixed G, minus V of D, on held-out points. The claim
holds if the arm with k = 1 and ratio 100 has fewer modes, fewer good samples, a smaller spread of G(z) and a larger gap
of D than the arm with k = 5 and ratio 1, each by two standard errors of the difference over seeds.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean, stdev
from typing import cast

import torch
from matplotlib.figure import Figure
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn.functional import logsigmoid
from torch.optim import SGD, Adam

from datamodules import Ring
from lightning_gan.models.gan import GAN
from lightning_gan.plotting.figures import render_figure
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_seeds,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.ring import count_covered, make_ring_gan
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 720, 300  # of G
CATCH_UP, QUICK_CATCH_UP = 400, 200  # updates of D's copy against the fixed G
MEASUREMENTS = 6  # of the samples during training, evenly spaced
COUNTED = 3  # measurements at the end, which are averaged
DRAWN = 200  # samples of each measurement for the image
HELD_OUT = 10_000
RATE = 1e-3


@dataclass(frozen=True)
class RatioArm:
    """Amount of training of D for each update of G.

    Args:
        k: Updates of D for each update of G.
        rate_ratio: Learning rate of G divided by that of D.
    """

    k: int
    rate_ratio: int

    @property
    def name(self) -> str:
        """Name in tables and images."""
        return f"k = {self.k}, G's rate {self.rate_ratio} x D's"

    def make_model(self, seed: int) -> tuple[GAN, Ring]:
        """Build the ring's model with the rates of this arm, and its data."""
        root = math.sqrt(self.rate_ratio)
        return make_ring_gan(seed, self.k, d_rate=RATE / root, g_rate=RATE * root)


ARMS = [RatioArm(k, ratio) for ratio in (1, 10, 100) for k in (5, 1)]
BALANCED, UNBALANCED = ARMS[0], ARMS[-1]
QUICK_ARMS = [BALANCED, UNBALANCED]


class RatioMeasurement(Callback):
    """Callback that measures samples of G at regular intervals, and stores some of them."""

    def __init__(self, updates: int, data: Ring) -> None:
        self.every, self.data = updates // MEASUREMENTS, data
        self.results: list[tuple[int, float, float]] = []
        self.points: list[Tensor] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Measure if G was updated and a measurement is due."""
        gan = cast(GAN, pl_module)
        if gan.g_updates > gan.g_updates_before and gan.g_updates % self.every == 0:
            modes = count_covered(gan, self.data)
            self.points.append(gan.sample(DRAWN, seed=2))
            self.results.append(
                (modes.covered, modes.high_quality, compute_spread(self.points[-1]))
            )


def compute_spread(points: Tensor) -> float:
    """Compute the root of the summed variances of both coordinates: 1 for the ring, 0 if all points are equal."""
    return points.var(0).sum().sqrt().item()


def measure_value(gan: GAN, data: Ring) -> float:
    """Compute V(D, G) in nats on held-out points and as many samples."""
    with torch.no_grad():
        real = gan.discriminator(data.images("test")[:HELD_OUT])
        fake = gan.discriminator(gan.sample(HELD_OUT, seed=3))
    return (logsigmoid(real).mean() + logsigmoid(-fake).mean()).item()


def measure_d_gap(gan: GAN, data: Ring, updates: int) -> float:
    """Estimate max_D V - V in nats: the gain of V when a copy of D is trained further against the fixed G."""
    trained = GAN(
        copy.deepcopy(gan.generator), copy.deepcopy(gan.discriminator), gan.loss, gan.prior, k=updates,
        d_optimizer=partial(Adam, lr=RATE, betas=(0.5, 0.99)), g_optimizer=partial(SGD, lr=0.0),
        d_scheduler=partial(LinearDecay, total=updates),
    )  # fmt: skip
    now = measure_value(gan, data)
    train_in_memory(trained, Ring(batch_size=data.batch_size), 1)
    return measure_value(trained, data) - now


def measure_ratio_arm(arm: RatioArm, seed: int, updates: int, catch_up: int) -> CachedRow:
    """Train one model; return means over the last measurements, the final gap of D, and points for the image."""
    gan, data = arm.make_model(seed)
    measurement = RatioMeasurement(updates, data)
    train_in_memory(gan, data, updates, [measurement])
    modes, quality, width = (mean(v) for v in zip(*measurement.results[-COUNTED:], strict=True))
    return {
        "modes": modes, "high_quality": quality, "spread": width,
        "d_gap": measure_d_gap(gan, data, catch_up),
        # strings, because indented JSON would put every number on a line of its own
        "points": [" ".join(f"{v:.3f}" for v in p.clamp(-9, 9).flatten().tolist()) for p in measurement.points],
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Run every arm with every seed, and compare the unbalanced arm with the balanced one."""
    folder = setting.make_folder("balance")
    updates, catch_up = (QUICK_UPDATES, QUICK_CATCH_UP) if setting.quick else (UPDATES, CATCH_UP)
    arms = QUICK_ARMS if setting.quick else ARMS
    rows: dict[RatioArm, list[CachedRow]] = {}
    for arm in arms:
        for seed in setting.seeds:
            key = f"{arm.name} | {updates} updates of G, {catch_up} of D for its gap | seed {seed}"
            row = cached_result(
                folder / "rows.json", key, partial(measure_ratio_arm, arm, seed, updates, catch_up)
            )
            rows.setdefault(arm, []).append(row)
    image = images.save_image(draw_ratio_arms(rows, updates), folder / "balance.png")
    note = (
        f"{updates} updates of G; modes, good samples and spread are means of the last {COUNTED} of {MEASUREMENTS} "
        f"measurements"
    )
    findings = [
        Finding(arm.name, "", describe_ratio_arm(found), Verdict.SHOWN, image, note)
        for arm, found in rows.items()
    ]
    return findings + [
        Finding(
            f"{quantity}: {BALANCED.name} compared with {UNBALANCED.name}", "above 0", format_over_seeds(gains),
            Verdict.from_bool(is_better_ratio(gains)), image,
            "criterion: two standard errors above 0; with one seed: above 0",
        )
        for quantity, gains in compute_gains(rows[BALANCED], rows[UNBALANCED])
    ]  # fmt: skip


def compute_gains(
    balanced: Sequence[CachedRow], unbalanced: Sequence[CachedRow]
) -> list[tuple[str, list[float]]]:
    """Compute the advantages of the balanced arm over the unbalanced one for each seed."""
    pairs = list(zip(balanced, unbalanced, strict=True))
    return [
        ("additional modes of 8", [a["modes"] - b["modes"] for a, b in pairs]),
        (
            "additional share of good samples",
            [a["high_quality"] - b["high_quality"] for a, b in pairs],
        ),
        (
            "additional spread of G(z), as a share of the ring's",
            [a["spread"] - b["spread"] for a, b in pairs],
        ),
        ("smaller gap of D, nats", [b["d_gap"] - a["d_gap"] for a, b in pairs]),
    ]


def describe_ratio_arm(rows: Sequence[CachedRow]) -> str:
    """Format the means of an arm with their standard errors over seeds."""
    keys = ("modes", "high_quality", "spread", "d_gap")
    modes, quality, width, gap = (
        format_over_seeds([r[key] for r in rows], 2).split(" (")[0] for key in keys
    )
    return f"{modes} modes; {quality} good; spread {width}; gap of D {gap} nats ({count_seeds(len(rows))})"


def is_better_ratio(gains: Sequence[float]) -> bool:
    """Return whether the mean gain is two standard errors above 0; a single gain only has to be above 0."""
    error = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return mean(gains) > 2 * error


def draw_ratio_arms(rows: dict[RatioArm, list[CachedRow]], updates: int) -> Tensor:
    """Draw samples during training with a row for each arm and a column for each measurement; the modes in grey."""
    figure = Figure(figsize=(1.75 * MEASUREMENTS, 1.85 * len(rows)), layout="constrained", dpi=80)
    axes = figure.subplots(len(rows), MEASUREMENTS, squeeze=False)
    means = Ring().means
    for line, (arm, found) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(arm.name.replace(", ", "\n"), fontsize=9)
        for i, (ax, text) in enumerate(zip(line, found[0]["points"], strict=True)):
            points = torch.tensor([float(v) for v in text.split()]).view(-1, 2)
            ax.plot(*means.T, "o", color="0.8", ms=9)
            ax.plot(*points.T, "C2.", ms=2)
            ax.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal", xticks=[], yticks=[])
            if arm is BALANCED:
                ax.set_title(f"{updates // MEASUREMENTS * (i + 1)} updates of G", fontsize=9)
    return render_figure(figure)


CLAIM = Claim(
    name="balance",
    section="sec. 3, 6",
    statement="G must not be trained too much without updating D, or it collapses",
    run=run,
    seconds=45.0,
    quick_seconds=7.0,
    seeds=5,
)
