"""How a model stands on examples that nobody was trained on: V(D, G) in nats, and D's answers."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.models.sampling import SamplingMixin
from lightning_gan.networks import Discriminator


class ValidationMixin(SamplingMixin):
    """A generator, and a discriminator that answers held-out examples and as many samples."""

    discriminator: Discriminator
    g_updates: int

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """V(D, G) in nats, and D's answers, on held-out examples."""
        self.held_out_batch("val", batch, batch_idx)

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """V(D, G) in nats, and D's answers, on test examples."""
        self.held_out_batch("test", batch, batch_idx)

    def on_validation_epoch_end(self) -> None:
        """Tell Lightning the loggers' axis, which it takes from this key; once, because a mean would round it."""
        self.log("step", float(self.g_updates))

    on_test_epoch_end = on_validation_epoch_end

    def compute_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """D's scores of m examples, [m]; what is random in a condition comes from `rng`."""
        return self.discriminator(batch[0])

    def scores(self, batch: list[Tensor], rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """D's scores of m examples and of as many samples, [m] each."""
        fake = self.discriminator(self.generator(self.noise(len(batch[0]), rng)))
        return self.discriminator(batch[0]), fake

    def held_out_batch(self, stage: str, batch: list[Tensor], batch_idx: int) -> None:
        """Log how the model stands on examples that D was not trained on; training's noise is not touched."""
        real, fake = self.scores(batch, torch.Generator().manual_seed(batch_idx))
        values = {
            f"{stage}/value": -softplus(-real).mean() - softplus(fake).mean(),
            f"{stage}/d_x": real.sigmoid().mean(),
            f"{stage}/d_gz": fake.sigmoid().mean(),
        }
        self.log_dict(
            values, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(batch[0])
        )
