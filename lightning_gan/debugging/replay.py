"""Execute the recorded steps before a crash again and report the first nonfinite tensor."""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from lightning_gan.checkpoints.load import load
from lightning_gan.checkpoints.verify import CheckpointError, read_checkpoint
from lightning_gan.debugging.first_nonfinite import FoundError, NonFinite, NonFiniteHooks
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.errors import UserError


class ReplayResult(NamedTuple):
    """Result of a replay."""

    steps: int
    """Number of minibatches without a nonfinite tensor."""
    compared: int
    """Number of losses that the file has as well."""
    equal: int
    """Number of these losses that are equal bit for bit."""
    suspect: NonFinite | None
    """First nonfinite tensor; None if there was none."""
    raised: Exception | None
    """Other error that ended the replay; None if there was none."""


class RestoreState(Callback):
    """Callback that restores the state at the start of the recorded interval."""

    def __init__(self, flight: dict[str, Any]) -> None:
        self.flight = flight

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore networks, average, optimizers, schedulers and counts."""
        pl_module.load_state_dict(self.flight["state_dict"])
        for optimizer, state in zip(
            trainer.optimizers, self.flight["optimizer_states"], strict=True
        ):
            optimizer.load_state_dict(state)
        for config, state in zip(
            trainer.lr_scheduler_configs, self.flight["lr_schedulers"], strict=True
        ):
            config.scheduler.load_state_dict(state)
        pl_module.on_load_checkpoint(self.flight)


class RecordedLoader:
    """Data loader over the recorded minibatches."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        yield from self.batches


def replay_steps(
    flight: dict[str, Any], model: AdversarialModel, device: str = "cpu"
) -> ReplayResult:
    """Execute the recorded steps again in the same training loop.

    Args:
        flight: Content of a file that `callbacks.FlightRecorder` wrote.
        model: Model with the networks of the run; its weights are replaced.
        device: cpu or cuda.
    """
    crash = flight["crash"]
    model.microbatches = crash.get("accumulated", 1)
    same = device == crash["device"] and crash["processes"] == 1
    hooks = NonFiniteHooks(crash, exact=same and not crash["compiled"])
    raised: Exception | None = None
    with silence_lightning():
        trainer = Trainer(
            accelerator="gpu" if device == "cuda" else "cpu", devices=1, logger=False, max_epochs=1,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            precision=crash["precision"], log_every_n_steps=2**40, callbacks=[RestoreState(flight), hooks],
        )  # fmt: skip
        try:
            trainer.fit(model, RecordedLoader(crash["batches"]))
        except Exception as error:
            raised = error
    suspect = raised.suspect if isinstance(raised, FoundError) else hooks.first
    losses = zip(
        crash["losses"], (model.statistics.d_losses, model.statistics.g_losses), strict=True
    )
    pairs = [p for run, here in losses for p in zip(run.tolist(), read_values(here), strict=False)]
    equal = sum(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)
    other = None if isinstance(raised, FoundError) else raised
    return ReplayResult(hooks.done, len(pairs), equal, suspect, other)


def read_values(losses: list[Tensor]) -> list[float]:
    """Convert losses to numbers, as the recorder does."""
    return [float(loss) for loss in losses]


@contextmanager
def silence_lightning() -> Iterator[None]:
    """Suppress Lightning's log lines and warnings on devices, loaders and loggers."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def replay(file: str, device: str = "cpu") -> None:
    """Execute the steps before a crash again and print the first nonfinite tensor.

    Args:
        file: Path of crash/step=N.pt in a run folder.
        device: cpu or cuda; the noise is the same only on the kind of device that the run used.
    """
    if device not in ("cpu", "cuda") or (device == "cuda" and not torch.cuda.is_available()):
        raise UserError(f"device is {device!r}: give cpu, or cuda on a machine with a GPU.")
    flight = read_crash_file(file)
    crash = flight["crash"]
    torch.set_num_threads(crash["threads"])
    model = load(file).train()
    print(f"{file}: {crash['error']}")
    found = replay_steps(flight, model, device)
    print(describe_replay(found, crash, device))


def read_crash_file(file: str) -> dict[str, Any]:
    """Read a crash recording: plain values and tensors only, all checksums verified.

    Raises:
        CheckpointError: The file is not a crash recording that can be replayed.
    """
    flight = read_checkpoint(file)
    if "crash" not in flight:
        raise CheckpointError(
            f"{file} is a checkpoint and holds no minibatches: give crash/step=N.pt of a run folder."
        )
    if "touched" not in flight["crash"]:
        raise CheckpointError(
            f"{file} was written by an older version of this suite: replay it with that version (run.json names it)."
        )
    if not flight["hyper_parameters"]:
        raise CheckpointError(
            f"{file} lacks the settings of its networks, because its run was started in Python: construct the same "
            f"GAN, and call lightning_gan.debugging.replay.replay_steps(torch.load({str(Path(file))!r}), gan)."
        )
    return flight


def describe_replay(found: ReplayResult, crash: dict[str, Any], device: str) -> str:
    """Describe the result of a replay in a few lines.

    Args:
        found: Result of the replay.
        crash: Entry `crash` of the recording.
        device: Device of the replay.
    """
    lines = [
        f"{found.steps} of {len(crash['batches'])} minibatches were replayed without a nonfinite tensor; "
        f"{found.equal} of {found.compared} losses equal those of the run bit for bit"
    ]
    if crash["device"] != device:
        lines.append(
            f"the run used {crash['device']}: the noise differs here, and the error may not recur"
        )
    if crash["compiled"]:
        lines.append("the run's networks were compiled: here they are not, and rounding differs")
    if crash["processes"] > 1:
        lines.append(
            f"the run had {crash['processes']} processes: this replays one of them, without the others' gradients"
        )
    if found.suspect:
        step, kind, name, description = found.suspect
        lines.append(f"first nonfinite tensor, at step {step} ({kind}): {name} {description}")
    if found.raised:
        lines.append(
            f"the replay ended with {type(found.raised).__name__}: {str(found.raised).splitlines()[0]}"
        )
    if not found.suspect and not found.raised:
        lines.append("no nonfinite tensor: the cause lies outside of the recorded steps")
    return "\n".join(lines)
