"""Section 6: "G must not be trained too much without updating D", or G maps many z to one x. What breaks, and when?

On the ring, with k = 1 and k = 5, and with G's rate 1, 10 and 100 times D's. The geometric mean of the rates is always
1e-3, so that no arm is broken by one large rate alone; all arms get the same number of updates of G. How far D is
behind: V of a copy of D that is trained on against the G that stands still, minus V of D, on held-out points. The claim
holds where the most unbalanced arm, k = 1 and 100 times, is behind the balanced one, k = 5 and equal rates, in modes,
in good samples and in how far G(z) spreads (the collapse that the paper means), and its D is further from the best
one; each by two standard errors of the difference over seeds.
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
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.ring import count_covered, make_ring_gan
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils import images

UPDATES, QUICK_UPDATES = 720, 300  # of G
CATCH_UP, QUICK_CATCH_UP = 400, 200  # updates of D's copy against the G that stands still
LOOKS = 6  # at the samples, evenly spread over the model; the last three count
COUNTED = 3
DRAWN = 200  # samples of each look that are kept for the image
HELD_OUT = 10_000
RATE = 1e-3


@dataclass(frozen=True)
class RatioArm:
    """How much D is trained for each update of G.

    Args:
        k: updates of D for each of G.
        faster: G's rate over D's.
    """

    k: int
    faster: int

    @property
    def name(self) -> str:
        """For tables and images."""
        return f"k = {self.k}, G's rate {self.faster} x D's"

    def model(self, seed: int) -> tuple[GAN, Ring]:
        """The ring's networks with these rates."""
        root = math.sqrt(self.faster)
        return make_ring_gan(seed, self.k, d_rate=RATE / root, g_rate=RATE * root)


ARMS = [RatioArm(k, faster) for faster in (1, 10, 100) for k in (5, 1)]
BALANCED, BROKEN = ARMS[0], ARMS[-1]
QUICK_ARMS = [BALANCED, BROKEN]


class RatioMeasurement(Callback):
    """Looks at G at the end of every sixth of the model."""

    def __init__(self, updates: int, data: Ring) -> None:
        self.every, self.data = updates // LOOKS, data
        self.seen: list[tuple[int, float, float]] = []
        self.points: list[Tensor] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """When G has moved and a sixth is over."""
        gan = cast(GAN, pl_module)
        if gan.g_updates > gan.g_updates_before and gan.g_updates % self.every == 0:
            modes = count_covered(gan, self.data)
            self.points.append(gan.sample(DRAWN, seed=2))
            self.seen.append((modes.covered, modes.high_quality, spread(self.points[-1])))


def spread(points: Tensor) -> float:
    """Root of the summed variances of both coordinates: 1 for the ring, 0 where all z give one x."""
    return points.var(0).sum().sqrt().item()


def value(gan: GAN, data: Ring) -> float:
    """V(D, G) in nats on held-out points and as many samples."""
    with torch.no_grad():
        real = gan.discriminator(data.images("test")[:HELD_OUT])
        fake = gan.discriminator(gan.sample(HELD_OUT, seed=3))
    return (logsigmoid(real).mean() + logsigmoid(-fake).mean()).item()


def measure_d_gap(gan: GAN, data: Ring, updates: int) -> float:
    """max_D V - V in nats, where the maximum is what a copy of D reaches against this G in so many more updates."""
    caught_up = GAN(
        copy.deepcopy(gan.generator), copy.deepcopy(gan.discriminator), gan.loss, gan.prior, k=updates,
        d_optimizer=partial(Adam, lr=RATE, betas=(0.5, 0.99)), g_optimizer=partial(SGD, lr=0.0),
        d_scheduler=partial(LinearDecay, total=updates),
    )  # fmt: skip
    now = value(gan, data)
    train_in_memory(caught_up, Ring(batch_size=data.batch_size), 1)
    return value(caught_up, data) - now


