"""One way from images to all scores, for a model's samples, for files and for every baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lightning_gan.evaluation.baseline_scores import cached_scores, make_baselines
from lightning_gan.evaluation.measures import (
    FeatureMetric,
    FIDMetric,
    InceptionScoreFeatureMetric,
    KIDMetric,
    PrecisionRecallFeatureMetric,
)
from lightning_gan.evaluation.parzen import ParzenSplit, draw_centres, make_parzen_score
from lightning_gan.evaluation.protocol import Score
from lightning_gan.evaluation.reference import ReferenceImages
from lightning_gan.evaluation.sample_sets import ImageSet, ModelSamples
from lightning_gan.evaluation.scoring import (
    EvaluationContext,
    EvaluationResult,
    full_name,
    score_samples,
)
from lightning_gan.evaluation.torch_fidelity import PACKAGE, check_space, score_with_torch_fidelity
from lightning_gan.feature_extractors import FeatureExtractorConfig, WeightsError, cache_folder
from lightning_gan.metrics import parzen_protocol

MEASURES: dict[str, FeatureMetric] = {
    "fid": FIDMetric(), "is": InceptionScoreFeatureMetric(), "kid": KIDMetric(), "pr": PrecisionRecallFeatureMetric(),
}  # fmt: skip


@dataclass(frozen=True)
class ReferenceData:
    """What samples are compared with, from a data set or from files.

    Attributes:
        real: images to compare with.
        train: training images in [0, 1] for the baselines; none where the data have no splits.
        window: images of the Parzen score.
        display_range: values of the data that an image shows as black and white; none where there are only images.
    """

    real: ReferenceImages
    train: Tensor | None
    window: ParzenSplit | None
    display_range: tuple[float, float] | None = None


class Evaluator:
    """One way from a sample set to its scores, for the model and for every baseline.

    Args:
        known: real images.
        space: of the features; a space without weights refuses its scores, and the others are computed.
        asked: names of metrics.
        must: whether the weights were named by the user, so that a space without them is an error.
        engine: suite, or torch-fidelity, which scores as well and has Inception's space only.

    Raises:
        UserError: if torch-fidelity is asked for another space.
    """

    def __init__(
        self,
        known: ReferenceData,
        space: FeatureExtractorConfig,
        asked: Sequence[str],
        must: bool = False,
        engine: str = "suite",
    ) -> None:
        if engine == PACKAGE:
            check_space(space.name)
        self.known, self.parzen = known, "parzen" in asked
        self.weights_file = getattr(space, "weights", None)
        self.measures = [MEASURES[name] for name in asked if name in MEASURES]
        self.against, self.reason, self.suffix = None, "", space.suffix
        try:
            if self.measures:
                network = space.load().to(choose_device())
                self.against = EvaluationContext(known.real, network, space.suffix)
        except WeightsError as error:
            if must:
                raise WeightsError(str(error)) from error
            self.reason = f"no weights of {space.name}: {str(error).rstrip('.')}"

    def score(self, sample_set: ModelSamples | ImageSet) -> EvaluationResult:
        """All scores that were asked."""
        found = EvaluationResult()
        if self.against:
            found = score_samples(sample_set, self.against, self.measures)
        elif self.measures:
            names = [full_name(n, self.suffix) for m in self.measures for n in m.names]
            found.refused |= dict.fromkeys(names, self.reason)
        if self.parzen:
            self._parzen(sample_set, found)
        return found

    def score_with_torch_fidelity(
        self, sample_set: ModelSamples | ImageSet, ours: EvaluationResult
    ) -> EvaluationResult:
        """Score with torch-fidelity what the suite has scored."""
        if self.against is None:
            return EvaluationResult(refused=dict(ours.refused))
        return score_with_torch_fidelity(
            sample_set, self.against, self.measures, ours, self.weights_file
        )

    def _parzen(self, sample_set: ModelSamples | ImageSet, found: EvaluationResult) -> None:
        images = self.known.window
        if images is None:
            found.refused["parzen_nats"] = "the data have no pixels in [0, 1]"
            return
        value = parzen_protocol(draw_centres(sample_set), images.choosing, images.scored)
        found.scores.append(make_parzen_score(value, sample_set, images))

    def baselines(self, n: int, seed: int) -> dict[str, list[Score]]:
        """The scores of the baselines, with as many samples; from disk where they were computed before."""
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
        return (real.name, real.split, real.digest, space, self.measures, self.parzen, pixels)


def choose_device() -> str:
    """Where scores are computed: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
