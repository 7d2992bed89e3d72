"""How several devices play one model: what Lightning has to be told."""

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

# names that leave the choice, or name what is done anyway
ANY = ("auto", "ddp", "ddp_find_unused_parameters_true")


def is_single_device(trainer: Namespace) -> bool:
    """Whether the Trainer's settings ask for one device."""
    asked = trainer.devices
    one = asked in (1, "1") or (asked == "auto" and torch.cuda.device_count() < 2)
    return one and trainer.num_nodes == 1


class AdversarialDDPStrategy(DDPStrategy):
    """Data parallel training in which one network may wait while the other moves, and all processes end together.

    With the Trainer's `sync_batchnorm`, BatchNorm layers take the statistics of the minibatch of all devices; without
    it, those of each device's own part, and a line says so.

    Args:
        patience: minutes that a process waits for another one before it gives up.
    """

    def __init__(self, patience: float = 10.0) -> None:
        if not patience > 0:
            raise UserError(f"A patience of {patience} minutes: give a positive number.")
        super().__init__(find_unused_parameters=True, timeout=timedelta(minutes=patience))

    def setup_distributed(self) -> None:
        """Meet the other processes, and look out for their failures from then on.

        Lightning seeds all generators anew here; one device, which meets nobody, goes on from its weights'.
        """
        with isolate_rng():
            super().setup_distributed()
        failures.watch()

    def setup(self, trainer: Trainer) -> None:
        """As ever, but with BatchNorm layers that know all devices on any device, and to any derivative."""
        if self._layer_sync:
            self._layer_sync = SyncBatchNormPlugin()
        elif trainer.state.fn == TrainerFn.FITTING and self.model and find_batch_norms(self.model):
            rank_zero_info(
                "BatchNorm takes its statistics from each device's own part of a minibatch; "
                "--trainer.sync_batchnorm true takes them from all of it, as one device would."
            )
        super().setup(trainer)

    def on_validation_start(self) -> None:
        """Let all devices look at the first one's statistics, which is what a checkpoint holds."""
        super().on_validation_start()
        if self.lightning_module:
            collectives.broadcast(self.lightning_module.buffers())

    def on_exception(self, exception: BaseException) -> None:
        """Tell the others at once, unless a signal has ended the evaluation: they know of it."""
        if not isinstance(exception, EvaluationInterrupted):
            failures.find_first_failure(exception)
        super().on_exception(exception)


class SyncBatchNormPlugin(LayerSync):
    """Lets all BatchNorm layers of a model, of whatever class, take the statistics of all devices, and stop so again.

    Torch's own SyncBatchNorm knows no CPU, has no second derivative, which gradient penalties take, and would put
    itself in the place of layers that read a condition.
    """

    def apply(self, model: nn.Module) -> nn.Module:
        """Give each of them a class that is its own and `SyncedBatchNorm`.

        Parameters and statistics stay where they are.
        """
        for norm in find_batch_norms(model):
            norm.__class__ = type(type(norm).__name__, (type(norm), SyncedBatchNorm), {})
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Give each its own class back."""
        for norm in find_batch_norms(model):
            if isinstance(norm, SyncedBatchNorm):
                norm.__class__ = type(norm).__bases__[0]
        return model


class SyncedBatchNorm(_BatchNorm):
    """BatchNorm (Ioffe & Szegedy 2015) on the examples of all devices, in float32 or better."""

    def forward(self, x: Tensor) -> Tensor:
        """[m, channels, ...], shape unchanged; statistics over all but the channels, and over the devices."""
        if not self.training:
            return super().forward(x)
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        over = [d for d in range(x.dim()) if d != 1]
        own = torch.stack([wide.mean(over), wide.var(over, correction=0)])
        means, variances = collectives.all_gather(own[None]).unbind(1)
        mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
        self.keep(
            mean.detach(), variance.detach(), x.numel() // x.shape[1] * collectives.world_size()
        )
        scale = (variance + self.eps).rsqrt() * (1 if self.weight is None else self.weight)
        shift: Tensor = torch.zeros_like(mean) if self.bias is None else self.bias
        mean, scale, shift = (v.view(1, -1, *[1] * (x.dim() - 2)) for v in (mean, scale, shift))
        return torch.addcmul(shift, wide - mean, scale).to(x.dtype)

    def keep(self, mean: Tensor, variance: Tensor, n: int) -> None:
        """Let the running averages follow, unless they are held still; the variance without its bias."""
        if not self.track_running_stats or self.running_mean is None or self.running_var is None:
            return
        self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        share: Any = self.momentum
        if share is None:  # of all minibatches so far
            share = 1 / float(self.num_batches_tracked)  # type: ignore[arg-type]
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * n / (n - 1), share)


def find_batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """The BatchNorm layers below."""
    return [m for m in model.modules() if isinstance(m, _BatchNorm)]
