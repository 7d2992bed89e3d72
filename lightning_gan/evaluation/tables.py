"""Print, write, read and compare scores with their protocols."""

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
    """Print a table of scores for each pair of image sets, the notes, and the refused scores.

    Args:
        found: Scores.
        seconds: Duration of the evaluation.
    """
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
    """Format a table with the samples and the baselines as columns; a value of another protocol names the difference.

    Args:
        found: Scores of the samples.
        baseline_rows: Scores of each baseline by its name.
    """
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
    """Write scores, protocols, baselines and refusals to a JSON file, atomically.

    Args:
        path: Output path.
        found: Scores of the samples; their keys are those of torch-fidelity where it has them.
        baseline_rows: Scores of each baseline by its name.
    """
    content: dict[str, Any] = {KEY: FORMAT}
    for score in found.scores:
        mean, sd = FIDELITY.get(score.name, (score.name, f"{score.name}_sd"))
        content |= {mean: score.value} | ({} if score.sd is None else {sd: score.sd})
    content["scores"] = [score.as_dict() for score in found.scores]
    content["baselines"] = {
        name: {s.name: s.value for s in scores} for name, scores in baseline_rows.items()
    }
    content["refused"] = found.refused
    with atomic_write(path) as partial:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")


def check_output_path(path: Path) -> None:
    """Check before the work that a file can be written to a path, and create its folder.

    Raises:
        OSError: The path is a folder, or its folder cannot be created.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)


def read_scores(path: str) -> list[Score]:
    """Read the scores of a file that `evaluate --json` wrote, or the latest ones of a run's scores.json.

    Raises:
        UserError: The file holds no protocols, as a file of torch-fidelity, so that nothing is comparable.
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
    """Format a table of both values and their difference, or of the differences of their protocols.

    Args:
        ours: Scores of this evaluation.
        theirs: Scores to compare with.
        path: Name of the other scores.
    """
    known = {score.name: score for score in theirs}
    rows = []
    for score in ours:
        other = known.get(score.name)
        if other is None:
            rows.append((score.name, str(score), "-", "missing there"))
            continue
        rows.append((score.name, str(score), str(other), describe_difference(score, other)))
    return f"\nAgainst {path}:\n" + format_table(rows, ("score", "ours", "theirs", "difference"))


def describe_difference(ours: Score, theirs: Score) -> str:
    """Format the difference of two values, or the reason why they are not comparable."""
    if other := ours.protocol.differences(theirs.protocol):
        return f"not comparable: {'; '.join(other)}"
    text = f"{ours.value - theirs.value:+.4g}"
    if ours.sd is not None and theirs.sd is not None:
        text += f" ± {(ours.sd**2 + theirs.sd**2) ** 0.5:.2g}"
    also = ours.protocol.circumstances(theirs.protocol)
    return text + (f" ({'; '.join(also)})" if also else "")
