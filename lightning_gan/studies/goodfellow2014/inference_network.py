"""Inference network E for the G of mnist_parzen.yaml, trained once for all claims, and its reconstructions."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from datamodules import ImageData
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.latent_inference import LatentInference, NoiseDataModule
from lightning_gan.models.noise import require_noise
from lightning_gan.networks import Encoder
from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.claim import Setting
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.studies.goodfellow2014.mnist_run import train_or_find_mnist
from lightning_gan.studies.in_memory import seed_single_thread, train_in_memory
from lightning_gan.training.optimizers import LinearDecay
from lightning_gan.utils import images
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

STEPS, QUICK_STEPS = 2000, 300
NOISE = 0.3  # on x during training; chosen on validation digits, see docs/paper/inference.md
DESCENT = 100  # gradient steps on z
OWN = "G(E(x))"
SHOWN = 14  # digits in the image
PAIRS, INTERPOLATED = 5, 9  # rows and columns of the interpolations


class TrainedInference(NamedTuple):
    """Trained inference network E.

    Attributes:
        inference: E and its G.
        gan: Model that G belongs to.
        data: Training data of that model.
        generator_unchanged: Whether G was bit for bit the same after the training of E.
        name: Name for files and cache keys, made of everything that determines E.
    """

    inference: LatentInference
    gan: AdversarialModel
    data: ImageData
    generator_unchanged: bool
    name: str


def train_inference_network(setting: Setting, seed: int) -> TrainedInference:
    """Load E for the G of a seed; train it if there is none.

    Raises:
        ExperimentError: If the run of the GAN fails.
    """
    run = train_or_find_mnist(setting, seed)
    gan, data = require_noise(load_model(run)), load_data(run)
    steps = QUICK_STEPS if setting.quick else STEPS
    own = hash_tensors(dict(gan.eval_generator.state_dict()))
    name = f"G{own[:8]}_noise{NOISE:g}_steps{steps}_seed{seed}"
    seed_single_thread(seed)
    encoder = Encoder(gan.generator.data_shape, gan.generator.z_dim, noise=NOISE)
    inference = LatentInference(gan, encoder, scheduler=partial(LinearDecay, total=steps))
    path = setting.make_folder("inference") / f"E_{name}.pt"
    if not path.is_file():
        train_in_memory(inference, NoiseDataModule(gan, seed=seed), steps)
        after = hash_tensors(dict(inference.generator.state_dict()))
        with atomic_write(path) as temporary:
            torch.save(
                {KEY: FORMAT, "encoder": encoder.state_dict(), "generator": after}, temporary
            )
    stored = torch.load(path, weights_only=True)
    check_format(stored, path)
    encoder.load_state_dict(stored["encoder"])
    return TrainedInference(inference.eval(), gan, data, stored["generator"] == own, name)


def reconstruct(inference: LatentInference, x: Tensor, train: Tensor) -> dict[str, Tensor]:
    """Reconstruct x by G(E(x)) and by the methods it is compared with, each [n, *data_shape]."""
    z = inference.infer(x)
    return {
        OWN: inference.generate(z),
        "descent from E(x)": inference.generate(inference.refine(x, z, DESCENT)),
        "descent from 0": inference.generate(inference.refine(x, torch.zeros_like(z), DESCENT)),
        "nearest training image": train[find_nearest(x, train)],
        "mean image": train.mean(0).expand_as(x),
    }


def draw_reconstructions(trained: TrainedInference, path: Path) -> Path:
    """Draw the first test digits with their reconstructions below."""
    x = trained.data.images("test")[:SHOWN]
    rows = {"test digit x": x} | reconstruct(trained.inference, x, trained.data.images("train"))
    figure = Figure(figsize=(10.5, 0.62 * len(rows)), dpi=100)
    axes = figure.subplots(len(rows), 1)
    for ax, (name, row) in zip(axes, rows.items(), strict=True):
        _strip(ax, row, trained.data.display_range)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    figure.subplots_adjust(left=0.2, right=0.995, top=0.99, bottom=0.01, hspace=0.05)
    return images.save_image(figures.render_figure(figure), path)


def draw_interpolations(trained: TrainedInference, path: Path) -> Path:
    """Draw pairs of test digits, and G along the line between their E(x)."""
    inference, x = trained.inference, trained.data.images("test")[: 2 * PAIRS]
    z = inference.infer(x)
    weights = torch.linspace(0, 1, INTERPOLATED)[:, None]
    figure = Figure(figsize=(8.5, 4.3), dpi=100)
    axes = figure.subplots(PAIRS, 3, width_ratios=[1, INTERPOLATED, 1])
    for row, i in zip(axes, range(0, 2 * PAIRS, 2), strict=True):
        line = inference.generate(torch.lerp(z[i], z[i + 1], weights))
        for ax, shown in zip(row, (x[i : i + 1], line, x[i + 1 : i + 2]), strict=True):
            _strip(ax, shown, trained.data.display_range)
    for ax, title in zip(axes[0], ("x", "G along the line from E(x) to E(x')", "x'"), strict=True):
        ax.set_title(title, fontsize=10)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.01, wspace=0.02, hspace=0.04)
    return images.save_image(figures.render_figure(figure), path)


def _strip(ax: "object", row: Tensor, display_range: tuple[float, float]) -> None:
    """Draw grey images in a row."""
    pixels = torch.cat(list(images.to_uint8(row, display_range)[:, 0]), dim=1)
    ax.imshow(pixels.numpy(), cmap="gray", vmin=0, vmax=255)  # type: ignore[attr-defined]
    ax.set(xticks=[], yticks=[], frame_on=False)  # type: ignore[attr-defined]
