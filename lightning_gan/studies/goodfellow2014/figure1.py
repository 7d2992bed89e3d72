"""Figure 1: four states of a model on the line, with every density computed.

Each state continues from the previous one. Every criterion has to be met by every seed:

a. D and G are trained until the total variation between p_g and p_data is below `NEAR`.
b. "D is trained to discriminate samples from data, converging to D*", with a learning rate of 0 for G. Criterion:
   |D - D*| below `TO_D_STAR` in the region that holds 99 % of p_data and all of p_g except `TAIL` at either end. (p_g
   of a uniform z is discontinuous at its ends, where D* jumps and a smooth D cannot.)
c. One update of G by gradient descent, with a learning rate of 0 for D. Criterion: the mean of D(G(z)) increases.
d. D and G are trained with rates that fall to 0. Criterion: |D - 1/2| below `to_half` where 95 % of p_data lies and
   below `to_half_outside` where 99 % lies, and a total variation between p_g and p_data below `to_data`. (D = 1/2 alone
   is not enough: strong weight decay gives it for any p_g.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch.optim import SGD, Adam, AdamW

from lightning_gan.plotting.animation import save_animation
from lightning_gan.plotting.densities import View, draw_frame, draw_row
from lightning_gan.studies.goodfellow2014 import figure1_training as line
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.figure1_training import FrameRecorder, StopNearData
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.utils import images

NAME = "figure1"
NEAR = 0.25  # total variation
TAIL = 0.05  # share of p_g at either end
TO_D_STAR = 0.1  # difference of probabilities
TITLES = ("(a) near convergence", "(b) D trained to D*", "(c) one update of G", "(d) the end")
D_RULE = partial(AdamW, lr=5e-3, betas=(0.5, 0.999), weight_decay=0.1, fused=True)
INNER_RULE = partial(Adam, lr=5e-3, betas=(0.5, 0.999), fused=True)  # of (b), without weight decay
G_RULE = partial(Adam, lr=1e-3, betas=(0.5, 0.999), fused=True)
ONE_STEP = partial(SGD, lr=0.1)  # for (c)
FROZEN = partial(SGD, lr=0.0)
RULES = (D_RULE, INNER_RULE, G_RULE, ONE_STEP)
RECIPE = f"{[(r.func.__name__, r.keywords) for r in RULES]} {line.NETWORKS} near {NEAR} tail {TAIL}"


@dataclass(frozen=True)
class Figure1Schedule:
    """Lengths of the four parts, and the limits of their criteria.

    Args:
        near: Largest number of updates of G in (a).
        inner: Number of updates of D in (b).
        long: Number of updates of G in (d).
        k: Updates of D for each update of G.
        frames: Number of frames of (d) in the animation.
        to_half: Limit of |D - 1/2| in (d) where 95 % of p_data lies.
        to_half_outside: Limit of |D - 1/2| in (d) where 99 % lies; None for a version too short for this criterion.
        to_data: Limit of the total variation between p_g and p_data in (d).
    """

    near: int = 1500
    inner: int = 1500
    long: int = 4000
    k: int = 3
    frames: int = 24
    to_half: float = 0.05
    to_half_outside: float | None = 0.2
    to_data: float = 0.1

    @property
    def parts(self) -> str:
        """Part of the cache key: the lengths that the result depends on."""
        return f"updates {self.near} {self.inner} {self.long} k {self.k}"


FULL = Figure1Schedule()
QUICK = Figure1Schedule(
    near=1000, inner=400, long=1400, k=2, frames=6, to_half=0.2, to_half_outside=None, to_data=0.2
)


def run_seed(seed: int, schedule: Figure1Schedule, folder: Path | None) -> CachedRow:
    """Train all four states with one seed, and return the measurements; draw them if a folder is given."""
    pair = line.make_networks(seed)
    every = max(1, schedule.long // schedule.frames)
    recorders = (FrameRecorder(20, "(a)"), FrameRecorder(every, "(d)")) if folder else ()
    near = line.make_gan(pair, schedule.k, D_RULE, G_RULE, total=10**9)
    train_in_memory(near, line.make_data(), schedule.near, [StopNearData(NEAR), *recorders[:1]])
    row: CachedRow = {
        "near": line.measure_total_variation(line.compute_p_g(pair)),
        "near_steps": near.g_updates,
    }
    views = [line.make_view(near)]
    inner = line.make_gan(pair, schedule.inner, INNER_RULE, FROZEN, total=1)
    train_in_memory(inner, line.make_data(), 1)
    row |= {
        "off_optimal": line.measure_off_optimal(pair, line.compute_p_g(pair), TAIL),
        "mean_output": line.compute_mean_output(pair),
    }
    views.append(line.make_view(inner))
    step = line.make_gan(pair, 1, FROZEN, ONE_STEP, total=1)
    train_in_memory(step, line.make_data(), 1)
    row |= {"mean_output_after": line.compute_mean_output(pair)}
    views.append(line.make_view(step))
    end = line.make_gan(pair, schedule.k, D_RULE, G_RULE, total=schedule.long)
    train_in_memory(end, line.make_data(), schedule.long, recorders[1:])
    row |= {f"off_half_{share}": line.measure_off_half(pair, share / 100) for share in (95, 99)}
    row |= line.compute_distances(line.compute_p_g(pair))
    views.append(line.make_view(end))
    if folder:
        images.save_image(draw_row(views, TITLES), folder / f"{NAME}.png")
        _animate(recorders, views, folder / f"{NAME}.gif")
    return row


def _animate(recorders: Sequence[FrameRecorder], views: Sequence[View], path: Path) -> None:
    """Write the frames of (a) and (d), with several frames of (b) and (c) between them."""
    between = [
        f
        for view, title in zip(views[1:3], TITLES[1:3], strict=True)
        for f in [draw_frame(view, title)] * 4
    ]
    save_animation([*recorders[0].frames.values(), *between, *recorders[1].frames.values()], path)


def run(setting: Setting) -> list[Finding]:
    """Train all states with every seed, and draw the first seed."""
    folder = setting.make_folder(NAME)
    schedule = QUICK if setting.quick else FULL
    rows = []
    for seed in setting.seeds:
        image_folder = folder if seed == setting.seeds[0] else None
        key = f"{schedule.parts} | {RECIPE} | seed {seed}"
        rows.append(
            cached_result(
                folder / "rows.json", key, partial(run_seed, seed, schedule, image_folder)
            )
        )
    return judge_states(rows, schedule, folder / f"{NAME}.png")


def judge_states(
    rows: Sequence[CachedRow], schedule: Figure1Schedule, image: Path
) -> list[Finding]:
    """Judge the criteria of all states; every seed has to meet them."""
    every = "for every seed"

    def below(
        quantity: str, name: str, most: float | None, expected: str, note: str = ""
    ) -> Finding:
        values = [row[name] for row in rows]
        result = format_over_seeds(values)
        if most is None:
            return Finding(
                quantity, expected, result, Verdict.SHOWN, image, "no criterion for a short run"
            )
        expected = f"{expected} (criterion: below {most} {every})"
        return Finding(
            quantity, expected, result, Verdict.from_bool(max(values) < most), image, note
        )

    def shown(quantity: str, name: str, expected: str, digits: int) -> Finding:
        values = [row[name] for row in rows]
        return Finding(quantity, expected, format_over_seeds(values, digits), Verdict.SHOWN, image)

    rise = [row["mean_output_after"] - row["mean_output"] for row in rows]
    how = "p_g by " + "; ".join(sorted({row["how"] for row in rows}))
    variation = "total variation between p_g and p_data"
    half = "(d) largest |D - 1/2| where {} % of p_data lies"
    return [
        shown(f"(a) {variation}", "near", "near convergence: small, not 0", 3),
        below("(b) largest |D - D*|, G fixed", "off_optimal", TO_D_STAR, "D converges to D*"),
        Finding("(c) increase of the mean D(G(z)) by one update of G", f"above 0 {every}",
                format_over_seeds(rise), Verdict.from_bool(min(rise) > 0), image),
        below(half.format(95), "off_half_95", schedule.to_half, "D = 1/2"),
        below(half.format(99), "off_half_99", schedule.to_half_outside, "D = 1/2"),
        below(f"(d) {variation}", "total_variation", schedule.to_data, "p_g = p_data", how),
        shown("(d) JSD between p_g and p_data, nats", "jensen_shannon", "0", 4),
    ]  # fmt: skip


CLAIM = Claim(
    NAME,
    "fig. 1",
    "adversarial training brings p_g to p_data, and D ends at 1/2",
    run,
    seconds=32.0,
    quick_seconds=15.0,
    seeds=5,
)
