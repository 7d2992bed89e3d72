"""Scores in a table: with their ±, what real images get by the same protocol, and the protocol."""

from collections.abc import Iterator

from lightning_gan.evaluation import EvaluationProtocol, Score
from lightning_gan.reports.html import (
    Markup,
    make_details,
    make_facts,
    make_row,
    make_table,
    make_tag,
)
from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.tracking import metric_keys

ARROWS = {"lower": "lower is better", "higher": "higher is better", "": ""}


def format_metric_title(name: str) -> str:
    """A score's name for the user: its key with its unit."""
    known = metric_keys.find_score_key(name)
    unit = f", {known.unit}" if known and known.unit and known.unit not in name else ""
    return f"{name}{unit}"


def describe_metric(name: str) -> Markup:
    """A score's name, and what it is."""
    known = metric_keys.find_score_key(name)
    return make_tag(
        "span", format_metric_title(name), make_tag("small", known.meaning) if known else ""
    )


def describe_better_direction(name: str) -> str:
    """Which way is up."""
    known = metric_keys.find_score_key(name)
    return ARROWS[known.better if known else ""]


def make_score_table(run: RunFiles) -> Markup:
    """Every score of the stage that the run is judged by, and below each what baselines got."""
    latest = run.latest(run.stage)
    if not latest:
        return Markup("")
    rows = []
    for name, score in latest.items():
        rows.append(make_row(describe_metric(name), _valued(score), _protocol(score)))
        for baseline, other in run.baseline_scores(name).items():
            rows.append(make_row(baseline, _value(other), _against(other, score), class_="beside"))
    return make_table(("score", "value", "protocol"), rows, class_="scores")


def _valued(score: Score) -> Markup:
    return make_tag(
        "span",
        _value(score),
        make_tag("small", describe_better_direction(score.name)),
        class_="value",
    )


def _value(score: Score) -> str:
    return f"{score}{' *' if score.notes else ''}"


def make_notes(run: RunFiles) -> list[str]:
    """What a reader must know before believing a value with a star."""
    return [f"* {s.name}: {note}." for s in run.latest(run.stage).values() for note in s.notes]


def _protocol(score: Score) -> Markup:
    return make_tag(
        "div",
        make_details(score.protocol.compared, make_facts(list_protocol_fields(score.protocol))),
        class_="long",
    )


def _against(other: Score, own: Score) -> str:
    """Whether a baseline's value compares; in what its protocol differs where not."""
    unlike = other.protocol.differences(own.protocol)
    return f"another protocol: {'; '.join(unlike)}" if unlike else "same protocol"


def list_protocol_fields(score_protocol: EvaluationProtocol) -> Iterator[tuple[str, object]]:
    """A protocol as names and words; what is empty is left out."""
    settings = {**score_protocol.settings, **score_protocol.chosen}
    yield from (
        ("metric", score_protocol.metric), ("features", score_protocol.features), ("weights",
        score_protocol.weights), ("resize", score_protocol.resize),
        ("real images", f"{score_protocol.n_real:,} of {score_protocol.real}, {score_protocol.split}"),
        ("their sha256", score_protocol.real_hash),
        ("samples",
        f"{score_protocol.n_generated:,} of {score_protocol.generated or 'the model'}, seed {score_protocol.seed}"),
    )  # fmt: skip
    if score_protocol.batch_norm:
        yield "BatchNorm", score_protocol.batch_norm
    yield "value range", score_protocol.value_range
    if settings:
        yield "settings", ", ".join(f"{key} {value}" for key, value in settings.items())
    yield "±", score_protocol.error
    yield "precision", score_protocol.precision
    yield "versions", ", ".join(f"{name} {v}" for name, v in score_protocol.versions.items())
