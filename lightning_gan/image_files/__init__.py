"""Reader for images in folders and array files; docs/images.md documents the conversion of each kind to bytes.

`ImageFolder` and the commands `inspect`, `evaluate`, `sample` and `translate` use this package.
"""

from lightning_gan.image_files.arrays import read_arrays
from lightning_gan.image_files.decode import is_grey, to_eight_bits
from lightning_gan.image_files.find import FoundImages, find_images
from lightning_gan.image_files.names import SUFFIXES, check_utf8, to_printable
from lightning_gan.image_files.read import (
    DecodedImage,
    ImageHeader,
    crop_square,
    read_file,
    read_files,
    read_size,
)

__all__ = [
    "SUFFIXES",
    "DecodedImage",
    "FoundImages",
    "ImageHeader",
    "check_utf8",
    "crop_square",
    "find_images",
    "is_grey",
    "read_arrays",
    "read_file",
    "read_files",
    "read_size",
    "to_eight_bits",
    "to_printable",
]
