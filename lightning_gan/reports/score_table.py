"""Table of a run's scores: value with its ±, baselines, and protocol."""

from collections.abc import Iterator

from lightning_gan.evaluation import EvaluationProtocol, Score
from lightning_gan.reports.html import (
    Markup,
    TableRow,
    make_details,
    make_facts,
    make_table,
    make_tag,
)
from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.tracking import metric_keys

DIRECTIONS = {"lower": "lower is better", "higher": "higher is better", "": ""}


def format_metric_title(name: str) -> str:
    """Return the name of a score with its unit."""
    key = metric_keys.find_score_key(name)
    unit = f", {key.unit}" if key and key.unit and key.unit not in name else ""
    return f"{name}{unit}"


def describe_better_direction(name: str) -> str:
    """Return "lower is better" or "higher is better"; empty for an unknown score."""
    key = metric_keys.find_score_key(name)
    return DIRECTIONS[key.better if key else ""]


def make_score_table(run: RunFiles) -> Markup:
    """Make a table of the reported scores, each followed by its baselines; empty if there are none."""
    if not run.reported_scores:
        return Markup("")
    rows = []
    for name, score in run.reported_scores.items():
        rows.append(TableRow((_describe_metric(name), _format_value(score), _make_protocol(score))))
        for baseline, other in run.get_baselines(name).items():
            cells = (baseline, _format_score(other), _compare_protocols(other, score))
            rows.append(TableRow(cells, "baseline"))
    return make_table(("score", "value", "protocol"), rows, class_="scores")


def _describe_metric(name: str) -> Markup:
    key = metric_keys.find_score_key(name)
    meaning = make_tag("small", key.meaning) if key else ""
    return make_tag("span", format_metric_title(name), meaning)


def _format_value(score: Score) -> Markup:
    direction = make_tag("small", describe_better_direction(score.name))
    return make_tag("span", _format_score(score), direction, class_="value")


def _format_score(score: Score) -> str:
    return f"{score}{' *' if score.notes else ''}"


def list_score_notes(run: RunFiles) -> list[str]:
    """Return the notes of all reported scores; the table marks those scores with a star."""
    return [f"* {s.name}: {note}." for s in run.reported_scores.values() for note in s.notes]


def _make_protocol(score: Score) -> Markup:
    fields = make_facts(list_protocol_fields(score.protocol))
    return make_tag("div", make_details(score.protocol.compared, fields), class_="protocol")


def _compare_protocols(other: Score, own: Score) -> str:
    differences = other.protocol.differences(own.protocol)
    return f"another protocol: {'; '.join(differences)}" if differences else "same protocol"


def list_protocol_fields(protocol: EvaluationProtocol) -> Iterator[tuple[str, object]]:
    """Yield the name and value of each field of a protocol, except empty fields."""
    generated = (
        f"{protocol.n_generated:,} of {protocol.generated or 'the model'}, seed {protocol.seed}"
    )
    settings = {**protocol.settings, **protocol.chosen}
    fields = {
        "metric": protocol.metric,
        "features": protocol.features,
        "weights": protocol.weights,
        "resize": protocol.resize,
        "real images": f"{protocol.n_real:,} of {protocol.real}, {protocol.split}",
        "their sha256": protocol.real_hash,
        "samples": generated,
        "BatchNorm": protocol.batch_norm,
        "value range": protocol.value_range,
        "settings": ", ".join(f"{key} {value}" for key, value in settings.items()),
        "±": protocol.error,
        "precision": protocol.precision,
        "versions": ", ".join(f"{name} {v}" for name, v in protocol.versions.items()),
    }
    return ((name, value) for name, value in fields.items() if value)
