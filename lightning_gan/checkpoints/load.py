"""A model read back from its checkpoint, ready to sample."""

from math import isfinite

from pytorch_lightning import LightningModule

from lightning_gan.checkpoints.verify import CheckpointError, read_checkpoint
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import trusted_classes
from lightning_gan.utils.errors import UserError


def load(ckpt_path: str, device: str = "cpu") -> AdversarialModel:
    """Read the model of a checkpoint, in evaluation mode.

    Args:
        ckpt_path: file that a run wrote.
        device: where the model is put, such as cuda.

    Raises:
        CheckpointError: if the file is not a whole checkpoint of this suite.
        UntrustedError: if it names classes that nobody vouched for.
    """
    trusted_classes.restrict_imports()
    trusted_classes.check_names(read_checkpoint(ckpt_path)["hyper_parameters"], ckpt_path)
    module = LightningModule.load_from_checkpoint(ckpt_path, map_location="cpu", weights_only=True)
    if not isinstance(module, AdversarialModel):
        raise CheckpointError(
            f"{ckpt_path} holds a {type(module).__name__}, not a GAN of this suite."
        )
    return module.eval().to(device)


def find_display_range(gan: AdversarialModel, ckpt_path: str) -> tuple[float, float]:
    """The values that an image of a sample shows as black and white.

    Raises:
        ValueError: if samples are no images, or if nobody said what their images show.
    """
    shape = list(gan.generator.data_shape)
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UserError(
            f"{ckpt_path} makes examples of shape {shape}, which are no images: [1, H, W] and [3, H, W] can be "
            f"drawn."
        )
    low, high = gan.display_range
    if not (isfinite(low) and isfinite(high)):
        raise UserError(
            f"{type(gan.generator).__name__} makes values without ends, and {ckpt_path} does not say which of them a "
            f"image shows as black and white: train it on a data module with a finite display_range."
        )
    return low, high
