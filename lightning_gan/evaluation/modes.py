"""Modes covered as scores with their cards."""

import math

import torch
from torch import Tensor

from lightning_gan.evaluation.banks import Samples
from lightning_gan.evaluation.cards import Card, Score
from lightning_gan.evaluation.real import RealSet
from lightning_gan.metrics.modes import mode_coverage

NONE_GOOD = "no sample is of high quality"


def mode_scores(bank: Samples, name: str, means: Tensor, std: Tensor, near: float) -> list[Score]:
    """Modes, share of high-quality samples and reverse KL of a bank, against modes that are known.

    Args:
        bank: of samples, [n, *data_shape].
        name: of the data.
        means: of the modes, [modes, *data_shape].
        std: of each mode, [modes].
        near: standard deviations within which a sample is of high quality.
    """
    found = mode_coverage(bank.all().flatten(1).cpu(), means.flatten(1), std, near)
    truth = torch.cat([means.flatten(1), std[:, None]], 1)

    def card(metric: str, error: str) -> Card:
        return Card(
            metric=metric, features="coordinates", weights="", resize="none",
            real=name, split="known modes", real_hash=RealSet("", "", truth).digest, n_real=0,
            n_generated=bank.n, value_range="as drawn",
            settings={"modes": len(means), "high quality: standard deviations below": near},
            error=error, generated=bank.description, batch_norm=bank.batch_norm, seed=bank.seed,
            precision="float32 distances, float64 sums",
        )  # fmt: skip

    share, notes = found.high_quality, () if found.high_quality else (NONE_GOOD,)
    return [
        Score("modes", found.covered, None, card("modes with a high-quality sample", "none: a count")),
        Score(
            "high_quality", share, math.sqrt(share * (1 - share) / bank.n),
            card("share of high-quality samples", "binomial standard error"),
        ),
        Score(
            "reverse_kl", found.reverse_kl, None,
            card("KL of the modes of high-quality samples from uniform, in nats", "none: one draw"), notes,
        ),
    ]  # fmt: skip
