"""Training's random numbers: different on every process, and taken up again where a checkpoint left them."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

STRIDE = 1_000_003  # between the seeds of two processes


class Randomness(Callback):
    """Seeds the noise of each process and keeps its state in checkpoints.

    After seed_everything every process would draw the same z, so that eight devices would see one device's noise.
    Lightning's checkpoints hold no generator state, so that a resumed run would repeat or skip noise.
    """

    def __init__(self) -> None:
        self.states: dict[str, Tensor] = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """After the weights were made, alike on every process: part ways."""
        if trainer.global_rank:
            torch.manual_seed(torch.initial_seed() + STRIDE * trainer.global_rank)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on from the checkpoint's states, if there are any for this number of processes."""
        rank, device = trainer.global_rank, pl_module.device
        for name, states in self.states.items():
            if len(states) == trainer.world_size:
                put = torch.cuda.set_rng_state if name == "cuda" else torch.set_rng_state
                if name == "cpu" or device.type == "cuda":
                    put(states[rank])
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
