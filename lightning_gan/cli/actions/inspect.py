"""`python -m lightning_gan inspect`: what the user's folder of images holds, and a config to begin with."""

import json
import shlex
from pathlib import Path

from datamodules.hash_split import LEAST, split_by_hash
from lightning_gan.arguments import Size, check_arguments
from lightning_gan.cli.actions.image_report import Seen, examined, report
from lightning_gan.image_files import check_utf8, find_images, to_printable
from lightning_gan.networks.infogan import HALVINGS
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.shell_text import format_command

CONFIG = """\
# A convolutional GAN on the {n:,} images of {folder}: a start, written by `inspect`, not tuned to them.
# Stop it with Ctrl-C when its samples change no more. Scores: --config {name} --config callbacks/scores.yaml
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
    ema_half_life: 30_000               # [mnist] samples that G was trained on
data:
  class_path: ImageFolder
  init_args:
    root: {root}
    size: {size}
    channels: {channels}                         # 3 colour, 1 grey
    enlarge: {enlarge}                      # whether images smaller than size are enlarged
    batch_size: {batch:<3}                     # [mnist] 32, or all there are
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
    """Say what a folder of your own images holds and what would become of it; write a config to begin with.

    Args:
        folder: It holds images, or a sub-folder of images for each class.
        size: Side of the squares that a GAN would learn from, in pixels, 1 to 2^20; a config wants 28, 32 or 64.
        out: Config to write, such as mine.yaml; a file that is there is not replaced.
    """
    if out is not None:
        check_utf8(folder)
        _check_place(Path(out), size)
    seen = examined(find_images(Path(folder)), size)
    print(report(seen, size))
    if out is not None:
        _check_usable(seen)
        with atomic_write(Path(out)) as beside:
            beside.write_text(write_config(seen, size, Path(out)), encoding="utf-8")
        print(f"written    {out}\nnext       {format_command('fit', '--config', out)}")


def write_config(seen: Seen, size: int, out: Path) -> str:
    """Write a convolutional GAN for these images, as YAML; grey ones up to 32 x 32 as mnist.yaml, others scaled."""
    found, n = seen.found, len(seen.good)
    digits = seen.grey and size <= 32
    return CONFIG.format(
        n=n,
        folder=to_printable(" ".join(found.root.resolve().name.split())),
        name=shlex.quote(to_printable(out.name)),
        root=json.dumps(str(found.root.resolve()), ensure_ascii=False),
        size=size,
        channels=1 if seen.grey else 3,
        enlarge=str(any(min(image.size) < size for image in seen.good)).lower(),
        batch=min(32, len(split_by_hash(seen.digests)["train"])),
        gamma=0.3 if digits else 1.0,
        gamma_source="[mnist]" if digits else "[ours]",
        z_dim=32 if digits else 100,
        width=32 if digits else 64,
        lr_d="1.0e-3" if digits else "5.0e-4",
        lr_g="2.0e-3" if digits else "1.0e-3",
        source="[mnist]" if digits else "[ours]",
    )


def _check_place(out: Path, size: int) -> None:
    if size not in HALVINGS:
        raise UserError(
            f"The networks of {out} would make squares of {', '.join(map(str, HALVINGS))} pixels, not of {size}: "
            f"give one of these as --size."
        )
    if out.exists() or out.is_symlink():
        raise UserError(f"{out} is there already and is not replaced: give another name as --out.")


def _check_usable(seen: Seen) -> None:
    if seen.problems:
        first = next(iter(seen.problems))
        raise UserError(
            f"No config was written, since no run could begin: {len(seen.problems):,} of {len(seen.found.files):,} "
            f"files cannot be read, {to_printable(first)} among them. Mend them, or take them away."
        )
    if len(set(seen.digests)) < LEAST:
        raise UserError(
            f"No config was written, since no run could begin: {len(set(seen.digests)):,} different images are here, "
            f"{LEAST} are wanted at least."
        )
