"""Whose turn it is: what must hold still while the other network moves, and which updates count as steps."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from pytorch_lightning import Trainer
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.strategies import Strategy
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.optim import Optimizer


@contextmanager
def frozen_norm_statistics(network: nn.Module) -> Iterator[None]:
    """Let BatchNorm layers of a waiting network use the minibatch's statistics without recording them.

    Otherwise G's running averages would move twice as often as G. Spectral normalisation keeps its singular vectors,
    which it would improve at every pass in training mode.
    """
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    spectral = [m for m in network.modules() if isinstance(m, _SpectralNorm) and m.training]
    for norm in norms:
        norm.track_running_stats = False
    for vectors in spectral:
        vectors.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        for vectors in spectral:
            vectors.train()


def no_gradient_sync(strategy: Strategy) -> AbstractContextManager[None]:
    """Let backward passes on several devices leave their gradients on each.

    Lightning's strategy otherwise awaits a gradient for every parameter in the graph of a loss, also for those of the
    network whom this loss does not move.
    """
    blocked = getattr(strategy, "block_backward_sync", nullcontext)
    return cast(AbstractContextManager[None], blocked())


def hold_grad_scaler(trainer: Trainer) -> None:
    """Under float16, keep one scale of the losses for all updates of a minibatch.

    Lightning has it follow each optimizer's step. So an overflow of D's gradient would divide by another scale than it
    was multiplied by what G already holds, and the scale would grow faster the more updates a step has. A network whose
    gradient overflows stands still in its turn, which counts as every turn does.
    """
    if scaler := getattr(trainer.precision_plugin, "scaler", None):
        scaler.update = _nothing


def update_grad_scaler(trainer: Trainer) -> None:
    """Let the scale follow what all networks met, once."""
    if scaler := getattr(trainer.precision_plugin, "scaler", None):
        del scaler.update
        scaler.update()


def clip_gradients(optimizer: Optimizer, largest: float, trainer: Trainer) -> None:
    """Shorten the gradient of all of an optimizer's parameters together to a largest norm.

    Under float16 a fused optimizer would divide by the scale inside of its step, where Lightning leaves it to do so: a
    gradient that is to be clipped is divided before, and torch's scaler then tells the step that it was.
    """
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    if scaler and getattr(optimizer, "_step_supports_amp_scaling", False):
        scaler.unscale_(optimizer)
    clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], largest)


def _nothing() -> None:
    """Stands where Lightning would count a step, or let the scale follow one."""


def set_logged_steps(trainer: Trainer, steps: int) -> None:
    """Set the step at which callbacks of Lightning, such as LearningRateMonitor, write rows: updates of G.

    Lightning counts minibatches, k for each step, and adds one after the hooks that end a minibatch.
    """
    trainer.fit_loop.epoch_loop._batches_that_stepped = steps


def exclude_from_global_step(optimizer: LightningOptimizer) -> None:
    """Keep this optimizer's next update out of `trainer.global_step`.

    Under manual optimization Lightning counts every optimizer's step, so `max_steps`, checkpoint names and
    `every_n_train_steps` would be off by k + 1. Only G's updates are steps here. Lightning sets both hooks anew
    before every training_step, so this has to be called inside it.
    """
    optimizer._on_before_step = _nothing
    optimizer._on_after_step = _nothing
