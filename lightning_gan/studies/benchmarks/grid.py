"""Grid of 25 modes of Srivastava et al. (2017), VEEGAN, with the protocol of Lin et al. (2018), PacGAN, Table 1."""

from functools import partial

from datamodules import Grid
from lightning_gan.studies.benchmarks.benchmark import (
    Benchmark,
    BenchmarkModel,
    PublishedNumber,
    PublishedRow,
)
from lightning_gan.studies.benchmarks.points import (
    COLUMNS,
    LENGTH,
    PUBLISHED_SETUP,
    RECIPES,
    SETUP,
    make_published_model,
    make_small_model,
    measure_points,
)
from lightning_gan.studies.benchmarks.ring import MILLISECONDS, PACGAN, VEEGAN

ROWS = {
    "gan": PublishedRow(
        "GAN", PACGAN,
        {"modes": PublishedNumber(17.3, 0.8), "high_quality": PublishedNumber(94.8, 0.7),
        "reverse_kl": PublishedNumber(0.70, 0.07)},
    ),
    "packed2": PublishedRow(
        "PacGAN2", PACGAN,
        {"modes": PublishedNumber(23.8, 0.7), "high_quality": PublishedNumber(91.3, 0.8),
        "reverse_kl": PublishedNumber(0.13, 0.04)},
    ),
    "unrolled5": PublishedRow("Unrolled GAN", VEEGAN, {"modes": PublishedNumber(23.6),
    "high_quality": PublishedNumber(16.0)}),
}  # fmt: skip

GRID = Benchmark(
    name="grid",
    question="Which models find all 25 modes of a grid, with small networks and in minutes?",
    setup=f"grid of 25 modes, spacing 2, std .05; {SETUP}",
    published_setup=f"the same grid; {PUBLISHED_SETUP}; 10 runs",
    differences="networks, optimizers",
    steps=4000,
    published_steps=LENGTH,
    models=[
        BenchmarkModel(
            name,
            r.description,
            partial(make_small_model, Grid, r),
            MILLISECONDS[name],
            ROWS.get(name),
        )
        for name, r in RECIPES.items()
    ],
    columns=COLUMNS,
    measure=measure_points,
)
GRID_PACGAN = Benchmark(
    name="grid_pacgan",
    question="Which of the published models find all modes of the grid? PacGAN's own networks, for hours.",
    setup=f"grid of 25 modes, spacing 2, std .05; {PUBLISHED_SETUP}",
    published_setup="the same; 10 runs",
    differences="",
    steps=LENGTH,
    published_steps=LENGTH,
    models=[
        BenchmarkModel(
            name,
            RECIPES[name].description,
            partial(make_published_model, Grid, RECIPES[name]),
            100,
            ROWS[name],
        )
        for name in ("gan", "packed2")
    ],
    columns=COLUMNS,
    measure=measure_points,
)
