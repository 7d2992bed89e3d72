"""`python -m lightning_gan inspect`: what a person's folder of pictures holds, and a config to begin with."""

import json
import shlex
from pathlib import Path

from datamodules.hash_split import LEAST, split_by_hash
from lightning_gan.cli.actions.image_report import Seen, examined, report
from lightning_gan.command_text import command_text
from lightning_gan.domains import Size, check_arguments
from lightning_gan.errors import UserError
from lightning_gan.networks.dcgan import HALVINGS
from lightning_gan.picture_files import check_utf8, find, printable
from lightning_gan.whole_files import whole

CONFIG = """\
# DCGAN on the {n:,} pictures of {folder}: where to begin, written by `inspect` and tuned to nothing. Stop it with
# Ctrl-C when its samples change no more. Scores: --config {name} --config callbacks/scores.yaml
# Sources: [DCGAN] Radford et al. (2016); [PyTorch] its example of DCGAN; [ours] chosen here.
model:
  class_path: GAN
  init_args:
    k: 1                                # [DCGAN] released code: the players take turns
    loss: NonSaturating                 # [DCGAN] as in Goodfellow et al. (2014)
    prior: Gaussian                     # [PyTorch] N(0, I); uniform(-1, 1) in [DCGAN]
    generator:
      class_path: DCGANGenerator
      init_args:
        data_shape: [{channels}, {size}, {size}]
        z_dim: 100                      # [DCGAN] Figure 1
        width: 64                       # [PyTorch] 128 in [DCGAN]
        kernel: 4                       # [PyTorch] 5 in [DCGAN]
    discriminator:
      class_path: DCGANDiscriminator
      init_args:
        data_shape: [{channels}, {size}, {size}]
        width: 64                       # [PyTorch] as G's
        kernel: 4                       # [PyTorch] as G's
        norm: batch                     # [DCGAN]; none, layer or instance for objectives/wgan_gp.yaml
    d_optimizer: lightning_gan.optimizers.DCGANAdam # [DCGAN] section 4: Adam, 2e-4, beta1 0.5
    g_optimizer: lightning_gan.optimizers.DCGANAdam # [DCGAN] section 4
data:
  class_path: ImageFolder
  init_args:
    root: {root}
    size: {size}
    channels: {channels}                         # 3 colour, 1 grey
    enlarge: {enlarge}                      # whether pictures smaller than size are enlarged
    batch_size: {batch:<3}                     # [PyTorch] 64, or all there are; 128 in [DCGAN]
trainer:
  max_steps: 10_000                     # [ours]
  check_val_every_n_epoch: null
  val_check_interval: 1000              # [ours] minibatches: 1000 steps
  callbacks:
    - class_path: SampleGrid
      init_args: {{every_n_steps: 250}}   # [ours]
    - class_path: NearestNeighbours
    - class_path: Curves
"""


@check_arguments
def inspect(folder: str, size: Size = 32, out: str | None = None) -> None:
    """Say what a folder of your own pictures holds and what would become of it; write a config to begin with.

    Args:
        folder: It holds pictures, or a sub-folder of pictures for each class.
        size: Side of the squares that a GAN would learn from, in pixels, 1 to 2^20; a config wants 28, 32 or 64.
        out: Config to write, such as mine.yaml; a file that is there is not replaced.
    """
    if out is not None:
        check_utf8(folder)
        _check_place(Path(out), size)
    seen = examined(find(Path(folder)), size)
    print(report(seen, size))
    if out is not None:
        _check_usable(seen)
        with whole(Path(out)) as beside:
            beside.write_text(config(seen, size, Path(out)), encoding="utf-8")
        print(f"written    {out}\nnext       {command_text('fit', '--config', out)}")


def config(seen: Seen, size: int, out: Path) -> str:
    """A DCGAN for these pictures, as YAML."""
    found, n = seen.found, len(seen.good)
    return CONFIG.format(
        n=n,
        folder=printable(" ".join(found.root.resolve().name.split())),
        name=shlex.quote(printable(out.name)),
        root=json.dumps(str(found.root.resolve()), ensure_ascii=False),
        size=size,
        channels=1 if seen.grey else 3,
        enlarge=str(any(min(picture.size) < size for picture in seen.good)).lower(),
        batch=min(64, len(split_by_hash(seen.digests)["train"])),
    )


def _check_place(out: Path, size: int) -> None:
    if size not in HALVINGS:
        raise UserError(
            f"DCGAN, for which {out} would be, draws squares of {', '.join(map(str, HALVINGS))} pixels, not of {size}: "
            f"give one of these as --size."
        )
    if out.exists() or out.is_symlink():
        raise UserError(f"{out} is there already and is not replaced: give another name as --out.")


def _check_usable(seen: Seen) -> None:
    if seen.problems:
        first = next(iter(seen.problems))
        raise UserError(
            f"No config was written, since no run could begin: {len(seen.problems):,} of {len(seen.found.files):,} "
            f"files cannot be read, {printable(first)} among them. Mend them, or take them away."
        )
    if len(set(seen.digests)) < LEAST:
        raise UserError(
            f"No config was written, since no run could begin: {len(set(seen.digests)):,} different pictures are here, "
            f"{LEAST} are wanted at least."
        )
