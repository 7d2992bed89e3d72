"""Evaluator: computes all requested metrics for a set of images."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from lightning_gan.evaluation.baseline_scores import cached_scores, make_baselines
from lightning_gan.evaluation.feature_metrics import FeatureMetric
from lightning_gan.evaluation.parzen import ParzenSplit, draw_centres, make_parzen_score
from lightning_gan.evaluation.protocol import Score
from lightning_gan.evaluation.reference import ReferenceImages
from lightning_gan.evaluation.sample_sets import ImageSet, ModelSamples
from lightning_gan.evaluation.scoring import (
    EvaluationContext,
    EvaluationResult,
    make_score_name,
    score_samples,
)
from lightning_gan.evaluation.torch_fidelity import PACKAGE, check_space, score_with_torch_fidelity
from lightning_gan.feature_extractors import FeatureExtractorConfig, WeightsError, cache_folder
from lightning_gan.metrics import compute_parzen_score
from lightning_gan.tracking.metric_keys import FEATURE_METRICS


@dataclass(frozen=True)
class ReferenceData:
    """Real images from a data set or from files, with what the baselines and the Parzen score need.

    Attributes:
        real: Images to compare with.
        train: Training images in [0, 1] for the baselines; None if the data have no splits.
        window: Images of the Parzen score; None if it is not computed.
        display_range: Pixel values of the data that are shown as black and white; None for files.
    """

    real: ReferenceImages
    train: Tensor | None
    window: ParzenSplit | None
    display_range: tuple[float, float] | None = None


class Evaluator:
    """Computes all requested metrics, for the samples and for every baseline.

    If the weights of the feature extractor are missing, its scores are left out, with the
    reason, and the others are computed.

    Args:
        known: Real images.
        space: Feature extractor.
        metrics: Names of metrics: keys of `FEATURE_METRICS`, or parzen.
        require_weights: Whether missing weights raise an error; true if the user gave their file.
        engine: suite; or torch-fidelity, which supports Inception's features only.

    Raises:
        UserError: The engine torch-fidelity does not support the feature extractor.
        WeightsError: Weights are missing and `require_weights` is true.
    """

    def __init__(
        self,
        known: ReferenceData,
        space: FeatureExtractorConfig,
        metrics: Sequence[str],
        require_weights: bool = False,
        engine: str = "suite",
    ) -> None:
        if engine == PACKAGE:
            check_space(space.name)
        self.known, self.parzen = known, "parzen" in metrics
        self.weights_file = getattr(space, "weights", None)
        self.feature_metrics = [load_feature_metric(n) for n in metrics if n in FEATURE_METRICS]
        self.against, self.reason, self.suffix = None, "", space.suffix
        try:
            if self.feature_metrics:
                network = space.load().to(choose_device())
                self.against = EvaluationContext(known.real, network, space.suffix)
        except WeightsError as error:
            if require_weights:
                raise WeightsError(str(error)) from error
            self.reason = f"no weights of {space.name}: {str(error).rstrip('.')}"

    def score(self, sample_set: ModelSamples | ImageSet) -> EvaluationResult:
        """Compute the requested scores of a sample set."""
        found = EvaluationResult()
        if self.against:
            found = score_samples(sample_set, self.against, self.feature_metrics)
        elif self.feature_metrics:
            names = [make_score_name(n, self.suffix) for m in self.feature_metrics for n in m.names]
            found.refused |= dict.fromkeys(names, self.reason)
        if self.parzen:
            self._parzen(sample_set, found)
        return found

    def score_with_torch_fidelity(
        self, sample_set: ModelSamples | ImageSet, ours: EvaluationResult
    ) -> EvaluationResult:
        """Compute with torch-fidelity the scores that this evaluator has computed.

        Args:
            sample_set: Images to score.
            ours: Result of `score` for the same images.
        """
        if self.against is None:
            return EvaluationResult(refused=dict(ours.refused))
        return score_with_torch_fidelity(
            sample_set, self.against, self.feature_metrics, ours, self.weights_file
        )

    def _parzen(self, sample_set: ModelSamples | ImageSet, found: EvaluationResult) -> None:
        images = self.known.window
        if images is None:
            found.refused["parzen_nats"] = "the data have no pixels in [0, 1]"
            return
        value = compute_parzen_score(draw_centres(sample_set), images.choosing, images.scored)
        found.scores.append(make_parzen_score(value, sample_set, images))

    def baselines(self, n: int, seed: int) -> dict[str, list[Score]]:
        """Compute the scores of the baselines, or read them from the cache.

        Args:
            n: Number of samples of each baseline.
            seed: Seed of the draw.

        Returns:
            Scores of each baseline by its name; empty if the data have no training split.
        """
        train = self.known.train
        if train is None:
            print("No baselines: the data have no training split that baselines could learn from.")
            return {}
        digest = ReferenceImages("", "", train).digest
        rows = {}
        for name, make in make_baselines(train, n, seed):
            key = "|".join(map(repr, (name, n, seed, digest, self._identity())))
            rows[name] = cached_scores(
                key,
                cache_folder(),
                lambda make=make: self.score(make()).scores,  # type: ignore[misc]
            )
        return rows

    def _identity(self) -> tuple[Any, ...]:
        images = self.known.window
        pixels = (images.wording, len(images.choosing), len(images.scored)) if images else ()
        real = self.known.real
        space: tuple[str, ...] = (self.reason,)
        if self.against:
            network = self.against.network
            space = (network.name, network.weights, network.resize)
        return (
            real.name, real.split, real.digest, space, self.feature_metrics, self.parzen, pixels,
        )  # fmt: skip


def load_feature_metric(name: str) -> FeatureMetric:
    """Import a metric in a feature space and make it with its default settings.

    Args:
        name: Key of `lightning_gan.tracking.metric_keys.FEATURE_METRICS`, such as fid.
    """
    module, _, kind = FEATURE_METRICS[name].rpartition(".")
    metric: FeatureMetric = getattr(import_module(module), kind)()
    return metric


def choose_device() -> str:
    """Return the device for evaluation: "cuda" if there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"
