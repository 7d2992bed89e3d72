"""Command `download`: download data sets and weights, and train classifiers for metrics."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import callbacks
import datamodules
from callbacks.feature_metrics import FeatureScore
from lightning_gan.arguments import Seed, check_arguments
from lightning_gan.evaluation import default_extractor
from lightning_gan.feature_extractors import (
    Classifier,
    cache_folder,
    fetch_inception,
    measure_accuracy,
    save_classifier,
    train_classifier,
)
from lightning_gan.utils.downloads import FetchError
from lightning_gan.utils.errors import UserError

LOCAL = (datamodules.ImageData, datamodules.ImageFolder)  # images of the user
EMBEDDED = "mnist5k"  # name of MNIST if only the 5,000 digits inside a package are available


@check_arguments
def download(
    data: list[str] | None = None,
    weights: bool = False,
    classifier: str | None = None,
    root: str = "data",
    seed: Seed = 0,
) -> None:
    """Download data sets and weights, or train a classifier for metrics.

    Without data, weights and classifier, all data sets and the Inception weights are downloaded.

    Args:
        data: Names of data sets, such as MNIST and CIFAR10.
        weights: Whether to download the Inception weights to the cache.
        classifier: Name of a grayscale data set, such as mnist, on which to train a classifier.
        root: Folder of the data sets.
        seed: Random seed for the training of the classifier, 0 to 2^32 - 1.

    Raises:
        UserError: A download failed; the others are complete.
    """
    kinds = _list_data_sets()
    wanted = {name: (lambda name=name: _download_named(kinds, name, root)) for name in data or ()}
    if not (data or weights or classifier):
        own = {n: k for n, k in kinds.items() if not {*k.__bases__} & {*kinds.values()}}
        wanted = {name: (lambda kind=own[name]: _download_data_set(kind, root)) for name in own}
    jobs: dict[str, Callable[[], str]] = dict(wanted)
    if weights or not (data or classifier):
        jobs["Inception weights"] = lambda: " from ".join(map(str, fetch_inception()))
    if classifier:
        jobs[f"classifier of {classifier}"] = lambda: _train_classifier(
            kinds, classifier, root, seed
        )
    failed = []
    for name, job in jobs.items():
        try:
            print(f"{name}: {job()}", flush=True)
        except (FetchError, OSError, ValueError) as error:
            failed.append(name)
            print(f"{name}: failed: {error}", flush=True)
    if failed:
        raise UserError(f"Downloads failed: {', '.join(failed)}; the reasons are above.")


def list_needed(settings: Mapping[str, Any]) -> list[str]:
    """List the flags of `download` for the data and the weights of a run.

    Args:
        settings: Settings of `fit` as plain values.
    """
    data = settings["data"]
    name = data["class_path"].rpartition(".")[2]
    arguments = data.get("init_args") or {}
    flags = ["--data", name, "--root", arguments["root"]] if name in _list_data_sets() else []
    scores = [c for c in settings["trainer"].get("callbacks") or () if _uses_default_features(c)]
    if not scores:
        return flags
    kind = getattr(datamodules, name, None)
    space = default_extractor(getattr(kind, "data_shape", ()), getattr(kind, "name", ""))
    if isinstance(space, Classifier):
        return [*flags, "--classifier", space.data]
    return [*flags, "--weights"]


def _uses_default_features(callback: Mapping[str, Any]) -> bool:
    """Return whether a callback uses the default feature extractor of the data."""
    kind = getattr(callbacks, callback["class_path"].rpartition(".")[2], None)
    own = (callback.get("init_args") or {}).get("features")
    return isinstance(kind, type) and issubclass(kind, FeatureScore) and own is None


def _list_data_sets() -> dict[str, type[datamodules.ImageData]]:
    """List the data sets of images that are stored in files, by name."""
    found = {name: getattr(datamodules, name) for name in datamodules.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type)
        and issubclass(kind, datamodules.ImageData)
        and kind not in LOCAL
        and "root" in inspect.signature(kind).parameters
    }


def _download_named(kinds: dict[str, type[datamodules.ImageData]], name: str, root: str) -> str:
    if name not in kinds:
        raise UserError(f"there is no data set {name!r}: give one of {', '.join(kinds)}.")
    return _download_data_set(kinds[name], root)


def _download_data_set(kind: type[datamodules.ImageData], root: str) -> str:
    """Download and verify a data set; refuse the embedded digits as a substitute."""
    module = kind(root=root)  # type: ignore[call-arg]
    module.prepare_data()
    if module.name != kind.name:
        raise FetchError(f"only {module.name} is available, not {kind.name}")
    return module.provenance


def _train_classifier(
    kinds: dict[str, type[datamodules.ImageData]], name: str, root: str, seed: int
) -> str:
    """Train a classifier, test it, and save it under the name of the data that were found."""
    by_name: dict[str, Any] = {k.name: k for k in kinds.values() if k.data_shape[0] == 1}
    by_name[EMBEDDED] = datamodules.MNIST
    if name not in by_name:
        raise UserError(
            f"there is no grayscale data set {name!r}: give one of {', '.join(by_name)}."
        )
    source = {"source": "embedded"} if name == EMBEDDED else {}
    module = by_name[name](root=root, **source)
    module.prepare_data()
    module.setup()
    n = len(module.labels("train"))
    print(f"training on {n:,} images; 50,000 take about a minute", flush=True)
    network = train_classifier(module.uint8_images("train"), module.labels("train"), seed=seed)
    accuracy = measure_accuracy(network, module.uint8_images("test"), module.labels("test"))
    path = cache_folder() / Classifier(module.name).file
    save_classifier(network, path, data=module.name, accuracy=accuracy, seed=seed)
    return f"{accuracy:.2%} of {len(module.labels('test')):,} test images correct; {path}, {network.weights[:8]}"
