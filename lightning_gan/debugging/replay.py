"""`python -m lightning_gan replay FILE`: the steps before a crash once more, until a tensor goes bad."""

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


class Replayed(NamedTuple):
    """What executing the steps again came to."""

    steps: int
    """Minibatches that were taken again without a fault."""
    compared: int
    """Losses of theirs that the file has as well."""
    equal: int
    """How many of these are the same, bit for bit."""
    suspect: NonFinite | None
    raised: Exception | None


class Restored(Callback):
    """Puts a model where the recorded interval began."""

    def __init__(self, flight: dict[str, Any]) -> None:
        self.flight = flight

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Networks, average, optimizers, schedules, counts."""
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


class Recorded:
    """The minibatches of the file, as a loader."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Any]:
        yield from self.batches


def replay_steps(flight: dict[str, Any], model: AdversarialModel, device: str = "cpu") -> Replayed:
    """Execute the recorded steps with these networks, whose weights do not matter, by the same loop.

    Args:
        flight: what `callbacks.FlightRecorder` wrote.
        model: built as the run's was.
        device: cpu or cuda.
    """
    crash = flight["crash"]
    model.microbatches = crash.get("accumulated", 1)
    same = device == crash["device"] and crash["processes"] == 1
    watch = NonFiniteHooks(crash, exact=same and not crash["compiled"])
    raised: Exception | None = None
    with silence_lightning():
        trainer = Trainer(
            accelerator="gpu" if device == "cuda" else "cpu", devices=1, logger=False, max_epochs=1,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            precision=crash["precision"], log_every_n_steps=2**40, callbacks=[Restored(flight), watch],
        )  # fmt: skip
        try:
            trainer.fit(model, Recorded(crash["batches"]))
        except Exception as error:
            raised = error
    suspect = raised.suspect if isinstance(raised, FoundError) else watch.first
    noted = zip(
        crash["losses"], (model.statistics.d_losses, model.statistics.g_losses), strict=True
    )
    pairs = [p for run, here in noted for p in zip(run.tolist(), read_values(here), strict=False)]
    equal = sum(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)
    other = None if isinstance(raised, FoundError) else raised
    return Replayed(watch.done, len(pairs), equal, suspect, other)


def read_values(losses: list[Tensor]) -> list[float]:
    """As the file has them."""
    return [float(loss) for loss in losses]


@contextmanager
def silence_lightning() -> Iterator[None]:
    """Lightning's lines and advice on devices, loaders and loggers are of no use here."""
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
    """Execute the steps before a crash again, and name the first tensor that was not finite.

    Args:
        file: crash/step=N.pt of a run folder.
        device: cpu, or cuda; only the kind of device that the run had draws the same noise.
    """
    if device not in ("cpu", "cuda") or (device == "cuda" and not torch.cuda.is_available()):
        raise UserError(f"device is {device!r}: give cpu, or cuda where there is one.")
    flight = read_crash_file(file)
    crash = flight["crash"]
    torch.set_num_threads(crash["threads"])
    model = load(file).train()
    print(f"{file}: {crash['error']}")
    found = replay_steps(flight, model, device)
    print(describe_replay(found, crash, device))


def read_crash_file(file: str) -> dict[str, Any]:
    """A crash file, every byte verified; nothing in it is run.

    Raises:
        CheckpointError: if it is none.
    """
    flight = read_checkpoint(file)
    if "crash" not in flight:
        raise CheckpointError(
            f"{file} is a checkpoint, and holds no minibatches: replay wants crash/step=N.pt of a run folder."
        )
    if "touched" not in flight["crash"]:
        raise CheckpointError(
            f"{file} was written by an older version of this suite: replay it with that version (run.json names it)."
        )
    if not flight["hyper_parameters"]:
        raise CheckpointError(
            f"{file} does not say how its networks are built, because its run was started from Python: build them as "
            f"there, and call again(read({str(Path(file))!r}), gan), both of lightning_gan.debugging.replay."
        )
    return flight


def describe_replay(found: Replayed, crash: dict[str, Any], device: str) -> str:
    """The verdict, in a few lines."""
    lines = [
        f"{found.steps} of {len(crash['batches'])} minibatches went well again; of {found.compared} losses of the run "
        f"{found.equal} are the same here, bit for bit"
    ]
    if crash["device"] != device:
        lines.append(
            f"the run was on {crash['device']}: here it draws other noise, and need not fail"
        )
    if crash["compiled"]:
        lines.append("the run's networks were compiled: here they are not, and round otherwise")
    if crash["processes"] > 1:
        lines.append(
            f"the run had {crash['processes']} processes: this is one of them, without the others' gradients"
        )
    if found.suspect:
        step, kind, name, said = found.suspect
        lines.append(f"first bad tensor, at step {step} ({kind}): {name} {said}")
    if found.raised:
        lines.append(
            f"it ended with {type(found.raised).__name__}: {str(found.raised).splitlines()[0]}"
        )
    if not found.suspect and not found.raised:
        lines.append("nothing went bad: what failed in the run is outside of these steps")
    return "\n".join(lines)
