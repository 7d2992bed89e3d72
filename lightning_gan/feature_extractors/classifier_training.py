"""How the classifier of grey images is trained and stored: about a minute on one core, seeded, plain PyTorch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_gan.arguments import Count, Seed, Share, Threads, check_arguments
from lightning_gan.feature_extractors.base import FeatureExtractor
from lightning_gan.feature_extractors.classifier import (
    MOST_CLASSES,
    DigitLayers,
    DigitNetwork,
    check_digits,
)
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY

BATCH = 256
PEAK = 0.005  # AdamW's rate after the first fifth of all steps; it falls to 0 from there
DECAY = 0.01
SHIFT = 1  # pixels, at most, by which an image is moved while training


@check_arguments
def train_classifier(
    image_bytes: Tensor, labels: Tensor, *, seed: Seed = 0, epochs: Count = 6, threads: Threads = 1
) -> DigitNetwork:
    """Learn to tell classes apart, by cross-entropy; no global random number is drawn.

    AdamW (Loshchilov & Hutter 2019), one cycle of the learning rate (Smith & Topin 2019), images moved by up to
    one pixel. Labels are not smoothed, because that takes out of the features what tells images of a class apart
    (Mueller et al. 2019). Seed, threads and the kind of processor determine every bit of the weights.

    Args:
        image_bytes: bytes 0..255 (uint8), [n, 1, 28, 28], on the CPU.
        labels: integers 0..classes - 1, [n]; every class occurs.
        seed: of the first weights, the order and the moves, 0 to 2^32 - 1.
        epochs: passes through the images, at least 1.
        threads: of the CPU, at most the cores that this process may use; a different number rounds differently. One
            by default, whatever the machine has.

    Raises:
        ValueError: naming what does not fit, or that training diverged.
    """
    check_digits(image_bytes, "the training of a classifier")
    classes = _classes(labels, len(image_bytes))
    with torch.random.fork_rng(devices=[]), limit_torch_threads(threads):
        torch.default_generator.manual_seed(seed)
        layers = DigitLayers(classes).to(memory_format=torch.channels_last)
        rng = torch.Generator().manual_seed(seed)
        fit(layers, F.cross_entropy, image_bytes, labels.long(), epochs, rng)
    return DigitNetwork(layers.to(memory_format=torch.contiguous_format))


def fit(
    layers: DigitLayers,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    image_bytes: Tensor,
    labels: Tensor,
    epochs: int,
    rng: torch.Generator,
) -> None:
    """Descend loss_of(logits, labels) as `train_classifier` says, in place.

    Raises:
        ValueError: if training diverged.
    """
    batch = min(BATCH, len(image_bytes))
    per_epoch = len(image_bytes) // batch
    total, rise = epochs * per_epoch, max(1, epochs * per_epoch // 5)
    optimizer = torch.optim.AdamW(layers.parameters(), PEAK, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, (total - step) / (total - rise + 1))
    )
    for _ in range(epochs):
        order = torch.randperm(len(image_bytes), generator=rng)[: per_epoch * batch]
        for pick in order.split(batch):
            _, logits = layers(shift_images_randomly(image_bytes[pick], rng).float() / 255)
            loss = loss_of(logits, labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    if not loss.isfinite():
        raise UserError(f"The training of a classifier diverged: its last loss is {loss:.3g}.")


def shift_images_randomly(image_bytes: Tensor, rng: torch.Generator) -> Tensor:
    """Each of [m, C, H, W] by -1, 0 or 1 pixels in both directions; what comes in is 0."""
    m, _, height, width = image_bytes.shape
    padded = F.pad(image_bytes, (SHIFT,) * 4)
    down, right = torch.randint(2 * SHIFT + 1, (2, m, 1), generator=rng)
    rows = (down + torch.arange(height))[:, :, None]
    columns = (right + torch.arange(width))[:, None, :]
    return padded[torch.arange(m)[:, None, None], :, rows, columns].permute(0, 3, 1, 2)


@torch.no_grad()
def measure_accuracy(network: FeatureExtractor, image_bytes: Tensor, labels: Tensor) -> float:
    """Share of the images, uint8 [n, C, H, W], whose largest logit is that of their label, [n].

    Raises:
        ValueError: if there are none, or they are not as many, or the network has no classes.
    """
    if not len(image_bytes) or len(image_bytes) != len(labels):
        raise UserError(
            f"{len(image_bytes)} images with {len(labels)} labels: give one or more, and as many."
        )
    right = 0
    for images, wanted in zip(image_bytes.split(1000), labels.split(1000), strict=True):
        logits = network(images).logits
        if logits is None:
            raise UserError(f"{network.name} has no last layer, so it cannot be right or wrong.")
        right += int((logits.argmax(1) == wanted).sum())
    return right / len(image_bytes)


@check_arguments
def save_classifier(
    network: DigitNetwork, path: Path, *, data: str, accuracy: Share, seed: Seed
) -> None:
    """Store a classifier for `Classifier.load`: whole or not at all, tensors and plain values only.

    Args:
        network: trained.
        path: of the file; folders are made, an older file is replaced.
        data: name of the data that it learned.
        accuracy: share of the test images that it names rightly, 0 to 1.
        seed: of its training, 0 to 2^32 - 1.
    """
    stored = {
        KEY: FORMAT,
        "state": dict(network.layers.state_dict()),
        "data": data,
        "classes": network.classes,
        "dim": network.dim,
        "accuracy": accuracy,
        "seed": seed,
        "digest": network.weights,
    }
    with atomic_write(path) as beside:
        torch.save(stored, beside)


def _classes(labels: Tensor, n: int) -> int:
    """Number of classes of n labels that are as they should be."""
    counted = labels.dim() == 1 and not (labels.is_floating_point() or labels.is_complex())
    if not counted or len(labels) != n or n < 2:
        raise UserError(
            f"Labels of {labels.dtype}, {list(labels.shape)}, came with {n} images: give one "
            f"integer for each, and two images or more."
        )
    seen = labels.unique().tolist()
    if not 2 <= len(seen) <= MOST_CLASSES or seen != list(range(len(seen))):
        raise UserError(
            f"The labels are {seen[:12]}: give 0, 1, ... without a gap, 2 to {MOST_CLASSES} classes."
        )
    return len(seen)


@contextmanager
def limit_torch_threads(n: int) -> Iterator[None]:
    """Compute on n threads of the CPU meanwhile."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
