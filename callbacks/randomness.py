"""Training's random numbers: one stream for all processes, taken up again where a checkpoint left it."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor


class Randomness(Callback):
    """Keeps the generators of all processes in one state, and this state in checkpoints.

    Each process draws for all and takes its own rows (`lightning_gan.devices`), so that several devices see the noise
    that one would. Lightning's checkpoints hold no generator state, so that a resumed run would repeat or skip noise.
    """

    def __init__(self) -> None:
        self.states: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the weights were made: all go on as the first process does, however they were seeded."""
        if trainer.world_size > 1:
            torch.set_rng_state(trainer.strategy.broadcast(torch.get_rng_state()))
            if pl_module.device.type == "cuda":
                torch.cuda.set_rng_state(trainer.strategy.broadcast(torch.cuda.get_rng_state()))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on from the first process's state, on any number of them."""
        device = pl_module.device
        for name, states in self.states.items():
            put = torch.cuda.set_rng_state if name == "cuda" else torch.set_rng_state
            if name == "cpu" or device.type == "cuda":
                put(states[0])
        self.states = {}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, object]
    ) -> None:
        """Gather the states of all processes: [processes, bytes] for each kind of device."""
        states = {"cpu": torch.get_rng_state()}
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
