"""Images in .npz, .npy and .pt files: one rule for shape, type and number; errors before values are read."""

import io
import itertools
import zipfile

import numpy as np
import pytest
import torch
from tiny_features import image_bytes

from lightning_gan.evaluation.image_sources import read_images
from lightning_gan.image_files import arrays, read_arrays, tensors
from lightning_gan.utils import machine_limits

GREY, COLOUR = (1, 4, 4), (3, 5, 4)
SUFFIXES = (".npz", ".NPZ", ".npy", ".pt")


def write(path, array, **more):
    kind = path.suffix.lower()
    if kind == ".npz":
        with path.open("wb") as file:
            np.savez(file, x=array, **more)
    elif kind == ".npy":
        np.save(path, array)
    else:
        tensor = torch.from_numpy(np.array(array))
        torch.save({"x": tensor, **more} if more else tensor, path)
    return path


def test_all_shapes_types_and_files_give_the_same_bytes(tmp_path_factory, subtests):
    for suffix in SUFFIXES:
        with subtests.test(suffix=suffix), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.setattr(arrays, "BLOCK", 100)
            monkeypatch.setattr(tensors, "BLOCK", 100)
            path = tmp_path / f"a{suffix}"
            for shape in (GREY, COLOUR):
                bytes_ = image_bytes(7, seed=1, shape=shape)
                first = bytes_.numpy()
                last = np.ascontiguousarray(first.transpose(0, 2, 3, 1))
                floats = [first / np.float32(255), (last / 255).astype(np.float64)]
                for array in (
                    first,
                    last,
                    last.transpose(3, 0, 1, 2).copy("F").transpose(1, 2, 3, 0),
                    *floats,
                ):
                    write(path, array)
                    assert torch.equal(read_images(path).uint8_images, bytes_)
                    assert torch.equal(read_images(path, 3).uint8_images, bytes_[:3])
                write(
                    path,
                    first[:, 0],
                    labels=np.arange(7) if "z" in suffix.lower() else torch.arange(7),
                )
                assert torch.equal(read_images(path).uint8_images, bytes_[:, :1])
                write(path, first[:, 0] > 127)
                assert torch.equal(
                    read_images(path).uint8_images,
                    (bytes_[:, :1] > 127) * torch.tensor(255, dtype=torch.uint8),
                )
            write(path, np.repeat(image_bytes(5, seed=1).numpy(), 3, 1))
            assert torch.equal(read_images(path).uint8_images, image_bytes(5, seed=1))


def test_ambiguous_and_invalid_arrays_are_errors(tmp_path_factory, subtests):
    for (array, words), suffix in itertools.product(
        [
            (np.zeros((2, 4, 4), np.int64), r"int64, \[2, 4, 4\]: give images of bytes"),
            (np.zeros((2, 4, 4), np.complex64), "complex64"),
            (
                np.full((2, 4, 4), -0.5),
                r"floats from -0.5 to -0.5: give floats in \[0, 1\] \(from \[-1, 1\]",
            ),
            (np.full((2, 4, 4), np.nan), "floats from nan to nan"),
            (np.full((2, 4, 4), np.inf), "floats from inf to inf"),
            (np.full((2, 4, 4), 255.0, np.float32), "floats from 255 to 255"),
            (np.zeros((0, 4, 4), np.uint8), r"uint8, \[0, 4, 4\], and holds no image"),
            (np.zeros((2, 0, 4, 1), np.uint8), "holds no image"),
            (np.zeros((2, 4, 4, 2), np.uint8), "and its channels are neither last nor second"),
            (np.zeros((2, 3, 4, 3), np.uint8), "its channels may be last or second"),
            (np.zeros((2, 4, 4, 3, 1), np.uint8), "and its channels are neither last nor second"),
            (
                np.zeros((28, 28), np.uint8),
                r"is \[28, 28\], which lacks the dimension of the number of images",
            ),
            (
                np.zeros((28, 28, 3), np.uint8),
                "may be one image with channels or 28 grey images: give 4",
            ),
            (np.zeros((32, 32, 4), np.uint8), "may be one image with channels"),
            (np.zeros((3, 28, 28), np.uint8), "may be one image with channels or 3 grey images"),
            (np.zeros(3, np.uint8), "of which 0 could be images"),
        ],
        [".npz", ".npy", ".pt"],
    ):
        with subtests.test(suffix=suffix, array=array, words=words):
            tmp_path = tmp_path_factory.mktemp("row")
            with pytest.raises(ValueError, match=words):
                read_arrays(write(tmp_path / f"a{suffix}", array))


