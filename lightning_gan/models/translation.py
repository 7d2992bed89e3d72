"""What all models share that translate images: inputs from data, translation of images, checks of minibatches."""

from abc import abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.noise import require_noise
from lightning_gan.utils.errors import UserError

Direction = Literal["a_to_b", "b_to_a"]


class TranslationModel(AdversarialModel):
    """Model whose generators read images of another domain."""

    def sample_inputs(self, m: int, rng: torch.Generator | None = None) -> Tensor:
        """Draw images of A from the held-out data, [m, *input_shape].

        Validation images during training, test images in a test. Each is drawn as often as any other, up to one.

        Raises:
            UserError: There are no data, as for a model that was loaded from a checkpoint.
        """
        trainer = self._trainer
        data: Any = getattr(trainer, "datamodule", None) if trainer else None
        if data is None or not hasattr(data, "pairs"):
            require_noise(self)
        images: Tensor = data.images(
            "test" if trainer is not None and trainer.testing else "val", "a"
        )
        rounds = -(-m // len(images))
        index = torch.cat([torch.randperm(len(images), generator=rng) for _ in range(rounds)])[:m]
        return images[index]

    @abstractmethod
    def get_translator(self, direction: Direction) -> nn.Module:
        """Return the translator of a direction that is evaluated."""

    @torch.no_grad()
    def translate(
        self, images: Tensor, direction: Direction = "a_to_b", batch_size: int = 100
    ) -> Tensor:
        """Translate images in evaluation mode.

        Args:
            images: Images of the source domain, [n, C, H, W], in the translator's `value_range`.
            direction: a_to_b or b_to_a.
            batch_size: Number of images in one forward pass.

        Returns:
            Images of the target domain, [n, C', H, W], on the CPU.
        """
        translator = self.get_translator(direction)
        training = translator.training
        translator.eval()
        try:
            parts = [
                translator(x.to(self.device, self.dtype)).cpu() for x in images.split(batch_size)
            ]
        finally:
            translator.train(training)
        return torch.cat(parts)

    def has_pairs(self, stage: str) -> bool:
        """Return whether image i of A belongs to image i of B in the held-out data."""
        data: Any = getattr(self.trainer, "datamodule", None)
        return bool(getattr(data, "held_out_pairs", False))

    def check_domains(self, batch: list[Tensor]) -> None:
        """Check that a minibatch holds images of two domains.

        Raises:
            UserError: It has another form.
        """
        if len(batch) != 2 or batch[1].dim() != 4 or not batch[1].is_floating_point():
            shapes = ", ".join(str(list(x.shape)) for x in batch)
            raise UserError(
                f"A minibatch of {len(batch)} tensors ({shapes}) came, but {type(self).__name__} reads images of two "
                f"domains, [a, b]: choose data such as UnpairedFolders."
            )
