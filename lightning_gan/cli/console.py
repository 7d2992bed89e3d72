"""Messages of a run on the terminal: its start, its scores, and its end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import EarlyStopping, Timer

from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.shell_text import format_command
from lightning_gan.utils.text_table import format_table


@runtime_checkable
class ScoreRows(Protocol):
    """Callback that has scores to print."""

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """Return name, value with standard error, and protocol of the latest scores of a stage."""


def read_score_rows(trainer: Trainer, stage: str) -> list[tuple[str, str, str]]:
    """Return name, value and protocol of all scores of a stage: first the model's, then the callbacks'."""
    rows = [
        (key, f"{float(value):.4f}", "mean over the examples, D and G in evaluation mode")
        for key, value in sorted(trainer.callback_metrics.items())
        if key in (f"{stage}/value", f"{stage}/d_x", f"{stage}/d_gz")
    ]
    return rows + [row for c in _score_callbacks(trainer) for row in c.rows(stage)]


def format_score_table(trainer: Trainer, stage: str) -> str:
    """Format the scores of a stage as a table, followed by the notes of their callbacks."""
    notes = [
        note for c in _score_callbacks(trainer) for note in getattr(c, "notes", lambda _: ())(stage)
    ]
    return "\n".join(
        [format_table(read_score_rows(trainer, stage), ("score", "value", "protocol")), *notes]
    )


def _score_callbacks(trainer: Trainer) -> list[ScoreRows]:
    return [c for c in trainer.callbacks if isinstance(c, ScoreRows)]  # type: ignore[attr-defined]


def describe_run(gan: AdversarialModel, data: Any, folder: str, devices: int) -> str:
    """Describe a run before it starts: model, networks, data, minibatch and run folder.

    The minibatch has a line where it is split over devices or into parts.
    """
    provenance = getattr(data, "provenance", type(data).__name__)
    batch_size = getattr(data, "batch_size", 0)
    m, parts = batch_size * devices, f" in {gan.microbatches} parts" if gan.microbatches > 1 else ""
    batch = (
        f"batch    {m:,} examples per update: {batch_size:,} on each of {devices} device{'s' * (devices > 1)}"
        f"{parts}; learning rates are not scaled"
    )
    k = f", k = {gan.k}" if hasattr(gan, "k") else ""
    objective = ", ".join([type(gan.loss).__name__, *map(str, (*gan.penalties, *gan.projections))])
    networks = [
        f"{letter}: {type(network).__name__}, {sum(p.numel() for p in network.parameters()):,} parameters"
        for letter, network in (("G", gan.generator), ("D", gan.discriminator))
    ]
    average = (
        f"; scored: average of G, half-life {gan.ema.half_life:,.0f} samples" if gan.ema else ""
    )
    return "\n".join(
        (
            f"model    {objective}; {gan.updates} updates{k}; one step = one update of G",
            f"networks {'; '.join(networks)}{average}",
            f"data     {provenance}",
            *([batch] if batch_size and (devices > 1 or gan.microbatches > 1) else []),
            f"run      {folder}",
        )
    )


def have_rates_ended(optimizer_states: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether all learning rates are 0, so that more steps would change nothing."""
    rates = [group["lr"] for state in optimizer_states for group in state["param_groups"]]
    return bool(rates) and not any(rates)


def describe_resumption(path: str, stored: Mapping[str, Any], ended: bool) -> str:
    """Describe the checkpoint from which a run resumes.

    Args:
        path: Path of the checkpoint.
        stored: Content of the checkpoint.
        ended: Whether training is complete.
    """
    line = f"resume   {path}, step {stored['counts']['g_updates']}"
    if ended:
        return f"{line}; training is complete; running the final evaluation only"
    if not have_rates_ended(stored.get("optimizer_states", [])):
        return line
    return (
        f"{line}\nNOTE     both learning rates are 0 after their schedules: unless the schedules raise them, "
        f"nothing will be learned. For a longer run, start a new one with longer schedules."
    )


def find_newest_images(folder: Path) -> list[Path]:
    """Find the newest image of each kind in a run folder."""
    kinds = sorted(p for p in (folder / "images").glob("*") if p.is_dir())
    newest = [max(kind.glob("*.png")) for kind in kinds if any(kind.glob("*.png"))]
    return newest + sorted((folder / "images").glob("*.gif"))


def describe_end_of_fit(
    trainer: Trainer, folder: Path, page: str, steps: str, changes: Sequence[str] = ()
) -> str:
    """Describe the end of a run: scores, paths of its files, and the next commands.

    Args:
        trainer: Trainer after its test.
        folder: Run folder.
        page: Line about the report page.
        steps: Commands to run next.
        changes: Settings and data that changed during the run, one line each.
    """
    paths = [
        f"run folder  {folder}",
        *(f"image       {path}" for path in find_newest_images(folder)),
    ]
    no_steps = (
        ""
        if trainer.global_step
        else "NOTE        no step was made: these are the scores of the initial weights"
    )
    notes = [f"NOTE        {line}" for line in changes]
    lines = [
        no_steps,
        describe_early_stop(trainer),
        *notes,
        *paths,
        page,
        f"next\n{steps}" if steps else "",
    ]
    return "\n".join(
        [f"\n{format_score_table(trainer, 'test')}\n", *(line for line in lines if line)]
    )


def describe_end_of_fast_run(trainer: Trainer) -> str:
    """Describe the end of a run under trainer.fast_dev_run, which writes no files."""
    n = int(trainer.fast_dev_run)  # type: ignore[attr-defined]
    each = f"{n} minibatch{'es' * (n > 1)} each of training, validation and test"
    return f"\n{format_score_table(trainer, 'test')}\n\nfast_dev_run  {each}; nothing was written"


def describe_early_stop(trainer: Trainer) -> str:
    """Describe why callbacks of Lightning ended training early, one line each; empty if none did."""
    step, total = trainer.global_step, trainer.max_steps
    if step == total:
        return ""
    reasons = []
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        name = type(callback).__name__
        if isinstance(callback, EarlyStopping) and callback.stopping_reason_message:
            reason = callback.stopping_reason_message.removesuffix(" Signaling Trainer to stop.")
            reasons.append(f"{name}: {reason.rstrip('.')}")
        elif isinstance(callback, Timer) and callback._duration is not None:
            if callback.time_elapsed() >= callback._duration:
                reasons.append(f"{name}: the time limit of {callback._duration:g} s was reached")
    at = f"step {step}" + (f" of {total}" if total > 0 else "")
    return "\n".join(f"stopped     at {at} by {reason}" for reason in reasons)


def suggest_next_steps(folder: Path, images: str = "sample", longer: str = "") -> str:
    """Format the commands to run next; an empty string if no checkpoint was saved.

    Args:
        folder: Run folder.
        images: Command that makes images of the checkpoint: sample or translate; empty if there is none.
        longer: Flag that gives the run more steps; empty if more steps would change nothing.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if not last.is_file():
        return ""
    options = {
        "sample": ("--num_samples", "64", "--out", "samples"),
        "translate": ("--input", "FOLDER", "--out", "translated"),
    }
    lines = [format_command(images, "--ckpt_path", last, *options[images])] if images else []
    lines += [format_command("validate", "--ckpt_path", last)]
    lines += [format_command("fit", "--ckpt_path", last, *longer.split())] if longer else []
    return "\n".join(f"  {line}" for line in lines)
