"""Figure 1: one model on the line, from near its end to p_g = p_data, every density computed.

Four states of one pair of networks, each reached from the one before by the suite's own loop:

a. Both take turns until p_g is near p_data (total variation below `NEAR`) but not there.
b. "D is trained to discriminate samples from data, converging to D*": G has a rate of 0. Holds where |D - D*| stays
   below `TO_D_STAR` for every seed, in the region that holds 99 % of p_data and all of p_g but `TAIL` at either end
   (p_g of a uniform z stops at once where G does; there D* jumps, and no smooth D can).
c. One update of G by plain gradient descent; D has a rate of 0. Holds where the mean answer of D to G(z) rises, for
   every seed.
d. Both take turns again, their rates falling to 0. Holds where |D - 1/2| stays below `to_half` in the region that holds
   95 % of p_data, below `to_half_outside` in the one that holds 99 %, and where the total variation between p_g and
   p_data is below `to_data`, for every seed. (D alone proves little: one that is held down answers 1/2 to anything.)
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
from lightning_gan.studies.goodfellow2014.figure1_training import Film, UntilNear
from lightning_gan.studies.in_memory import train_in_memory
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.utils import images

NAME = "figure1"
NEAR = 0.25  # total variation
TAIL = 0.05  # of p_g, at either end
TO_D_STAR = 0.1  # of D(x)
TITLES = ("(a) near convergence", "(b) D trained to D*", "(c) one update of G", "(d) the end")
D_RULE = partial(AdamW, lr=5e-3, betas=(0.5, 0.999), weight_decay=0.1, fused=True)
INNER_RULE = partial(
    Adam, lr=5e-3, betas=(0.5, 0.999), fused=True
)  # of (b): nothing keeps D from D*
G_RULE = partial(Adam, lr=1e-3, betas=(0.5, 0.999), fused=True)
ONE_STEP = partial(SGD, lr=0.1)  # the single update of (c)
STILL = partial(SGD, lr=0.0)
RULES = (D_RULE, INNER_RULE, G_RULE, ONE_STEP)
RECIPE = f"{[(r.func.__name__, r.keywords) for r in RULES]} {line.NETWORKS} near {NEAR} tail {TAIL}"


@dataclass(frozen=True)
class Version:
    """How long each part is, and how near its end must come.

    Args:
        near: of G, at most, in (a).
        inner: of D, in (b).
        long: of G, in (d).
        k: of D for each of G.
        films: images of (d).
        to_half: largest |D - 1/2| at the end, in the region that holds 95 % of p_data.
        to_half_outside: the same, in the region that holds 99 %; none: too short to be judged there.
        to_data: largest total variation between p_g and p_data at the end.
    """

    near: int = 1500
    inner: int = 1500
    long: int = 4000
    k: int = 3
    films: int = 24
    to_half: float = 0.05
    to_half_outside: float | None = 0.2
    to_data: float = 0.1

    @property
    def parts(self) -> str:
        """What the course of the model depends on."""
        return f"updates {self.near} {self.inner} {self.long} k {self.k}"


FULL = Version()
QUICK = Version(
    near=1000, inner=400, long=1400, k=2, films=6, to_half=0.2, to_half_outside=None, to_data=0.2
)


def run_seed(seed: int, version: Version, folder: Path | None) -> Row:
    """All four states of one seed: what was measured; the images too, if there is a folder for them."""
    pair = line.make_networks(seed)
    films = (Film(20, "(a)"), Film(max(1, version.long // version.films), "(d)")) if folder else ()
    near = line.make_gan(pair, version.k, D_RULE, G_RULE, total=10**9)
    train_in_memory(near, line.data(), version.near, [UntilNear(NEAR), *films[:1]])
    row: Row = {"near": line.total_variation(line.p_g(pair)), "near_steps": near.g_updates}
    views = [line.make_view(near)]
    inner = line.make_gan(pair, version.inner, INNER_RULE, STILL, total=1)
    train_in_memory(inner, line.data(), 1)
    row |= {"off_best": line.off_best(pair, line.p_g(pair), TAIL), "answer": line.mean_answer(pair)}
    views.append(line.make_view(inner))
    step = line.make_gan(pair, 1, STILL, ONE_STEP, total=1)
    train_in_memory(step, line.data(), 1)
    row |= {"answer_after": line.mean_answer(pair)}
    views.append(line.make_view(step))
    end = line.make_gan(pair, version.k, D_RULE, G_RULE, total=version.long)
    train_in_memory(end, line.data(), version.long, films[1:])
    row |= {f"off_half_{share}": line.off_half(pair, share / 100) for share in (95, 99)}
    row |= line.compute_distances(line.p_g(pair))
    views.append(line.make_view(end))
    if folder:
        images.save_image(draw_row(views, TITLES), folder / f"{NAME}.png")
        _animate(films, views, folder / f"{NAME}.gif")
    return row


def _animate(films: Sequence[Film], views: Sequence[View], path: Path) -> None:
    """All of it, in order; (b) and (c) stay a while."""
    between = [
        f
        for view, title in zip(views[1:3], TITLES[1:3], strict=True)
        for f in [draw_frame(view, title)] * 4
    ]
    save_animation([*films[0].frames.values(), *between, *films[1].frames.values()], path)


def run(setting: Setting) -> list[Finding]:
    """All states with every seed; the first one is drawn."""
    folder = setting.folder(NAME)
    version = QUICK if setting.quick else FULL
    rows = []
    for seed in setting.seeds:
        place = folder if seed == setting.seeds[0] else None
        key = f"{version.parts} | {RECIPE} | seed {seed}"
        rows.append(
            cached_result(folder / "rows.json", key, partial(run_seed, seed, version, place))
        )
    return judge_states(rows, version, folder / f"{NAME}.png")


def judge_states(rows: Sequence[Row], version: Version, image: Path) -> list[Finding]:
    """A row of the table for each state, and for each claim on it; every seed must pass."""
    every = "for every seed"

    def below(what: str, name: str, most: float | None, theirs: str, note: str = "") -> Finding:
        values = [row[name] for row in rows]
        ours = format_over_seeds(values)
        if most is None:
            return Finding(what, theirs, ours, Verdict.SHOWN, image, "a short run: not judged")
        theirs = f"{theirs}; here: below {most} {every}"
        return Finding(what, theirs, ours, Verdict.of(max(values) < most), image, note)

    def shown(what: str, name: str, theirs: str, digits: int) -> Finding:
        values = [row[name] for row in rows]
        return Finding(what, theirs, format_over_seeds(values, digits), Verdict.SHOWN, image)

    rise = [row["answer_after"] - row["answer"] for row in rows]
    how = "p_g by " + "; ".join(sorted({row["how"] for row in rows}))
    apart = "total variation between p_g and p_data"
    half = "(d) largest |D - 1/2| where {} % of p_data lies"
    return [
        shown(f"(a) {apart}", "near", "near convergence: small, not 0", 3),
        below("(b) largest |D - D*|, G held", "off_best", TO_D_STAR, "D converges to D*"),
        Finding("(c) mean D(G(z)) after one update of G, less before", f"G(z) flows where D is higher: above 0 {every}",
                format_over_seeds(rise), Verdict.of(min(rise) > 0), image),
        below(half.format(95), "off_half_95", version.to_half, "D = 1/2"),
        below(half.format(99), "off_half_99", version.to_half_outside, "D = 1/2"),
        below(f"(d) {apart}", "total_variation", version.to_data, "p_g = p_data", how),
        shown("(d) JSD between p_g and p_data, nats", "jensen_shannon", "0", 4),
    ]  # fmt: skip


CLAIM = Claim(
    NAME,
    "fig. 1",
    "adversarial training moves p_g onto p_data, and D ends at 1/2",
    run,
    seconds=32.0,
    quick_seconds=15.0,
    seeds=5,
)
