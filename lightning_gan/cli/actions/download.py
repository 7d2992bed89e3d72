"""`python -m lightning_gan download`: data, weights and classifiers, before a job runs where there is no network."""

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

NOT_FETCHED = (datamodules.ImageData, datamodules.ImageFolder)  # the user's own images are there
EMBEDDED = "mnist5k"  # what MNIST calls itself where only the digits inside a package are to be had


@check_arguments
def download(
    data: list[str] | None = None,
    weights: bool = False,
    classifier: str | None = None,
    root: str = "data",
    seed: Seed = 0,
) -> None:
    """Bring what a run needs onto this machine; all data sets and the Inception weights where nothing is named.

    Args:
        data: Data sets of this suite, such as MNIST,CIFAR10; each goes to `root`.
        weights: Whether to fetch the Inception weights into the cache.
        classifier: Data set of grey images, such as mnist, on which a classifier for its scores is trained.
        root: Folder of the data sets.
        seed: Of the classifier's training, 0 to 2^32 - 1.
    """
    kinds = _kinds()
    wanted = {name: (lambda name=name: _data(kinds, name, root)) for name in data or ()}
    if not (data or weights or classifier):
        own = {n: k for n, k in kinds.items() if not {*k.__bases__} & {*kinds.values()}}
        wanted = {name: (lambda kind=own[name]: _load(kind, root)) for name in own}
    jobs: dict[str, Callable[[], str]] = dict(wanted)
    if weights or not (data or classifier):
        jobs["Inception weights"] = lambda: " from ".join(map(str, fetch_inception()))
    if classifier:
        jobs[f"classifier of {classifier}"] = lambda: _classifier(kinds, classifier, root, seed)
    failed = []
    for name, job in jobs.items():
        try:
            print(f"{name}: {job()}", flush=True)
        except (FetchError, OSError, ValueError) as error:
            failed.append(name)
            print(f"{name}: failed: {error}", flush=True)
    if failed:
        raise UserError(f"Not fetched: {', '.join(failed)}; the reasons stand above.")


def list_needed(settings: Mapping[str, Any]) -> list[str]:
    """Flags of this command for what a run reads.

    Args:
        settings: of fit, as plain values.
    """
    data = settings["data"]
    name = data["class_path"].rpartition(".")[2]
    arguments = data.get("init_args") or {}
    flags = ["--data", name, "--root", arguments["root"]] if name in _kinds() else []
    scores = [c for c in settings["trainer"].get("callbacks") or () if _sees_features(c)]
    if not scores:
        return flags
    kind = getattr(datamodules, name, None)
    space = default_extractor(getattr(kind, "data_shape", ()), getattr(kind, "name", ""))
    if isinstance(space, Classifier):
        return [*flags, "--classifier", space.data]
    return [*flags, "--weights"]


def _sees_features(callback: Mapping[str, Any]) -> bool:
    """Whether it asks for the features that belong to the data: a config may name others, and their weights."""
    kind = getattr(callbacks, callback["class_path"].rpartition(".")[2], None)
    own = (callback.get("init_args") or {}).get("features")
    return isinstance(kind, type) and issubclass(kind, FeatureScore) and own is None


def _kinds() -> dict[str, type[datamodules.ImageData]]:
    """The data sets of images that come in files."""
    found = {name: getattr(datamodules, name) for name in datamodules.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type)
        and issubclass(kind, datamodules.ImageData)
        and kind not in NOT_FETCHED
        and "root" in inspect.signature(kind).parameters
    }


def _data(kinds: dict[str, type[datamodules.ImageData]], name: str, root: str) -> str:
    if name not in kinds:
        raise UserError(f"there is no data set {name!r}: name one of {', '.join(kinds)}.")
    return _load(kinds[name], root)


def _load(kind: type[datamodules.ImageData], root: str) -> str:
    """Fetch and verify; the embedded digits are no substitute here."""
    module = kind(root=root)  # type: ignore[call-arg]
    module.prepare_data()
    if module.name != kind.name:
        raise FetchError(f"only {module.name} is to be had, not {kind.name}")
    return module.provenance


def _classifier(
    kinds: dict[str, type[datamodules.ImageData]], name: str, root: str, seed: int
) -> str:
    """Train on the training split, test on the test split, store under the name of the data really used."""
    by_name: dict[str, Any] = {k.name: k for k in kinds.values() if k.data_shape[0] == 1}
    by_name[EMBEDDED] = datamodules.MNIST
    if name not in by_name:
        raise UserError(
            f"there is no data set of grey images called {name!r}: name one of {', '.join(by_name)}."
        )
    source = {"source": "embedded"} if name == EMBEDDED else {}
    module = by_name[name](root=root, **source)
    module.prepare_data()
    module.setup()
    n = len(module.labels("train"))
    print(f"training on {n:,} images; 50,000 take about a minute", flush=True)
    network = train_classifier(module.uint8_images("train"), module.labels("train"), seed=seed)
    right = measure_accuracy(network, module.uint8_images("test"), module.labels("test"))
    path = cache_folder() / Classifier(module.name).file
    save_classifier(network, path, data=module.name, accuracy=right, seed=seed)
    return f"{right:.2%} of {len(module.labels('test')):,} test images right; {path}, {network.weights[:8]}"
