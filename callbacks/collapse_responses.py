"""Responses to mode collapse: warn, stop training, or roll back to the last healthy state."""

import copy
from abc import ABC, abstractmethod
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_warn

from callbacks.checkpoint import Checkpoints
from lightning_gan.arguments import CountOrZero, PositiveShare, check_arguments


class CollapseResponse(ABC):
    """Base class of the responses of `ModeCollapseMonitor`; all processes call each method at the same step."""

    def on_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: B027
        """Prepare for training; called when it starts or resumes, after checkpoint state is loaded."""

    def on_healthy(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: B027
        """Handle an evaluation that found no collapse."""

    @abstractmethod
    def on_collapse(self, trainer: Trainer, pl_module: LightningModule, message: str) -> None:
        """Respond to a collapse.

        Args:
            trainer: Trainer of the run.
            pl_module: Model.
            message: One sentence with the step and the indicators.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return the checkpoint state: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Restore the checkpoint state."""


class WarnOnCollapse(CollapseResponse):
    """Response that prints a warning and lets training continue."""

    def on_collapse(self, trainer: Trainer, pl_module: LightningModule, message: str) -> None:
        """Print a warning."""
        rank_zero_warn(message)


class StopOnCollapse(CollapseResponse):
    """Response that stops training after this step; the run is saved and evaluated."""

    def on_collapse(self, trainer: Trainer, pl_module: LightningModule, message: str) -> None:
        """Print a warning and stop training."""
        rank_zero_warn(f"{message} Training stops.")
        trainer.should_stop = True


class RollbackOnCollapse(CollapseResponse):
    """Response that restores the last healthy state and reduces G's learning rate.

    It restores both networks, their optimizers and schedulers, the average of G, the counts and
    `trainer.global_step`. A step is therefore an update of G in the history of the final weights, and max_steps keeps
    its meaning. Minibatches and noise continue, so the discarded steps are not repeated. Curves and images of
    discarded steps stay. The healthy state is held in memory and in checkpoints, which become twice as large.

    Args:
        limit: Number of rollbacks after which training continues, at least 0. The next one ends training in the
            healthy state.
        slower: Factor of G's learning rate at each rollback, above 0 and at most 1: "G must not be trained
            too much without updating D" (Goodfellow et al. 2014, section 6).
    """

    @check_arguments
    def __init__(self, limit: CountOrZero = 3, slower: PositiveShare = 0.1) -> None:
        self.limit, self.slower = limit, slower
        self.rollbacks = 0
        self.healthy_state: dict[str, Any] = {}

    def on_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the initial state as the first healthy one."""
        if not self.healthy_state:
            self.on_healthy(trainer, pl_module)

    def on_healthy(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace the healthy state by the current one."""
        own: dict[str, Any] = {}
        pl_module.on_save_checkpoint(own)  # the counts
        self.healthy_state = copy.deepcopy(
            {
                "step": trainer.global_step,
                "module": pl_module.state_dict(),
                "optimizers": [o.state_dict() for o in trainer.optimizers],
                "schedulers": [c.scheduler.state_dict() for c in trainer.lr_scheduler_configs],
                "own": own,
            }
        )

    def on_collapse(self, trainer: Trainer, pl_module: LightningModule, message: str) -> None:
        """Restore the healthy state; then reduce G's learning rate, or stop if the limit is exceeded."""
        self.rollbacks += 1
        self.restore(trainer, pl_module)
        warning = f"{message} Rolled back to step {trainer.global_step}"
        if self.rollbacks > self.limit:
            rank_zero_warn(f"{warning}; the limit of {self.limit} is exceeded: training stops.")
            trainer.should_stop = True
            return
        reduce_learning_rate(trainer, pl_module, self.slower)
        self.on_healthy(trainer, pl_module)  # with the new rate, which the next rollback must keep
        count = f"rollback {self.rollbacks} of {self.limit}"
        rank_zero_warn(
            f"{warning}, with {self.slower**self.rollbacks:g} of the config's learning rate for G ({count})."
        )

    def restore(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore a copy of the healthy state."""
        healthy = copy.deepcopy(self.healthy_state)  # optimizers keep the tensors they are given
        pl_module.load_state_dict(healthy["module"])
        for optimizer, state in zip(trainer.optimizers, healthy["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        for config, state in zip(trainer.lr_scheduler_configs, healthy["schedulers"], strict=True):
            config.scheduler.load_state_dict(state)
        pl_module.on_load_checkpoint(healthy["own"])
        pl_module.statistics.reset()  # type: ignore[operator, union-attr]
        _set_step(trainer, healthy["step"])

    def state_dict(self) -> dict[str, Any]:
        """Return the number of rollbacks and the healthy state."""
        return {"returns": self.rollbacks, "kept": self.healthy_state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the number of rollbacks and the healthy state."""
        self.rollbacks, self.healthy_state = state["returns"], state["kept"]


def reduce_learning_rate(trainer: Trainer, pl_module: LightningModule, factor: float) -> None:
    """Multiply G's learning rate by a factor, for this step and for the rest of its schedule."""
    own = {id(p) for p in pl_module.generator.parameters()}  # type: ignore[union-attr]
    for config in trainer.lr_scheduler_configs:
        scheduler: Any = config.scheduler
        groups = scheduler.optimizer.param_groups
        if not own & {id(p) for group in groups for p in group["params"]}:
            continue
        for group in groups:  # not in place: the scheduler may hold the same tensor
            group["lr"] = group["lr"] * factor
            group["initial_lr"] = group.get("initial_lr", group["lr"]) * factor
        scheduler.base_lrs = [rate * factor for rate in scheduler.base_lrs]
        scheduler._last_lr = [group["lr"] for group in groups]


def _set_step(trainer: Trainer, step: int) -> None:
    """Set trainer.global_step, for which Lightning has no setter."""
    total = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
    total.ready = total.completed = step
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Checkpoints):
            callback.last_step = -1  # that step will be reached again with other weights
