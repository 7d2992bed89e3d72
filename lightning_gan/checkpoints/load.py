"""Load a model from its checkpoint."""

from math import isfinite

from pytorch_lightning import LightningModule

from lightning_gan.checkpoints.verify import CheckpointError, read_checkpoint
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils import trusted_classes
from lightning_gan.utils.errors import UserError


def load(ckpt_path: str, device: str = "cpu") -> AdversarialModel:
    """Load the model of a checkpoint, in evaluation mode.

    Args:
        ckpt_path: Path of a checkpoint.
        device: Device of the model, such as cpu or cuda.

    Raises:
        CheckpointError: The file is not a complete checkpoint of this suite.
        UntrustedError: The file names classes that the user has not trusted.

    Example:
        >>> model = load("last.ckpt")  # doctest: +SKIP
        >>> images = model.sample(64, seed=0)  # doctest: +SKIP
    """
    trusted_classes.restrict_imports()
    trusted_classes.check_names(read_checkpoint(ckpt_path)["hyper_parameters"], ckpt_path)
    module = LightningModule.load_from_checkpoint(ckpt_path, map_location="cpu", weights_only=True)
    if not isinstance(module, AdversarialModel):
        raise CheckpointError(
            f"{ckpt_path} holds a {type(module).__name__}: give a checkpoint of a GAN of this suite."
        )
    return module.eval().to(device)


def find_display_range(gan: AdversarialModel, ckpt_path: str) -> tuple[float, float]:
    """Return the sample values that an image shows as black and white.

    Raises:
        UserError: Samples are not images, or their range is infinite.
    """
    shape = list(gan.generator.data_shape)
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UserError(
            f"{ckpt_path} generates samples of shape {shape}, which are not images: only [1, H, W] and [3, H, W] can "
            f"be saved as images."
        )
    low, high = gan.display_range
    if not (isfinite(low) and isfinite(high)):
        raise UserError(
            f"{type(gan.generator).__name__} has an unbounded output, and {ckpt_path} does not say which values are "
            f"black and white: train it on a data module with a finite display_range."
        )
    return low, high
