"""What models that need no training score by the same protocol: a value says little until these stand beside it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from lightning_gan.baselines import KMeans, OneImage, PixelBernoulli, TrainingSet
from lightning_gan.domains import Count, Seed, check_arguments
from lightning_gan.evaluation.banks import Pictures, Samples
from lightning_gan.evaluation.cards import Score, card_from
from lightning_gan.evaluation.patience import once
from lightning_gan.file_format import FORMAT, KEY, check_format
from lightning_gan.whole_files import whole

CENTROIDS = 1000


@check_arguments
def baselines(train: Tensor, n: Count, seed: Seed) -> Iterator[tuple[str, Callable[[], Samples]]]:
    """Each baseline's name, and how to make its bank.

    Args:
        train: training images in [0, 1], [N, C, H, W].
        n: samples, at least 1; of the training images no more than there are.
        seed: of the draw, 0 to 2^32 - 1.
    """

    def bank(name: str, model: object, n: int) -> Samples:
        return Samples(model, n, seed, (0.0, 1.0), name)

    k = min(CENTROIDS, len(train))
    yield "training images", lambda: bank("training images", TrainingSet(train), min(n, len(train)))
    yield f"k-means, k={k}", lambda: bank(f"k-means, k={k}", KMeans(train, k), n)
    yield "pixel Bernoulli", lambda: bank("pixel Bernoulli", PixelBernoulli(train), n)
    yield "one image", lambda: bank("one image", OneImage(train[0]), n)


@check_arguments
def training_images(train: Tensor, n: Count, seed: Seed) -> Pictures:
    """A bank of training images as they are: what a perfect model's samples would score.

    Args:
        train: uint8, [N, C, H, W].
        n: of them, or all where there are fewer, at least 1.
        seed: of the draw, 0 to 2^32 - 1.
    """
    drawn = TrainingSet(train).sample(min(n, len(train)), seed)
    return Pictures(drawn, "training images", seed)


def kept(key: str, folder: Path, make: Callable[[], Sequence[Score]]) -> list[Score]:
    """Scores from a cache, or made now and kept.

    Args:
        key: everything that the scores depend on, in words.
        folder: of the cache.
        make: computes them.
    """
    path = folder / "rulers" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        check_format(stored, path)
        scores = [
            Score(**(s | {"card": card_from(s["card"]), "notes": tuple(s["notes"])}))
            for s in stored["scores"]
        ]
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # not there, older, or not whole
        scores = list(make())
        _write(path, scores)
    return scores


def _write(path: Path, scores: Sequence[Score]) -> None:
    try:
        with whole(path) as beside:
            content = {KEY: FORMAT, "scores": [s.as_dict() for s in scores]}
            beside.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except OSError as error:  # the scores are worth more than their cache
        once(f"The ruler was not kept ({error.strerror}: {path.parent}).")
