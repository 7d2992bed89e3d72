"""Gradient norms of G and D, which show vanishing or exploding gradients before the losses do."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer


class GradientNorms(Callback):
    """Callback that logs train/d_grad_norm and train/g_grad_norm, Euclidean norms over all parameters before clipping.

    The norms are computed only at the last step of each logging interval (for k updates of D, their mean), so the
    cost is negligible. The device is synchronized only for float16's gradient scale with a fused optimizer.
    """

    def __init__(self) -> None:
        self.due = False

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Determine whether this step ends a logging interval."""
        model: Any = pl_module
        self.due = (model.g_updates + 1) % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Record the norm without float16's gradient scale; the model clips after this hook."""
        if not self.due:
            return
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        fused = getattr(optimizer, "_step_supports_amp_scaling", False)  # unscales in its step
        scale = scaler.get_scale() if scaler and fused else 1.0
        record: Any = pl_module.statistics
        parameters = (p for group in optimizer.param_groups for p in group["params"])
        gradients = [p.grad for p in parameters if p.grad is not None]
        for network, own in zip("dg", trainer.optimizers, strict=True):
            if own is optimizer and gradients:
                norms = torch.stack(list(torch._foreach_norm(gradients)))
                record.add_term(f"{network}_grad_norm", norms.float().norm() / scale)
