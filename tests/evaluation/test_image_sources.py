import os
from unittest.mock import patch

import pytest
import torch
from PIL import Image
from tiny_features import image_bytes

from lightning_gan.evaluation.image_sources import convert_channels, read_images
from lightning_gan.image_files.manifest import Manifest, hash_file, write_manifest
from lightning_gan.utils import images, machine_limits

GREY, COLOUR = (1, 4, 4), (3, 5, 4)


def saved(folder, bytes_, suffix=".png"):
    """Write images to files in the order of their names."""
    paths = [folder / f"{i:06d}{suffix}" for i in range(len(bytes_))]
    for image, path in zip(bytes_, paths, strict=True):
        images.save_image(image, path)
    return paths


def test_a_folder_of_png_is_what_was_written_in_order_of_names(tmp_path_factory, subtests):
    for shape in [GREY, COLOUR]:
        with subtests.test(shape=shape):
            tmp_path = tmp_path_factory.mktemp("row")
            bytes_ = image_bytes(12, seed=0, shape=shape)
            saved(tmp_path, bytes_)
            (tmp_path / "notes.txt").write_text("not a picture")
            read = read_images(tmp_path)
            assert torch.equal(read.uint8_images, bytes_)
            assert (read.notes, read.lossy) == (("12 images; ignored: other files 1",), False)


def test_a_set_is_grey_only_if_all_pixels_are_grey(tmp_path):
    bytes_ = image_bytes(6, seed=0).expand(-1, 3, -1, -1).clone()
    saved(tmp_path, bytes_)  # mode RGB
    assert torch.equal(read_images(tmp_path).uint8_images, bytes_[:, :1])
    bytes_[4, 0, 0, 0] ^= 1
    saved(tmp_path, bytes_)
    images.save_image(bytes_[1, :1], tmp_path / "000001.png")  # mode L
    assert torch.equal(read_images(tmp_path).uint8_images, bytes_)
    assert torch.equal(read_images(tmp_path, 4).uint8_images, bytes_[:4, :1])


def test_only_the_files_asked_for_are_opened_and_classes_come_in_turn(tmp_path):
    bytes_ = image_bytes(9, seed=0)
    for name, part in (("a", bytes_[:6]), ("b", bytes_[6:])):
        (tmp_path / name).mkdir()
        for path in saved(tmp_path / name, part)[3:]:
            path.write_bytes(b"is not opened")
    read = read_images(tmp_path, 5)
    assert torch.equal(read.uint8_images, bytes_[[0, 6, 1, 7, 2]])
    assert read.notes == ("9 images in 2 folders of classes",)


def test_images_that_do_not_fit_into_memory_are_refused_at_the_first_one(tmp_path):
    for path in saved(tmp_path, image_bytes(40, seed=0))[1:]:
        path.write_bytes(b"is not opened")
    with (
        patch.object(machine_limits, "read_memory", lambda: 2_000),
        pytest.raises(ValueError, match=r"40 images of 4 x 4 pixels take 0\.0 GB, more than half"),
    ):
        read_images(tmp_path)


def samples(folder, n=5):
    """Write samples with their samples.json into a folder with older images."""
    paths = saved(folder, image_bytes(12, seed=0))[:n]
    write_manifest(
        folder, Manifest("a.ckpt", 20, 7, {path.name: hash_file(path) for path in paths})
    )
    return paths


def test_the_samples_that_a_list_names_are_read_and_no_others(tmp_path):
    samples(tmp_path)
    (tmp_path / "000011.png").write_bytes(b"is not opened")
    read = read_images(tmp_path)
    assert torch.equal(read.uint8_images, image_bytes(12, seed=0)[:5])
    (note,) = read.notes
    assert note == (
        "5 samples that samples.json lists (step 20, seed 7); 7 other images in the folder are ignored"
    )
    assert len(read_images(tmp_path, 3).uint8_images) == 3


def replaced(folder):
    images.save_image(image_bytes(1, seed=9)[0], folder / "000002.png")


def removed(folder):
    (folder / "000003.png").unlink()


def test_a_list_that_is_not_true_any_more_is_refused(tmp_path_factory, subtests):
    for change, words in [
        (replaced, r"000002\.png differs from the file that samples\.json lists"),
        (removed, r"lists 000003\.png, which does not exist \(1 of 5 files are missing\): draw"),
        (
            lambda folder: os.truncate(folder / "samples.json", 60),
            r"samples\.json is not complete: draw",
        ),
        (
            lambda folder: write_manifest(folder, Manifest("", 0, 0, {"../x.png": ""})),
            r"samples\.json lists no files of its folder",
        ),
    ]:
        with subtests.test(change=change, words=words):
            tmp_path = tmp_path_factory.mktemp("row")
            samples(tmp_path)
            change(tmp_path)
            with pytest.raises(ValueError, match=words):
                read_images(tmp_path)


def test_a_file_of_that_name_by_another_program_is_one_of_the_other_files(tmp_path):
    saved(tmp_path, image_bytes(2, seed=0))
    (tmp_path / "samples.json").write_text("[1]")
    assert read_images(tmp_path).notes == ("2 images; ignored: other files 1",)


def test_three_equal_channels_become_grey_and_colours_do_not():
    grey = image_bytes(3, seed=2)
    three = grey.expand(-1, 3, -1, -1)
    assert torch.equal(convert_channels(three, 1, "they"), grey)
    assert torch.equal(convert_channels(grey, 3, "they"), three)
    with pytest.raises(ValueError, match="they are in colour but the real images are grey"):
        convert_channels(image_bytes(3, seed=2, shape=COLOUR), 1, "they")


def test_jpeg_is_noticed(tmp_path_factory, subtests):
    for name in ["a.jpg", "a.JFIF"]:
        with subtests.test(name=name):
            tmp_path = tmp_path_factory.mktemp("row")
            Image.new("RGB", (4, 4)).save(tmp_path / name, format="JPEG")
            assert read_images(tmp_path).lossy


def sizes(folder):
    Image.new("L", (4, 4)).save(folder / "a.png")
    Image.new("L", (4, 5)).save(folder / "b.png")


def broken(folder):
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")


def test_a_bad_folder_is_named(tmp_path_factory, subtests):
    for make, words in [
        (lambda folder: None, "holds no image"),
        (sizes, r"b.png is \[5, 4\] but a.png is \[4, 4\] \(height, width\)"),
        (broken, "a.png cannot be read as an image"),
    ]:
        with subtests.test(make=make, words=words):
            tmp_path = tmp_path_factory.mktemp("row")
            make(tmp_path)
            with pytest.raises(ValueError, match=words):
                read_images(tmp_path)


def test_other_files_and_nothing_are_named(tmp_path):
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(
        ValueError, match=r"neither a folder .* nor a file of arrays \(.npz, .npy, .pt\)"
    ):
        read_images(tmp_path / "x.txt")
    with pytest.raises(FileNotFoundError):
        read_images(tmp_path / "nothing")
