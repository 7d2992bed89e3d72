"""Names of image files: suffixes, hidden files, and printable text."""

import os
from pathlib import Path

from lightning_gan.utils.errors import UserError

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm",
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # Pillow tries no other reader
LOSSY = (".jpg", ".jpeg", ".jfif")
SYSTEM_FILES = ("thumbs.db", "desktop.ini")  # written by Windows to folders of images


def is_image_file(name: str) -> bool:
    """Return whether a file name has the suffix of an image, in any case."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is hidden (`.DS_Store`, `._x.png`) or a system file of Windows (`Thumbs.db`)."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def to_printable(path: str | Path) -> str:
    r"""Return a path as one line of UTF-8 text; other bytes and control characters become `\xff` and `\n`.

    Example:
        >>> to_printable("a\nb.png")
        'a\\nb.png'
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def check_utf8(path: str | Path) -> None:
    """Check that the name of a folder is UTF-8, because configs and run files store it as text.

    Raises:
        ValueError: If it is not.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(
            f"The name of the folder {to_printable(path)} is not UTF-8, so configs and run files cannot store it: "
            f"rename it."
        ) from None
