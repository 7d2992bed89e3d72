"""All scores of a bank of samples against a real set: one bank, one pass through the feature network."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_gan.domains import Count, CountOrZero, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.evaluation.banks import Bank
from lightning_gan.evaluation.cards import Card, Score
from lightning_gan.evaluation.measures import Ground, Measure
from lightning_gan.evaluation.patience import told
from lightning_gan.evaluation.real import RealSet, real_statistics
from lightning_gan.features import FeatureNetwork, Features


@dataclass
class Scores:
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
class Against:
    """What banks are compared with, and in which space.

    Args:
        real: pictures.
        network: feature space, on the device where it shall work.
        suffix: what the names of its scores end in.
        rank: of this process, at least 0; every process makes the same calls and gets the same scores.
        world_size: number of processes, at least 1.
        cache: folder for the real statistics; the suite's own if it is not given.
    """

    real: RealSet
    network: FeatureNetwork
    suffix: str
    rank: CountOrZero = 0
    world_size: Count = 1
    cache: Path | None = None

    def ground(self, n: int, measures: Sequence[Measure]) -> Ground:
        """What these measures rest on; no pass over the real set where none of them asks."""
        if len(self.real.pictures) < 2:
            raise UserError(
                f"One real image ({self.real.name}) is no set to compare with: give two or more."
            )
        if not any(m.uses_real for m in measures):
            return Ground(n, self.network.classes, None, None)
        with_vectors = any(m.uses_vectors for m in measures)
        found = real_statistics(
            self.real, self.network, with_vectors, self.rank, self.world_size, self.cache
        )
        return Ground(n, self.network.classes, found.gaussian, found.vectors)

    def name(self, score: str) -> str:
        """A score's full name."""
        return full_name(score, self.suffix)

    def card(self, measure: Measure, bank: Bank) -> Card:
        """The protocol of a measure's scores."""
        real = self.real if measure.uses_real else None
        return Card(
            metric=measure.title,
            features=self.network.name,
            weights=self.network.weights,
            resize=self.network.resize,
            real=real.name if real else "",
            split=real.split if real else "",
            real_hash=real.digest if real else "",
            n_real=len(real.pictures) if real else 0,
            n_generated=bank.n,
            value_range="bytes 0..255",
            settings=measure.settings,
            error=measure.error,
            generated=bank.description,
            batch_norm=bank.batch_norm,
            seed=bank.seed,
        )


@torch.no_grad()
def score(bank: Bank, against: Against, measures: Sequence[Measure]) -> Scores:
    """Ask every measure, after one pass of the bank through the feature network.

    Args:
        bank: the pictures to score.
        against: real set, feature space, processes.
        measures: what to ask.

    Returns:
        Scores in the order of the measures; one that cannot be answered is refused with its reason.
    """
    found = Scores()
    ground = against.ground(bank.n, measures)
    device = against.network.device
    asked: list[tuple[Measure, Metric]] = []
    for measure in measures:
        try:
            asked.append((measure, measure.metric(ground).to(device)))
        except ValueError as error:
            _refuse(found, against, measure, error)
    if asked:
        parts = bank.parts(against.rank, against.world_size)
        for part in told(parts, bank.n // against.world_size, "samples", against.rank):
            features = features_of(part.pictures.to(device), against.network)
            for measure, metric in asked:
                measure.feed(metric, features, part.places.to(device))
    for measure, metric in asked:
        try:
            found.scores += _answers(measure, metric, against, bank)
        except ValueError as error:
            _refuse(found, against, measure, error)
    return found


def features_of(pictures: Tensor, network: FeatureNetwork) -> Features:
    """Vectors and logits; of pictures that are all the same, one is looked at."""
    if len(pictures) == 1 or bool((pictures != pictures[:1]).any()):
        found: Features = network(pictures)
        return found
    vectors, logits = network(pictures[:1])
    n = len(pictures)
    return Features(vectors.expand(n, -1), None if logits is None else logits.expand(n, -1))


def _answers(measure: Measure, metric: Metric, against: Against, bank: Bank) -> list[Score]:
    """A measure's scores; what its metric warned of becomes a note."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = measure.values(metric)
    notes = tuple(dict.fromkeys(str(w.message) for w in caught))
    card = against.card(measure, bank)
    return [Score(against.name(name), *value, card, notes) for name, value in values.items()]


def _refuse(found: Scores, against: Against, measure: Measure, error: ValueError) -> None:
    reason = str(error).rstrip(".")
    found.refused |= {against.name(name): reason for name in measure.names}


def over_banks(runs: Sequence[Scores]) -> Scores:
    """Mean and standard deviation of each score over banks that were drawn anew; one bank stays as it is."""
    if len(runs) == 1:
        return runs[0]
    first = runs[0]
    scores = []
    for i, one in enumerate(first.scores):
        values = [run.scores[i].value for run in runs]
        seeds = f"{one.card.seed} to {runs[-1].scores[i].card.seed}"
        card = replace(one.card, error=f"sd over {len(runs)} banks, seeds {seeds}")
        scores.append(replace(one, value=mean(values), sd=stdev(values), card=card))
    return Scores(scores, first.refused)