def make_header(shape, descr="|u1"):
    """Return the header of an .npy file without its values."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def test_an_array_larger_than_memory_is_an_error_before_values_are_read(tmp_path):
    huge = make_header((10**9, 1000, 1000))
    (tmp_path / "a.npy").write_bytes(huge)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", huge)
    torch.save(torch.zeros(1, 1, 1, dtype=torch.uint8).expand(10**9, 1000, 1000), tmp_path / "a.pt")
    for suffix in (".npy", ".npz", ".pt"):
        with pytest.raises(
            ValueError, match=r"its images take 1000000\.0 GB, more than half of this machine's"
        ):
            read_arrays(tmp_path / f"a{suffix}")


def test_an_archive_larger_than_its_header_states_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", make_header((2, 4, 4)) + bytes(10_000_000))
    with pytest.raises(ValueError, match=r"holds 10,000,000 bytes instead of 32"):
        read_arrays(tmp_path / "a.npz")


class Malicious:
    def __reduce__(self):
        return (print, ("this ran",))


def test_pickles_in_files_are_not_executed(tmp_path, capsys):
    hostile = np.array([Malicious()], dtype=object)
    for name in ("a.npz", "a.npy"):
        write(tmp_path / name, hostile)
        with pytest.raises(ValueError, match="holds Python objects, which are not read"):
            read_arrays(tmp_path / name)
    torch.save({"x": Malicious()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="holds other objects than tensors"):
        read_arrays(tmp_path / "a.pt")
    assert "this ran" not in capsys.readouterr().out


def test_a_truncated_file_is_an_error(tmp_path_factory, subtests):
    for share, suffix in itertools.product([0.0, 0.05, 0.5, 0.95], [".npz", ".npy", ".pt"]):
        with subtests.test(suffix=suffix, share=share):
            tmp_path = tmp_path_factory.mktemp("row")
            path = write(tmp_path / f"a{suffix}", image_bytes(50, seed=0, shape=(1, 9, 9)).numpy())
            whole = path.read_bytes()
            path.write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises(ValueError, match=r"a\.(npz|npy|pt) (is|holds)"):
                read_arrays(path)


def test_damaged_bytes_in_an_archive_are_found(tmp_path_factory, subtests):
    for suffix in [".npz", ".pt"]:
        with subtests.test(suffix=suffix):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / f"a{suffix}"
            pixels = image_bytes(50, seed=0)
            if suffix == ".pt":
                torch.save(pixels, path)
            else:
                np.savez_compressed(path, pixels.numpy())
            content = bytearray(path.read_bytes())
            place = (
                content.index(pixels.numpy().tobytes()[:40])
                if suffix == ".pt"
                else len(content) // 2
            )
            content[place] ^= 0xFF
            path.write_bytes(bytes(content))
            with pytest.raises(ValueError, match=rf"not an? (complete|intact) \{suffix} file"):
                read_arrays(path)


def test_two_arrays_and_other_contents_are_errors(tmp_path):
    a = image_bytes(2, seed=0).numpy()
    write(tmp_path / "a.npz", a, y=a)
    with pytest.raises(ValueError, match=r"holds x\.npy, y\.npy, of which 2 could be images"):
        read_arrays(tmp_path / "a.npz")
    torch.save([torch.zeros(2, 4, 4)], tmp_path / "a.pt")
    with pytest.raises(ValueError, match="holds a list: give a tensor"):
        read_arrays(tmp_path / "a.pt")


def test_the_memory_check_counts_only_the_images_to_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.npy", image_bytes(100, seed=0).numpy())
    monkeypatch.setattr(machine_limits, "read_memory", lambda: 1_000)
    assert len(read_arrays(path, 10)) == 10
    with pytest.raises(ValueError, match="more than half"):
        read_arrays(path)


def test_a_damaged_header_is_an_error(tmp_path_factory, subtests):
    for old, new, words in [
        (b"(2, 4, 4)", b"(2, 4, (4", "The header of .* is damaged"),
        (b"(2, 4, 4)", b"(-2,-4,4)", "holds no image"),
        (b"'|u1'", b"'|O1'", "The header of .* is damaged"),
        (b"NUMPY\x01", b"NUMPY\x09", "The header of .* is damaged"),
    ]:
        with subtests.test(old=old, new=new, words=words):
            tmp_path = tmp_path_factory.mktemp("row")
            content = make_header((2, 4, 4)) + bytes(32)
            assert old in content
            (tmp_path / "a.npy").write_bytes(content.replace(old, new))
            with pytest.raises(ValueError, match=words):
                read_arrays(tmp_path / "a.npy")
