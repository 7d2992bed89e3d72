"""The Parzen-window log-likelihood as a score with its protocol."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lightning_gan.evaluation.protocol import EvaluationProtocol, Score
from lightning_gan.evaluation.reference import ReferenceImages
from lightning_gan.evaluation.sample_sets import ModelSamples
from lightning_gan.metrics import ParzenScore
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.images import to_unit


@dataclass(frozen=True)
class ParzenSplit:
    """Real images of a Parzen score: those that choose sigma, and those that are scored, in [0, 1].

    Attributes:
        name: of the data.
        split: of the images scored.
        choosing: [n_validation, ...].
        scored: [n_test, ...].
        also_chose: whether the images scored have chosen sigma too.
    """

    name: str
    split: str
    choosing: Tensor
    scored: Tensor
    also_chose: bool = False

    def select(self, n: int | None) -> "ParzenSplit":
        """Score n of the images, always the same; or all."""
        scored = ReferenceImages(self.name, self.split, self.scored).select(n).uint8_images
        return replace(self, scored=scored)

    @property
    def wording(self) -> str:
        """The images scored, in words."""
        if self.split != "val":
            return f"{self.name} {self.split} images"
        did = "also chose" if self.also_chose else "did not choose"
        return f"{self.name} validation images that {did} sigma"


def make_parzen_split(data: Any, split: str, num_validation: int) -> ParzenSplit:
    """The images of a data module: the first validation images choose sigma, at test all test images are scored.

    At validation the others are scored, or all where there are no others.
    """
    validation = _to_exact_unit(data.images("val"), data.value_range)
    choosing, held_out = validation[:num_validation], validation[num_validation:]
    if split != "val":
        scored = _to_exact_unit(data.images(split), data.value_range)
        return ParzenSplit(data.name, split, choosing, scored)
    if len(held_out):
        return ParzenSplit(data.name, split, choosing, held_out)
    return ParzenSplit(data.name, split, choosing, validation, also_chose=True)


def _to_exact_unit(x: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Map images to [0, 1], free of rounding where they were bytes, so that data in [-1, 1] and in [0, 1] are equal.

    Args:
        x: images, [n, ...], with values in `value_range`.
        value_range: the values that stand for black and white.

    Returns:
        Images of the same shape, in [0, 1]: multiples of 1/255 where all lie within 1e-6 of these.
    """
    unit = to_unit(x, value_range)
    exact = (unit * 255).round() / 255
    return exact if torch.allclose(unit, exact, rtol=0.0, atol=1e-6) else unit


def make_parzen_split_of_files(real: ReferenceImages, num_validation: int) -> ParzenSplit:
    """The images of files: the first choose sigma, at most half of them; the others are scored.

    Raises:
        ValueError: if there are fewer than two.
    """
    n = len(real.uint8_images)
    if n < 2:
        raise UserError("one real image cannot both choose sigma and be scored: give two or more")
    unit = real.uint8_images.float() / 255
    cut = min(num_validation, n // 2)
    return ParzenSplit(real.name, real.split, unit[:cut], unit[cut:])


def draw_centres(sample_set: Any) -> Tensor:
    """A sample set's samples in [0, 1]: unrounded where a model draws them, bytes where they come from files."""
    if isinstance(sample_set, ModelSamples):
        return to_unit(sample_set.all(), sample_set.value_range)
    return torch.cat([part.uint8_images for part in sample_set.batches()]).float() / 255


def make_parzen_score(found: ParzenScore, sample_set: Any, images: ParzenSplit) -> Score:
    """A Parzen score with its protocol; named parzen_nats."""
    score_protocol = EvaluationProtocol(
        metric="Parzen-window log-likelihood in nats",
        features="pixels",
        weights="",
        resize="none",
        real=images.name,
        split=images.split,
        real_hash=ReferenceImages("", "", images.scored).digest,
        n_real=found.n_test,
        n_generated=found.n_centres,
        value_range="[0, 1]",
        settings={"sigmas": len(found.sigmas), "validation images": found.n_validation},
        chosen={"sigma": found.sigma},
        error="standard error over test images",
        generated=sample_set.description,
        batch_norm=sample_set.batch_norm,
        seed=sample_set.seed,
        precision="float32 distances, float64 sums",
    )
    notes = ("sigma is an end of its grid: a better one may lie outside",) if found.at_edge else ()
    return Score("parzen_nats", found.nats, found.se, score_protocol, notes)
