"""Training's random numbers: different on every process, and taken up again where a checkpoint left them."""

import math
import random

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

STRIDE = 1_000_003  # between the seeds of two processes


class Randomness(Callback):
    """Seeds the noise of each process and keeps the states of torch's, Python's and NumPy's generators in checkpoints.

    After seed_everything every process would draw the same z, so that eight devices would see one device's noise.
    Lightning's checkpoints hold no generator state, so that a resumed run would repeat or skip noise.
    """

    def __init__(self) -> None:
        self.states: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the weights were made, alike on every process: part ways."""
        if trainer.global_rank:
            seed = torch.initial_seed() + STRIDE * trainer.global_rank
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on from the checkpoint's states, if there are any for this number of processes."""
        for name, states in self.states.items():
            here = name != "cuda" or pl_module.device.type == "cuda"
            if here and len(states) == trainer.world_size:
                # a copy: torch 2.14 reads a row of a table from outside of it
                PUT[name](states[trainer.global_rank].clone())
        self.states = {}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, object]
    ) -> None:
        """Gather the states of all processes: [processes, numbers] for each generator."""
        states = {"cpu": torch.get_rng_state(), "python": python_state(), "numpy": numpy_state()}
        if pl_module.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state()
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


def bits(number: float) -> int:
    """A double as the integer of its 64 bits."""
    return int(np.float64(number).view(np.int64))


def double(number: int) -> float:
    """And back."""
    return float(np.int64(number).view(np.float64))


def python_state() -> Tensor:
    """Of `random`, int64 [626]: its words, its place among them, and the normal number in hand (NaN: none)."""
    _, words, spare = random.getstate()
    return torch.tensor([*words, bits(math.nan if spare is None else spare)])


def put_python_state(state: Tensor) -> None:
    """Go on from there."""
    *words, spare = state.tolist()
    random.setstate((3, tuple(words), None if math.isnan(double(spare)) else double(spare)))


def numpy_state() -> Tensor:
    """Of `numpy.random`'s own generator, int64 [627]: its words, its place, whether it has a normal number in hand."""
    state = np.random.get_state(legacy=False)
    words = state["state"]["key"].tolist()
    return torch.tensor([*words, state["state"]["pos"], state["has_gauss"], bits(state["gauss"])])


def put_numpy_state(state: Tensor) -> None:
    """Go on from there."""
    *words, place, has, spare = state.tolist()
    np.random.set_state(("MT19937", np.array(words, np.uint32), place, has, double(spare)))


PUT = {
    "cpu": torch.set_rng_state,
    "cuda": torch.cuda.set_rng_state,
    "python": put_python_state,
    "numpy": put_numpy_state,
}
