"""Classifier of the factors of an image: one trunk, and a softmax for each factor.

It is trained on this machine in less than a minute and stored in the cache.
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
NOISE = 20.0  # standard deviation of pixels in 0..255, on every other image: samples are noisier than data


class FactorPrediction(NamedTuple):
    """Predicted factors of m images.

    Attributes:
        values: Most likely value of each factor, int64, [m, n_factors].
        confidence: Probability of each value, [m, n_factors].
    """

    values: Tensor
    confidence: Tensor


class FactorClassifier(nn.Module):
    """Trained classifier of several factors: frozen, always in evaluation mode.

    Args:
        layers: Trained layers, which are frozen. Their logits are those of all factors, concatenated.
        sizes: Number of values of each factor, each 1 to 2^20.
    """

    @check_arguments
    def __init__(self, layers: DigitLayers, sizes: Sequence[Size]) -> None:
        super().__init__()
        self.layers, self.sizes = layers.requires_grad_(False), list(sizes)
        self.eval()

    @torch.no_grad()
    def read(self, image_bytes: Tensor) -> FactorPrediction:
        """Predict the factors of colour images, uint8, [m, 3, 32, 32].

        Raises:
            UserError: The images are not bytes, or have another shape.
        """
        check_images(image_bytes)
        if image_bytes.shape[1:] != SHAPE:
            raise UserError(
                f"The factor classifier got images of {list(image_bytes.shape[1:])}: give [m, 3, 32, 32]."
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
    """Train a factor classifier with the sum of cross-entropies, with the method of `train_classifier`.

    Half of the images get noise, so that the classifier is robust to the noisy background of samples.

    Args:
        image_bytes: Images, uint8, [n, 3, 32, 32], on the CPU.
        factors: Factors, int64, [n, n_factors], each from 0.
        sizes: Number of values of each factor, each 1 to 2^20.
        seed: Seed of the initial weights, the order and the shifts, 0 to 2^32 - 1.
        epochs: Number of passes over the images, at least 1.

    Returns:
        Trained classifier.
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
    """Add Gaussian noise to every other image."""
    noisy = image_bytes.clone()
    noise = torch.randn(noisy[::2].shape, generator=rng).mul_(NOISE)
    noisy[::2] = noise.add_(noisy[::2]).round_().clamp_(0, 255).to(torch.uint8)
    return noisy


@check_arguments
def load_factor_classifier(
    image_bytes: Tensor, factors: Tensor, sizes: Sequence[Size]
) -> FactorClassifier:
    """Load the factor classifier of these images from the cache; train and store it if it is missing or damaged.

    Args:
        image_bytes: Images, uint8, [n, 3, 32, 32], on the CPU.
        factors: Factors, int64, [n, n_factors], each from 0.
        sizes: Number of values of each factor, each 1 to 2^20.
    """
    known = hash_tensors({"images": image_bytes, "factors": factors})[:16]
    path = cache_folder() / f"reader-{known}-{EPOCHS}.pt"
    layers = DigitLayers(sum(sizes), SHAPE[0])
    try:
        stored = torch.load(path, weights_only=True, map_location="cpu")
        layers.load_state_dict(stored["state"])
        if stored[KEY] == FORMAT and hash_tensors(stored["state"]) == stored["digest"]:
            return FactorClassifier(layers, sizes)
    except Exception:  # a missing file, or other bytes, raise many kinds of errors
        pass
    reader = train_factor_classifier(image_bytes, factors, sizes)
    state = dict(reader.layers.state_dict())
    with atomic_write(path) as partial:
        torch.save({KEY: FORMAT, "state": state, "digest": hash_tensors(state)}, partial)
    return reader


def measure_factor_accuracy(
    reader: FactorClassifier, image_bytes: Tensor, factors: Tensor
) -> Tensor:
    """Compute the accuracy of each factor, and of all factors together.

    Args:
        reader: Trained classifier.
        image_bytes: Images, uint8, [n, 3, 32, 32].
        factors: Factors, int64, [n, n_factors].

    Returns:
        Accuracies, [n_factors + 1]; the last one is that of all factors together.
    """
    correct = reader.read(image_bytes).values == factors
    return torch.cat([correct, correct.all(1, keepdim=True)], 1).float().mean(0)
