"""`python -m lightning_gan inspect`: what a person's folder of pictures holds, and a config to begin with."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from datamodules.image_folder import LEAST, shares
from datamodules.picture_files import Found, Look, each, find, look, tried
from lightning_gan.networks.dcgan import HALVINGS
from lightning_gan.tabular import table
from lightning_gan.whole_files import whole

LISTED = 10  # unreadable files that are named

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


@dataclass(frozen=True)
class Seen:
    """What was found in the pictures of a folder.

    Attributes:
        found: the files.
        looks: what each says of itself.
        problems: of the files that cannot be read, why.
        grey: whether no picture has a colour.
        copies: how many pictures look like one before them, once they are cut and scaled.
    """

    found: Found
    looks: tuple[Look, ...]
    problems: dict[Path, str]
    grey: bool
    copies: int

    @property
    def good(self) -> list[Look]:
        """Of the files that can be read."""
        return [seen for seen in self.looks if seen.path not in self.problems]


def inspect(folder: str, size: int = 32, out: str | None = None) -> None:
    """Say what a folder of your own pictures holds and what would become of it; write a config to begin with.

    Args:
        folder: It holds pictures, or a sub-folder of pictures for each class.
        size: Side of the squares that a GAN would learn from, in pixels; a config wants 28, 32 or 64.
        out: Config to write, such as mine.yaml; a file that is there is not replaced.
    """
    if size < 1:
        raise ValueError(f"size is {size}: give 1 pixel or more.")
    if out is not None:
        _check_place(Path(out), size)
    seen = examined(find(Path(folder)), size)
    print(report(seen, size))
    if out is not None:
        _check_usable(seen)
        with whole(Path(out)) as beside:
            beside.write_text(config(seen, size, Path(out)), encoding="utf-8")
        print(f"written    {out}\nnext       python -m lightning_gan fit --config {out}")


def examined(found: Found, size: int) -> Seen:
    """Read every picture as a run would."""
    looks = tuple(each(look, found.files))
    problems = {seen.path: seen.problem for seen in looks if seen.problem}
    digests: set[bytes] = set()
    grey, copies = True, 0
    files = [path for path in found.files if path not in problems]
    for path, picture in zip(files, each(partial(tried, size=size, channels=3), files), strict=True):  # fmt: skip
        if isinstance(picture, str):
            problems[path] = picture
            continue
        grey = grey and bool((picture == picture[:1]).all())
        digest = hashlib.sha256(picture.tobytes()).digest()
        copies += digest in digests
        digests.add(digest)
    return Seen(found, looks, problems, grey, copies)


def report(seen: Seen, size: int) -> str:
    """What a person wants to know, in lines of text."""
    found, good = seen.found, seen.good
    counts = Counter(found.labels)
    classes = [(name, f"{counts[i]:,}") for i, name in enumerate(found.classes)]
    lines = [f"{found.root}: {len(found.files):,} pictures; other files, ignored: {found.others:,}"]
    lines += [table(classes, ("class", "pictures")), ""] if classes else ["no sub-folders: no labels"]  # fmt: skip
    if good:
        small = sum(min(picture.size) < size for picture in good)
        lines += [
            f"sizes      {_sizes(good)}; {small:,} below {size} pixels",
            f"modes      {_modes(good)}; {'all grey' if seen.grey else 'in colour'}",
            f"copies     {seen.copies:,} look like another one"
            if seen.copies
            else "copies     none",
        ]
    lines += [f"unreadable {len(seen.problems):,}"]
    named = list(seen.problems.items())
    lines += [f"           {path} {why}" for path, why in named[:LISTED]]
    lines += [f"           and {len(named) - LISTED:,} more"] if len(named) > LISTED else []
    return "\n".join([*lines, *_fate(seen, size)])


def _fate(seen: Seen, size: int) -> list[str]:
    """What ImageFolder would make of them."""
    if len(seen.good) < LEAST:
        return [f"become     nothing: {LEAST} readable pictures are wanted"]
    train, val, test = shares(len(seen.good))
    kind = "grey" if seen.grey else "colour"
    lines = [
        f"become     {kind} squares, {size} x {size}: the largest in the middle of each picture, scaled",
        f"           {train:,} train, {val:,} validate, {test:,} test",
    ]
    if seen.problems:
        lines += ["           once the unreadable ones are mended or gone: before, no run begins"]
    return lines


def _sizes(good: Sequence[Look]) -> str:
    """Smallest, median and largest, by their area."""
    by_area = sorted((picture.size for picture in good), key=lambda size: size[0] * size[1])
    places = (0, len(by_area) // 2, -1)
    names = ("smallest", "median", "largest")
    shown = zip(names, (by_area[place] for place in places), strict=True)
    return ", ".join(f"{width} x {height} {name}" for name, (width, height) in shown)


def _modes(good: Sequence[Look]) -> str:
    counts = Counter(picture.mode for picture in good)
    return ", ".join(f"{mode} {n:,}" for mode, n in counts.most_common())


def config(seen: Seen, size: int, out: Path) -> str:
    """A DCGAN for these pictures, as YAML."""
    found, n = seen.found, len(seen.good)
    return CONFIG.format(
        n=n,
        folder=" ".join(found.root.resolve().name.split()),
        name=out.name,
        root=json.dumps(str(found.root.resolve()), ensure_ascii=False),
        size=size,
        channels=1 if seen.grey else 3,
        enlarge=str(any(min(picture.size) < size for picture in seen.good)).lower(),
        batch=min(64, shares(n)[0]),
    )


def _check_place(out: Path, size: int) -> None:
    if size not in HALVINGS:
        raise ValueError(
            f"DCGAN, for which {out} would be, draws squares of {', '.join(map(str, HALVINGS))} pixels, not of {size}: "
            f"give one of these as --size."
        )
    if out.exists() or out.is_symlink():
        raise ValueError(f"{out} is there already and is not replaced: give another name as --out.")


def _check_usable(seen: Seen) -> None:
    if seen.problems:
        first = next(iter(seen.problems))
        raise ValueError(
            f"No config was written, since no run could begin: {len(seen.problems):,} of {len(seen.found.files):,} "
            f"files cannot be read, {first} among them. Mend them, or take them away."
        )
    if len(seen.good) < LEAST:
        raise ValueError(
            f"No config was written, since no run could begin: {len(seen.good):,} pictures are here, {LEAST} are "
            f"wanted at least."
        )
