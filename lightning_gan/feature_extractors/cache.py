"""Cache folder of weights; imports nothing heavy."""

import os
from pathlib import Path

FILE = "inception-2015-12-05.pth"
RELEASE = "weights-inception-2015-12-05-6726825d.pth"


def cache_folder() -> Path:
    """Return LIGHTNING_GAN_CACHE, else lightning_gan in the user's cache folder; it may not exist."""
    own = os.environ.get("LIGHTNING_GAN_CACHE")
    if own:
        return Path(own).expanduser()
    common = os.environ.get("XDG_CACHE_HOME")
    return (Path(common) if common else Path.home() / ".cache") / "lightning_gan"


def find_weights_file(path: Path) -> Path:
    """Return the file of Inception's weights in a folder, under the suite's or torch-fidelity's name."""
    names = [name for name in (FILE, RELEASE) if (path / name).is_file()]
    return path / (names or [FILE])[0] if path.is_dir() else path
