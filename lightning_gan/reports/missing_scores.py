"""Commands that compute the scores which some of the compared runs lack."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lightning_gan.evaluation import EvaluationProtocol
from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.utils.shell_text import format_command

METRICS = {  # score without the suffix of its feature space: metric of `evaluate`
    "fid": "fid",
    "inception_score": "is",
    "is": "is",
    "kid": "kid",
    "precision": "pr",
    "recall": "pr",
    "f_score": "pr",
    "density": "pr",
    "coverage": "pr",
    "parzen_nats": "parzen",
}
EXTRACTORS = {"": "Inception", "_dinov2": "DINOv2"}
"""`--features` by the suffix of a score; `evaluate` chooses the classifier by itself."""
DEFAULT_SAMPLES = 10_000  # of `evaluate`
TEST = "test"  # scores that the command `test` computes
NOT_IMAGES = ("points", "densities")  # kinds of image that runs on toy data save


def list_missing(runs: Sequence[RunFiles]) -> dict[str, list[str]]:
    """List the commands to run, by the run folder whose scores they compute.

    A run lacks a score if another run on the same data has it, or if no run on these data has any score.
    """
    protocols: dict[str, dict[str, EvaluationProtocol]] = {}
    for run in runs:
        scores = run.reported_scores
        found = {name: score.protocol for name, score in scores.items()}
        protocols[run.data_name] = {**found, **protocols.get(run.data_name, {})}
    commands = {str(run.folder): _list_commands(run, protocols[run.data_name]) for run in runs}
    return {folder: lines for folder, lines in commands.items() if lines}


def _list_commands(run: RunFiles, protocols: dict[str, EvaluationProtocol]) -> list[str]:
    missing = [name for name in protocols if name not in run.reported_scores]
    if protocols and not missing:
        return []
    checkpoint = _find_checkpoint(run)
    if checkpoint is None:
        return [f"no checkpoint in {run.folder / 'checkpoints'}: train the run again"]
    if not protocols:
        if any(kind in run.image_files for kind in NOT_IMAGES):
            return [format_command("test", "--ckpt_path", checkpoint)]
        return [
            format_command("evaluate", "--ckpt_path", checkpoint, "--json", *_list_files(run, 1))
        ]
    by_space: dict[str, dict[str, EvaluationProtocol]] = {}
    for name in missing:
        space, metric = _split_name(name)
        by_space.setdefault(space if metric else TEST, {})[name] = protocols[name]
    commands = [format_command("test", "--ckpt_path", checkpoint)] if by_space.pop(TEST, {}) else []
    files = _list_files(run, len(by_space))
    return commands + [
        _format_evaluate(checkpoint, space, names, file)
        for (space, names), file in zip(by_space.items(), files, strict=True)
    ]


def _format_evaluate(
    checkpoint: Path, space: str, protocols: dict[str, EvaluationProtocol], file: Path
) -> str:
    """Format the command that computes some scores in one feature space under the protocols of other runs."""
    metrics = dict.fromkeys(_split_name(name)[1] for name in protocols)
    protocol = next(iter(protocols.values()))
    words: list[str | Path | int] = ["--ckpt_path", checkpoint, "--metrics", ",".join(metrics)]
    if space in EXTRACTORS:
        words += ["--features", EXTRACTORS[space]]
    if protocol.n_generated != DEFAULT_SAMPLES:
        words += ["--num_samples", protocol.n_generated]
    if protocol.split != "test":
        words += ["--split", protocol.split]
    return format_command("evaluate", *words, "--json", file)


def _split_name(name: str) -> tuple[str, str]:
    """Return the suffix of a score's feature space and its metric of `evaluate`, which is empty if there is none.

    The suffix of the Parzen score, which needs no feature space, is "pixels".
    """
    for score, metric in METRICS.items():
        suffix = name.removeprefix(score)
        if metric == "parzen" and name == score:
            return "pixels", metric
        if metric != "parzen" and name.startswith(score) and (not suffix or suffix[0] == "_"):
            return suffix, metric
    return "", ""


def _find_checkpoint(run: RunFiles) -> Path | None:
    folder = run.folder / "checkpoints"
    if (folder / "last.ckpt").is_file():
        return folder / "last.ckpt"
    return max(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)


def _list_files(run: RunFiles, n: int) -> Iterable[Path]:
    """Return the first n names of files in the run folder that are free and that `compare` reads."""
    names = [run.folder / "evaluate.json"]
    names += [run.folder / f"evaluate_{i}.json" for i in range(2, 100)]
    return [path for path in names if not path.exists()][:n]
