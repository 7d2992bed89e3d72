"""Command `inspect`: check a folder of images, and write a config for it."""

import json
import shlex
from pathlib import Path

from datamodules.hash_split import MIN_FILES, split_by_hash
from lightning_gan.arguments import Size, check_arguments
from lightning_gan.cli.actions.image_report import FolderContents, format_contents, read_contents
from lightning_gan.image_files import check_utf8, find_images, to_printable
from lightning_gan.networks.infogan import HALVINGS
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.shell_text import format_command

CONFIG = """\
# A convolutional GAN for the {n:,} images of {folder}, written by `inspect` and not tuned to them.
# Stop it with Ctrl-C when the samples no longer change. Metrics: --config {name} --config callbacks/scores.yaml
# Sources: [InfoGAN] Chen et al. (2016), appendix C; [mnist] the recipe of mnist.yaml; [ours] chosen here.
model:
  class_path: GAN
  init_args:
    k: 1                                # [mnist]
    loss: NonSaturating                 # [mnist] as in Goodfellow et al. (2014)
    regularizers:
      - class_path: R1
        init_args: {{gamma: {gamma}, every: 8}} # {gamma_source}
    prior: Gaussian                     # [mnist]
    generator:
      class_path: InfoGANGenerator
      init_args:
        data_shape: [{channels}, {size}, {size}]
        z_dim: {z_dim:<3}                      # {source}
        hidden: 512                     # [mnist] 1024 in [InfoGAN]
        width: {width:<3}                      # {source} 64 in [InfoGAN]
    discriminator:
      class_path: InfoGANDiscriminator
      init_args:
        data_shape: [{channels}, {size}, {size}]
        width: {width:<3}                      # {source} 64 in [InfoGAN]
        hidden: 128                     # [mnist] 1024 in [InfoGAN]
        slope: 0.2                      # [mnist] 0.1 in [InfoGAN]
        norm: none                      # [mnist] batch in [InfoGAN]; R1 needs another
    d_optimizer:
      class_path: torch.optim.Adam
      init_args: {{lr: {lr_d}, betas: [0.0, 0.99], fused: true}} # {source}
    g_optimizer:
      class_path: torch.optim.Adam
      init_args: {{lr: {lr_g}, betas: [0.0, 0.99], fused: true}} # {source}
    ema_half_life: 30_000               # [mnist] in generated training samples
data:
  class_path: ImageFolder
  init_args:
    root: {root}
    size: {size}
    channels: {channels}                         # 3 colour, 1 grey
    enlarge: {enlarge}                      # whether to enlarge images smaller than size
    batch_size: {batch:<3}                     # [mnist] 32, or the number of images
trainer:
  max_steps: 10_000                     # [ours]
  check_val_every_n_epoch: null
  val_check_interval: 1000              # [ours] minibatches: 1000 steps
  callbacks:
    - class_path: SampleGrid
      init_args: {{every_n_steps: 250}}   # [ours]
    - class_path: NearestNeighbours
    - class_path: TrainingCurves
"""


@check_arguments
def inspect(folder: str, size: Size = 32, out: str | None = None) -> None:
    """Check a folder of images, print a report, and write a config for it.

    Args:
        folder: Folder of images, or of one sub-folder of images per class.
        size: Side of the square images for training, in pixels, 1 to 2^20; 28, 32 or 64 for a config.
        out: Config to write, such as mine.yaml. An existing file is not overwritten.

    Raises:
        UserError: The folder cannot be read, or a config cannot be written.
    """
    if out is not None:
        check_utf8(folder)
        _check_out(Path(out), size)
    contents = read_contents(find_images(Path(folder)), size)
    print(format_contents(contents, size))
    if out is not None:
        _check_usable(contents)
        with atomic_write(Path(out)) as partial:
            partial.write_text(make_config(contents, size, Path(out)), encoding="utf-8")
        print(f"written    {out}\nnext       {format_command('fit', '--config', out)}")


def make_config(contents: FolderContents, size: int, out: Path) -> str:
    """Make a config of a convolutional GAN for the images of a folder.

    Args:
        contents: Contents of the folder. Grayscale images up to 32 x 32 get the networks of mnist.yaml.
        size: Side of the square images, in pixels.
        out: Path of the config.

    Returns:
        The config as YAML.
    """
    found, n = contents.found, len(contents.readable)
    digits = contents.grey and size <= 32
    return CONFIG.format(
        n=n,
        folder=to_printable(" ".join(found.root.resolve().name.split())),
        name=shlex.quote(to_printable(out.name)),
        root=json.dumps(str(found.root.resolve()), ensure_ascii=False),
        size=size,
        channels=1 if contents.grey else 3,
        enlarge=str(any(min(image.size) < size for image in contents.readable)).lower(),
        batch=min(32, len(split_by_hash(contents.digests)["train"])),
        gamma=0.3 if digits else 1.0,
        gamma_source="[mnist]" if digits else "[ours]",
        z_dim=32 if digits else 100,
        width=32 if digits else 64,
        lr_d="1.0e-3" if digits else "5.0e-4",
        lr_g="2.0e-3" if digits else "1.0e-3",
        source="[mnist]" if digits else "[ours]",
    )


def _check_out(out: Path, size: int) -> None:
    if size not in HALVINGS:
        raise UserError(
            f"The networks of {out} generate images of side {', '.join(map(str, HALVINGS))}, not {size}: give one of "
            f"these as --size."
        )
    if out.exists() or out.is_symlink():
        raise UserError(f"{out} exists and is not overwritten: give another --out.")


def _check_usable(contents: FolderContents) -> None:
    if contents.problems:
        first = next(iter(contents.problems))
        raise UserError(
            f"No config was written: {len(contents.problems):,} of {len(contents.found.files):,} files cannot be read, "
            f"such as {to_printable(first)}; repair or remove them."
        )
    if len(set(contents.digests)) < MIN_FILES:
        raise UserError(
            f"No config was written: the folder has {len(set(contents.digests)):,} different images; add images until "
            f"there are at least {MIN_FILES}."
        )
