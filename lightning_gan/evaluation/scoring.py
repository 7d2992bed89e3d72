"""All scores of a sample set against a real set: one sample set, one pass through the feature network."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.evaluation.measures import FeatureMetric, ReferenceFeatures
from lightning_gan.evaluation.progress import report_progress
from lightning_gan.evaluation.protocol import EvaluationProtocol, Score
from lightning_gan.evaluation.reference import ReferenceImages, compute_reference_statistics
from lightning_gan.evaluation.sample_sets import SampleSet
from lightning_gan.feature_extractors import FeatureExtractor, Features
from lightning_gan.utils.errors import UserError


@dataclass
class EvaluationResult:
    """What came out: scores, and the names of those that were refused, with the reason."""

    scores: list[Score] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def full_name(score: str, suffix: str) -> str:
    """The field's own name for Inception's features; others carry the name of their space."""
    if not suffix:
        return "inception_score" if score == "is" else score
    return score + suffix


@check_arguments
@dataclass(frozen=True)
class EvaluationContext:
    """What sample sets are compared with, and in which space.

    Args:
        real: images.
        network: feature space, on the device where it shall work.
        suffix: what the names of its scores end in.
        rank: of this process, at least 0; every process makes the same calls and gets the same scores.
        world_size: number of processes, at least 1.
        cache: folder for the real statistics; the suite's own if it is not given.
    """

    real: ReferenceImages
    network: FeatureExtractor
    suffix: str
    rank: CountOrZero = 0
    world_size: Count = 1
    cache: Path | None = None

    def ground(self, n: int, measures: Sequence[FeatureMetric]) -> ReferenceFeatures:
        """What these measures rest on; no pass over the real set where none of them asks."""
        if len(self.real.uint8_images) < 2:
            raise UserError(
                f"One real image ({self.real.name}) is no set to compare with: give two or more."
            )
        if not any(m.uses_real for m in measures):
            return ReferenceFeatures(n, self.network.classes, None, None)
        with_vectors = any(m.uses_vectors for m in measures)
        found = compute_reference_statistics(
            self.real, self.network, with_vectors, self.rank, self.world_size, self.cache
        )
        return ReferenceFeatures(n, self.network.classes, found.gaussian, found.vectors)

    def name(self, score: str) -> str:
        """A score's full name."""
        return full_name(score, self.suffix)

    def protocol(self, measure: FeatureMetric, sample_set: SampleSet) -> EvaluationProtocol:
        """The protocol of a measure's scores."""
        real = self.real if measure.uses_real else None
        return EvaluationProtocol(
            metric=measure.title,
            features=self.network.name,
            weights=self.network.weights,
            resize=self.network.resize,
            real=real.name if real else "",
            split=real.split if real else "",
            real_hash=real.digest if real else "",
            n_real=len(real.uint8_images) if real else 0,
            n_generated=sample_set.n,
            value_range="bytes 0..255",
            settings=measure.settings,
            error=measure.error,
            generated=sample_set.description,
            batch_norm=sample_set.batch_norm,
            seed=sample_set.seed,
        )


@torch.no_grad()
def score_samples(
    sample_set: SampleSet, against: EvaluationContext, measures: Sequence[FeatureMetric]
) -> EvaluationResult:
    """Ask every measure, after one pass of the sample set through the feature network.

    Args:
        sample_set: the images to score.
        against: real set, feature space, processes.
        measures: what to ask.

    Returns:
        Scores in the order of the measures; one that cannot be answered is refused with its reason.
    """
    found = EvaluationResult()
    ground = against.ground(sample_set.n, measures)
    device = against.network.device
    asked: list[tuple[FeatureMetric, Metric]] = []
    for measure in measures:
        try:
            asked.append((measure, measure.metric(ground).to(device)))
        except ValueError as error:
            _refuse(found, against, measure, error)
    if asked:
        parts = sample_set.parts(against.rank, against.world_size)
        for part in report_progress(
            parts, sample_set.n // against.world_size, "samples", against.rank
        ):
            features = extract_features(part.uint8_images.to(device), against.network)
            for measure, metric in asked:
                measure.feed(metric, features, part.indices.to(device))
    for measure, metric in asked:
        try:
            found.scores += _answers(measure, metric, against, sample_set)
        except ValueError as error:
            _refuse(found, against, measure, error)
    return found


def extract_features(image_bytes: Tensor, network: FeatureExtractor) -> Features:
    """Vectors and logits; of images that are all the same, one is looked at."""
    if len(image_bytes) == 1 or bool((image_bytes != image_bytes[:1]).any()):
        found: Features = network(image_bytes)
        return found
    vectors, logits = network(image_bytes[:1])
    n = len(image_bytes)
    return Features(vectors.expand(n, -1), None if logits is None else logits.expand(n, -1))


def _answers(
    measure: FeatureMetric, metric: Metric, against: EvaluationContext, sample_set: SampleSet
) -> list[Score]:
    """A measure's scores; what its metric warned of becomes a note."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = measure.values(metric)
    notes = tuple(dict.fromkeys(str(w.message) for w in caught))
    score_protocol = against.protocol(measure, sample_set)
    return [
        Score(against.name(name), *value, score_protocol, notes) for name, value in values.items()
    ]


def _refuse(
    found: EvaluationResult, against: EvaluationContext, measure: FeatureMetric, error: ValueError
) -> None:
    reason = str(error).rstrip(".")
    found.refused |= {against.name(name): reason for name in measure.names}


def score_over_seeds(runs: Sequence[EvaluationResult]) -> EvaluationResult:
    """Mean and standard deviation of each score over sample sets that were drawn anew.

    One sample set stays as it is.
    """
    if len(runs) == 1:
        return runs[0]
    first = runs[0]
    scores = []
    for i, one in enumerate(first.scores):
        values = [run.scores[i].value for run in runs]
        seeds = f"{one.protocol.seed} to {runs[-1].scores[i].protocol.seed}"
        score_protocol = replace(
            one.protocol, error=f"sd over {len(runs)} sample sets, seeds {seeds}"
        )
        scores.append(replace(one, value=mean(values), sd=stdev(values), protocol=score_protocol))
    return EvaluationResult(scores, first.refused)
