import numpy as np
import pytest
import torch
from PIL import Image
from tiny_features import pictures

from lightning_gan import images
from lightning_gan.evaluation.files import in_channels, is_lossy, read_pictures

GREY, COLOUR = (1, 4, 4), (3, 5, 4)


@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_a_folder_of_png_is_what_was_written_in_order_of_names(tmp_path, shape):
    bytes_ = pictures(12, seed=0, shape=shape)
    for i, picture in enumerate(bytes_):
        images.save(picture, tmp_path / f"{i:06d}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    assert torch.equal(read_pictures(tmp_path), bytes_)
    assert not is_lossy(tmp_path)


@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_an_npz_may_have_channels_first_or_last(tmp_path, shape):
    bytes_ = pictures(7, seed=1, shape=shape)
    for name, array in (("first", bytes_), ("last", bytes_.permute(0, 2, 3, 1))):
        np.savez(tmp_path / f"{name}.npz", array.numpy())
        assert torch.equal(read_pictures(tmp_path / f"{name}.npz"), bytes_)
    np.savez(tmp_path / "flat.npz", x=bytes_[:, 0].numpy(), labels=np.arange(7))
    assert torch.equal(read_pictures(tmp_path / "flat.npz"), bytes_[:, :1])


def test_grey_kept_as_three_colours_becomes_grey_and_colours_do_not():
    grey = pictures(3, seed=2)
    assert torch.equal(in_channels(grey.expand(-1, 3, -1, -1), 1, "they"), grey)
    with pytest.raises(ValueError, match="they are in colour but the real images are grey"):
        in_channels(pictures(3, seed=2, shape=COLOUR), 1, "they")
    with pytest.raises(ValueError, match="the real images are in colour"):
        in_channels(grey, 3, "they")


def jpeg(folder):
    Image.new("RGB", (4, 4)).save(folder / "a.jpg")


def test_jpeg_is_noticed(tmp_path):
    jpeg(tmp_path)
    assert is_lossy(tmp_path)


def sizes(folder):
    Image.new("L", (4, 4)).save(folder / "a.png")
    Image.new("L", (4, 5)).save(folder / "b.png")


def broken(folder):
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "holds no picture"),
        (sizes, r"b.png is \[1, 5, 4\] but a.png is \[1, 4, 4\]"),
        (broken, "a.png cannot be read as a picture"),
    ],
)
def test_a_bad_folder_is_named(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(ValueError, match=words):
        read_pictures(tmp_path)


class Hostile:
    def __reduce__(self):
        return (print, ("this ran",))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((2, 4, 4))}, r"float64, \[2, 4, 4\]: give at least one picture of bytes"),
        ({"x": np.zeros((0, 4, 4), np.uint8)}, r"uint8, \[0, 4, 4\]"),
        ({"x": np.zeros((2, 4, 4, 2), np.uint8)}, "give 1 or 3 channels"),
        ({"a": np.zeros((2, 4, 4), np.uint8), "b": np.zeros((2, 4, 4), np.uint8)}, "of which 2 could"),
        ({"x": np.zeros(3, np.uint8)}, "of which 0 could be pictures"),
        ({"x": np.array([Hostile()], dtype=object)}, "not a whole .npz of plain arrays"),
    ],
)  # fmt: skip
def test_a_bad_npz_is_named_and_nothing_in_it_runs(tmp_path, arrays, words, capsys):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        read_pictures(tmp_path / "x.npz")
    assert "this ran" not in capsys.readouterr().out


def test_a_torn_npz_a_text_and_nothing_are_named(tmp_path):
    np.savez(tmp_path / "x.npz", pictures(5, seed=0).numpy())
    whole = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole"):
        read_pictures(tmp_path / "x.npz")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(ValueError, match="neither a folder of pictures"):
        read_pictures(tmp_path / "x.txt")
    with pytest.raises(FileNotFoundError):
        read_pictures(tmp_path / "nothing")
