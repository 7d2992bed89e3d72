"""Validation and test metrics: V(D, G) in nats, D(x) and D(G(z))."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lightning_gan.models.sampling import SamplingMixin
from lightning_gan.networks import Discriminator


class ValidationMixin(SamplingMixin):
    """LightningModule that evaluates D on held-out real examples and on as many generated ones."""

    discriminator: Discriminator
    g_updates: int

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log V(D, G) in nats, D(x) and D(G(z)) on validation data."""
        self.log_held_out_metrics("val", batch, batch_idx)

    def test_step(self, batch: list[Tensor], batch_idx: int) -> None:
        """Log V(D, G) in nats, D(x) and D(G(z)) on test data."""
        self.log_held_out_metrics("test", batch, batch_idx)

    def on_validation_epoch_end(self) -> None:
        """Log the step once for each epoch: Lightning places rows at this key, and a mean over batches rounds it."""
        self.log("step", float(self.g_updates))

    on_test_epoch_end = on_validation_epoch_end

    def compute_real_logits(self, batch: list[Tensor], rng: torch.Generator) -> Tensor:
        """Compute D's logits of m real examples, [m]; a random condition is drawn from `rng`."""
        return self.discriminator(batch[0])

    def compute_logits_pair(
        self, batch: list[Tensor], rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Compute D's logits of m real examples and of m generated ones, [m] each."""
        fake = self.discriminator(self.generator(self.noise(len(batch[0]), rng)))
        return self.discriminator(batch[0]), fake

    def log_held_out_metrics(self, stage: str, batch: list[Tensor], batch_idx: int) -> None:
        """Log V(D, G) in nats, D(x) and D(G(z)) on one minibatch of held-out data.

        The noise depends on the batch index alone, so that training draws the same noise with and without validation.

        Args:
            stage: First part of the keys, val or test.
            batch: Minibatch, [x] or [x, labels].
            batch_idx: Index of the minibatch.
        """
        real, fake = self.compute_logits_pair(batch, torch.Generator().manual_seed(batch_idx))
        values = {
            f"{stage}/value": -softplus(-real).mean() - softplus(fake).mean(),
            f"{stage}/d_x": real.sigmoid().mean(),
            f"{stage}/d_gz": fake.sigmoid().mean(),
        }
        self.log_dict(
            values, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(batch[0])
        )
