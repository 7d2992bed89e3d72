"""Section 7, extension 3: all conditionals p(x_S | x_not-S) from one network.

Two experiments: points in the plane, where p(x1 | x2), p(x2 | x1) and p(x1, x2) are known and samples are compared with
each of them; and MNIST, where halves of test digits are completed (`inpainting`).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from matplotlib.figure import Figure
from torch.optim import Adam

from lightning_gan.losses import NonSaturating
from lightning_gan.models import InpaintingGAN
from lightning_gan.models.masks import Subsets
from lightning_gan.networks import (
    ConditionalDiscriminator,
    LinearMLPGenerator,
    MaskedGenerator,
    MLPDiscriminator,
)
from lightning_gan.plotting import figures
from lightning_gan.priors import Gaussian
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.inpainting import judge_completions
from lightning_gan.studies.goodfellow2014.plane_densities import (
    Correlated,
    measure_family,
    sample_conditional,
)
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.utils import images

NAME = "all_conditionals"
DENSITIES = {"correlated Gaussian, r = .8": (0.8,), "cross, r = ±.9": (0.9, -0.9)}
STEPS, QUICK_STEPS = 2000, 1000
MOST_MISSED = 0.25  # see `ConditionalDistance.missed`


def run(setting: Setting) -> list[Finding]:
    """Compare plane conditionals with exact ones; in the full version, complete digits (`judge_completions`)."""
    steps = QUICK_STEPS if setting.quick else STEPS
    models = {
        name: [make_plane_gan(correlations, seed, steps) for seed in setting.seeds]
        for name, correlations in DENSITIES.items()
    }
    image = draw_plane_conditionals(
        {name: trained[0] for name, trained in models.items()},
        setting.make_folder(NAME) / f"{NAME}_plane.png",
    )
    found = [judge_plane(name, trained, image) for name, trained in models.items()]
    return found if setting.quick else [*found, *judge_completions(setting, NAME)]


def judge_plane(
    name: str, trained: Sequence[tuple[InpaintingGAN, Correlated]], image: Path
) -> Finding:
    """Judge the worst of the three conditionals of a density."""
    families = [measure_family(*pair) for pair in trained]
    worst = [max(member.missed for member in members) for members in families]
    return Finding(
        f"{name}: missed share of the information in the observed value, largest of p(x1|x2), p(x2|x1), p(x1,x2)",
        f"approximately 0 (criterion: below {MOST_MISSED:g})",
        format_over_seeds(worst),
        Verdict.from_bool(mean(worst) < MOST_MISSED),
        image,
        note=f"W1, first seed: {'; '.join(map(str, families[0]))}.",
    )


def make_plane_gan(
    correlations: Sequence[float], seed: int, steps: int
) -> tuple[InpaintingGAN, Correlated]:
    """Train networks of two layers of 64 units for all three conditionals, and return them with their data."""
    seed_single_thread(seed)
    data = Correlated(correlations, batch_size=256)
    model = InpaintingGAN(
        MaskedGenerator(LinearMLPGenerator([2], z_dim=2 + 4, widths=(64, 64))),
        ConditionalDiscriminator(MLPDiscriminator([2 + 4], widths=(64, 64)), [2], 4),
        NonSaturating(), Gaussian(), Subsets(), d_optimizer=partial(Adam, lr=2e-3, betas=(0.0, 0.99)),
        g_optimizer=partial(Adam, lr=1e-3, betas=(0.0, 0.99)), ema_half_life=100_000,
    )  # fmt: skip
    train_in_memory(model, data, steps)
    return model, data


def draw_plane_conditionals(
    models: dict[str, tuple[InpaintingGAN, Correlated]], path: Path
) -> Path:
    """Draw samples of p(x1, x2) and both conditionals at three observed values, a row for each density."""
    figure = Figure(figsize=(9, 2.9 * len(models)), layout="constrained", dpi=100)
    figure.suptitle(
        "left: data grey, samples blue; right: exact densities as lines, samples as bars",
        fontsize=9,
    )
    rows = figure.subplots(len(models), 3, squeeze=False)
    for axes, (name, (model, data)) in zip(rows, models.items(), strict=True):
        exact = data.draw(1500, torch.Generator().manual_seed(4))[0]
        axes[0].scatter(*exact.T, s=2, color="silver")
        axes[0].scatter(*model.sample(1500, seed=4).T, s=2, color="tab:blue")
        axes[0].set(title=f"{name}: p(x1, x2)", xlabel="x1", ylabel="x2")
        axes[0].set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
        for hidden, ax in zip((0, 1), axes[1:], strict=True):
            _draw_conditional(ax, model, data, hidden)
    for ax in rows.flat:
        ax.title.set_fontsize(9)
        ax.tick_params(labelsize=7)
    return images.save_image(figures.render_figure(figure), path)


def _draw_conditional(ax: Any, model: InpaintingGAN, data: Correlated, hidden: int) -> None:
    at = torch.linspace(-3.5, 3.5, 201)
    for value, colour in zip(
        (-1.5, 0.0, 1.5), ("tab:blue", "tab:green", "tab:orange"), strict=True
    ):
        samples = sample_conditional(model, torch.tensor([value]), hidden, 5000)[0]
        ax.hist(samples.numpy(), bins=70, range=(-3.5, 3.5), density=True, alpha=0.45, color=colour)
        ax.plot(
            at,
            data.conditional_density(value, at),
            color=colour,
            lw=1.5,
            label=f"x{2 - hidden} = {value:g}",
        )
    ax.set(title=f"p(x{hidden + 1} | x{2 - hidden})", xlabel=f"x{hidden + 1}")
    ax.legend(frameon=False, fontsize=7)


CLAIM = Claim(
    NAME,
    "sec. 7, item 3",
    "one G with shared parameters models all conditionals p(x_S | x_not-S)",
    run,
    seconds=240.0,
    quick_seconds=18.0,
    seeds=3,
)
