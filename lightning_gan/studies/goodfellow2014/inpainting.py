"""Completion of halves of test digits by mnist_inpainting.yaml: accuracy and diversity."""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import cast

import torch
from matplotlib.figure import Figure
from torch import Tensor

from datamodules import ImageData
from lightning_gan.feature_extractors import Classifier, FeatureExtractor, WeightsError
from lightning_gan.models import InpaintingGAN
from lightning_gan.models.masks import HalfPlanes, Masks, Nothing, Pixels, Rectangles
from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.claim import Finding, Setting, Verdict, format_over_seeds
from lightning_gan.studies.goodfellow2014.experiments import train_or_find
from lightning_gan.studies.goodfellow2014.finished_runs import load_data, load_model
from lightning_gan.utils import images

CONFIG = "mnist_inpainting.yaml"
DIGITS = 1000  # test images, each with the left and with the upper half observed
COMPLETIONS = 8  # of each half, and number of nearest training images, for the spread
DIVERSE = 0.25  # limit of the spread of completions divided by that of the nearest training images
SHOWN = 6  # completions in a row of the image


@dataclass(frozen=True)
class CompletionScores:
    """Measurements of one model on `2 * DIGITS` half-observed digits.

    Attributes:
        accuracy: Share of completions that the classifier reads as the label.
        mean_fill: The same for the hidden half of the mean training image.
        neighbour: The same for the hidden half of the training image with the nearest observed half.
        gain: Accuracy of the completions minus that of the mean fill, and its standard error over digits.
        spread: Standard deviation of a hidden pixel over completions, averaged over pixels and digits, and its
            standard error.
        spread_neighbours: The same over the nearest training images.
    """

    accuracy: float
    mean_fill: float
    neighbour: float
    gain: tuple[float, float]
    spread: tuple[float, float]
    spread_neighbours: tuple[float, float]


