"""Scores on a terminal and in files: with their protocol, and side by side only where they compare."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_gan.evaluation.protocol import EvaluationProtocol, Score, protocol_from_dict
from lightning_gan.evaluation.scoring import EvaluationResult
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format
from lightning_gan.utils.text_table import format_table

FIDELITY = {  # torch-fidelity's names; a ± has its own
    "fid": ("frechet_inception_distance", "frechet_inception_distance_std"),
    "inception_score": ("inception_score_mean", "inception_score_std"),
    "kid": ("kernel_inception_distance_mean", "kernel_inception_distance_std"),
}


def print_scores(found: EvaluationResult, seconds: float) -> None:
    """Scores under what is compared, their notes, and what was refused."""
    notes = list(dict.fromkeys(note for score in found.scores for note in score.notes))
    marks = {note: f"[{i}]" for i, note in enumerate(notes, 1)}
    for compared in dict.fromkeys(score.protocol.compared for score in found.scores):
        rows = [
            (s.name, " ".join((str(s), *(marks[n] for n in s.notes))), s.protocol.details)
            for s in found.scores
            if s.protocol.compared == compared
        ]
        print(f"{compared}\n{format_table(rows, ('score', 'value', 'settings'))}\n")
    for note, mark in marks.items():
        print(f"{mark} {note}")
    for reason in dict.fromkeys(found.refused.values()):
        names = [name for name, why in found.refused.items() if why == reason]
        print(f"Refused: {', '.join(names)}: {reason}.")
    print(f"({seconds:.0f} s)", flush=True)


def format_baselines(found: EvaluationResult, baseline_rows: Mapping[str, Sequence[Score]]) -> str:
    """A column for the samples and one for each baseline; a value of another protocol says in what it differs."""
    own = {name: {s.name: s for s in scores} for name, scores in baseline_rows.items()}
    rows = [
        (s.name, str(s), *(_format_baseline(own[name].get(s.name), s.protocol) for name in own))
        for s in found.scores
    ]
    return format_table(rows, ("", "samples", *own))


def _format_baseline(score: Score | None, score_protocol: EvaluationProtocol) -> str:
    if score is None:
        return "refused"
    other = score.protocol.differences(score_protocol)
    return f"{score}" + (f" ({'; '.join(other)})" if other else "")


def write_scores(
    path: Path, found: EvaluationResult, baseline_rows: Mapping[str, Sequence[Score]]
) -> None:
    """JSON with torch-fidelity's keys, the protocols, the baselines and the refusals; beside, then renamed."""
    content: dict[str, Any] = {KEY: FORMAT}
    for score in found.scores:
        mean, sd = FIDELITY.get(score.name, (score.name, f"{score.name}_sd"))
        content |= {mean: score.value} | ({} if score.sd is None else {sd: score.sd})
    content["scores"] = [score.as_dict() for score in found.scores]
    content["baselines"] = {
        name: {s.name: s.value for s in scores} for name, scores in baseline_rows.items()
    }
    content["refused"] = found.refused
    with atomic_write(path) as beside:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        beside.write_text(text + "\n", encoding="utf-8")


def check_output_path(path: Path) -> None:
    """A file shall be written there at the end: refuse before the work what would fail after it.

    Raises:
        OSError: if it is a folder, or cannot be in one.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)


def read_scores(path: str) -> list[Score]:
    """The scores of a file that `evaluate --json` wrote, or the latest of a run's scores.json.

    Raises:
        ValueError: if it is not one; a file of torch-fidelity's holds no protocol, so nothing compares with it.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        stored = content if isinstance(content, list) else content["scores"]
        latest = {s["name"]: s for s in stored}
        scores = [
            Score(s["name"], s["value"], s["sd"], protocol_from_dict(s["protocol"]))
            for s in latest.values()
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} holds no scores with protocols, so nothing can be compared with it: give a file that "
            f"evaluate --json wrote, or a run's scores.json."
        ) from error
    for entry in content if isinstance(content, list) else [content]:
        check_format(entry, path)
    return scores


def compare_scores(ours: Sequence[Score], theirs: Sequence[Score], path: str) -> str:
    """Both values and their difference where the protocols agree; where they do not, in what they differ."""
    known = {score.name: score for score in theirs}
    rows = []
    for score in ours:
        other = known.get(score.name)
        if other is None:
            rows.append((score.name, str(score), "-", "they have none"))
            continue
        rows.append((score.name, str(score), str(other), describe_difference(score, other)))
    return f"\nAgainst {path}:\n" + format_table(rows, ("score", "ours", "theirs", "difference"))


def describe_difference(ours: Score, theirs: Score) -> str:
    """The difference of two values, or why there is none to speak of."""
    if other := ours.protocol.differences(theirs.protocol):
        return f"not comparable: {'; '.join(other)}"
    text = f"{ours.value - theirs.value:+.4g}"
    if ours.sd is not None and theirs.sd is not None:
        text += f" ± {(ours.sd**2 + theirs.sd**2) ** 0.5:.2g}"
    also = ours.protocol.circumstances(theirs.protocol)
    return text + (f" ({'; '.join(also)})" if also else "")
