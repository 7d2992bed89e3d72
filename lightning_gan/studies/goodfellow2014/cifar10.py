"""Section 5 and Figure 2 c, d: CIFAR-10 with the released networks and hyperparameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from datamodules import CIFAR10GCN
from lightning_gan.checkpoints.load import load
from lightning_gan.models.base import AdversarialModel
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    format_over_seeds,
)
from lightning_gan.studies.goodfellow2014.experiments import (
    ExperimentError,
    read_test_score,
    train_or_find,
)
from lightning_gan.tracking import scores_json
from lightning_gan.utils import images

SAMPLES = 1000  # number of samples, and of test images, for the pixel statistics
ROWS, COLUMNS, REAL = (
    4,
    8,
    3,
)  # rows and columns of samples, and columns of training images, in the image


def count_linear_parameters(*widths: int) -> int:
    """Count the parameters of linear layers with biases."""
    return sum(a * b + b for a, b in pairwise(widths))


def count_convolution_parameters(n_in: int, filters: int, side: int) -> int:
    """Count the parameters of a convolution with one bias for each filter."""
    return n_in * filters * side**2 + filters


@dataclass(frozen=True)
class ReleasedPair:
    """Released pair of networks.

    Args:
        panel: Panel of Figure 2.
        steps: Number of steps of our run.
        generator: Number of parameters of G by the sizes in the released yaml files.
        discriminator: Number of parameters of D by the same sizes.
        flags: Flags of `fit` for settings that were not released.
    """

    panel: str
    steps: int
    generator: int
    discriminator: int
    flags: tuple[str, ...] = ()


PAIRS = {  # one epoch each: 40,000 images
    "fully connected": ReleasedPair(
        "2c", 400,
        count_linear_parameters(100, 8000, 8000, 3072),
        count_linear_parameters(3072, 5 * 1600) + count_linear_parameters(1600, 5 * 1600)
        + count_linear_parameters(1600, 1),
        # without clipping, the loss of D became NaN: the first samples are 13 times larger than the data
        ("--model.d_clip", "1.0"),
    ),
    "convolutional": ReleasedPair(
        "2d", 312,
        count_linear_parameters(100, 8000, 80 * 10 * 10) + 80 * 3 * 5**2 + 3 * 32 * 32,
        count_convolution_parameters(3, 2 * 32, 8) + count_convolution_parameters(32, 2 * 32, 8)
        + count_convolution_parameters(32, 2 * 192, 5) + count_linear_parameters(192 * 5 * 5, 5 * 500)
        + count_linear_parameters(500, 1),
    ),
}  # fmt: skip


def train_or_find_cifar10(setting: Setting, seed: int = 0) -> dict[str, Path]:
    """Return the run folders of both pairs, "fully connected" and "convolutional"; train them if there are none.

    Args:
        setting: Folders of data and runs. There is no short version.
        seed: Random seed for initial weights and training.

    Raises:
        ExperimentError: If a run fails.
    """
    return {
        kind: train_or_find(
            f"cifar10_{kind.replace(' ', '_')}_goodfellow2014.yaml", setting, seed,
            "--trainer.max_steps", str(pair.steps), "--checkpoint.every_n_steps", "100", "--run.threads", "1",
            *pair.flags,
        )
        for kind, pair in PAIRS.items()
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Train both pairs for one epoch, count their parameters, draw samples of the first seed, and report the FID.

    The paper has images and no numbers for CIFAR-10, and the released runs have no end. Only the parameter counts have
    a criterion.
    """
    runs = [train_or_find_cifar10(setting, seed) for seed in setting.seeds]
    data = CIFAR10GCN(setting.root)
    data.prepare_data()
    data.setup()
    found = []
    for kind in PAIRS:
        folders = [folder[kind] for folder in runs]
        found += [*describe_samples(kind, folders[0], data, setting), report_fid(kind, folders)]
    return found


