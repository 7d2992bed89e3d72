"""How large each network's gradient is: what vanishes or explodes is seen here before the losses show it."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer


class GradientNorms(Callback):
    """Notes train/d_grad_norm and train/g_grad_norm, Euclidean norms over all parameters of a network, before clipping.

    Taken at the last step of each logging interval only (k updates of D: their mean), so that it costs next to nothing.
    Nothing waits for the device, but for float16's scale where an optimizer is fused.
    """

    def __init__(self) -> None:
        self.due = False

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Whether the step at hand ends an interval."""
        model: Any = pl_module
        self.due = (model.g_updates + 1) % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Note the norm, without float16's scale; the model clips only after this."""
        if not self.due:
            return
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        fused = getattr(optimizer, "_step_supports_amp_scaling", False)  # divides within its step
        scale = scaler.get_scale() if scaler and fused else 1.0
        record: Any = pl_module.statistics
        parameters = (p for group in optimizer.param_groups for p in group["params"])
        gradients = [p.grad for p in parameters if p.grad is not None]
        for network, own in zip("dg", trainer.optimizers, strict=True):
            if own is optimizer and gradients:
                norms = torch.stack(list(torch._foreach_norm(gradients)))
                record.add_term(f"{network}_grad_norm", norms.float().norm() / scale)
