"""Section 5 and Figure 2 c, d: CIFAR-10, with the networks and the hyper-parameters that were released."""

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
    evaluate_checkpoint,
    train_or_find,
)
from lightning_gan.tracking import scores_json
from lightning_gan.utils import images

NUM = 1000  # samples, and test images, whose values are measured
ROWS, COLUMNS, REAL = 4, 8, 3  # of the image: samples, and training images beside them


def dense(*widths: int) -> int:
    """Parameters of linear layers with biases."""
    return sum(a * b + b for a, b in pairwise(widths))


def convolution(n_in: int, filters: int, side: int) -> int:
    """Parameters of a convolution with one bias for each filter."""
    return n_in * filters * side**2 + filters


@dataclass(frozen=True)
class Pair:
    """One of the two pairs.

    Args:
        panel: of Figure 2.
        steps: of our run.
        generator: parameters of G, from the sizes in the released yaml files.
        discriminator: the same of D.
        added: to the command line, beyond what was released.
    """

    panel: str
    steps: int
    generator: int
    discriminator: int
    added: tuple[str, ...] = ()


PAIRS = {  # one epoch each: 40,000 images
    "fully connected": Pair(
        "2c", 400,
        dense(100, 8000, 8000, 3072), dense(3072, 5 * 1600) + dense(1600, 5 * 1600) + dense(1600, 1),
        # as released, G's samples begin 13 times larger than the data, and D's loss became NaN in our run
        ("--model.d_clip", "1.0"),
    ),
    "convolutional": Pair(
        "2d", 312,
        dense(100, 8000, 80 * 10 * 10) + 80 * 3 * 5**2 + 3 * 32 * 32,
        convolution(3, 2 * 32, 8) + convolution(32, 2 * 32, 8) + convolution(32, 2 * 192, 5)
        + dense(192 * 5 * 5, 5 * 500) + dense(500, 1),
    ),
}  # fmt: skip


def cifar10_runs(setting: Setting, seed: int = 0) -> dict[str, Path]:
    """Folders of the finished runs, "fully connected" and "convolutional"; trained now if they are not there yet.

    Args:
        setting: where data are and runs go. There is no quick version.
        seed: of everything.

    Raises:
        ExperimentError: if a run did not come to its end.
    """
    return {
        kind: train_or_find(
            f"cifar10_{kind.replace(' ', '_')}_goodfellow2014.yaml", setting, seed,
            "--trainer.max_steps", str(pair.steps), "--checkpoint.every_n_steps", "100", "--run.threads", "1",
            *pair.added,
        )
        for kind, pair in PAIRS.items()
    }  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Train both pairs for one epoch; count their parameters, show samples of the first seed, and score all seeds'.

    There is nothing to reach: the paper shows images and has no number for CIFAR-10, and its runs had no end. Only
    the parameter counts can fail.
    """
    runs = [cifar10_runs(setting, seed) for seed in setting.seeds]
    data = CIFAR10GCN(setting.root)
    data.prepare_data()
    data.setup()
    found = []
    for kind in PAIRS:
        folders = [folder[kind] for folder in runs]
        found += [*describe_samples(kind, folders[0], data, setting), scored(kind, folders)]
    return found


def describe_samples(kind: str, folder: Path, data: CIFAR10GCN, setting: Setting) -> list[Finding]:
    """How large the networks of a finished run are, and what G draws."""
    gan, pair = load(str(folder / "checkpoints" / "last.ckpt")), PAIRS[kind]
    counted = [sum(p.numel() for p in n.parameters()) for n in (gan.generator, gan.discriminator)]
    wanted = [pair.generator, pair.discriminator]
    theirs, ours = (f"{g:,} / {d:,}" for g, d in (wanted, counted))
    path = setting.folder("cifar10") / f"samples_{kind.replace(' ', '_')}.png"
    added = f"{' '.join(pair.added)} was added; " if pair.added else ""
    return [
        Finding(
            f"parameters of G / D, {kind}", f"{theirs} (from the released sizes)", ours,
            Verdict.of(counted == wanted),
        ),
        describe_drawn_pixels(gan, kind, pair.panel, data, path, added),
    ]  # fmt: skip


def describe_drawn_pixels(
    gan: AdversarialModel, kind: str, panel: str, data: CIFAR10GCN, path: Path, added: str = ""
) -> Finding:
    """What G draws, and how far its pixels' values spread."""
    samples = gan.sample(NUM)
    return Finding(
        f"samples, {kind}: root mean square of pixels; standard deviation from sample to sample",
        f"a picture (Figure {panel}); test images: {spread(data.images('test')[:NUM])}",
        spread(samples), Verdict.SHOWN, draw_cifar10(samples, data, path),
        f"step {gan.g_updates}, {gan.images_seen:,} images; {added}the released run has no end",
    )  # fmt: skip


def spread(x: Tensor) -> str:
    """Root mean square of all values of [n, C, H, W], and standard deviation over the n, mean of all places."""
    return f"{x.square().mean().sqrt():.2f}; {x.std(0).mean():.2f}"


def draw_cifar10(samples: Tensor, data: CIFAR10GCN, path: Path) -> Path:
    """Samples, and the first training images right of them, as the networks see them."""
    made = images.to_uint8(samples[: ROWS * COLUMNS], data.display_range)
    real = data.uint8_images("train")[: ROWS * REAL]
    rows = made.view(ROWS, COLUMNS, *made.shape[1:]), real.view(ROWS, REAL, *real.shape[1:])
    gap = torch.full_like(rows[0][:, :1], 128)  # grey, as the grid's own
    row = torch.cat([rows[0], gap, rows[1]], dim=1).flatten(0, 1)
    return images.save_image(images.make_image_grid(row, COLUMNS + 1 + REAL, scale=2), path)


def scored(kind: str, folders: Sequence[Path]) -> Finding:
    """The runs' own FID; they have none where Inception's weights are not to be had."""
    what, theirs = f"FID of samples, {kind}", "none published"
    try:
        values = [evaluate_checkpoint(folder, "fid")[0] for folder in folders]
    except ExperimentError:
        absent = "no FID: Inception's weights are missing. Run `download --weights`, delete the run, and run it again"
        return Finding(what, theirs, absent, Verdict.NOT_RUN)
    return Finding(
        what, theirs, format_over_seeds(values, 1), Verdict.SHOWN, note=protocol(folders[0])
    )


def protocol(folder: Path) -> str:
    """How many images the run's FID compares."""
    entries = scores_json.read(folder / "scores.json")
    score_protocol = next(
        e["protocol"] for e in reversed(entries) if (e["stage"], e["name"]) == ("test", "fid")
    )
    return (
        f"n = {score_protocol['n_generated']:,} samples against {score_protocol['n_real']:,} test images: "
        f"comparable only with a value from as many"
    )


CLAIM = Claim(
    name="cifar10",
    section="fig. 2c, 2d",
    says="adversarial nets can be trained on CIFAR-10: two pairs, with samples and no number",
    run=run,
    seconds=2000,
)