def judge_completions(setting: Setting, name: str) -> list[Finding]:
    """Judge accuracy and diversity of completions.

    The accuracy has to be higher than that of the mean fill by two standard errors, and the spread at least a quarter
    of that of the nearest training images.
    """
    try:
        network = Classifier().load()
    except WeightsError as error:
        return [Finding("MNIST: completed halves", "", str(error), Verdict.NOT_RUN)]
    runs = [train_or_find(CONFIG, setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    models = [cast(InpaintingGAN, load_model(run)) for run in runs]
    measured = [measure_completions(model, data, network) for model in models]
    image = draw_inpainting(models[0], data, setting.make_folder(name) / f"{name}_mnist.png")
    return [_judge_accuracy(measured, image), _judge_diversity(measured)]


def _judge_accuracy(measured: list[CompletionScores], image: Path) -> Finding:
    gain, error = measured[0].gain
    return Finding(
        "MNIST, half observed: share of completions that a classifier reads as the true digit",
        f"none given (criterion: above the mean fill, {measured[0].mean_fill:.3f})",
        format_over_seeds([m.accuracy for m in measured]),
        Verdict.from_bool(all(m.gain[0] > 2 * m.gain[1] for m in measured)),
        image,
        note=f"n = {2 * DIGITS:,} a seed; first seed, ± over digits: gain over the mean fill {gain:.3f} ± {error:.3f}; "
        f"half of the nearest training image: {measured[0].neighbour:.3f}.",
    )


def _judge_diversity(measured: list[CompletionScores]) -> Finding:
    shares = [m.spread[0] / m.spread_neighbours[0] for m in measured]
    (own, error), (reference, reference_error) = measured[0].spread, measured[0].spread_neighbours
    return Finding(
        f"MNIST, half observed: spread of {COMPLETIONS} completions over that of the {COMPLETIONS} nearest training "
        f"images",
        f"none given (criterion: above {DIVERSE:g})",
        format_over_seeds(shares, 2),
        Verdict.from_bool(mean(shares) > DIVERSE),
        note=f"standard deviation of a hidden pixel, first seed, ± over digits: {own:.4f} ± {error:.4f} and "
        f"{reference:.4f} ± {reference_error:.4f}.",
    )


def measure_completions(
    model: InpaintingGAN, data: ImageData, network: FeatureExtractor, n: int = DIGITS
) -> CompletionScores:
    """Complete the first n test digits from their left and from their upper halves, and measure the results."""
    x, labels = data.images("test")[:n], data.labels("test")[:n]
    train = data.images("train")
    average = train.mean(0)
    correct: dict[str, list[Tensor]] = {"model": [], "mean": [], "neighbour": []}
    spreads: dict[str, list[Tensor]] = {"model": [], "neighbours": []}
    for mask in make_half_masks(model.generator.data_shape):
        completions = model.inpaint(x, mask, COMPLETIONS, seed=1)
        nearest = train[find_neighbours(x, train, mask, COMPLETIONS)]
        fills = {
            "model": completions[:, 0],
            "mean": average.expand_as(x),
            "neighbour": nearest[:, 0],
        }
        for kind, fill in fills.items():
            correct[kind].append(_check_classes(network, mask * x + (1 - mask) * fill, labels))
        for kind, images_ in (("model", completions), ("neighbours", nearest)):
            spreads[kind].append(images_.std(1).mul(1 - mask).flatten(1).sum(1) / (1 - mask).sum())
    own, filled, neighbour = (
        torch.stack(correct[kind]).mean(0) for kind in ("model", "mean", "neighbour")
    )
    return CompletionScores(
        float(own.mean()), float(filled.mean()), float(neighbour.mean()), _with_error(own - filled),
        *(_with_error(torch.stack(spreads[kind]).mean(0)) for kind in ("model", "neighbours")),
    )  # fmt: skip


def make_half_masks(data_shape: tuple[int, ...]) -> list[Tensor]:
    """Create masks that observe the left half and the upper half."""
    left, upper = torch.zeros(data_shape), torch.zeros(data_shape)
    left[..., : data_shape[-1] // 2] = 1
    upper[..., : data_shape[-2] // 2, :] = 1
    return [left, upper]


def find_neighbours(x: Tensor, train: Tensor, mask: Tensor, k: int) -> Tensor:
    """Find the k training images nearest to each x in the observed pixels, indices [n, k]."""
    indices = mask.flatten().nonzero().flatten()
    observed = train.flatten(1)[:, indices]
    parts = x.flatten(1)[:, indices].split(250)
    return torch.cat([torch.cdist(part, observed).topk(k, largest=False).indices for part in parts])


def _check_classes(network: FeatureExtractor, x: Tensor, labels: Tensor) -> Tensor:
    """Return for each image whether the classifier reads it as its label, [n] of zeros and ones."""
    logits = cast(Tensor, network(images.to_uint8(x, (0.0, 1.0))).logits)
    return (logits.argmax(1) == labels).float()


def _with_error(values: Tensor) -> tuple[float, float]:
    """Compute the mean of [n] and its standard error."""
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def draw_inpainting(model: InpaintingGAN, data: ImageData, path: Path) -> Path:
    """Draw observed pixels, completions and the original of each digit, with masks of all kinds in turn."""
    labels = data.labels("test")
    indices = torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(data.num_classes)])
    x = data.images("test")[indices]
    kinds: list[Masks] = [HalfPlanes(), Rectangles(), HalfPlanes(), Pixels(), Nothing()]
    rng = torch.Generator().manual_seed(7)
    shape = model.generator.data_shape
    mask = torch.cat([kinds[i % len(kinds)].draw(1, shape, rng) for i in range(len(x))])
    completions = images.to_uint8(
        model.inpaint(x, mask, SHOWN, seed=1), model.generator.value_range
    )
    originals = images.to_uint8(x, model.generator.value_range)
    hidden = torch.full_like(originals, 128)
    shown = torch.where(mask == 1, originals, hidden)
    image = images.make_image_grid(
        torch.cat([shown[:, None], completions, originals[:, None]], dim=1).flatten(0, 1), SHOWN + 2
    )
    figure = Figure(figsize=(4.6, 5.7), layout="constrained", dpi=110)
    ax = figure.subplots()
    ax.imshow(image.permute(1, 2, 0).numpy())
    side = image.shape[2] / (SHOWN + 2)
    columns = {0.5: "observed", SHOWN / 2 + 1: "completions", SHOWN + 1.5: "original"}
    ax.set_xticks([side * x for x in columns], list(columns.values()), fontsize=8)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return images.save_image(figures.render_figure(figure), path)
