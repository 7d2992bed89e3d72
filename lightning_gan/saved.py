"""A game read back from its checkpoint, ready to sample."""

from math import isfinite

from pytorch_lightning import LightningModule

from lightning_gan import trust
from lightning_gan.errors import UserError
from lightning_gan.players import TwoPlayers
from lightning_gan.running.runs import CheckpointError, checked


def load(ckpt_path: str, device: str = "cpu") -> TwoPlayers:
    """Read the model of a checkpoint, in evaluation mode.

    Args:
        ckpt_path: file that a run wrote.
        device: where the model is put, such as cuda.

    Raises:
        CheckpointError: if the file is not a whole checkpoint of this suite.
        UntrustedError: if it names classes that nobody vouched for.
    """
    trust.settle()
    trust.check(checked(ckpt_path)["hyper_parameters"], ckpt_path)
    module = LightningModule.load_from_checkpoint(ckpt_path, map_location="cpu", weights_only=True)
    if not isinstance(module, TwoPlayers):
        raise CheckpointError(
            f"{ckpt_path} holds a {type(module).__name__}, not a GAN of this suite."
        )
    return module.eval().to(device)


def pictures_range(gan: TwoPlayers, ckpt_path: str) -> tuple[float, float]:
    """The values that a picture of a sample shows as black and white.

    Raises:
        ValueError: if samples are no pictures, or if nobody said what their pictures show.
    """
    shape = list(gan.generator.data_shape)
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise UserError(
            f"{ckpt_path} makes examples of shape {shape}, which are no pictures: [1, H, W] and [3, H, W] can be "
            f"drawn."
        )
    low, high = gan.shown_range
    if not (isfinite(low) and isfinite(high)):
        raise UserError(
            f"{type(gan.generator).__name__} makes values without ends, and {ckpt_path} does not say which of them a "
            f"picture shows as black and white: train it on a data module with a finite shown_range."
        )
    return low, high
