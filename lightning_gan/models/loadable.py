"""Interface of a trained model: load a checkpoint, sample images, compute D's logits, train on any DataLoader."""

from typing import Any, Self

import torch
from torch import Tensor

from lightning_gan.models.batches import as_tensors
from lightning_gan.models.checks import check_batch
from lightning_gan.models.validation import ValidationMixin
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError


class LoadableMixin(ValidationMixin):
    """LightningModule that loads in evaluation mode and accepts minibatches of different forms."""

    display_range: tuple[float, float]

    @classmethod
    def load_from_checkpoint(cls, *args: Any, **kwargs: Any) -> Self:
        """Load a model as Lightning does, and put it into evaluation mode.

        In evaluation mode BatchNorm makes each logit depend on one example alone. `Trainer.fit` restores training mode.
        Checkpoints hold tensors and plain values, so weights_only is always true.

        Raises:
            UserError: weights_only is false.
        """
        if not kwargs.pop("weights_only", True):
            raise UserError(
                "weights_only is False, but checkpoints are loaded without executing code: leave weights_only out."
            )
        return super().load_from_checkpoint(*args, weights_only=True, **kwargs).eval()  # type: ignore[misc]

    def on_fit_start(self) -> None:
        """Put the model into training mode, which Lightning does not do for a loaded model."""
        if not self.training:
            self.train()

    def sample_bytes(self, n: int, seed: int = 0) -> Tensor:
        """Generate the images of `sample(n, seed)` as bytes.

        Args:
            n: Number of images.
            seed: Random seed for the noise, 0 to 2^32 - 1.

        Returns:
            Images, uint8 [n, C, H, W]: 0 is black and 255 white.

        Raises:
            UserError: Generated examples are no images, or their values have no finite range.
        """
        if len(shape := self.generator.data_shape) != 3:
            raise UserError(
                f"{type(self.generator).__name__} generates examples of shape {list(shape)}, which are no images: "
                f"call sample(n, seed)."
            )
        return images.to_uint8(self.sample(n, seed), self.display_range)

    @torch.no_grad()
    def compute_logits(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Compute D's logits of examples in evaluation mode.

        Args:
            x: Examples, [m, *data_shape]: bytes 0 to 255, or floating-point numbers in the generator's `value_range`.
                Byte 0 is the low end of that range and byte 255 the high end, as in training.
            labels: Classes of the examples, integers [m]; needed if D reads labels.

        Returns:
            Logits, [m]; a positive logit means that D classifies the example as real.

        Raises:
            UserError: D reads labels and there are none, or x has another shape or range.
        """
        batch = as_tensors([x] if labels is None else [x, labels], self.generator.value_range)
        check_batch(batch[0], self.generator)
        batch = [
            batch[0].to(self.device, self.dtype),  # type: ignore[arg-type]
            *(part.to(self.device) for part in batch[1:]),
        ]
        training = self.discriminator.training
        self.discriminator.eval()
        try:
            return self.compute_real_logits(batch, torch.Generator().manual_seed(0))
        finally:
            self.discriminator.train(training)

    def _on_before_batch_transfer(self, batch: Any, dataloader_idx: int = 0) -> Any:
        """Convert a minibatch of any DataLoader to [x] or [x, labels]; x is float64 in a float64 model, else float32.

        With the public hook Lightning would print a warning for every data module.
        """
        dtype = torch.promote_types(self.dtype, torch.float32)  # type: ignore[arg-type]
        return super()._on_before_batch_transfer(
            as_tensors(batch, self.generator.value_range, dtype), dataloader_idx
        )
