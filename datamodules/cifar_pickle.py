"""Reader for CIFAR-10's pickled batches that does not execute the pickle.

A pickle can call any function that it names. The published batches name three functions of numpy, in Python 2 format.
The reader replaces these by stand-ins that store their arguments, and refuses every other name.
"""

import io
import pickle
from typing import Any

from lightning_gan.utils.errors import UserError

PIXELS = 3 * 32 * 32


class _DataType:
    """Stand-in for numpy.dtype; the size of the data shows that the values are bytes."""

    def __init__(self, *arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """Stand-in for an array that stores its shape and its bytes, which Python 2 wrote as text."""

    def __init__(self, *arguments: object) -> None:
        self.shape: object = None
        self.text = ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, _, _, self.text = state


STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _DataType,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, which no batch of CIFAR-10 contains"
            )
        return STAND_INS[module, name]


def read_records(raw: bytes, n: int) -> bytes:
    """Convert the n records of a pickled batch to the binary format: a label, then 3,072 pixel values.

    Raises:
        ValueError: If it is not valid; the message is the predicate of a sentence about the file.
    """
    try:
        batch = _Reader(io.BytesIO(raw), encoding="latin1").load()
        labels, shape = bytes(batch["labels"]), batch["data"].shape
        pixels = batch["data"].text.encode("latin1")
    except pickle.UnpicklingError as error:
        raise UserError(f"was not unpickled: {error}") from error
    except Exception as error:  # a pickle can go wrong in any way
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"is no pickled batch of CIFAR-10 ({reason})") from error
    if (len(labels), shape, len(pixels)) != (n, (n, PIXELS), n * PIXELS):
        raise UserError(f"holds {len(labels):,} labels and {len(pixels):,} bytes, not {n:,} images")
    return b"".join(labels[i : i + 1] + pixels[i * PIXELS : (i + 1) * PIXELS] for i in range(n))