def measure_ratio_arm(arm: RatioArm, seed: int, updates: int, catch_up: int) -> Row:
    """One model: its second half, how far D is behind at its end, and points to draw."""
    gan, data = arm.model(seed)
    looks = RatioMeasurement(updates, data)
    train_in_memory(gan, data, updates, [looks])
    modes, quality, width = (mean(v) for v in zip(*looks.seen[-COUNTED:], strict=True))
    return {
        "modes": modes, "high_quality": quality, "spread": width,
        "behind": measure_d_gap(gan, data, catch_up),
        # one line a look: JSON would put every number on a line of its own
        "points": [" ".join(f"{v:.3f}" for v in p.clamp(-9, 9).flatten().tolist()) for p in looks.points],
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Every arm with every seed; the broken one against the balanced one, seed by seed."""
    folder = setting.folder("balance")
    updates, catch_up = (QUICK_UPDATES, QUICK_CATCH_UP) if setting.quick else (UPDATES, CATCH_UP)
    arms = QUICK_ARMS if setting.quick else ARMS
    rows: dict[RatioArm, list[Row]] = {}
    for arm in arms:
        for seed in setting.seeds:
            key = f"{arm.name} | {updates} updates of G, {catch_up} to catch up | seed {seed}"
            row = cached_result(
                folder / "rows.json", key, partial(measure_ratio_arm, arm, seed, updates, catch_up)
            )
            rows.setdefault(arm, []).append(row)
    image = images.save_image(draw_ratio_arms(rows, updates), folder / "balance.png")
    note = f"{updates} updates of G; modes and good samples are means of the last {COUNTED} of {LOOKS} looks"
    findings = [
        Finding(arm.name, "", describe_ratio_arm(found), Verdict.SHOWN, image, note)
        for arm, found in rows.items()
    ]
    return findings + [
        Finding(
            f"{what}, {BALANCED.name} against {BROKEN.name}", "above 0", format_over_seeds(gains),
            Verdict.of(is_better_ratio(gains)), image, "two standard errors above 0; one seed: above 0",
        )
        for what, gains in differences(rows[BALANCED], rows[BROKEN])
    ]  # fmt: skip


def differences(healthy: Sequence[Row], broken: Sequence[Row]) -> list[tuple[str, list[float]]]:
    """What the balanced model is better by, seed by seed."""
    pairs = list(zip(healthy, broken, strict=True))
    return [
        ("modes more of 8", [h["modes"] - b["modes"] for h, b in pairs]),
        ("more good samples, share", [h["high_quality"] - b["high_quality"] for h, b in pairs]),
        (
            "more spread of G(z), as a share of the ring's",
            [h["spread"] - b["spread"] for h, b in pairs],
        ),
        ("D nearer to the best D, nats", [b["behind"] - h["behind"] for h, b in pairs]),
    ]


def describe_ratio_arm(rows: Sequence[Row]) -> str:
    """Means, with their errors over seeds."""
    keys = ("modes", "high_quality", "spread", "behind")
    modes, quality, width, lag = (
        format_over_seeds([r[key] for r in rows], 2).split(" (")[0] for key in keys
    )
    return f"{modes} modes; {quality} good; spread {width}; D behind by {lag} nats ({len(rows)} seed(s))"


def is_better_ratio(gains: Sequence[float]) -> bool:
    """Whether the mean gain lies two standard errors above 0; a single one above 0."""
    spread = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return mean(gains) > 2 * spread


def draw_ratio_arms(rows: dict[RatioArm, list[Row]], updates: int) -> Tensor:
    """Samples over training: a row for each arm, a column for each look; the ring in grey."""
    figure = Figure(figsize=(1.75 * LOOKS, 1.85 * len(rows)), layout="constrained", dpi=80)
    axes = figure.subplots(len(rows), LOOKS, squeeze=False)
    means = Ring().means
    for line, (arm, found) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(arm.name.replace(", ", "\n"), fontsize=9)
        for i, (ax, text) in enumerate(zip(line, found[0]["points"], strict=True)):
            points = torch.tensor([float(v) for v in text.split()]).view(-1, 2)
            ax.plot(*means.T, "o", color="0.8", ms=9)
            ax.plot(*points.T, "C2.", ms=2)
            ax.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal", xticks=[], yticks=[])
            if arm is BALANCED:
                ax.set_title(f"{updates // LOOKS * (i + 1)} updates of G", fontsize=9)
    return render_figure(figure)


CLAIM = Claim(
    name="balance",
    section="sec. 3, 6",
    says="G must not be trained too much without updating D, or it collapses",
    run=run,
    seconds=45.0,
    quick_seconds=7.0,
    seeds=5,
)
