"""Exponential moving average of a network: the generator that is shown, the classifier that is asked."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_gan.arguments import Positive, check_arguments


class EMA(nn.Module):
    """Average of G's weights, or of D's, with a half-life counted in the images that the network was trained on.

    One update after each update of the network. The decay of update t is at most (1 + t) / (10 + t), so that the first
    weights are soon forgotten. BatchNorm statistics are averaged with the weights that made them; all other
    buffers are copied, because the average of what is not a statistic may be nothing of the kind.
    Part of the module, so part of every checkpoint. torch's AveragedModel waits for the device at every update
    and averages all buffers or none.

    Args:
        generator: G, or D; copied.
        half_life: images after which an old value has half its weight, above 0. Minibatches of m give a decay of
            0.5 ** (m / half_life).
    """

    @check_arguments
    def __init__(self, generator: nn.Module, half_life: Positive) -> None:
        super().__init__()
        self.module = copy.deepcopy(generator).requires_grad_(False)
        self.half_life = half_life

    def decay(self, images: int, update: int) -> float:
        """Weight of the old average in update number `update`, in which `images` samples took part."""
        return min(0.5 ** (images / self.half_life), (1 + update) / (10 + update))

    @torch.no_grad()
    def step(self, generator: nn.Module, images: int, update: int) -> None:
        """Move towards G as it is after its update."""
        averages, others = _parts(self.module)
        currents, others_now = _parts(generator)
        torch._foreach_lerp_(averages, currents, 1 - self.decay(images, update))
        for old, new in zip(others, others_now, strict=True):
            old.copy_(new)

    def restart(self, generator: nn.Module) -> None:
        """Forget the past: equal G as it is now."""
        self.module.load_state_dict(generator.state_dict())


def _parts(generator: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """What is averaged, and what is copied."""
    norms = [m for m in generator.modules() if isinstance(m, _BatchNorm)]
    statistics = [s for m in norms for s in (m.running_mean, m.running_var) if s is not None]
    known = {id(s) for s in statistics}
    others = [b for b in generator.buffers() if id(b) not in known]
    return [p.detach() for p in generator.parameters()] + statistics, others
