"""DDP strategy for models with two networks, and BatchNorm over all devices."""

from datetime import timedelta
from typing import Any

import torch
from jsonargparse import Namespace
from pytorch_lightning import Trainer
from pytorch_lightning.plugins import LayerSync
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.rank_zero import rank_zero_info
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_gan.distributed import collectives, failures
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.interrupts import EvaluationInterrupted

# values of --trainer.strategy that AdversarialDDPStrategy replaces
ANY = ("auto", "ddp", "ddp_find_unused_parameters_true")


def is_single_device(trainer: Namespace) -> bool:
    """Return whether the Trainer's settings select a single device."""
    devices = trainer.devices
    single = devices in (1, "1") or (devices == "auto" and torch.cuda.device_count() < 2)
    return single and trainer.num_nodes == 1


class AdversarialDDPStrategy(DDPStrategy):
    """DDP strategy for models that update one network at a time; the failure of one process ends all of them.

    With the Trainer's `sync_batchnorm`, BatchNorm uses the statistics of the minibatch of all devices; without it,
    those of each device's own part, and a log line says so.

    Args:
        timeout_minutes: Longest time that a process waits for another one, in minutes, above 0.

    Raises:
        UserError: timeout_minutes is not positive.
    """

    def __init__(self, timeout_minutes: float = 10.0) -> None:
        if not timeout_minutes > 0:
            raise UserError(f"timeout_minutes is {timeout_minutes}: give a positive number.")
        super().__init__(find_unused_parameters=True, timeout=timedelta(minutes=timeout_minutes))

    def setup_distributed(self) -> None:
        """Join the process group and start to watch the other processes for failures.

        Lightning seeds all random number generators here. Their state is restored, so that n devices draw what one
        device draws.
        """
        with isolate_rng():
            super().setup_distributed()
        failures.watch_peers()

    def setup(self, trainer: Trainer) -> None:
        """Also replace Lightning's synchronised BatchNorm by `SyncedBatchNorm`."""
        if self._layer_sync:
            self._layer_sync = SyncBatchNormPlugin()
        elif trainer.state.fn == TrainerFn.FITTING and self.model and find_batch_norms(self.model):
            rank_zero_info(
                "BatchNorm uses the statistics of each device's own part of a minibatch; "
                "--trainer.sync_batchnorm true uses those of the whole minibatch, as on one device."
            )
        super().setup(trainer)

    def on_validation_start(self) -> None:
        """Copy the buffers of rank 0, which a checkpoint contains, to all ranks."""
        super().on_validation_start()
        if self.lightning_module:
            collectives.broadcast(self.lightning_module.buffers())

    def on_exception(self, exception: BaseException) -> None:
        """Announce the failure to the other processes, unless a signal ended the evaluation of all of them."""
        if not isinstance(exception, EvaluationInterrupted):
            failures.find_first_failure(exception)
        super().on_exception(exception)


class SyncBatchNormPlugin(LayerSync):
    """Plugin that makes all BatchNorm layers of a model, subclasses included, use the statistics of all devices.

    torch's SyncBatchNorm needs a GPU, has no second derivative, which gradient penalties need, and would replace
    conditional BatchNorm layers.
    """

    def apply(self, model: nn.Module) -> nn.Module:
        """Give each BatchNorm layer a class that also inherits from `SyncedBatchNorm`; its tensors do not change."""
        for norm in find_batch_norms(model):
            norm.__class__ = type(type(norm).__name__, (type(norm), SyncedBatchNorm), {})
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Restore the class of each BatchNorm layer."""
        for norm in find_batch_norms(model):
            if isinstance(norm, SyncedBatchNorm):
                norm.__class__ = type(norm).__bases__[0]
        return model


class SyncedBatchNorm(_BatchNorm):
    """BatchNorm (Ioffe & Szegedy 2015) over the examples of all devices, in float32 or better."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [m, channels, ...] with statistics over the examples of all devices and over all positions."""
        if not self.training:
            return super().forward(x)
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        dims = [d for d in range(x.dim()) if d != 1]
        own = torch.stack([wide.mean(dims), wide.var(dims, correction=0)])
        means, variances = collectives.all_gather(own[None]).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        n = x.numel() // x.shape[1] * collectives.world_size()
        self.update_running_statistics(mean.detach(), variance.detach(), n)
        scale = (variance + self.eps).rsqrt() * (1 if self.weight is None else self.weight)
        shift: Tensor = torch.zeros_like(mean) if self.bias is None else self.bias
        mean, scale, shift = (v.view(1, -1, *[1] * (x.dim() - 2)) for v in (mean, scale, shift))
        return torch.addcmul(shift, wide - mean, scale).to(x.dtype)

    def update_running_statistics(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Update the running averages, unless they are frozen.

        Args:
            mean: Mean of each channel.
            variance: Biased variance of each channel; its unbiased value is averaged.
            n: Number of values for each channel.
        """
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        momentum: Any = self.momentum
        if momentum is None:  # cumulative average
            momentum = 1 / float(self.num_batches_tracked)  # type: ignore[arg-type]
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * n / (n - 1), momentum)


def find_batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """Return all BatchNorm layers of a model."""
    return [m for m in model.modules() if isinstance(m, _BatchNorm)]
