"""States of the random number generators: equal on all processes, and saved in checkpoints."""

import math
import random

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor


class RNGState(Callback):
    """Callback that synchronizes the generators of torch, Python and NumPy and stores their states in checkpoints.

    Each process draws the noise of all processes and takes its own rows (`lightning_gan.distributed.collectives`), so
    that training on N devices uses the same noise as on one. Lightning's checkpoints hold no generator state; without
    it a resumed run repeats or skips noise.
    """

    def __init__(self) -> None:
        self.states: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the states of rank 0 on all processes, after the weights are initialized."""
        if trainer.world_size > 1:
            for name, state in read_rng_states(pl_module.device).items():
                SETTERS[name](trainer.strategy.broadcast(state))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the checkpoint's states of rank 0; the number of processes may differ."""
        for name, states in self.states.items():
            if name != "cuda" or pl_module.device.type == "cuda":
                # a copy: torch 2.14 ignores the storage offset of a row
                SETTERS[name](states[0].clone())
        self.states = {}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, object]
    ) -> None:
        """Gather the states of all processes, [processes, length] for each generator."""
        states = read_rng_states(pl_module.device)
        size = trainer.world_size
        checkpoint["random_states"] = {
            name: trainer.strategy.all_gather(state.to(pl_module.device)).view(size, -1).cpu()
            for name, state in states.items()
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, dict[str, Tensor]]
    ) -> None:
        """Hold the states until training starts."""
        self.states = checkpoint.get("random_states", {})


def read_rng_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of this process's generators by name."""
    states = {
        "cpu": torch.get_rng_state(),
        "python": read_python_state(),
        "numpy": read_numpy_state(),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def double_to_bits(number: float) -> int:
    """Return the 64 bits of a double as an integer."""
    return int(np.float64(number).view(np.int64))


def bits_to_double(number: int) -> float:
    """Return the double of 64 bits given as an integer."""
    return float(np.int64(number).view(np.float64))


def read_python_state() -> Tensor:
    """Return the state of `random`, int64 [626]: words, position, and the cached normal number (NaN if none)."""
    _, words, spare = random.getstate()
    return torch.tensor([*words, double_to_bits(math.nan if spare is None else spare)])


def set_python_state(state: Tensor) -> None:
    """Set the state of `random`, as returned by `read_python_state`."""
    *words, bits = state.tolist()
    spare = bits_to_double(bits)
    random.setstate((3, tuple(words), None if math.isnan(spare) else spare))


def read_numpy_state() -> Tensor:
    """Return the state of `numpy.random`, int64 [627]: words, position, whether a normal number is cached, and it."""
    state = np.random.get_state(legacy=False)
    words = state["state"]["key"].tolist()
    return torch.tensor(
        [*words, state["state"]["pos"], state["has_gauss"], double_to_bits(state["gauss"])]
    )


def set_numpy_state(state: Tensor) -> None:
    """Set the state of `numpy.random`, as returned by `read_numpy_state`."""
    *words, position, has, bits = state.tolist()
    spare = bits_to_double(bits)
    np.random.set_state(("MT19937", np.array(words, np.uint32), position, has, spare))


SETTERS = {
    "cpu": torch.set_rng_state,
    "cuda": torch.cuda.set_rng_state,
    "python": set_python_state,
    "numpy": set_numpy_state,
}
