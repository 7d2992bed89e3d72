"""Ring of eight modes of Srivastava et al. (2017), VEEGAN, with the protocol of Lin et al. (2018), PacGAN, Table 1."""

from functools import partial

from datamodules import Ring
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

PACGAN, VEEGAN = "PacGAN Table 1", "VEEGAN Table 1"
ROWS = {
    "gan": PublishedRow(
        "GAN", PACGAN,
        {"modes": PublishedNumber(6.3, 0.5), "high_quality": PublishedNumber(98.2, 0.2),
        "reverse_kl": PublishedNumber(0.45, 0.09)},
    ),
    "packed2": PublishedRow(
        "PacGAN2", PACGAN,
        {"modes": PublishedNumber(7.9, 0.1), "high_quality": PublishedNumber(95.6, 2.0),
        "reverse_kl": PublishedNumber(0.07, 0.03)},
    ),
    "unrolled5": PublishedRow("Unrolled GAN", VEEGAN, {"modes": PublishedNumber(7.6),
    "high_quality": PublishedNumber(35.6)}),
}  # fmt: skip
MILLISECONDS = {"gan": 10, "packed2": 9, "unrolled5": 46, "wgan_gp": 45, "r1": 11, "r3gan": 14}

RING = Benchmark(
    name="ring",
    question="Which models find all eight modes of a ring, with small networks and in minutes?",
    setup=f"ring of 8 modes, radius 1, std .01; {SETUP}",
    published_setup=f"the same ring; {PUBLISHED_SETUP}; 10 runs",
    differences="networks, optimizers",
    steps=2000,
    published_steps=LENGTH,
    models=[
        BenchmarkModel(
            name,
            r.description,
            partial(make_small_model, Ring, r),
            MILLISECONDS[name],
            ROWS.get(name),
        )
        for name, r in RECIPES.items()
    ],
    columns=COLUMNS,
    measure=measure_points,
)
RING_PACGAN = Benchmark(
    name="ring_pacgan",
    question="Which of the published models find all modes of the ring? PacGAN's own networks, for hours.",
    setup=f"ring of 8 modes, radius 1, std .01; {PUBLISHED_SETUP}",
    published_setup="the same; 10 runs",
    differences="",
    steps=LENGTH,
    published_steps=LENGTH,
    models=[
        BenchmarkModel(
            name,
            RECIPES[name].description,
            partial(make_published_model, Ring, RECIPES[name]),
            100,
            ROWS[name],
        )
        for name in ("gan", "packed2")
    ],
    columns=COLUMNS,
    measure=measure_points,
)
