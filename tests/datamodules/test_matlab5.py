"""The MATLAB reader, compared with SciPy and with the format."""

import random
import struct
from contextlib import suppress

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from datamodules.matlab5 import HEADER, read_matlab_arrays

KINDS = ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
RNG = np.random.default_rng(0)


def test_arrays_of_every_class_and_shape_are_read_as_scipy_reads_them(tmp_path_factory, subtests):
    for packed in [False, True]:
        with subtests.test(packed=packed):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / "a.mat"
            arrays = {f"a{k}": (100 * RNG.random((3, 4, 2))).astype(k) for k in KINDS}
            arrays |= {
                "tiny": np.ones((1, 1), np.uint8),
                "flat": np.arange(7.0),
                "nothing": np.zeros((0, 3)),
            }
            savemat(path, arrays, do_compression=packed)
            ours, theirs = read_matlab_arrays(path.read_bytes()), loadmat(path)
            assert set(ours) == set(arrays)
            for name, value in ours.items():
                assert value.dtype == theirs[name].dtype
                np.testing.assert_array_equal(value, theirs[name])


def test_other_variables_are_described(tmp_path):
    path = tmp_path / "a.mat"
    cell = np.empty((1, 2), dtype=object)
    cell[:] = [[1, "a"]]
    savemat(path, {"c": cell, "s": {"x": 1}, "t": "words", "z": np.array([1j]), "n": np.arange(3)})
    found = read_matlab_arrays(path.read_bytes())
    assert found.pop("n").tolist() == [[0, 1, 2]]
    assert found == {
        "c": "a cell array", "s": "a struct", "t": "text", "z": "an array of complex numbers",
    }  # fmt: skip


def element(kind, data):
    return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)


def big_endian(stored_as, numbers, shape, kind=6):
    """Return a big-endian file of one matrix `a`."""
    matrix = element(6, struct.pack(">II", kind, 0)) + element(
        5, struct.pack(f">{len(shape)}i", *shape)
    )
    matrix += struct.pack(">HH4s", 1, 1, b"a")  # a name of one byte is in its tag: size, type, data
    matrix += element(stored_as, numbers)
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00" + b"MI" + element(14, matrix)


def test_big_endian_files_and_integers_stored_with_fewer_bytes():
    found = read_matlab_arrays(big_endian(4, struct.pack(">6H", *range(256, 262)), (2, 3)))["a"]
    assert found.dtype == np.float64  # its class
    assert found.tolist() == [[256, 258, 260], [257, 259, 261]]  # column by column


def test_invalid_files_are_errors(subtests):
    for raw, message in [
        (b"", "not a MATLAB file"),
        (bytes(200), "not a MATLAB file"),
        (big_endian(4, bytes(12), (2, 4)), r"6 numbers for the shape \(2, 4\)"),
        (big_endian(4, bytes(12), (-2, -3)), r"6 numbers for the shape \(-2, -3\)"),
        (big_endian(99, bytes(12), (2, 3)), "is damaged"),
        (big_endian(4, bytes(12), (2, 3), kind=77), "is damaged"),
        (big_endian(4, bytes(12), (2, 3))[:-8], "is cut off"),
    ]:
        with subtests.test(raw=raw, message=message):
            with pytest.raises(ValueError, match=message):
                read_matlab_arrays(raw)


def test_a_flipped_byte_gives_an_array_or_an_error(tmp_path_factory, subtests):
    for packed in [False, True]:
        with subtests.test(packed=packed):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / "a.mat"
            savemat(
                path,
                {"a": RNG.random((5, 4)), "b": np.arange(9, dtype=np.uint8)},
                do_compression=packed,
            )
            raw, rng = path.read_bytes(), random.Random(0)
            read = 0
            for _ in range(1500):
                place = rng.randrange(HEADER, len(raw))
                with suppress(ValueError):
                    read_matlab_arrays(
                        raw[:place] + bytes([raw[place] ^ 1 << rng.randrange(8)]) + raw[place + 1 :]
                    )
                    read += 1
            assert 0 < read < 1400  # numbers of an unpacked file have no checksum
