"""Helpers for manual optimization: freeze statistics, scale and clip gradients, count steps."""

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
    """Disable updates of BatchNorm's running statistics and of spectral normalisation's vectors in a network.

    BatchNorm still normalises with the statistics of the minibatch. Without this context, the running statistics and
    the vectors of a network would also change in the updates of the other one.
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
    """Return a context in which backward passes do not synchronise gradients between devices.

    Lightning's strategy otherwise waits for a gradient of each parameter in the graph, including those of the network
    that is not updated.
    """
    blocked = getattr(strategy, "block_backward_sync", nullcontext)
    return cast(AbstractContextManager[None], blocked())


def hold_grad_scaler(trainer: Trainer) -> None:
    """Under float16, keep the gradient scale constant during the updates of one minibatch.

    Lightning updates the scale after each optimizer step. After an overflow in D, gradients that G already has would
    then be divided by another scale than the one they were multiplied by, and the scale would grow faster with more
    updates for each minibatch. An update with an overflow changes no parameters but is counted.
    """
    if scaler := getattr(trainer.precision_plugin, "scaler", None):
        scaler.update = _nothing


def update_grad_scaler(trainer: Trainer) -> None:
    """Under float16, update the gradient scale once for all updates of the minibatch."""
    if scaler := getattr(trainer.precision_plugin, "scaler", None):
        del scaler.update
        scaler.update()


def clip_gradients(optimizer: Optimizer, max_norm: float, trainer: Trainer) -> None:
    """Clip the norm of the gradient of all parameters of an optimizer.

    Under float16 a fused optimizer unscales gradients inside its step, which is too late for clipping: they are
    unscaled here, and torch's scaler does not unscale them again.

    Args:
        optimizer: Optimizer of one network.
        max_norm: Largest norm.
        trainer: Trainer, whose precision plugin holds the gradient scaler.
    """
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    if scaler and getattr(optimizer, "_step_supports_amp_scaling", False):
        scaler.unscale_(optimizer)
    clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], max_norm)


def _nothing() -> None:
    """Replace a hook that would count a step or update the gradient scale."""


def set_logged_steps(trainer: Trainer, steps: int) -> None:
    """Set the step at which Lightning's callbacks, such as LearningRateMonitor, log: the number of G's updates.

    Lightning counts minibatches, k for each step, and adds one after the hooks at the end of a minibatch.
    """
    trainer.fit_loop.epoch_loop._batches_that_stepped = steps


def exclude_from_global_step(optimizer: LightningOptimizer) -> None:
    """Exclude this optimizer's next update from `trainer.global_step`.

    Under manual optimization Lightning counts the steps of all optimizers, so that `max_steps`, checkpoint names and
    `every_n_train_steps` would count k + 1 for each update of G. Lightning sets both hooks before each training_step,
    so this function must be called inside it.
    """
    optimizer._on_before_step = _nothing
    optimizer._on_after_step = _nothing
