"""Whose turn it is: what must hold still while the other player moves, and which updates count as steps."""

from collections.abc import Iterator
from contextlib import contextmanager

from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrizations import _SpectralNorm


@contextmanager
def statistics_held(player: nn.Module) -> Iterator[None]:
    """Let BatchNorm layers of a waiting player use the minibatch's statistics without recording them.

    Otherwise G's running averages would move twice as often as G. Spectral normalisation keeps its singular vectors,
    which it would improve at every pass in training mode.
    """
    norms = [m for m in player.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    spectral = [m for m in player.modules() if isinstance(m, _SpectralNorm) and m.training]
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


def _nothing() -> None:
    """Stands where Lightning would count a step."""


def uncounted(optimizer: LightningOptimizer) -> None:
    """Keep this optimizer's next update out of `trainer.global_step`.

    Under manual optimization Lightning counts every optimizer's step, so `max_steps`, checkpoint names and
    `every_n_train_steps` would be off by k + 1. Only G's updates are steps here. Lightning sets both hooks anew
    before every training_step, so this has to be called inside it.
    """
    optimizer._on_before_step = _nothing
    optimizer._on_after_step = _nothing
