"""A model as users meet it: read from a checkpoint, asked for pictures and scores, trained on any DataLoader."""

from typing import Any, Self

import torch
from torch import Tensor

from lightning_gan import images
from lightning_gan.batches import as_tensors
from lightning_gan.checks import check_batch
from lightning_gan.held_out import HeldOut


class Loadable(HeldOut):
    """Reads minibatches of any form; draws pictures and scores them in evaluation mode."""

    shown_range: tuple[float, float]

    @classmethod
    def load_from_checkpoint(cls, *args: Any, **kwargs: Any) -> Self:
        """Lightning's method; the model is in evaluation mode, so that D scores each example by itself.

        `Trainer.fit` puts it into training mode again. Checkpoints hold tensors and plain values, so that weights_only
        is always true.
        """
        kwargs.pop("weights_only", None)
        return super().load_from_checkpoint(*args, weights_only=True, **kwargs).eval()  # type: ignore[misc]

    def on_fit_start(self) -> None:
        """Train in training mode, whatever mode the model was in; Lightning leaves it as it is."""
        if not self.training:
            self.train()

    def images(self, n: int, seed: int = 0) -> Tensor:
        """Draw n samples as pictures: bytes [n, C, H, W], 0 black and 255 white, that depend on the seed alone.

        Raises:
            ValueError: if the generator's values have no finite range.
        """
        return images.to_uint8(self.sample(n, seed), self.shown_range)

    @torch.no_grad()
    def score(self, x: Tensor) -> Tensor:
        """D's logits of examples, [m], in evaluation mode; positive: D takes them for examples of the data.

        Args:
            x: [m, *data_shape], bytes 0 to 255 or floating-point numbers in the generator's `value_range`.

        Raises:
            ValueError: if D reads a condition, or if x has another shape or range.
        """
        if getattr(self.discriminator, "condition_dim", 0):
            raise ValueError(
                f"{type(self.discriminator).__name__} reads a condition beside x: call model.discriminator(x, c) in "
                f"evaluation mode."
            )
        (x,) = as_tensors(x, self.shown_range, self.float_dtype)
        check_batch(x, self.generator)
        training = self.discriminator.training
        self.discriminator.eval()
        try:
            return self.discriminator(x.to(self.device))
        finally:
            self.discriminator.train(training)

    @property
    def float_dtype(self) -> torch.dtype:
        """Type of examples: float64 for a model in double precision, else float32."""
        return torch.float64 if self.dtype == torch.float64 else torch.float32

    def _on_before_batch_transfer(self, batch: Any, dataloader_idx: int = 0) -> Any:
        """Bring a minibatch of any DataLoader into the form [x] or [x, labels].

        The public hook would make Lightning warn of every data module.
        """
        return super()._on_before_batch_transfer(
            as_tensors(batch, self.generator.value_range, self.float_dtype), dataloader_idx
        )
