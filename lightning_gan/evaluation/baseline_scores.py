"""Baseline scores under the same protocol, with a cache."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from lightning_gan.arguments import Count, Seed, check_arguments
from lightning_gan.evaluation.baselines import KMeans, OneImage, PixelBernoulli, TrainingSet
from lightning_gan.evaluation.progress import log_once
from lightning_gan.evaluation.protocol import Score, protocol_from_dict
from lightning_gan.evaluation.sample_sets import ImageSet, ModelSamples
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.file_format import FORMAT, KEY, check_format

CENTROIDS = 1000


@check_arguments
def make_baselines(
    train: Tensor, n: Count, seed: Seed
) -> Iterator[tuple[str, Callable[[], ModelSamples]]]:
    """Yield the name of each baseline and a function that makes its sample set.

    Args:
        train: Training images in [0, 1], [N, C, H, W].
        n: Number of samples, at least 1; for the training images at most N.
        seed: Seed of the draw, 0 to 2^32 - 1.
    """

    def sample_set(name: str, model: object, n: int) -> ModelSamples:
        return ModelSamples(model, n, seed, (0.0, 1.0), name)

    k = min(CENTROIDS, len(train))
    yield (
        "training images",
        lambda: sample_set("training images", TrainingSet(train), min(n, len(train))),
    )
    yield f"k-means, k={k}", lambda: sample_set(f"k-means, k={k}", KMeans(train, k), n)
    yield "pixel Bernoulli", lambda: sample_set("pixel Bernoulli", PixelBernoulli(train), n)
    yield "one image", lambda: sample_set("one image", OneImage(train[0]), n)


@check_arguments
def make_training_images(train: Tensor, n: Count, seed: Seed) -> ImageSet:
    """Make a sample set of training images, as the baseline of a perfect model.

    Args:
        train: Training images, uint8, [N, C, H, W].
        n: Number of images, at least 1; all if there are fewer.
        seed: Seed of the draw, 0 to 2^32 - 1.
    """
    drawn = TrainingSet(train).sample(min(n, len(train)), seed)
    return ImageSet(drawn, "training images", seed)


def cached_scores(key: str, folder: Path, make: Callable[[], Sequence[Score]]) -> list[Score]:
    """Read scores from the cache, or compute and store them.

    Args:
        key: Text with everything that the scores depend on.
        folder: Folder of the cache.
        make: Function that computes the scores.
    """
    path = folder / "baselines" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        check_format(stored, path)
        scores = [
            Score(
                s["name"], s["value"], s["sd"], protocol_from_dict(s["protocol"]), tuple(s["notes"])
            )
            for s in stored["scores"]
        ]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # missing, of an older format, or damaged
        scores = list(make())
        _write(path, scores)
    return scores


def _write(path: Path, scores: Sequence[Score]) -> None:
    try:
        with atomic_write(path) as partial:
            content = {KEY: FORMAT, "scores": [s.as_dict() for s in scores]}
            partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except OSError as error:  # without a cache the scores are still right
        log_once(f"The baseline scores were not cached ({error.strerror}: {path.parent}).")
