"""CIFAR-10's pickled batches, read without running what they ask for.

A pickle is a program that may call whatever it names. These name three things, all of numpy and in the words of
Python 2; here each of them is a stand-in that keeps what it is given, and any other name is refused.
"""

import io
import pickle
from typing import Any

from lightning_gan.utils.errors import UserError

PIXELS = 3 * 32 * 32


class _DataType:
    """In the place of numpy.dtype: the number of pixels tells that they are bytes."""

    def __init__(self, *arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """In the place of an array: keeps its shape, and its bytes, which Python 2 wrote as text."""

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
                f"it asks for {module}.{name}, which no batch of CIFAR-10 does"
            )
        return STAND_INS[module, name]


def read_records(raw: bytes, n: int) -> bytes:
    """The n records of a pickled batch as its binary version has them: a label, then 3,072 pixels.

    Raises:
        ValueError: the predicate of a sentence that has the file as its subject.
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
