"""Read tensors of a TorchScript archive without executing its code.

The archive is a zip file with a pickle of objects and one file for each storage. `torch.jit.load` would compile its
functions, and the standard unpickler would call any function that the pickle names. This unpickler knows four
harmless names and makes an empty object for each class of the archive.
"""

import io
import pickle
import zipfile
from typing import Any

import torch
from torch import Tensor

from lightning_gan.utils.errors import UserError

_TRUNK = {  # layers of a block, in the order of both the archive and torch-fidelity
    "A": "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool",
    "B": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
    "C": "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool",
    "D": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
    "E": "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool",
}
_BLOCKS = {"5": ("bcd", "AAA"), "6": ("abcde", "BCCCC"), "7": ("abc", "DEE")}
LAYERS = [
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"),
    *(
        f"Mixed_{stage}{letter}.branch{branch}"
        for stage, (letters, kinds) in _BLOCKS.items()
        for letter, kind in zip(letters, kinds, strict=True)
        for branch in _TRUNK[kind].split()
    ),
]
"""Names of the 94 convolutions of Inception-v3 in torch-fidelity, in its order."""


class _Object:
    """Placeholder for all classes of the archive; pickle sets its attributes."""


class _Reader(pickle.Unpickler):
    """Unpickler of objects, tensors of float32, dictionaries and lists; anything else is refused."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}/data.pkl")))
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): "float32",
            ("collections", "OrderedDict"): dict,
            ("torch.jit._pickle", "build_intlist"): list,
        }
        if module.split(".")[0] == "__torch__":
            return _Object
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")
        return known[module, name]

    def persistent_load(self, storage: Any) -> Tensor:
        _, dtype, key, _, size = storage
        raw = bytearray(self.archive.read(f"{self.folder}/data/{key}"))
        if dtype != "float32" or len(raw) != 4 * size:
            raise pickle.UnpicklingError(f"storage {key} is not of {size} float32")
        return torch.frombuffer(raw, dtype=torch.float32)


def _tensor(
    storage: Tensor, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Tensor:
    return storage.as_strided(shape, stride, offset).contiguous()


def read_inception(data: bytes) -> dict[str, Tensor]:
    """Read the weights of Inception-v3 from a TorchScript archive.

    Its layers have weight, beta, mean and var; BatchNorm's weight, which is 1 in TensorFlow's
    network, is added.

    Args:
        data: Bytes of the archive.

    Returns:
        470 tensors, float32, under torch-fidelity's names.

    Raises:
        UserError: The archive is damaged, or is not of that network.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            root = _Reader(archive, pickled.removesuffix("/data.pkl")).load()
            layers = _layers(root)
    except Exception as error:  # other bytes raise many kinds of errors
        raise UserError(f"the archive cannot be read: {error}") from error
    if len(layers) != len(LAYERS):
        raise UserError(f"the archive has {len(layers)} convolutions instead of {len(LAYERS)}")
    tensors = {}
    for name, layer in zip(LAYERS, layers, strict=True):
        tensors[f"{name}.conv.weight"] = layer["weight"]
        tensors[f"{name}.bn.weight"] = torch.ones_like(layer["beta"])
        for ours, theirs in (("bias", "beta"), ("running_mean", "mean"), ("running_var", "var")):
            tensors[f"{name}.bn.{ours}"] = layer[theirs]
    return tensors


def _layers(node: object) -> list[dict[str, Tensor]]:
    """Collect the attributes of each convolution below a node, in order."""
    if not isinstance(node, _Object):
        return []
    if {"weight", "beta", "mean", "var"} <= vars(node).keys():
        return [vars(node)]
    return [layer for child in vars(node).values() for layer in _layers(child)]
