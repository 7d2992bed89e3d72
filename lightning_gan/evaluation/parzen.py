"""Parzen-window log-likelihood as a score with its protocol."""

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
    """Real images of a Parzen score, in [0, 1]: those that choose sigma and those that are scored.

    Attributes:
        name: Name of the data.
        split: Split of the scored images.
        choosing: Images that choose sigma, [n_validation, ...].
        scored: Scored images, [n_test, ...].
        also_chose: Whether the scored images also choose sigma.
    """

    name: str
    split: str
    choosing: Tensor
    scored: Tensor
    also_chose: bool = False

    def select(self, n: int | None) -> "ParzenSplit":
        """Return a copy that scores n of the images, always the same; all if n is None."""
        scored = ReferenceImages(self.name, self.split, self.scored).select(n).uint8_images
        return replace(self, scored=scored)

    @property
    def wording(self) -> str:
        """Description of the scored images."""
        if self.split != "val":
            return f"{self.name} {self.split} images"
        did = "also chose" if self.also_chose else "did not choose"
        return f"{self.name} validation images that {did} sigma"


def make_parzen_split(data: Any, split: str, num_validation: int) -> ParzenSplit:
    """Take the images of a Parzen score from a data module.

    The first validation images choose sigma. At test all test images are scored; at validation the
    other validation images, or all if there are no others.

    Args:
        data: Data module of images.
        split: Split to score.
        num_validation: Number of images that choose sigma.
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
    """Map images to [0, 1] without rounding errors, so that data in [-1, 1] and in [0, 1] give equal scores.

    Args:
        x: Images, [n, ...], with values in `value_range`.
        value_range: Values of black and white.

    Returns:
        Images of the same shape in [0, 1], rounded to multiples of 1/255 if all lie within 1e-6 of these.
    """
    unit = to_unit(x, value_range)
    exact = (unit * 255).round() / 255
    return exact if torch.allclose(unit, exact, rtol=0.0, atol=1e-6) else unit


def make_parzen_split_of_files(real: ReferenceImages, num_validation: int) -> ParzenSplit:
    """Split images from files: the first choose sigma, at most half of them; the others are scored.

    Raises:
        UserError: There are fewer than two images.
    """
    n = len(real.uint8_images)
    if n < 2:
        raise UserError(
            "A Parzen score needs one real image to choose sigma and another to score: give two or more."
        )
    unit = real.uint8_images.float() / 255
    cut = min(num_validation, n // 2)
    return ParzenSplit(real.name, real.split, unit[:cut], unit[cut:])


def draw_centres(sample_set: Any) -> Tensor:
    """Return samples in [0, 1]: unrounded values of a model, or bytes of files divided by 255."""
    if isinstance(sample_set, ModelSamples):
        return to_unit(sample_set.all(), sample_set.value_range)
    return torch.cat([part.uint8_images for part in sample_set.batches()]).float() / 255


def make_parzen_score(found: ParzenScore, sample_set: Any, images: ParzenSplit) -> Score:
    """Make the score parzen_nats with its protocol."""
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
    edge = "sigma is at an end of its grid: a better value may lie outside"
    notes = (edge,) if found.at_edge else ()
    return Score("parzen_nats", found.nats, found.se, score_protocol, notes)
