"""The last minibatches and the state before them, so that a bad step can be executed again."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytorch_lightning
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from callbacks.image_logging import find_run_folder_of_trainer
from lightning_gan.arguments import Bytes, check_arguments
from lightning_gan.debugging import step_record
from lightning_gan.training.statistics import NonFiniteLossError
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.file_format import FORMAT, KEY
from lightning_gan.utils.shell_text import format_command


class FlightRecorder(Callback):
    """Writes crash/step=<updates of G>.pt when a step fails; `python -m lightning_gan replay FILE` names what went bad.

    A loss that is not finite is found when the curves are written, so the state is kept once per such interval
    (`trainer.log_every_n_steps`): networks, their average, optimizers, schedules, counts, on the
    CPU. Of each step since
    then the minibatch is kept as it came, the state of the random numbers, and on the device what tells whether
    anything but the steps moved a parameter (`lightning_gan.debugging.step_record`). Nothing waits
    for the device within an
    interval. The file holds tensors and plain values.

    Args:
        most_bytes: of minibatches, at least 1; if an interval has more, its losses are looked at and the state is
            kept anew.
    """

    @check_arguments
    def __init__(self, most_bytes: Bytes = 2**28) -> None:
        self.most_bytes = most_bytes
        self.start: dict[str, Any] = {}
        self.turn = 0
        self.in_step = False
        self.batches: list[Any] = []
        self.random_states: list[dict[str, Tensor]] = []  # these two are as long as they ever were
        self.norms: list[Tensor] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let all processes know the run's folder: a new one has a number that only the first of them knows."""
        self.folder = Path(trainer.strategy.broadcast(str(find_run_folder_of_trainer(trainer))))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep the minibatch; at the start of an interval, or where there is no more room, the state as well."""
        record: Any = pl_module.statistics
        if not self.start or not record.d_losses or self.held > self.most_bytes:
            record.check(pl_module.g_updates)
            self.keep_state(trainer, pl_module)
        restore_batches(self.random_states, len(self.batches), read_states(pl_module), copy_batch)
        now = step_record.read_versions(self.parameters)
        self.touched.append(step_record.find_touched(self.names, self.parameters, self.marks, now))
        restore_batches(
            self.norms,
            len(self.batches),
            step_record.measure_norms(self.parameters, self.parts),
            stack_losses,
        )
        self.batches.append(batch)
        self.held += sum(x.nbytes for x in find_tensors(batch))
        self.in_step = bool(pl_module.d_updates)  # the very first minibatch may be bad input

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """The networks took the minibatch: what fails now is no bad input."""
        self.in_step = True

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """The step is done."""
        self.in_step = False
        self.marks = step_record.read_versions(self.parameters)

    def keep_state(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What the next steps begin with, on the CPU."""
        own: dict[str, Any] = {}
        pl_module.on_save_checkpoint(own)  # the counts
        own.pop("record", None)
        record: Any = pl_module.statistics
        kept = own | {
            "state_dict": pl_module.state_dict(),
            "optimizer_states": [o.state_dict() for o in trainer.optimizers],
            "lr_schedulers": [c.scheduler.state_dict() for c in trainer.lr_scheduler_configs],
        }
        self.start = copy_batch(kept, self.start)
        self.losses = record.d_losses, record.g_losses  # these lists grow until the curves are read
        self.before = tuple(map(len, self.losses))
        named = [(name, p) for name, p in pl_module.named_parameters() if p.requires_grad]
        self.names, self.parameters = zip(*named, strict=True)
        self.parts, self.turn = (
            step_record.select_slices(self.parameters, self.turn),
            self.turn + 1,
        )
        self.marks = step_record.read_versions(
            self.parameters
        )  # whatever touched them before is in the state
        self.batches = []
        self.touched: list[dict[str, Tensor]] = []
        self.held = 0

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The memory is free; not at the end of training, where the last losses are looked at."""
        self.start, self.batches, self.in_step = {}, [], False
        self.random_states, self.norms = [], []

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Write what led to it, and say where."""
        bad = isinstance(exception, NonFiniteLossError)
        if not self.start or not (bad or (self.in_step and isinstance(exception, Exception))):
            return
        counts: Any = exception if bad else pl_module
        step: int = counts.step if bad else counts.g_updates + 1
        others = f"_process={trainer.global_rank}" if trainer.global_rank else ""
        path = self.folder / "crash" / f"step={step}{others}.pt"
        try:
            with atomic_write(path) as beside:
                torch.save(self.flight(trainer, pl_module, exception, step), beside)
        except OSError as error:
            exception.add_note(f"What led to it could not be written ({error.strerror}).")
            return
        exception.add_note(
            f"What led to it is kept; to see which tensor went bad first: {format_replay_command(path)}"
        )

    def flight(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException, step: int
    ) -> dict[str, Any]:
        """All that `lightning_gan.debugging.replay` reads, as tensors and plain values."""
        losses = [
            torch.stack(noted[n:]).float().cpu() if noted[n:] else torch.zeros(0)
            for noted, n in zip(self.losses, self.before, strict=True)
        ]
        return self.start | {
            KEY: FORMAT,
            "pytorch-lightning_version": pytorch_lightning.__version__,
            "hparams_name": getattr(pl_module, "_hparams_name", "kwargs"),
            "hyper_parameters": dict(pl_module.hparams),
            "crash": {
                "step": step,
                "error": f"{type(exception).__name__}: {exception}",
                "losses": losses,
                "batches": copy_batch(self.batches),
                "random_states": self.random_states[: len(self.batches)],
                "norms": torch.stack(self.norms[: len(self.batches)]).float().cpu(),
                "parts": self.parts,
                "touched": [{n: float(norm) for n, norm in row.items()} for row in self.touched],
                "parameters": list(self.names),
                "device": pl_module.device.type,
                "processes": trainer.world_size,
                "precision": str(trainer.precision),
                "threads": torch.get_num_threads(),
                "accumulated": pl_module.microbatches,
                "compiled": any(network._compiled_call_impl for network in pl_module.children()),
            },
        }


def format_replay_command(path: Path) -> str:
    """What the user types to see it again."""
    return format_command("replay", path)


def copy_batch(value: Any, old: Any = None) -> Any:
    """Tensors on the CPU, and what holds them; in the memory of an older copy, where it fits: new memory costs more."""
    if isinstance(value, Tensor):
        if isinstance(old, Tensor) and (old.shape, old.dtype) == (value.shape, value.dtype):
            return old.copy_(value.detach())
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        return {key: copy_batch(part, before.get(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        earlier = old if isinstance(old, list) else []
        return [copy_batch(part, o) for part, o in zip_longest(value, earlier[: len(value)])]
    return value


def stack_losses(norms: Sequence[Tensor], old: Tensor | None) -> Tensor:
    """In one tensor, where they lie."""
    return torch.stack(list(norms), out=old)


def restore_batches(rows: list[Any], i: int, new: Any, put: Callable[[Any, Any], Any]) -> None:
    """Write row i in the memory of an earlier row i: small things that stay would part the memory that steps use."""
    if i < len(rows):
        rows[i] = put(new, rows[i])
    else:
        rows.append(put(new, None))


def read_states(pl_module: LightningModule) -> dict[str, Tensor]:
    """Of the generators of random numbers, by kind of device."""
    found = {"cpu": torch.get_rng_state()}
    if pl_module.device.type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def find_tensors(batch: Any) -> Iterable[Tensor]:
    """Those of a minibatch."""
    parts = batch.values() if isinstance(batch, dict) else batch
    return [x for x in ([batch] if isinstance(batch, Tensor) else parts) if isinstance(x, Tensor)]
