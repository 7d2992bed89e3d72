"""Train and store the classifier of grey images: about a minute on one core, seeded, in plain PyTorch."""

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
PEAK = 0.005  # peak learning rate of AdamW, after a fifth of all steps; then it falls to 0
DECAY = 0.01
SHIFT = 1  # largest random shift of a training image, in pixels


@check_arguments
def train_classifier(
    image_bytes: Tensor, labels: Tensor, *, seed: Seed = 0, epochs: Count = 6, threads: Threads = 1
) -> DigitNetwork:
    """Train a classifier with cross-entropy; the global random state is not used.

    Training uses AdamW (Loshchilov & Hutter 2019), one cycle of the learning rate (Smith & Topin 2019), and random
    shifts by up to one pixel. Labels are not smoothed, because smoothing removes from the features what distinguishes
    images of a class (Mueller et al. 2019). Seed, threads and processor type determine every bit of the weights.

    Args:
        image_bytes: Images, uint8, [n, 1, 28, 28], on the CPU.
        labels: Labels, integers 0 to classes - 1, [n]; every class occurs.
        seed: Seed of the initial weights, the order and the shifts, 0 to 2^32 - 1.
        epochs: Number of passes over the images, at least 1.
        threads: Number of CPU threads, at most the cores of this process; another number rounds differently.

    Returns:
        Trained feature extractor.

    Raises:
        UserError: The images or labels are invalid, or training diverged.
    """
    check_digits(image_bytes, "Classifier training")
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
    """Minimize loss_of(logits, labels) over the layers in place, with the method of `train_classifier`.

    Raises:
        UserError: Training diverged.
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
        raise UserError(
            f"The training of the classifier diverged (last loss {loss:.3g}): check the images and labels."
        )


def shift_images_randomly(image_bytes: Tensor, rng: torch.Generator) -> Tensor:
    """Shift each image of [m, C, H, W] by -1, 0 or 1 pixels along both axes, filled with 0."""
    m, _, height, width = image_bytes.shape
    padded = F.pad(image_bytes, (SHIFT,) * 4)
    down, right = torch.randint(2 * SHIFT + 1, (2, m, 1), generator=rng)
    rows = (down + torch.arange(height))[:, :, None]
    columns = (right + torch.arange(width))[:, None, :]
    return padded[torch.arange(m)[:, None, None], :, rows, columns].permute(0, 3, 1, 2)


@torch.no_grad()
def measure_accuracy(network: FeatureExtractor, image_bytes: Tensor, labels: Tensor) -> float:
    """Compute the share of images, uint8 [n, C, H, W], whose largest logit is that of their label, [n].

    Raises:
        UserError: There are no images, the numbers of images and labels differ, or the network has no logits.
    """
    if not len(image_bytes) or len(image_bytes) != len(labels):
        raise UserError(
            f"There are {len(image_bytes)} images and {len(labels)} labels: give one label for each image, one or more."
        )
    correct = 0
    for images, wanted in zip(image_bytes.split(1000), labels.split(1000), strict=True):
        logits = network(images).logits
        if logits is None:
            raise UserError(f"{network.name} has no last layer: give weights with class logits.")
        correct += int((logits.argmax(1) == wanted).sum())
    return correct / len(image_bytes)


@check_arguments
def save_classifier(
    network: DigitNetwork, path: Path, *, data: str, accuracy: Share, seed: Seed
) -> None:
    """Save a classifier for `Classifier.load`, atomically, as tensors and plain values.

    Args:
        network: Trained classifier.
        path: Output path; folders are created, and an existing file is replaced.
        data: Name of the data set that it was trained on.
        accuracy: Accuracy on the test images, 0 to 1.
        seed: Seed of its training, 0 to 2^32 - 1.
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
    with atomic_write(path) as partial:
        torch.save(stored, partial)


def _classes(labels: Tensor, n: int) -> int:
    """Check the labels of n images and return the number of classes."""
    counted = labels.dim() == 1 and not (labels.is_floating_point() or labels.is_complex())
    if not counted or len(labels) != n or n < 2:
        raise UserError(
            f"The labels are {labels.dtype}, {list(labels.shape)}, for {n} images: give one "
            f"integer for each image, and two images or more."
        )
    seen = labels.unique().tolist()
    if not 2 <= len(seen) <= MOST_CLASSES or seen != list(range(len(seen))):
        raise UserError(
            f"The labels are {seen[:12]}: give 0, 1, ... without gaps, 2 to {MOST_CLASSES} classes."
        )
    return len(seen)


@contextmanager
def limit_torch_threads(n: int) -> Iterator[None]:
    """Set the number of CPU threads of torch, and restore it at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
