"""Scores in a table: with their ±, what real images get by the same protocol, and the protocol card."""

from collections.abc import Iterator

from lightning_gan import keys
from lightning_gan.evaluation import Card, Score
from lightning_gan.pages.html import Markup, details, facts, row, table, tag
from lightning_gan.pages.run_files import RunFiles

ARROWS = {"lower": "lower is better", "higher": "higher is better", "": ""}


def title(name: str) -> str:
    """A score's name for a person: its key with its unit."""
    known = keys.score_of(name)
    unit = f", {known.unit}" if known and known.unit and known.unit not in name else ""
    return f"{name}{unit}"


def named(name: str) -> Markup:
    """A score's name, and what it is."""
    known = keys.score_of(name)
    return tag("span", title(name), tag("small", known.meaning) if known else "")


def better(name: str) -> str:
    """Which way is up."""
    known = keys.score_of(name)
    return ARROWS[known.better if known else ""]


def score_table(run: RunFiles) -> Markup:
    """Every score of the stage that the run is judged by, and below each what baselines got."""
    latest = run.latest(run.stage)
    if not latest:
        return Markup("")
    rows = []
    for name, score in latest.items():
        rows.append(row(named(name), _valued(score), _protocol(score)))
        for baseline, other in run.beside(name).items():
            rows.append(row(baseline, _value(other), _against(other, score), class_="beside"))
    return table(("score", "value", "protocol"), rows, class_="scores")


def _valued(score: Score) -> Markup:
    return tag("span", _value(score), tag("small", better(score.name)), class_="value")


def _value(score: Score) -> str:
    return f"{score}{' *' if score.notes else ''}"


def notes(run: RunFiles) -> list[str]:
    """What a reader must know before believing a value with a star."""
    return [f"* {s.name}: {note}." for s in run.latest(run.stage).values() for note in s.notes]


def _protocol(score: Score) -> Markup:
    return tag("div", details(score.card.compared, facts(card_rows(score.card))), class_="long")


def _against(other: Score, own: Score) -> str:
    """Whether a baseline's value compares; in what its protocol differs where not."""
    unlike = other.card.differences(own.card)
    return f"another protocol: {'; '.join(unlike)}" if unlike else "same protocol"


def card_rows(card: Card) -> Iterator[tuple[str, object]]:
    """A protocol card as names and words; what is empty is left out."""
    settings = {**card.settings, **card.chosen}
    yield from (
        ("metric", card.metric), ("features", card.features), ("weights", card.weights), ("resize", card.resize),
        ("real images", f"{card.n_real:,} of {card.real}, {card.split}"), ("their sha256", card.real_hash),
        ("samples", f"{card.n_generated:,} of {card.generated or 'the model'}, seed {card.seed}"),
    )  # fmt: skip
    if card.batch_norm:
        yield "BatchNorm", card.batch_norm
    yield "value range", card.value_range
    if settings:
        yield "settings", ", ".join(f"{key} {value}" for key, value in settings.items())
    yield "±", card.error
    yield "precision", card.precision
    yield "versions", ", ".join(f"{name} {v}" for name, v in card.versions.items())
