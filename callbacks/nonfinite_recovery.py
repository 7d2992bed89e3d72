"""Goes on after a loss that is not finite, if the user asks for it."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from callbacks.collapse_responses import RollbackOnCollapse
from lightning_gan.training.statistics import NonFiniteLossError


class NonFiniteRecovery(Callback):
    """Returns to the last state whose losses and weights were finite, instead of stopping.

    Without it a run stops at such a loss, and its last checkpoint stays good: that is the default, because a loss that
    is not finite means that something is wrong. The losses of an interval are looked at when its curves are due, so
    the state is kept once per `trainer.log_every_n_steps`. Every return is said in one line, with what it changed.

    Args:
        response: how to return, how often, and how much slower G learns from there.

    Raises:
        NonFiniteLossError: by the model itself, when all returns are used up.
    """

    def __init__(self, response: RollbackOnCollapse | None = None) -> None:
        self.response = response or RollbackOnCollapse()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first state to go back to."""
        self.response.begin(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Before the model itself reads the losses: keep this state, or go back."""
        step, every = trainer.global_step, trainer.log_every_n_steps  # type: ignore[attr-defined]
        if not pl_module.statistics.g_losses or step % every:  # type: ignore[union-attr]
            return
        bad = self.find_nonfinite(pl_module, step)
        if any(
            trainer.strategy.all_gather(torch.tensor(bool(bad), device=pl_module.device)).view(-1)
        ):
            if self.response.returns < self.response.limit:
                self.response.alarm(
                    trainer, pl_module, f"{bad or 'Another process has a bad loss'}."
                )
        else:
            self.response.healthy(trainer, pl_module)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Say why it was not another return."""
        returns = self.response.returns
        if isinstance(exception, NonFiniteLossError) and 0 < self.response.limit <= returns:
            exception.add_note(f"All {returns} returns were used up.")

    def find_nonfinite(self, pl_module: LightningModule, step: int) -> str:
        """What is not finite, or nothing."""
        try:
            pl_module.statistics.check(step)  # type: ignore[operator, union-attr]
        except NonFiniteLossError as error:
            return error.message
        for name, p in pl_module.named_parameters():
            if not p.isfinite().all():
                return f"{name} was no longer finite at step {step}"
        return ""

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return self.response.state_dict()

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Go on from there."""
        self.response.load_state_dict(state_dict)
