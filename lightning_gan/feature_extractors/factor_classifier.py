"""What stands on an image whose factors are known: one trunk, and a softmax for each factor.

Trained on this machine on images with their factors, in less than a minute, and kept in the cache.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_gan.arguments import Count, Seed, Size, check_arguments
from lightning_gan.feature_extractors.base import check_images, hash_tensors
from lightning_gan.feature_extractors.classifier import DigitLayers
from lightning_gan.feature_extractors.classifier_training import fit, limit_torch_threads
from lightning_gan.feature_extractors.precision import exact_float32
from lightning_gan.feature_extractors.weights import cache_folder
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY

SHAPE = (3, 32, 32)
EPOCHS = 2
NOISE = (
    20.0  # standard deviation, of 255, on every other image: samples have noise that the data lack
)


class FactorPrediction(NamedTuple):
    """What a reader says of m images.

    Attributes:
        values: of each factor, the most likely one: int64, [m, n_factors].
        confidence: its probability, [m, n_factors].
    """

    values: Tensor
    confidence: Tensor


class FactorClassifier(nn.Module):
    """A trained classifier of several factors: frozen, always in evaluation mode.

    Args:
        layers: trained; taken over and frozen. Their logits are those of all factors, one after the other.
        sizes: values of each factor, each 1 to 2^20.
    """

    @check_arguments
    def __init__(self, layers: DigitLayers, sizes: Sequence[Size]) -> None:
        super().__init__()
        self.layers, self.sizes = layers.requires_grad_(False), list(sizes)
        self.eval()

    @torch.no_grad()
    def read(self, image_bytes: Tensor) -> FactorPrediction:
        """The factors of colour images, bytes (uint8) [m, 3, 32, 32].

        Raises:
            ValueError: if they are not bytes, or of another shape.
        """
        check_images(image_bytes)
        if image_bytes.shape[1:] != SHAPE:
            raise UserError(
                f"Images of {list(image_bytes.shape[1:])} came to a reader of factors: give [m, 3, 32, 32]."
            )
        with exact_float32(image_bytes.device):
            parts = image_bytes.split(1000)
            logits = torch.cat([self.layers(part.float() / 255)[1] for part in parts])
        best = [head.softmax(1).max(1) for head in logits.split(self.sizes, 1)]
        return FactorPrediction(
            torch.stack([b.indices for b in best], 1), torch.stack([b.values for b in best], 1)
        )


@check_arguments
def train_factor_classifier(
    image_bytes: Tensor,
    factors: Tensor,
    sizes: Sequence[Size],
    *,
    seed: Seed = 0,
    epochs: Count = EPOCHS,
) -> FactorClassifier:
    """Learn to read every factor, by the sum of their cross-entropies, as `train_classifier` learns its classes.

    Half of the images get noise, so that a reader of clean images is not put off by a sample's background.

    Args:
        image_bytes: bytes (uint8), [n, 3, 32, 32], on the CPU.
        factors: int64, [n, n_factors], each from 0.
        sizes: values of each factor, each 1 to 2^20.
        seed: of the first weights, the order and the moves, 0 to 2^32 - 1.
        epochs: passes through the images, at least 1.
    """
    sizes = list(sizes)

    def loss(logits: Tensor, wanted: Tensor) -> Tensor:
        heads = zip(logits.split(sizes, 1), wanted.unbind(1), strict=True)
        return torch.stack([F.cross_entropy(head, value) for head, value in heads]).sum()

    with torch.random.fork_rng(devices=[]), limit_torch_threads(1):
        torch.default_generator.manual_seed(seed)
        layers = DigitLayers(sum(sizes), SHAPE[0]).to(memory_format=torch.channels_last)
        rng = torch.Generator().manual_seed(seed)
        fit(layers, loss, _half_noisy(image_bytes, rng), factors, epochs, rng)
    return FactorClassifier(layers.to(memory_format=torch.contiguous_format), sizes)


def _half_noisy(image_bytes: Tensor, rng: torch.Generator) -> Tensor:
    """Bytes, of which every other image has Gaussian noise."""
    noisy = image_bytes.clone()
    noise = torch.randn(noisy[::2].shape, generator=rng).mul_(NOISE)
    noisy[::2] = noise.add_(noisy[::2]).round_().clamp_(0, 255).to(torch.uint8)
    return noisy


@check_arguments
def load_factor_classifier(
    image_bytes: Tensor, factors: Tensor, sizes: Sequence[Size]
) -> FactorClassifier:
    """The reader of these images from the cache; trained now and kept if it is not there, or not whole.

    Args:
        image_bytes: see `train_factor_classifier`.
        factors: see `train_factor_classifier`.
        sizes: number of values of each factor, each 1 to 2^20.
    """
    known = hash_tensors({"images": image_bytes, "factors": factors})[:16]
    path = cache_folder() / f"reader-{known}-{EPOCHS}.pt"
    layers = DigitLayers(sum(sizes), SHAPE[0])
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
        layers.load_state_dict(stored["state"])
        if stored[KEY] == FORMAT and hash_tensors(stored["state"]) == stored["digest"]:
            return FactorClassifier(layers, sizes)
    except Exception:  # no file, or bytes that are no tensors: a dozen kinds
        pass
    reader = train_factor_classifier(image_bytes, factors, sizes)
    state = dict(reader.layers.state_dict())
    with atomic_write(path) as beside:
        torch.save({KEY: FORMAT, "state": state, "digest": hash_tensors(state)}, beside)
    return reader


def measure_factor_accuracy(
    reader: FactorClassifier, image_bytes: Tensor, factors: Tensor
) -> Tensor:
    """Share of the images on which each factor is read rightly, and last, on which all are: [n_factors + 1].

    Args:
        reader: trained.
        image_bytes: bytes (uint8), [n, 3, 32, 32].
        factors: int64, [n, n_factors].
    """
    right = reader.read(image_bytes).values == factors
    return torch.cat([right, right.all(1, keepdim=True)], 1).float().mean(0)
