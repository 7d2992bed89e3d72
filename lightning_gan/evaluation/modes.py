"""Modes covered as scores with their cards: of points whose modes are known, and of stacked digits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lightning_gan.domains import Positive, check_arguments
from lightning_gan.evaluation.banks import Bank, Samples
from lightning_gan.evaluation.cards import Card, Score
from lightning_gan.evaluation.real import RealSet
from lightning_gan.features import FeatureNetwork
from lightning_gan.metrics.modes import from_uniform, mode_coverage

NONE_GOOD = "no sample is of high quality"
COUNT, ONE_DRAW = "none: a count", "none: one draw"
DIGITS = 10


@dataclass(frozen=True)
class _Protocol:
    """What all scores of a bank share."""

    bank: Bank
    seen: Mapping[str, Any]
    settings: Mapping[str, Any]

    def card(self, metric: str, error: str) -> Card:
        bank = self.bank
        return Card(
            metric=metric, **self.seen, split="known modes", n_real=0, n_generated=bank.n, settings=self.settings,
            error=error, generated=bank.description, batch_norm=bank.batch_norm, seed=bank.seed,
        )  # fmt: skip


@check_arguments
def mode_scores(
    bank: Samples, name: str, means: Tensor, std: Tensor, near: Positive
) -> list[Score]:
    """Share of high-quality samples, reverse KL and modes of a bank, against modes that are known.

    Args:
        bank: of samples, [n, *data_shape].
        name: of the data.
        means: of the modes, [modes, *data_shape].
        std: of each mode, [modes].
        near: standard deviations within which a sample is of high quality, above 0.
    """
    found = mode_coverage(bank.all().flatten(1).cpu(), means.flatten(1), std, near)
    truth = RealSet("", "", torch.cat([means.flatten(1), std[:, None]], 1)).digest
    seen = {
        "features": "coordinates", "weights": "", "resize": "none", "real": name, "real_hash": truth,
        "value_range": "as drawn", "precision": "float32 distances, float64 sums",
    }  # fmt: skip
    settings = {"modes": len(means), "high quality: standard deviations below": near}
    card = _Protocol(bank, seen, settings).card
    share, notes = found.high_quality, () if found.high_quality else (NONE_GOOD,)
    error = math.sqrt(share * (1 - share) / bank.n)
    of_good = "KL of the modes of high-quality samples from uniform, in nats"
    return [
        Score("high_quality", share, error, card("share of high quality", "binomial standard error")),
        Score("reverse_kl", found.reverse_kl, None, card(of_good, ONE_DRAW), notes),
        Score("modes", found.covered, None, card("modes with a high-quality sample", COUNT)),
    ]  # fmt: skip


def stacked_digits(bank: Bank, network: FeatureNetwork) -> Tensor:
    """How many samples show each number 100a + 10b + c, as a classifier of digits reads the three channels, [1000].

    Args:
        bank: of pictures, [n, 3, 28, 28].
        network: of grey digits, with ten logits.
    """
    counts = torch.zeros(DIGITS**3, dtype=torch.int64)
    places = torch.tensor([DIGITS**2, DIGITS, 1])
    for part in bank.parts():
        digits = network(part.pictures.flatten(0, 1)[:, None]).logits.argmax(1).view(-1, 3).cpu()
        counts += torch.bincount(digits @ places, minlength=DIGITS**3)
    return counts


def stacked_scores(bank: Bank, name: str, network: FeatureNetwork) -> list[Score]:
    """KL of what samples show from uniform, and numbers of 1,000 that some sample shows.

    Every sample counts, however it looks. See `stacked_digits` for the arguments.
    """
    counts = stacked_digits(bank, network)
    seen = {
        "features": network.name, "weights": network.weights, "resize": network.resize, "real": name, "real_hash": "",
        "value_range": "bytes", "precision": "float32 logits, float64 sums",
    }  # fmt: skip
    card = _Protocol(bank, seen, {"modes": len(counts)}).card
    covered = int((counts > 0).sum())
    return [
        Score(
            "reverse_kl", from_uniform(counts), None, card("KL of the modes of samples from uniform, in nats", ONE_DRAW)
        ),
        Score("modes", covered, None, card("modes with a sample", COUNT)),
    ]  # fmt: skip
