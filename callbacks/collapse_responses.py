"""What is done about a collapsed generator: say so, stop, or go back to where it was healthy."""

import copy
from abc import ABC, abstractmethod
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_warn

from callbacks.checkpoint import Checkpoints
from lightning_gan.arguments import CountOrZero, PositiveShare, check_arguments


class CollapseResponse(ABC):
    """What `ModeCollapseMonitor` does when it sees a collapse. Every process calls each method, at the same step."""

    def begin(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: B027
        """Training starts or goes on; what a checkpoint held has been taken up."""

    def healthy(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: B027
        """A look found nothing: a state worth keeping."""

    @abstractmethod
    def alarm(self, trainer: Trainer, pl_module: LightningModule, seen: str) -> None:
        """Respond to a collapse.

        Args:
            trainer: of the run.
            pl_module: the model.
            seen: what was seen, as one sentence.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Take it up again."""


class WarnOnCollapse(CollapseResponse):
    """Says so, and lets the run go on."""

    def alarm(self, trainer: Trainer, pl_module: LightningModule, seen: str) -> None:
        """One warning."""
        rank_zero_warn(seen)


class StopOnCollapse(CollapseResponse):
    """Ends training after this step; the run is saved and scored as ever."""

    def alarm(self, trainer: Trainer, pl_module: LightningModule, seen: str) -> None:
        """One warning, and the end."""
        rank_zero_warn(f"{seen} Training stops.")
        trainer.should_stop = True


class RollbackOnCollapse(CollapseResponse):
    """Goes back to the last state that looked healthy, and lets G learn more slowly from there.

    Both networks, their optimizers and schedules, the average of G and the counts go back, and with them
    `trainer.global_step`: a step stays an update of G on the way that led to the result, and max_steps means what
    it meant. Minibatches and noise go on, so the same steps are not taken twice. Curves and images of steps that
    were taken back stay. The healthy state is kept in memory, and in checkpoints, which it makes twice as large.

    Args:
        limit: returns after which training goes on, at least 0; one more ends it, in the healthy state.
        slower: factor of G's learning rate at each return, above 0 and at most 1: "G must not be trained
            too much without updating D" (Goodfellow et al. 2014, section 6).
    """

    @check_arguments
    def __init__(self, limit: CountOrZero = 3, slower: PositiveShare = 0.1) -> None:
        self.limit, self.slower = limit, slower
        self.returns = 0
        self.kept: dict[str, Any] = {}

    def begin(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Where the run began is the first state to go back to."""
        if not self.kept:
            self.healthy(trainer, pl_module)

    def healthy(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep this state instead of the one before."""
        own: dict[str, Any] = {}
        pl_module.on_save_checkpoint(own)  # the counts
        self.kept = copy.deepcopy(
            {
                "step": trainer.global_step,
                "module": pl_module.state_dict(),
                "optimizers": [o.state_dict() for o in trainer.optimizers],
                "schedulers": [c.scheduler.state_dict() for c in trainer.lr_scheduler_configs],
                "own": own,
            }
        )

    def alarm(self, trainer: Trainer, pl_module: LightningModule, seen: str) -> None:
        """Go back, and go on or stop."""
        self.returns += 1
        self.restore(trainer, pl_module)
        back = f"{seen} Back to step {trainer.global_step}"
        if self.returns > self.limit:
            rank_zero_warn(f"{back}, for the last time: training stops.")
            trainer.should_stop = True
            return
        reduce_learning_rate(trainer, pl_module, self.slower)
        self.healthy(trainer, pl_module)  # with the new rate, which another return must not undo
        rate, which = f"{self.slower**self.returns:g}", f"return {self.returns} of {self.limit}"
        rank_zero_warn(f"{back}, with {rate} of the config's learning rate for G ({which}).")

    def restore(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put everything back to where it was kept; what is kept stays as it is."""
        kept = copy.deepcopy(self.kept)  # optimizers take tensors over without a copy
        pl_module.load_state_dict(kept["module"])
        for optimizer, state in zip(trainer.optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        for config, state in zip(trainer.lr_scheduler_configs, kept["schedulers"], strict=True):
            config.scheduler.load_state_dict(state)
        pl_module.on_load_checkpoint(kept["own"])
        pl_module.statistics.reset()  # type: ignore[operator, union-attr]
        _set_step(trainer, kept["step"])

    def state_dict(self) -> dict[str, Any]:
        """Returns so far, and the healthy state."""
        return {"returns": self.returns, "kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it up again."""
        self.returns, self.kept = state["returns"], state["kept"]


def reduce_learning_rate(trainer: Trainer, pl_module: LightningModule, factor: float) -> None:
    """Multiply the learning rate of G now and in what its schedule still brings."""
    own = {id(p) for p in pl_module.generator.parameters()}  # type: ignore[union-attr]
    for config in trainer.lr_scheduler_configs:
        scheduler: Any = config.scheduler
        groups = scheduler.optimizer.param_groups
        if not own & {id(p) for group in groups for p in group["params"]}:
            continue
        for group in groups:  # not in place: a rate may be a tensor that its schedule holds as well
            group["lr"] = group["lr"] * factor
            group["initial_lr"] = group.get("initial_lr", group["lr"]) * factor
        scheduler.base_lrs = [rate * factor for rate in scheduler.base_lrs]
        scheduler._last_lr = [group["lr"] for group in groups]


def _set_step(trainer: Trainer, step: int) -> None:
    """Set trainer.global_step, which Lightning counts but lets nobody set."""
    total = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
    total.ready = total.completed = step
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Checkpoints):
            callback.last_step = -1  # that step will be reached again, and be another one