def describe_samples(kind: str, folder: Path, data: CIFAR10GCN, setting: Setting) -> list[Finding]:
    """Judge the parameter counts of a finished run, and describe its samples."""
    gan, pair = load(str(folder / "checkpoints" / "last.ckpt")), PAIRS[kind]
    counted = [sum(p.numel() for p in n.parameters()) for n in (gan.generator, gan.discriminator)]
    released = [pair.generator, pair.discriminator]
    expected, result = (f"{g:,} / {d:,}" for g, d in (released, counted))
    path = setting.make_folder("cifar10") / f"samples_{kind.replace(' ', '_')}.png"
    note = f"with {' '.join(pair.flags)}; " if pair.flags else ""
    return [
        Finding(
            f"parameters of G / D, {kind}", f"{expected} (from the released sizes)", result,
            Verdict.from_bool(counted == released),
        ),
        describe_drawn_pixels(gan, kind, pair.panel, data, path, note),
    ]  # fmt: skip


def describe_drawn_pixels(
    gan: AdversarialModel, kind: str, panel: str, data: CIFAR10GCN, path: Path, note: str = ""
) -> Finding:
    """Draw samples of G, and describe the spread of their pixel values."""
    samples = gan.sample(SAMPLES)
    return Finding(
        f"samples, {kind}: root mean square of pixels; standard deviation over samples",
        f"an image (Figure {panel}); test images: {describe_spread(data.images('test')[:SAMPLES])}",
        describe_spread(samples), Verdict.SHOWN, draw_cifar10(samples, data, path),
        f"step {gan.g_updates}, {gan.images_seen:,} images; {note}the released run has no end",
    )  # fmt: skip


def describe_spread(x: Tensor) -> str:
    """Format the root mean square of x [n, C, H, W], and its standard deviation over n, averaged over pixels."""
    return f"{x.square().mean().sqrt():.2f}; {x.std(0).mean():.2f}"


def draw_cifar10(samples: Tensor, data: CIFAR10GCN, path: Path) -> Path:
    """Draw samples, and the first training images to their right, as the networks see them."""
    generated = images.to_uint8(samples[: ROWS * COLUMNS], data.display_range)
    real = data.uint8_images("train")[: ROWS * REAL]
    rows = (
        generated.view(ROWS, COLUMNS, *generated.shape[1:]),
        real.view(ROWS, REAL, *real.shape[1:]),
    )
    gap = torch.full_like(rows[0][:, :1], 128)  # grey, the colour of the grid
    row = torch.cat([rows[0], gap, rows[1]], dim=1).flatten(0, 1)
    return images.save_image(images.make_image_grid(row, COLUMNS + 1 + REAL, scale=2), path)


def report_fid(kind: str, folders: Sequence[Path]) -> Finding:
    """Report the test FID of finished runs; NOT_RUN without the Inception weights."""
    quantity, expected = f"FID of samples, {kind}", "none published"
    try:
        values = [read_test_score(folder, "fid")[0] for folder in folders]
    except ExperimentError:
        missing = "no FID: the Inception weights are missing; run `download --weights`, delete the run and run it again"
        return Finding(quantity, expected, missing, Verdict.NOT_RUN)
    return Finding(
        quantity,
        expected,
        format_over_seeds(values, 1),
        Verdict.SHOWN,
        note=describe_fid_protocol(folders[0]),
    )


def describe_fid_protocol(folder: Path) -> str:
    """Describe the number of images in a run's FID."""
    entries = scores_json.read(folder / "scores.json")
    score_protocol = next(
        e["protocol"] for e in reversed(entries) if (e["stage"], e["name"]) == ("test", "fid")
    )
    return (
        f"n = {score_protocol['n_generated']:,} samples against {score_protocol['n_real']:,} test images: "
        f"comparable only with values of the same n"
    )


CLAIM = Claim(
    name="cifar10",
    section="fig. 2c, 2d",
    statement="two pairs of networks can be trained on CIFAR-10 (the paper shows samples and gives no number)",
    run=run,
    seconds=2000,
)
