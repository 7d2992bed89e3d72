"""Score a sample set with all feature metrics in one pass through the feature extractor."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.arguments import Count, CountOrZero, check_arguments
from lightning_gan.evaluation.feature_metrics import FeatureMetric, ReferenceFeatures
from lightning_gan.evaluation.progress import report_progress
from lightning_gan.evaluation.protocol import EvaluationProtocol, Score
from lightning_gan.evaluation.reference import ReferenceImages, compute_reference_statistics
from lightning_gan.evaluation.sample_sets import SampleSet
from lightning_gan.feature_extractors import FeatureExtractor, Features
from lightning_gan.utils.errors import UserError


@dataclass
class EvaluationResult:
    """Scores, and the names of refused scores with the reason of each."""

    scores: list[Score] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def make_score_name(score: str, suffix: str) -> str:
    """Return the name of a score in a feature space.

    Args:
        score: Name without a suffix, such as fid or is.
        suffix: Suffix of the feature space; empty for Inception, whose scores have their published names.
    """
    if not suffix:
        return "inception_score" if score == "is" else score
    return score + suffix


@check_arguments
@dataclass(frozen=True)
class EvaluationContext:
    """Real images and feature extractor that sample sets are compared with.

    Every process makes the same calls and gets the same scores.

    Args:
        real: Real images.
        network: Feature extractor, on its device.
        suffix: Suffix of the score names in this feature space.
        rank: Rank of this process, at least 0.
        world_size: Number of processes, at least 1.
        cache: Folder for the statistics of the real images; the suite's own if it is None.
    """

    real: ReferenceImages
    network: FeatureExtractor
    suffix: str
    rank: CountOrZero = 0
    world_size: Count = 1
    cache: Path | None = None

    def compute_reference_features(
        self, n: int, metrics: Sequence[FeatureMetric]
    ) -> ReferenceFeatures:
        """Compute the features of the real images that these metrics need.

        Args:
            n: Number of images in the sample set.
            metrics: Metrics; if none of them uses real images, no features are computed.

        Raises:
            UserError: There are fewer than two real images.
        """
        if len(self.real.uint8_images) < 2:
            raise UserError(
                f"One real image ({self.real.name}) is no set to compare with: give two or more."
            )
        if not any(m.uses_real for m in metrics):
            return ReferenceFeatures(n, self.network.classes, None, None)
        with_vectors = any(m.uses_vectors for m in metrics)
        found = compute_reference_statistics(
            self.real, self.network, with_vectors, self.rank, self.world_size, self.cache
        )
        return ReferenceFeatures(n, self.network.classes, found.gaussian, found.vectors)

    def score_name(self, score: str) -> str:
        """Return the name of a score with the suffix of this feature space."""
        return make_score_name(score, self.suffix)

    def make_protocol(self, metric: FeatureMetric, sample_set: SampleSet) -> EvaluationProtocol:
        """Make the protocol of a metric's scores."""
        real = self.real if metric.uses_real else None
        return EvaluationProtocol(
            metric=metric.title,
            features=self.network.name,
            weights=self.network.weights,
            resize=self.network.resize,
            real=real.name if real else "",
            split=real.split if real else "",
            real_hash=real.digest if real else "",
            n_real=len(real.uint8_images) if real else 0,
            n_generated=sample_set.n,
            value_range="bytes 0..255",
            settings=metric.settings,
            error=metric.error,
            generated=sample_set.description,
            batch_norm=sample_set.batch_norm,
            seed=sample_set.seed,
        )


@torch.no_grad()
def score_samples(
    sample_set: SampleSet, context: EvaluationContext, metrics: Sequence[FeatureMetric]
) -> EvaluationResult:
    """Compute all metrics after one pass of the sample set through the feature extractor.

    Args:
        sample_set: Images to score.
        context: Real images, feature extractor and processes.
        metrics: Metrics to compute.

    Returns:
        Scores in the order of the metrics; a metric that raises a `UserError` is refused, with its message.
    """
    found = EvaluationResult()
    reference = context.compute_reference_features(sample_set.n, metrics)
    device = context.network.device
    accepted: list[tuple[FeatureMetric, Metric]] = []
    for metric in metrics:
        try:
            accepted.append((metric, metric.make_metric(reference).to(device)))
        except ValueError as error:
            _refuse(found, context, metric, error)
    if accepted:
        batches = sample_set.batches(context.rank, context.world_size)
        share = sample_set.n // context.world_size
        for batch in report_progress(batches, share, "samples", context.rank):
            features = extract_features(batch.uint8_images.to(device), context.network)
            for metric, state in accepted:
                metric.update(state, features, batch.indices.to(device))
    for metric, state in accepted:
        try:
            found.scores += _make_scores(metric, state, context, sample_set)
        except ValueError as error:
            _refuse(found, context, metric, error)
    return found


def extract_features(image_bytes: Tensor, network: FeatureExtractor) -> Features:
    """Compute features of images; if all images are equal, the network sees one.

    Args:
        image_bytes: Images, uint8, [m, C, H, W].
        network: Feature extractor.
    """
    if len(image_bytes) == 1 or bool((image_bytes != image_bytes[:1]).any()):
        found: Features = network(image_bytes)
        return found
    vectors, logits = network(image_bytes[:1])
    n = len(image_bytes)
    return Features(vectors.expand(n, -1), None if logits is None else logits.expand(n, -1))


def _make_scores(
    metric: FeatureMetric, state: Metric, context: EvaluationContext, sample_set: SampleSet
) -> list[Score]:
    """Compute a metric's scores; warnings become notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = metric.compute(state)
    notes = tuple(dict.fromkeys(str(w.message) for w in caught))
    score_protocol = context.make_protocol(metric, sample_set)
    return [
        Score(context.score_name(name), *value, score_protocol, notes)
        for name, value in values.items()
    ]


def _refuse(
    found: EvaluationResult, context: EvaluationContext, metric: FeatureMetric, error: ValueError
) -> None:
    reason = str(error).rstrip(".")
    found.refused |= {context.score_name(name): reason for name in metric.names}


def score_over_seeds(runs: Sequence[EvaluationResult]) -> EvaluationResult:
    """Compute the mean and standard deviation of each score over sample sets of different seeds.

    Args:
        runs: Results of each sample set, in the order of the seeds; a single one is returned unchanged.
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
