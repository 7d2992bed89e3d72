"""Scores of torch-fidelity on the same images, for comparison with the suite's own.

torch-fidelity (Obukhov et al. 2020) extracts features with its own Inception-v3 and computes the
metrics with its own code; only the images, the weights and the settings are shared.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from lightning_gan.evaluation.feature_metrics import (
    FeatureMetric,
    InceptionScoreMetric,
    KIDMetric,
    PrecisionRecallMetric,
)
from lightning_gan.evaluation.protocol import Score
from lightning_gan.evaluation.sample_sets import SampleSet
from lightning_gan.evaluation.scoring import EvaluationContext, EvaluationResult
from lightning_gan.feature_extractors.inception import LAST_LAYER
from lightning_gan.feature_extractors.weights import load_inception
from lightning_gan.utils.errors import UserError

PACKAGE = "torch-fidelity"
INCEPTION = "inception-v3-compat"
FIDELITY_KEYS = {  # score: torch-fidelity's keys of the value and of its standard deviation
    "fid": ("frechet_inception_distance", ""),
    "is": ("inception_score_mean", "inception_score_std"),
    "kid": ("kernel_inception_distance_mean", "kernel_inception_distance_std"),
    "precision": ("precision", ""),
    "recall": ("recall", ""),
    "f_score": ("f_score", ""),
}


class ColourImages(Dataset[Tensor]):
    """Data set of images as torch-fidelity reads them: uint8, [3, H, W]; grey ones get three equal channels.

    Args:
        image_bytes: uint8, [n, 1 or 3, H, W].
    """

    def __init__(self, image_bytes: Tensor) -> None:
        self.uint8_images = image_bytes

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.uint8_images)

    def __getitem__(self, index: int) -> Tensor:
        """Return an image with three channels."""
        return self.uint8_images[index].expand(3, -1, -1)


def check_space(name: str) -> None:
    """Check that torch-fidelity supports a feature space.

    Args:
        name: Name of the feature space.

    Raises:
        UserError: The feature space is not Inception.
    """
    if name != "inception":
        raise UserError(
            f"{PACKAGE} scores in Inception's feature space, but the features are {name}: give --features Inception."
        )


def score_with_torch_fidelity(
    sample_set: SampleSet,
    context: EvaluationContext,
    metrics: Sequence[FeatureMetric],
    ours: EvaluationResult,
    weights: str | None = None,
    extractor: str = INCEPTION,
) -> EvaluationResult:
    """Compute scores with torch-fidelity, under the suite's names and protocols.

    Args:
        sample_set: Images to score.
        context: Real images, feature extractor and processes of the suite's own scores.
        metrics: Metrics to compute, with their settings; those that torch-fidelity lacks are left out.
        ours: Suite's own scores; metrics that it refused are not computed.
        weights: File with Inception's weights; if it is None, LIGHTNING_GAN_WEIGHTS or the cache.
        extractor: Name of the feature extractor in torch-fidelity's registry.

    Raises:
        UserError: The feature space is not Inception, or the metrics have different seeds.
        WeightsError: There are no weights.
    """
    from torch_fidelity import calculate_metrics  # slow to import

    if extractor == INCEPTION:
        check_space(context.network.name)
    computed = {score.name for score in ours.scores}
    known = [m for m in metrics if any(name in FIDELITY_KEYS for name in m.names)]
    requested = [m for m in known if any(context.score_name(name) in computed for name in m.names)]
    if not requested:
        return EvaluationResult(refused=dict(ours.refused))
    samples = torch.cat([part.uint8_images for part in sample_set.batches()]).cpu()
    with tempfile.TemporaryDirectory() as folder:
        theirs = calculate_metrics(
            input1=ColourImages(samples), input2=ColourImages(context.real.uint8_images), **_settings(requested),
            cuda=torch.cuda.is_available(), feature_extractor=extractor, cache=False, verbose=False, save_cpu_ram=True,
            feature_extractor_weights_path=_weights_file(weights, Path(folder), extractor),
        )  # fmt: skip
    return EvaluationResult(_scores(theirs, requested, context, sample_set), dict(ours.refused))


def _settings(metrics: Sequence[FeatureMetric]) -> dict[str, Any]:
    """Translate the settings of metrics into arguments of torch-fidelity."""
    given: dict[str, Any] = {"fid": any("fid" in m.names for m in metrics)}
    for metric in metrics:
        if isinstance(metric, InceptionScoreMetric):
            given |= {"isc": True, "isc_splits": metric.splits}
        elif isinstance(metric, KIDMetric):
            given |= {"kid": True, "kid_subsets": metric.subsets}
            given |= {"kid_subset_size": metric.subset_size}
        elif isinstance(metric, PrecisionRecallMetric):
            given |= {"prc": True, "prc_neighborhood": metric.k}
    seeds = {m.rng for m in metrics if isinstance(m, InceptionScoreMetric | KIDMetric)}
    if len(seeds) > 1:
        raise UserError(f"{PACKAGE} has one seed for all metrics, but {sorted(seeds)} were given.")
    return given | ({"rng_seed": seeds.pop()} if seeds else {})


def _weights_file(weights: str | None, folder: Path, extractor: str) -> str | None:
    """Write Inception's weights as torch-fidelity reads them; a missing last layer is filled with zeros."""
    if extractor != INCEPTION:
        return None
    tensors, _ = load_inception(weights)
    layer = tensors.setdefault(LAST_LAYER, torch.zeros(1008, 2048))
    tensors.setdefault("fc.bias", layer.new_zeros(len(layer)))
    path = folder / "weights.pth"
    torch.save(tensors, path)
    return str(path)


def _scores(
    theirs: dict[str, float],
    metrics: Sequence[FeatureMetric],
    context: EvaluationContext,
    sample_set: SampleSet,
) -> list[Score]:
    found = []
    for metric in metrics:
        score_protocol = context.make_protocol(metric, sample_set)
        score_protocol = replace(
            score_protocol, versions={**score_protocol.versions, PACKAGE: version(PACKAGE)}
        )
        for name in (n for n in metric.names if n in FIDELITY_KEYS):
            value, sd = FIDELITY_KEYS[name]
            deviation = float(theirs[sd]) if sd else None
            score_name = context.score_name(name)
            found.append(Score(score_name, float(theirs[value]), deviation, score_protocol))
    return found
