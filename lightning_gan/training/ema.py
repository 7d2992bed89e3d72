"""EMA: exponential moving average of a network's weights."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_gan.arguments import Positive, check_arguments


class EMA(nn.Module):
    """Exponential moving average of the weights of a network, with a half-life in training images.

    It is updated after each update of the network. The decay of update t is capped at (1 + t) / (10 + t) (warm-up).
    BatchNorm's running statistics are averaged as the weights are; all other buffers are copied. The average is a
    submodule, so that checkpoints contain it. torch's AveragedModel averages either all buffers or none, and waits for
    the device at each update.

    Args:
        generator: Network to average, G or D; it is copied.
        half_life: Number of training images after which the weight of an old value is halved, above 0. A minibatch of
            m images gives a decay of 0.5 ** (m / half_life).
    """

    @check_arguments
    def __init__(self, generator: nn.Module, half_life: Positive) -> None:
        super().__init__()
        self.module = copy.deepcopy(generator).requires_grad_(False)
        self.half_life = half_life

    def decay(self, images: int, update: int) -> float:
        """Compute the weight of the old average in an update.

        Args:
            images: Number of images in the minibatch.
            update: Number of the update, from 1.
        """
        return min(0.5 ** (images / self.half_life), (1 + update) / (10 + update))

    @torch.no_grad()
    def step(self, generator: nn.Module, images: int, update: int) -> None:
        """Update the average after an update of the network.

        Args:
            generator: The network.
            images: Number of images in the minibatch.
            update: Number of the update, from 1.
        """
        averages, others = _parts(self.module)
        currents, others_now = _parts(generator)
        torch._foreach_lerp_(averages, currents, 1 - self.decay(images, update))
        for old, new in zip(others, others_now, strict=True):
            old.copy_(new)

    def restart(self, generator: nn.Module) -> None:
        """Set the average to the current weights of the network."""
        self.module.load_state_dict(generator.state_dict())


def _parts(generator: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Return the tensors that are averaged and those that are copied."""
    norms = [m for m in generator.modules() if isinstance(m, _BatchNorm)]
    statistics = [s for m in norms for s in (m.running_mean, m.running_var) if s is not None]
    known = {id(s) for s in statistics}
    others = [b for b in generator.buffers() if id(b) not in known]
    return [p.detach() for p in generator.parameters()] + statistics, others
