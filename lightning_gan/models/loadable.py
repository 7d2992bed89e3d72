"""A model as users meet it: read from a checkpoint, asked for images and scores, trained on any DataLoader."""

from typing import Any, Self

import torch
from torch import Tensor

from lightning_gan.models.batches import as_tensors
from lightning_gan.models.checks import check_batch
from lightning_gan.models.validation import ValidationMixin
from lightning_gan.utils import images
from lightning_gan.utils.errors import UserError


class LoadableMixin(ValidationMixin):
    """Reads minibatches of any form; draws images and scores them in evaluation mode."""

    display_range: tuple[float, float]

    @classmethod
    def load_from_checkpoint(cls, *args: Any, **kwargs: Any) -> Self:
        """Lightning's method; the model is in evaluation mode, so that D scores each example by itself.

        `Trainer.fit` puts it into training mode again. Checkpoints hold tensors and plain values, so that weights_only
        is always true.
        """
        if not kwargs.pop("weights_only", True):
            raise UserError(
                "weights_only is False: a checkpoint is read as data alone; leave it out."
            )
        return super().load_from_checkpoint(*args, weights_only=True, **kwargs).eval()  # type: ignore[misc]

    def on_fit_start(self) -> None:
        """Train in training mode, whatever mode the model was in; Lightning leaves it as it is."""
        if not self.training:
            self.train()

    def sample_bytes(self, n: int, seed: int = 0) -> Tensor:
        """Draw the images of `sample(n, seed)` as bytes, to be shown or saved.

        Args:
            n: Number of images.
            seed: Seed of the noise, 0 to 2^32 - 1; the same seed gives the same images.

        Returns:
            uint8, [n, C, H, W]: 0 black and 255 white.

        Raises:
            UserError: Samples are no images, or their values have no finite range.
        """
        if len(shape := self.generator.data_shape) != 3:
            raise UserError(
                f"{type(self.generator).__name__} makes examples of shape {list(shape)}, which are no images: "
                f"call sample(n, seed)."
            )
        return images.to_uint8(self.sample(n, seed), self.display_range)

    @torch.no_grad()
    def score(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logits of examples, [m], in evaluation mode; positive: D takes them for examples of the data.

        Args:
            x: [m, *data_shape], bytes 0 to 255 or floating-point numbers in the generator's `value_range`. Byte 0 is
                the low end of that range and byte 255 the high end, as in training.
            labels: classes of the examples, integers [m], for a D that reads them.

        Raises:
            ValueError: if D reads labels and there are none, or if x has another shape or range.
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
            return self.compute_logits(batch, torch.Generator().manual_seed(0))
        finally:
            self.discriminator.train(training)

    def _on_before_batch_transfer(self, batch: Any, dataloader_idx: int = 0) -> Any:
        """Bring a minibatch of any DataLoader into the form [x] or [x, labels].

        The public hook would make Lightning warn of every data module. x is float64 in a float64 model, else float32.
        """
        kind = torch.promote_types(self.dtype, torch.float32)  # type: ignore[arg-type]
        return super()._on_before_batch_transfer(
            as_tensors(batch, self.generator.value_range, kind), dataloader_idx
        )
