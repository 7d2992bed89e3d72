"""The grid of 25 modes of Srivastava et al. (2017), VEEGAN, in the protocol of Lin et al. (2018), PacGAN, Table 1."""

from functools import partial

from datamodules import Grid
from lightning_gan.bench.benchmark import Benchmark, Game, Number, Published
from lightning_gan.bench.points import (
    COLUMNS,
    LENGTH,
    OURS,
    RECIPES,
    THEIRS,
    measure,
    published,
    small,
)
from lightning_gan.bench.ring import MILLISECONDS, PACGAN, VEEGAN

ROWS = {
    "gan": Published(
        "GAN", PACGAN,
        {"modes": Number(17.3, 0.8), "high_quality": Number(94.8, 0.7), "reverse_kl": Number(0.70, 0.07)},
    ),
    "packed2": Published(
        "PacGAN2", PACGAN,
        {"modes": Number(23.8, 0.7), "high_quality": Number(91.3, 0.8), "reverse_kl": Number(0.13, 0.04)},
    ),
    "unrolled5": Published("Unrolled GAN", VEEGAN, {"modes": Number(23.6), "high_quality": Number(16.0)}),
}  # fmt: skip

GRID = Benchmark(
    name="grid",
    says="Which games find all 25 modes of a grid, with small players and in minutes?",
    ours=f"grid of 25 modes, spacing 2, std .05; {OURS}",
    theirs=f"the same grid; {THEIRS}; 10 runs",
    differs="networks, optimizers",
    steps=4000,
    published_steps=LENGTH,
    games=[
        Game(name, r.says, partial(small, Grid, r), MILLISECONDS[name], ROWS.get(name))
        for name, r in RECIPES.items()
    ],
    columns=COLUMNS,
    measure=measure,
)
GRID_PACGAN = Benchmark(
    name="grid_pacgan",
    says="The published grid: PacGAN's own networks, for hours.",
    ours=f"grid of 25 modes, spacing 2, std .05; {THEIRS}",
    theirs="the same; 10 runs",
    differs="",
    steps=LENGTH,
    published_steps=LENGTH,
    games=[
        Game(name, RECIPES[name].says, partial(published, Grid, RECIPES[name]), 100, ROWS[name])
        for name in ("gan", "packed2")
    ],
    columns=COLUMNS,
    measure=measure,
)
