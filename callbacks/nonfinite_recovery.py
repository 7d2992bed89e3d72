"""Recovery from losses and weights that are not finite."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.collapse_responses import RollbackOnCollapse
from lightning_gan.training.statistics import NonFiniteLossError


class NonFiniteRecovery(Callback):
    """Callback that rolls back to the last state with finite losses and weights instead of stopping.

    Without this callback a run stops at such a loss and its last checkpoint stays valid. That is the default, because
    a loss that is not finite indicates an error. Losses are checked once per logging interval, so the state is saved
    every `trainer.log_every_n_steps`. Each rollback prints one line with the new learning rate.

    Args:
        response: Rollback to apply: its limit and its factor of G's learning rate.

    Raises:
        NonFiniteLossError: By the model, when all rollbacks are used up.
    """

    def __init__(self, response: RollbackOnCollapse | None = None) -> None:
        self.response = response or RollbackOnCollapse()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the initial state."""
        self.response.on_start(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Save the state or roll back, before the model checks its losses."""
        step, every = trainer.global_step, trainer.log_every_n_steps  # type: ignore[attr-defined]
        if not pl_module.statistics.g_losses or step % every:  # type: ignore[union-attr]
            return
        problem = self.find_nonfinite(pl_module, step)
        found = torch.tensor(bool(problem), device=pl_module.device)
        if any(trainer.strategy.all_gather(found).view(-1)):
            if self.response.rollbacks < self.response.limit:
                message = f"{problem or 'A value is not finite on another process'}."
                self.response.on_collapse(trainer, pl_module, message)
        else:
            self.response.on_healthy(trainer, pl_module)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Add a note to the error if all rollbacks are used up."""
        rollbacks = self.response.rollbacks
        if isinstance(exception, NonFiniteLossError) and 0 < self.response.limit <= rollbacks:
            exception.add_note(f"All {rollbacks} rollbacks were used up.")

    def find_nonfinite(self, pl_module: LightningModule, step: int) -> str:
        """Return a sentence about the first loss or weight that is not finite; empty if all are."""
        try:
            pl_module.statistics.check(step)  # type: ignore[operator, union-attr]
        except NonFiniteLossError as error:
            return error.message
        for name, p in pl_module.named_parameters():
            if not p.isfinite().all():
                return f"{name} was no longer finite at step {step}"
        return ""

    def state_dict(self) -> dict[str, object]:
        """Return the state of the response."""
        return self.response.state_dict()

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Restore the state of the response."""
        self.response.load_state_dict(state_dict)
