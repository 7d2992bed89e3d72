"""Commands that need no Trainer."""

from pathlib import Path

from pytorch_lightning import LightningModule

from lightning_gan import images
from lightning_gan.players import TwoPlayers
from lightning_gan.runs import CheckpointError, checked


def load(ckpt_path: str) -> TwoPlayers:
    """The players of a checkpoint, ready to sample.

    Raises:
        CheckpointError: if the file is not a whole checkpoint of this suite.
    """
    checked(ckpt_path)
    module = LightningModule.load_from_checkpoint(ckpt_path, map_location="cpu", weights_only=True)
    if not isinstance(module, TwoPlayers):
        raise CheckpointError(
            f"{ckpt_path} holds a {type(module).__name__}, not a GAN of this suite."
        )
    return module.eval()


def sample(
    ckpt_path: str, num: int = 64, out: str = "samples", seed: int = 0, columns: int = 8
) -> None:
    """Draw samples of a trained generator: PNG files and a grid of them. Needs no data.

    Args:
        ckpt_path: A checkpoint of this suite.
        num: How many samples.
        out: Folder for the pictures; it is made. Files of the same names are replaced.
        seed: Of the noise: the same seed gives the same pictures.
        columns: Of the grid.
    """
    if num < 1 or columns < 1:
        raise ValueError(f"{num} samples in {columns} columns were asked: give 1 or more of each.")
    gan = load(ckpt_path)
    pictures = images.to_uint8(gan.sample(num, seed=seed), gan.generator.value_range)
    folder = Path(out)
    for i, picture in enumerate(pictures):
        images.save(picture, folder / f"{i:06d}.png")
    grid = images.save(
        images.grid(pictures, columns, scale=2), folder.with_name(f"{folder.name}_grid.png")
    )
    print(
        f"{num} samples (step {gan.g_updates}, seed {seed}) in {folder}, and all of them in {grid}"
    )
