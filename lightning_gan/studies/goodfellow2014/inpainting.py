"""Halves of test digits completed by mnist_inpainting.yaml: are they the right digit, and do they differ?"""

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
DIGITS = 1000  # test images, each with its left and with its upper half observed
COMPLETIONS = 8  # of each, for the spread; and nearest training images
DIVERSE = 0.25  # smallest spread of completions, as a share of that of the nearest training images
SHOWN = 6  # completions in a row of the image


@dataclass(frozen=True)
class Completed:
    """What was measured on one model; a share is of `2 * DIGITS` half-observed digits.

    Attributes:
        right: share of completions that the classifier reads as the label.
        mean_fill: the same where the hidden half is that of the mean training image.
        neighbour: the same where it is that of the training image with the nearest observed half.
        lead: of the completions over the mean fill, with its standard error over digits.
        spread: standard deviation over completions of a hidden pixel, mean over pixels and digits; and its error.
        spread_neighbours: the same over the nearest training images.
    """

    right: float
    mean_fill: float
    neighbour: float
    lead: tuple[float, float]
    spread: tuple[float, float]
    spread_neighbours: tuple[float, float]


def completed_digits(setting: Setting, name: str) -> list[Finding]:
    """What is completed must be the right digit more often than a mean fill is, and must not be always the same.

    Spread: at least a quarter of that of the hidden halves of training images that agree on the observed one.
    """
    try:
        network = Classifier().load()
    except WeightsError as error:
        return [Finding("MNIST: completed halves", "", str(error), Verdict.NOT_RUN)]
    runs = [train_or_find(CONFIG, setting, seed) for seed in setting.seeds]
    data = load_data(runs[0])
    models = [cast(InpaintingGAN, load_model(run)) for run in runs]
    measured = [measure(model, data, network) for model in models]
    image = draw_inpainting(models[0], data, setting.folder(name) / f"{name}_mnist.png")
    return [_rightness(measured, image), _diversity(measured)]


def _rightness(measured: list[Completed], image: Path) -> Finding:
    lead, error = measured[0].lead
    return Finding(
        "MNIST, half observed: share of completions that a classifier reads as the true digit",
        f"none given (here: above a mean fill, {measured[0].mean_fill:.3f})",
        format_over_seeds([m.right for m in measured]),
        Verdict.of(all(m.lead[0] > 2 * m.lead[1] for m in measured)),
        image,
        note=f"n = {2 * DIGITS:,} a seed; first seed, ± over digits: lead over the mean fill {lead:.3f} ± {error:.3f}; "
        f"filled from the nearest training image: {measured[0].neighbour:.3f}.",
    )


def _diversity(measured: list[Completed]) -> Finding:
    shares = [m.spread[0] / m.spread_neighbours[0] for m in measured]
    (own, error), (theirs, error_theirs) = measured[0].spread, measured[0].spread_neighbours
    return Finding(
        f"MNIST, half observed: spread of {COMPLETIONS} completions / of the {COMPLETIONS} nearest training images",
        f"none given (here: above {DIVERSE:g})",
        format_over_seeds(shares, 2),
        Verdict.of(mean(shares) > DIVERSE),
        note=f"sd of a hidden pixel, first seed, ± over digits: {own:.4f} ± {error:.4f} and {theirs:.4f} ± "
        f"{error_theirs:.4f}.",
    )


def measure(
    model: InpaintingGAN, data: ImageData, network: FeatureExtractor, n: int = DIGITS
) -> Completed:
    """Complete the first n test digits, twice each: with the left and with the upper half observed."""
    x, labels = data.images("test")[:n], data.labels("test")[:n]
    sample_set = data.images("train")
    average = sample_set.mean(0)
    read: dict[str, list[Tensor]] = {"model": [], "mean": [], "neighbour": []}
    spreads: dict[str, list[Tensor]] = {"model": [], "neighbours": []}
    for mask in halves(model.generator.data_shape):
        made = model.inpaint(x, mask, COMPLETIONS, seed=1)
        alike = sample_set[neighbours(x, sample_set, mask, COMPLETIONS)]
        fills = {"model": made[:, 0], "mean": average.expand_as(x), "neighbour": alike[:, 0]}
        for kind, fill in fills.items():
            read[kind].append(_right(network, mask * x + (1 - mask) * fill, labels))
        for kind, several in (("model", made), ("neighbours", alike)):
            spreads[kind].append(several.std(1).mul(1 - mask).flatten(1).sum(1) / (1 - mask).sum())
    right, filled, neighbour = (
        torch.stack(read[kind]).mean(0) for kind in ("model", "mean", "neighbour")
    )
    return Completed(
        float(right.mean()), float(filled.mean()), float(neighbour.mean()), _with_error(right - filled),
        *(_with_error(torch.stack(spreads[kind]).mean(0)) for kind in ("model", "neighbours")),
    )  # fmt: skip


def halves(data_shape: tuple[int, ...]) -> list[Tensor]:
    """Masks that observe the left half, and the upper half."""
    left, upper = torch.zeros(data_shape), torch.zeros(data_shape)
    left[..., : data_shape[-1] // 2] = 1
    upper[..., : data_shape[-2] // 2, :] = 1
    return [left, upper]


def neighbours(x: Tensor, sample_set: Tensor, mask: Tensor, k: int) -> Tensor:
    """Places in the sample set of the k examples nearest to each x where it is observed, [n, k]."""
    places = mask.flatten().nonzero().flatten()
    seen = sample_set.flatten(1)[:, places]
    parts = x.flatten(1)[:, places].split(250)
    return torch.cat([torch.cdist(part, seen).topk(k, largest=False).indices for part in parts])


def _right(network: FeatureExtractor, x: Tensor, labels: Tensor) -> Tensor:
    """Whether each of [n, ...] is read as its label, [n] of zeros and ones."""
    logits = cast(Tensor, network(images.to_uint8(x, (0.0, 1.0))).logits)
    return (logits.argmax(1) == labels).float()


def _with_error(values: Tensor) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def draw_inpainting(model: InpaintingGAN, data: ImageData, path: Path) -> Path:
    """A row for each digit, masks of all kinds in turn: what is observed, completions, the truth."""
    labels = data.labels("test")
    places = torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(data.num_classes)])
    x = data.images("test")[places]
    kinds: list[Masks] = [HalfPlanes(), Rectangles(), HalfPlanes(), Pixels(), Nothing()]
    rng = torch.Generator().manual_seed(7)
    shape = model.generator.data_shape
    mask = torch.cat([kinds[i % len(kinds)].draw(1, shape, rng) for i in range(len(x))])
    made = images.to_uint8(model.inpaint(x, mask, SHOWN, seed=1), model.generator.value_range)
    truth = images.to_uint8(x, model.generator.value_range)
    hidden = torch.full_like(truth, 128)
    shown = torch.where(mask == 1, truth, hidden)
    image = images.make_image_grid(
        torch.cat([shown[:, None], made, truth[:, None]], dim=1).flatten(0, 1), SHOWN + 2
    )
    figure = Figure(figsize=(4.6, 5.7), layout="constrained", dpi=110)
    ax = figure.subplots()
    ax.imshow(image.permute(1, 2, 0).numpy())
    side = image.shape[2] / (SHOWN + 2)
    columns = {0.5: "observed", SHOWN / 2 + 1: "completions", SHOWN + 1.5: "truth"}
    ax.set_xticks([side * place for place in columns], list(columns.values()), fontsize=8)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return images.save_image(figures.render_figure(figure), path)
