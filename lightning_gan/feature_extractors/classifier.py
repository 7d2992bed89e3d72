"""Features of a small classifier of grey 28x28 images, for which ImageNet's features are not meaningful.

The names of its scores have a suffix (fid_classifier). They are not comparable with Inception scores, and with each
other only under the same weights. `classifier_training` trains it.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.feature_extractors.base import (
    FeatureExtractor,
    FeatureExtractorConfig,
    Features,
    WeightsError,
    check_images,
    hash_tensors,
)
from lightning_gan.feature_extractors.precision import exact_float32
from lightning_gan.feature_extractors.weights import cache_folder
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FormatError, check_format

SHAPE = (1, 28, 28)
DIM = 64
MOST_CLASSES = 1000


class DigitLayers(nn.Module):
    """Layers of the digit classifier: 98 thousand parameters, 1.1 million multiplications per image.

    =========================  ======================  ==========================
    layer                      filters                 output
    =========================  ======================  ==========================
    image                                            [m, 1, 28, 28] in [0, 1]
    convolution 5x5, stride 2  16, BatchNorm, ReLU     [m, 16, 14, 14]
    convolution 5x5, stride 2  32, BatchNorm, ReLU     [m, 32, 7, 7]
    convolution 3x3, stride 2  64, BatchNorm, ReLU     [m, 64, 4, 4]
    linear                     64, BatchNorm           [m, 64], the features
    ReLU, linear                                       [m, classes], the logits
    =========================  ======================  ==========================

    The features are taken before the ReLU: no feature is dead, so that their covariance has full rank, and they are
    nearer to the Gaussian that FID assumes. Colour images of 32x32 give the same number of features.

    Args:
        classes: Number of classes, 2 or more.
        channels: Number of channels of the images.
    """

    def __init__(self, classes: int, channels: int = SHAPE[0]) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        for n_in, n_out, kernel in ((channels, 16, 5), (16, 32, 5), (32, 64, 3)):
            conv = nn.Conv2d(n_in, n_out, kernel, stride=2, padding=kernel // 2, bias=False)
            convolutions += [conv, nn.BatchNorm2d(n_out), nn.ReLU()]
        self.trunk = nn.Sequential(
            *convolutions, nn.Flatten(), nn.Linear(64 * 4 * 4, DIM, bias=False), nn.BatchNorm1d(DIM)
        )
        self.last = nn.Linear(DIM, classes)
        self.float()  # independent of the default dtype

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features, [m, 64], and logits, [m, classes], of images in [0, 1], [m, 1, 28, 28]."""
        vectors = self.trunk(images)
        return vectors, self.last(vectors.relu())


class DigitNetwork(FeatureExtractor):
    """Feature extractor of a trained digit classifier: frozen, always in evaluation mode.

    It has 64 features because FID needs many more images than dimensions: 10,000 images are 156 for each.

    Args:
        layers: Trained layers, which are frozen.
        name: Name of the feature space.
    """

    dim = DIM
    resize = "not resized"

    def __init__(self, layers: DigitLayers, name: str = "classifier") -> None:
        super().__init__()
        self.layers = layers.requires_grad_(False)
        self.name, self.classes = name, layers.last.out_features
        self.weights = hash_tensors(layers.state_dict())
        self.eval()

    def train(self, mode: bool = True) -> "DigitNetwork":
        """Stay in evaluation mode, also when a parent module is set to training."""
        return super().train(False)

    def forward(self, images: Tensor) -> Features:
        """Compute vectors, [m, 64], and logits, [m, classes], float32.

        Args:
            images: Images, uint8, [m, 1, 28, 28].

        Raises:
            UserError: The images are not bytes, or have another shape.
        """
        check_digits(images, self.name)
        with exact_float32(images.device):
            return Features(*self.layers(images.float() / 255))


@dataclass
class Classifier(FeatureExtractorConfig):
    """Features of a classifier of grey 28x28 images, trained once on this machine.

    Args:
        data: Name of the data set that it was trained on.
        weights: File of the classifier; None: the file in the cache, which
            `python -m lightning_gan download --classifier DATA` makes.
    """

    data: str = "mnist"
    weights: str | None = None
    name: str = field(init=False, repr=False)

    suffix = "_classifier"

    def __post_init__(self) -> None:
        self.name = f"classifier-{self.data}"

    @property
    def file(self) -> str:
        """Name of the file in the cache folder."""
        return f"{self.name}.pt"

    def load(self) -> DigitNetwork:
        """Load the classifier that is stored on this machine.

        Raises:
            WeightsError: There is no file, or it is damaged, or is not a classifier.
        """
        path = cache_folder() / self.file if self.weights is None else Path(self.weights)
        advice = (
            f"run `python -m lightning_gan download --classifier {self.data}`, or give its file."
        )
        if not path.expanduser().is_file():
            raise WeightsError(f"There is no classifier of {self.data} at {path}: {advice}")
        stored = _read(path.expanduser(), advice)
        if stored["data"] != self.data:
            raise WeightsError(f"{path} is a classifier of {stored['data']}: {advice}")
        return DigitNetwork(_layers(stored, path, advice), self.name)


def check_digits(images: Tensor, whose: str) -> None:
    """Check that images are grey, 28x28, as bytes.

    Args:
        images: Images.
        whose: Receiver of the images, for the message.

    Raises:
        UserError: The dtype or the shape is wrong.
    """
    check_images(images)
    if images.shape[1:] != SHAPE:
        raise UserError(
            f"{whose} got images of {list(images.shape[1:])}, but needs grey images of 28x28: "
            f"give [m, 1, 28, 28], or choose the features of Inception."
        )


def _read(path: Path, advice: str) -> dict[str, Any]:
    """Read a file of `save_classifier`; no code in the file is executed."""
    try:
        raw = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): {advice}") from None
    try:
        with zipfile.ZipFile(raw) as archive:
            damaged = archive.testzip()  # PyTorch does not check the checksums
        raw.seek(0)
        stored = None if damaged else torch.load(raw, map_location="cpu", weights_only=True)
    except Exception:  # other bytes raise many kinds of errors
        stored = None
    if not isinstance(stored, dict):
        raise WeightsError(f"{path} is damaged, or is not a classifier: {advice}")
    wanted = {"state": dict, "data": str, "digest": str, "classes": int}
    if not all(isinstance(stored.get(key), kind) for key, kind in wanted.items()):
        raise WeightsError(f"{path} is not a classifier: {advice}")
    try:
        check_format(stored, path)
    except FormatError as error:
        raise WeightsError(f"{error} To make it again, {advice}") from None
    return stored


def _layers(stored: dict[str, Any], path: Path, advice: str) -> DigitLayers:
    """Make layers with the stored tensors, after a check of their shapes and their hash."""
    state, classes = stored["state"], stored["classes"]
    with torch.device("meta"):  # no memory, no random numbers
        layers = DigitLayers(classes) if 2 <= classes <= MOST_CLASSES else None
    if layers is None or _kinds(state) != _kinds(layers.state_dict()):
        raise WeightsError(f"{path} is a classifier of another architecture: {advice}")
    if hash_tensors(state) != stored["digest"]:
        raise WeightsError(f"{path} has tensors that do not match its hash: {advice}")
    layers.load_state_dict(state, assign=True)
    return layers


def _kinds(state: Mapping[str, object]) -> dict[str, object]:
    return {name: isinstance(t, Tensor) and (t.shape, t.dtype) for name, t in state.items()}
