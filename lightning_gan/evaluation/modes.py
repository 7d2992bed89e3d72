"""Scores of mode coverage with their protocols, for data with known modes and for stacked MNIST."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lightning_gan.arguments import Positive, check_arguments
from lightning_gan.evaluation.protocol import EvaluationProtocol, Score
from lightning_gan.evaluation.reference import ReferenceImages
from lightning_gan.evaluation.sample_sets import ModelSamples, SampleSet
from lightning_gan.feature_extractors import FeatureExtractor
from lightning_gan.metrics.modes import compute_kl_from_uniform, mode_coverage

NONE_GOOD = "no sample is of high quality"
COUNT, ONE_DRAW = "none: a count", "none: one draw"
DIGITS = 10


@dataclass(frozen=True)
class _Protocol:
    """Fields that the protocols of all scores of a sample set share."""

    sample_set: SampleSet
    seen: Mapping[str, Any]
    settings: Mapping[str, Any]

    def protocol(self, metric: str, error: str) -> EvaluationProtocol:
        model_samples = self.sample_set
        return EvaluationProtocol(
            metric=metric, **self.seen, split="known modes", n_real=0, n_generated=model_samples.n,
            settings=self.settings,
            error=error, generated=model_samples.description, batch_norm=model_samples.batch_norm,
            seed=model_samples.seed,
        )  # fmt: skip


@check_arguments
def score_modes(
    model_samples: ModelSamples, name: str, means: Tensor, std: Tensor, near: Positive
) -> list[Score]:
    """Score the share of high-quality samples, the reverse KL and the number of covered modes.

    Args:
        model_samples: Sample set, [n, *data_shape].
        name: Name of the data.
        means: Means of the modes, [modes, *data_shape].
        std: Standard deviation of each mode, [modes].
        near: Largest distance of a high-quality sample from its mode, in standard deviations, above 0.
    """
    found = mode_coverage(model_samples.all().flatten(1).cpu(), means.flatten(1), std, near)
    truth = ReferenceImages("", "", torch.cat([means.flatten(1), std[:, None]], 1)).digest
    seen = {
        "features": "coordinates", "weights": "", "resize": "none", "real": name, "real_hash": truth,
        "value_range": "as drawn", "precision": "float32 distances, float64 sums",
    }  # fmt: skip
    settings = {"modes": len(means), "high quality: standard deviations below": near}
    score_protocol = _Protocol(model_samples, seen, settings).protocol
    share, notes = found.high_quality, () if found.high_quality else (NONE_GOOD,)
    error = math.sqrt(share * (1 - share) / model_samples.n)
    of_good = "KL of the modes of high-quality samples from uniform, in nats"
    return [
        Score("high_quality", share, error, score_protocol("share of high quality", "binomial standard error")),
        Score("reverse_kl", found.reverse_kl, None, score_protocol(of_good, ONE_DRAW), notes),
        Score("modes", found.covered, None, score_protocol("modes with a high-quality sample", COUNT)),
    ]  # fmt: skip


def read_stacked_digits(model_samples: SampleSet, network: FeatureExtractor) -> Tensor:
    """Count the samples that show each number 100a + 10b + c, with a classifier of the digits in the channels.

    Args:
        model_samples: Images, [n, 3, 28, 28].
        network: Classifier of grey digits, with ten logits.

    Returns:
        Counts, int64, [1000].
    """
    counts = torch.zeros(DIGITS**3, dtype=torch.int64)
    digit_values = torch.tensor([DIGITS**2, DIGITS, 1])
    for batch in model_samples.batches():
        digits = (
            network(batch.uint8_images.flatten(0, 1)[:, None]).logits.argmax(1).view(-1, 3).cpu()
        )
        counts += torch.bincount(digits @ digit_values, minlength=DIGITS**3)
    return counts


def score_stacked_modes(
    model_samples: SampleSet, name: str, network: FeatureExtractor
) -> list[Score]:
    """Score the KL of the shown numbers from uniform, and the count of numbers, of 1,000, that a sample shows.

    All samples count, whatever their quality.

    Args:
        model_samples: Images, [n, 3, 28, 28].
        name: Name of the data.
        network: Classifier of grey digits, with ten logits.
    """
    counts = read_stacked_digits(model_samples, network)
    seen = {
        "features": network.name, "weights": network.weights, "resize": network.resize, "real": name, "real_hash": "",
        "value_range": "bytes", "precision": "float32 logits, float64 sums",
    }  # fmt: skip
    score_protocol = _Protocol(model_samples, seen, {"modes": len(counts)}).protocol
    covered = int((counts > 0).sum())
    return [
        Score(
            "reverse_kl", compute_kl_from_uniform(counts), None,
            score_protocol("KL of the modes of samples from uniform, in nats", ONE_DRAW)
        ),
        Score("modes", covered, None, score_protocol("modes with a sample", COUNT)),
    ]  # fmt: skip
