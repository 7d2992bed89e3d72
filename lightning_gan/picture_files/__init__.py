"""The one reader of pictures: files of a folder and arrays, as bytes. docs/pictures.md says what becomes of each kind.

`ImageFolder`, `inspect`, `evaluate` and `sample` use it; it imports nothing of the rest of the suite.
"""

from lightning_gan.picture_files.arrays import read_arrays
from lightning_gan.picture_files.decode import is_grey, to_eight_bits
from lightning_gan.picture_files.folder import Found, find
from lightning_gan.picture_files.names import SUFFIXES, check_utf8, printable
from lightning_gan.picture_files.reading import Look, Read, read_file, read_files, square

__all__ = [
    "SUFFIXES",
    "Found",
    "Look",
    "Read",
    "check_utf8",
    "find",
    "is_grey",
    "printable",
    "read_arrays",
    "read_file",
    "read_files",
    "square",
    "to_eight_bits",
]
