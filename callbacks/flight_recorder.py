"""Record of the latest minibatches and the state before them, so that a failed step can be executed again."""

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
    """Callback that writes crash/step=<updates of G>.pt when a step fails.

    The command `python -m lightning_gan replay FILE` executes the recorded steps again and names the first tensor
    that is not finite.

    A loss that is not finite is found when metrics are written. The state is therefore copied to the CPU once per
    `trainer.log_every_n_steps`: networks, average, optimizers, schedulers and counts. For each step after it, the
    callback stores the minibatch, the states of the random number generators, and norms on the device that show
    whether anything except the updates changed a parameter (`lightning_gan.debugging.step_record`). It does not
    synchronize the device within an interval. The file holds tensors and plain values.

    Args:
        most_bytes: Limit of the stored minibatches, in bytes, at least 1. If an interval exceeds it, the losses are
            checked and the state is copied again.
    """

    @check_arguments
    def __init__(self, most_bytes: Bytes = 2**28) -> None:
        self.most_bytes = most_bytes
        self.start: dict[str, Any] = {}
        self.interval = 0
        self.in_step = False
        self.batches: list[Any] = []
        self.random_states: list[dict[str, Tensor]] = []  # these two lists never shrink: their
        self.norms: list[Tensor] = []  # memory is used again

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Broadcast the run folder: only rank 0 knows the version number of a new one."""
        self.folder = Path(trainer.strategy.broadcast(str(find_run_folder_of_trainer(trainer))))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Store the minibatch; copy the state first at the start of an interval or above `most_bytes`."""
        record: Any = pl_module.statistics
        if not self.start or not record.d_losses or self.stored_bytes > self.most_bytes:
            record.check(pl_module.g_updates)
            self.copy_state(trainer, pl_module)
        i = len(self.batches)
        write_row(self.random_states, i, collect_rng_states(pl_module), copy_batch)
        now = step_record.read_versions(self.parameters)
        self.touched.append(step_record.find_touched(self.names, self.parameters, self.marks, now))
        norms = step_record.measure_norms(self.parameters, self.parts)
        write_row(self.norms, i, norms, stack_norms)
        self.batches.append(batch)
        self.stored_bytes += sum(x.nbytes for x in find_tensors(batch))
        self.in_step = bool(pl_module.d_updates)  # the first minibatch may be invalid input

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Note that the networks accepted the minibatch, so a later failure is not invalid input."""
        self.in_step = True

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Note the end of the step."""
        self.in_step = False
        self.marks = step_record.read_versions(self.parameters)

    def copy_state(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copy the current state to the CPU and clear the stored steps."""
        own: dict[str, Any] = {}
        pl_module.on_save_checkpoint(own)  # the counts
        own.pop("record", None)
        record: Any = pl_module.statistics
        state = own | {
            "state_dict": pl_module.state_dict(),
            "optimizer_states": [o.state_dict() for o in trainer.optimizers],
            "lr_schedulers": [c.scheduler.state_dict() for c in trainer.lr_scheduler_configs],
        }
        self.start = copy_batch(state, self.start)
        self.losses = record.d_losses, record.g_losses  # these lists grow until they are averaged
        self.before = tuple(map(len, self.losses))
        named = [(name, p) for name, p in pl_module.named_parameters() if p.requires_grad]
        self.names, self.parameters = zip(*named, strict=True)
        self.parts = step_record.select_slices(self.parameters, self.interval)
        self.interval += 1
        self.marks = step_record.read_versions(self.parameters)  # earlier changes are in the state
        self.batches = []
        self.touched: list[dict[str, Tensor]] = []
        self.stored_bytes = 0

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Free the memory; later than `on_train_end`, where the model checks its last losses."""
        self.start, self.batches, self.in_step = {}, [], False
        self.random_states, self.norms = [], []

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Write the record of a failed step and add its path to the error."""
        nonfinite = isinstance(exception, NonFiniteLossError)
        failed = nonfinite or (self.in_step and isinstance(exception, Exception))
        if not self.start or not failed:
            return
        counts: Any = exception if nonfinite else pl_module
        step: int = counts.step if nonfinite else counts.g_updates + 1
        others = f"_process={trainer.global_rank}" if trainer.global_rank else ""
        path = self.folder / "crash" / f"step={step}{others}.pt"
        try:
            with atomic_write(path) as temporary:
                torch.save(self.make_record(trainer, pl_module, exception, step), temporary)
        except OSError as error:
            exception.add_note(f"The steps before it could not be recorded ({error.strerror}).")
            return
        exception.add_note(
            f"The steps before it are recorded; to find the first tensor that is not finite: "
            f"{format_replay_command(path)}"
        )

    def make_record(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException, step: int
    ) -> dict[str, Any]:
        """Return the content of the file that `lightning_gan.debugging.replay` reads."""
        losses = [
            torch.stack(values[n:]).float().cpu() if values[n:] else torch.zeros(0)
            for values, n in zip(self.losses, self.before, strict=True)
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
    """Return the command that executes a recorded step again."""
    return format_command("replay", path)


def copy_batch(value: Any, old: Any = None) -> Any:
    """Copy nested containers of tensors to the CPU.

    Args:
        value: Tensor, dict, list or tuple; other values are returned unchanged.
        old: Earlier copy, whose memory is used again where shapes and types match, because allocation costs more.
    """
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


def stack_norms(norms: Sequence[Tensor], old: Tensor | None) -> Tensor:
    """Stack scalars to one tensor on their device, in the memory of an older one if there is one."""
    return torch.stack(list(norms), out=old)


def write_row(rows: list[Any], i: int, new: Any, copy: Callable[[Any, Any], Any]) -> None:
    """Write row i, in the memory of an earlier row i if there is one.

    New small allocations that outlive a step would fragment the memory that the steps use.
    """
    if i < len(rows):
        rows[i] = copy(new, rows[i])
    else:
        rows.append(copy(new, None))


def collect_rng_states(pl_module: LightningModule) -> dict[str, Tensor]:
    """Return the states of torch's random number generators by device type."""
    states = {"cpu": torch.get_rng_state()}
    if pl_module.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def find_tensors(batch: Any) -> Iterable[Tensor]:
    """Return the tensors of a minibatch: a tensor, a list or a dict."""
    parts = batch.values() if isinstance(batch, dict) else batch
    return [x for x in ([batch] if isinstance(batch, Tensor) else parts) if isinstance(x, Tensor)]
