"""Training's random numbers: one stream for all processes, taken up again where a checkpoint left it."""

import math
import random

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor


class RNGState(Callback):
    """Keeps all processes in one state of torch's, Python's and NumPy's generators, and this state in checkpoints.

    Each process draws for all and takes its own rows (`lightning_gan.distributed.collectives`), so
    that several devices see the
    noise that one would. Lightning's checkpoints hold no generator state, so that a resumed run would repeat or skip
    noise.
    """

    def __init__(self) -> None:
        self.states: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the weights were made: all go on as the first process does, however they were seeded."""
        if trainer.world_size > 1:
            for name, state in read_rng_states(pl_module.device).items():
                PUT[name](trainer.strategy.broadcast(state))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on from the first process's states, on any number of them."""
        for name, states in self.states.items():
            if name != "cuda" or pl_module.device.type == "cuda":
                # a copy: torch 2.14 reads a row of a table from outside of it
                PUT[name](states[0].clone())
        self.states = {}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, object]
    ) -> None:
        """Gather the states of all processes: [processes, numbers] for each generator."""
        states = read_rng_states(pl_module.device)
        size = trainer.world_size
        checkpoint["random_states"] = {
            name: trainer.strategy.all_gather(state.to(pl_module.device)).view(size, -1).cpu()
            for name, state in states.items()
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, dict[str, Tensor]]
    ) -> None:
        """Keep them until training starts."""
        self.states = checkpoint.get("random_states", {})


def read_rng_states(device: torch.device) -> dict[str, Tensor]:
    """Of this process's generators, by name."""
    states = {
        "cpu": torch.get_rng_state(),
        "python": read_python_state(),
        "numpy": read_numpy_state(),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def double_to_bits(number: float) -> int:
    """A double as the integer of its 64 bits."""
    return int(np.float64(number).view(np.int64))


def bits_to_double(number: int) -> float:
    """And back."""
    return float(np.int64(number).view(np.float64))


def read_python_state() -> Tensor:
    """Of `random`, int64 [626]: its words, its place among them, and the normal number in hand (NaN: none)."""
    _, words, spare = random.getstate()
    return torch.tensor([*words, double_to_bits(math.nan if spare is None else spare)])


def put_python_state(state: Tensor) -> None:
    """Go on from there."""
    *words, spare = state.tolist()
    random.setstate(
        (3, tuple(words), None if math.isnan(bits_to_double(spare)) else bits_to_double(spare))
    )


def read_numpy_state() -> Tensor:
    """Of `numpy.random`'s own generator, int64 [627]: its words, its place, whether it has a normal number in hand."""
    state = np.random.get_state(legacy=False)
    words = state["state"]["key"].tolist()
    return torch.tensor(
        [*words, state["state"]["pos"], state["has_gauss"], double_to_bits(state["gauss"])]
    )


def put_numpy_state(state: Tensor) -> None:
    """Go on from there."""
    *words, place, has, spare = state.tolist()
    np.random.set_state(("MT19937", np.array(words, np.uint32), place, has, bits_to_double(spare)))


PUT = {
    "cpu": torch.set_rng_state,
    "cuda": torch.cuda.set_rng_state,
    "python": put_python_state,
    "numpy": put_numpy_state,
}
