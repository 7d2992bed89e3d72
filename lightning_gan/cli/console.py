"""What a run says of itself on the terminal."""

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
    """A callback that has scores to show."""

    def rows(self, stage: str) -> list[tuple[str, str, str]]:
        """(name, value with its standard error, protocol) of the latest scores of a stage."""


def read_score_rows(trainer: Trainer, stage: str) -> list[tuple[str, str, str]]:
    """All scores of a stage, with what they depend on.

    Those of the model first, those of samples nearest to the end.
    """
    rows = [
        (key, f"{float(value):.4f}", "mean over the examples seen, D and G in evaluation mode")
        for key, value in sorted(trainer.callback_metrics.items())
        if key in (f"{stage}/value", f"{stage}/d_x", f"{stage}/d_gz")
    ]
    return rows + [row for c in _score_callbacks(trainer) for row in c.rows(stage)]


def format_score_table(trainer: Trainer, stage: str) -> str:
    """The same as text, and what a reader must know before believing some of them."""
    notes = [
        note for c in _score_callbacks(trainer) for note in getattr(c, "notes", lambda _: ())(stage)
    ]
    return "\n".join(
        [format_table(read_score_rows(trainer, stage), ("score", "value", "protocol")), *notes]
    )


def _score_callbacks(trainer: Trainer) -> list[ScoreRows]:
    return [c for c in trainer.callbacks if isinstance(c, ScoreRows)]  # type: ignore[attr-defined]


def describe_run(gan: AdversarialModel, data: Any, folder: str, devices: int) -> str:
    """The first lines of a run: the model, the networks, the data, the place.

    A minibatch of several devices or parts.
    """
    provenance = getattr(data, "provenance", type(data).__name__)
    batch_size = getattr(data, "batch_size", 0)
    m, taken = batch_size * devices, f" in {gan.microbatches} parts" if gan.microbatches > 1 else ""
    batch = (
        f"batch    {m:,} examples in an update: {batch_size:,} on each of {devices} device{'s' * (devices > 1)}"
        f"{taken}; learning rates are the config's"
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
    """Whether schedules have brought all learning rates to 0, so that more steps would change nothing."""
    rates = [group["lr"] for state in optimizer_states for group in state["param_groups"]]
    return bool(rates) and not any(rates)


def describe_resumption(path: str, stored: Mapping[str, Any], ended: bool) -> str:
    """What a run goes on from.

    Args:
        path: of the checkpoint.
        stored: in it.
        ended: whether it has all of its steps.
    """
    line = f"resume   {path}, step {stored['counts']['g_updates']}"
    if ended:
        return f"{line}; all steps are done, it is only ended again"
    if not have_rates_ended(stored.get("optimizer_states", [])):
        return line
    return (
        f"{line}\nNOTE     the schedules had brought both learning rates to 0: unless they raise them again, nothing "
        f"will be learned. A longer run begins anew, with longer schedules."
    )


def find_newest_images(folder: Path) -> list[Path]:
    """The newest image of each kind in a run folder."""
    kinds = sorted(p for p in (folder / "images").glob("*") if p.is_dir())
    newest = [max(kind.glob("*.png")) for kind in kinds if any(kind.glob("*.png"))]
    return newest + sorted((folder / "images").glob("*.gif"))


def describe_end_of_fit(
    trainer: Trainer, folder: Path, page: str, steps: str, changes: Sequence[str] = ()
) -> str:
    """The last lines of a run: its scores, where everything is, and what to type next.

    Args:
        trainer: after its test.
        folder: of the run.
        page: what to say of its page.
        steps: the commands that come next.
        changes: What was changed while the run was under way, one line each.
    """
    places = [
        f"run folder  {folder}",
        *(f"image       {path}" for path in find_newest_images(folder)),
    ]
    none = (
        ""
        if trainer.global_step
        else "NOTE        no step was made: these are the scores of the first weights"
    )
    notes = [f"NOTE        {line}" for line in changes]
    said = [
        none,
        describe_early_stop(trainer),
        *notes,
        *places,
        page,
        f"next\n{steps}" if steps else "",
    ]
    return "\n".join(
        [f"\n{format_score_table(trainer, 'test')}\n", *(line for line in said if line)]
    )


def describe_end_of_fast_run(trainer: Trainer) -> str:
    """Return the last lines of a run under trainer.fast_dev_run, which has no files."""
    n = int(trainer.fast_dev_run)  # type: ignore[attr-defined]
    each = f"{n} minibatch{'es' * (n > 1)} each of training, validation and test"
    return f"\n{format_score_table(trainer, 'test')}\n\nfast_dev_run  {each}: all ran, and nothing was written"


def describe_early_stop(trainer: Trainer) -> str:
    """Return one line for each callback of Lightning that ended training early, with its reason; empty if none did."""
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


def suggest_next_steps(folder: Path, draws: bool = True, longer: str = "") -> str:
    """The commands that the user would type now; none where no checkpoint was saved.

    Args:
        folder: of the run.
        draws: whether G draws images, so that `sample` has something to do.
        longer: Flag that gives the run more steps; empty where more steps would change nothing.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if not last.is_file():
        return ""
    lines = [
        format_command("sample", "--ckpt_path", last, "--num_samples", 64, "--out", "samples"),
        format_command("validate", "--ckpt_path", last),
        format_command("fit", "--ckpt_path", last, *longer.split()),
    ][: 3 if longer else 2]
    return "\n".join(f"  {line}" for line in lines[0 if draws else 1 :])
