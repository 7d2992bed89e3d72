"""idx files under root: search and verification."""

import gzip
import re

import pytest
import torch
from tiny import idx_bytes

from datamodules.download_sources import CsvWheel

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
WHEEL = CsvWheel("digits==1", {"train": "digits/train.csv", "t10k": "digits/test.csv"})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "MNIST" / "raw"


def flip(raw):
    return raw[:500] + bytes([raw[500] ^ 1]) + raw[501:]


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


def replace_by_broken_link(path):
    path.unlink()
    path.symlink_to(path.parent / "gone")


def pack(path, change=lambda packed: packed):
    path.with_name(f"{path.name}.gz").write_bytes(change(gzip.compress(path.read_bytes())))
    path.unlink()


def pack_zeros(path):
    path.unlink()
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(bytes(10_000_000)))


BAD = {
    "empty": (IMAGES, lambda p: p.write_bytes(b""), "is empty"),
    "cut off": (IMAGES, lambda p: p.write_bytes(p.read_bytes()[:-9]), "is cut off: 47,047 bytes"),
    "too long": (IMAGES, lambda p: p.write_bytes(p.read_bytes() + b"!"), "is too long: 47,057"),
    "flipped bit": (IMAGES, lambda p: p.write_bytes(flip(p.read_bytes())), "other contents.* md5"),
    "labels": (
        LABELS,
        lambda p: p.write_bytes(idx_bytes(torch.zeros(50, dtype=torch.uint8))),
        r"holds data of shape \(50,\) instead of \(60,\)",
    ),
    "labels for images": (
        IMAGES,
        lambda p: p.write_bytes((p.parent / LABELS).read_bytes()),
        "has no header of an idx file with 3 dim",
    ),
    "web page": (IMAGES, lambda p: p.write_text("\n<!DOCTYPE html><p>404"), "is a web page"),
    "folder": (IMAGES, replace_by_folder, "is a folder, not a file"),
    "link": (IMAGES, replace_by_broken_link, r"cannot be read \(No such file"),
    "gz cut off": (IMAGES, lambda p: pack(p, lambda b: b[:-20]), r"\.gz is cut off"),
    "gz damaged": (IMAGES, lambda p: pack(p, flip), r"\.gz (is damaged|has other)"),
    "gz bomb": (
        LABELS,
        pack_zeros,
        r"\.gz unpacks to more than 68 bytes",
    ),
}


@pytest.mark.parametrize(("name", "harm", "message"), BAD.values(), ids=BAD)
def test_an_invalid_file_is_an_error_and_stays_unchanged(tiny, folder, name, harm, message):
    harm(folder / name)
    before = sorted(path.name for path in folder.iterdir())
    wanted = f"{re.escape(str(folder / name))}.*{message}"
    for source in ("auto", "files"):
        with pytest.raises(ValueError, match=wanted) as error:
            tiny(source=source).prepare_data()
        assert "\n" not in str(error.value)
        assert sorted(path.name for path in folder.iterdir()) == before, source


def test_an_unreadable_file_is_an_error(tiny, folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ValueError, match=rf"{IMAGES} cannot be read \(Permission denied\)"):
        tiny().prepare_data()


def test_the_error_names_missing_files_and_their_folder(tiny, folder):
    (folder / LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{LABELS} not found .* into {folder}"):
        tiny(source="files").prepare_data()


@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("variant", ["{}", "{}.gz"])
@pytest.mark.parametrize("mark", ["-idx", ".idx"])
def test_files_are_found_under_common_names_and_in_common_folders(
    tiny, tmp_path, folder, place, variant, mark
):
    for path in list(folder.iterdir()):
        raw = path.read_bytes()
        path.unlink()
        target = tmp_path / place / variant.format(path.name.replace("-idx", mark))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(gzip.compress(raw) if target.suffix == ".gz" else raw)
    data = tiny()
    data.setup()
    assert len(data.labels("train")) == 50


def test_a_folder_of_a_similar_name_is_ignored(tiny, tmp_path):
    (tmp_path / IMAGES).mkdir()
    tiny().prepare_data()
