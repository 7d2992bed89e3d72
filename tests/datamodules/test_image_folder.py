"""ImageFolder: search, conversion, splits, and errors."""

import re
from hashlib import sha256

import image_fixtures
import numpy as np
import pytest
import torch
from PIL import Image

from datamodules import ImageFolder, image_folder
from datamodules.hash_split import split_by_hash
from lightning_gan.image_files import crop_square, find_images, read_file


def read(path, size, channels):
    found = read_file(path, lambda image: crop_square(image, size, channels))
    assert not found.header.problem
    return found.image


def counts_of(paths, **options):
    """Return the sizes of the splits as text, as in the provenance."""
    splits = split_by_hash([sha256(path.read_bytes()).digest() for path in paths], **options)
    return ", ".join(f"{len(splits[split])} {split}" for split in ("train", "val", "test"))


def loaded(root, **options):
    data = ImageFolder(str(root), **{"batch_size": 5, "seed": 1, **options})
    data.prepare_data()
    data.setup()
    return data


def every(data, of):
    return torch.cat([getattr(data, of)(split) for split in ("train", "val", "test")])


def test_images_of_the_right_size_are_not_changed(tmp_path):
    paths = image_fixtures.write(tmp_path, 20)
    data = loaded(tmp_path)
    stored = {one_image.numpy().tobytes() for one_image in every(data, "uint8_images")}
    assert stored == {np.asarray(Image.open(p)).transpose(2, 0, 1).tobytes() for p in paths}
    x = data.images("train")
    assert (
        (x.dtype, x.shape[1:]) == (torch.float32, data.data_shape) == (torch.float32, (3, 32, 32))
    )
    torch.testing.assert_close(x, data.uint8_images("train") / 127.5 - 1, rtol=0, atol=1e-6)
    assert data.value_range == data.display_range == (-1, 1)
    assert data.train_dataloader().images.dtype == torch.uint8


def test_subfolders_are_classes_in_the_order_of_their_names(tmp_path):
    image_fixtures.write(tmp_path / "zebra", 12, first=100)
    image_fixtures.write(tmp_path / "ant" / "deeper", 18)
    image_fixtures.write(tmp_path / ".hidden", 3)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no image")
    data = loaded(tmp_path)
    assert data.num_classes == 2
    assert torch.bincount(every(data, "labels")).tolist() == [18, 12]
    zebras = {p.numpy().tobytes() for p in every(data, "uint8_images")[every(data, "labels") == 1]}
    wanted = read(tmp_path / "zebra" / "004.png", 32, 3)
    assert np.ascontiguousarray(wanted).tobytes() in zebras
    assert f"2 classes: {counts_of(find_images(tmp_path).files)};" in data.provenance


def test_a_flat_folder_has_one_class_and_the_name_of_the_folder(tmp_path):
    image_fixtures.write(tmp_path / "holiday", 10)
    data = loaded(tmp_path / "holiday", channels=1, size=16, value_range=(0.0, 1.0))
    assert (data.num_classes, data.name, data.data_shape) == (1, "holiday", (1, 16, 16))
    assert not every(data, "labels").any()
    assert 0 <= data.images("test").min() < data.images("test").max() <= 1
    counts = counts_of((tmp_path / "holiday").iterdir())
    assert f"16x16 grey images, no labels: {counts};" in data.provenance


def get_splits(data):
    """Return the images of each split as bytes."""
    return {
        split: {one_image.numpy().tobytes() for one_image in data.uint8_images(split)}
        for split in ("train", "val", "test")
    }


def test_added_and_renamed_images_move_no_other_image_and_copies_stay_together(tmp_path):
    paths = image_fixtures.write(tmp_path, 40, size=(8, 8))
    make = {"size": 8, "validation": 0.2, "test": 0.3}
    data = loaded(tmp_path, **make)
    assert counts_of(paths, validation=0.2, test=0.3) in data.provenance
    before = get_splits(data)
    assert sum(map(len, before.values())) == 40
    assert get_splits(loaded(tmp_path, seed=9, **make)) == before
    assert get_splits(loaded(tmp_path, split_seed=1, **make)) != before
    for i, path in enumerate(paths):
        path.rename(tmp_path / f"{(7 * i) % 40:03d}_renamed.png")
    for i, path in enumerate(sorted(tmp_path.iterdir())[::2]):
        (tmp_path / f"copy_{i}.png").write_bytes(path.read_bytes())
    assert get_splits(loaded(tmp_path, **make)) == before
    image_fixtures.write(tmp_path, 30, size=(8, 8), first=500)
    after = get_splits(loaded(tmp_path, **make))
    assert all(before[split] <= after[split] for split in before)
    assert sum(map(len, after.values())) == 70


# Conversion.


def test_the_largest_centred_square_is_used(tmp_path):
    array = np.zeros((32, 96, 3), np.uint8)
    array[:, 32:64] = 200
    Image.fromarray(array).save(tmp_path / "wide.png")
    assert (read(tmp_path / "wide.png", 32, 3) == 200).all()
    Image.fromarray(array.transpose(1, 0, 2).copy()).save(tmp_path / "high.png")
    halved = read(tmp_path / "high.png", 16, 3).astype(int)  # the filter reads beyond the edge
    assert np.abs(halved[:, 1:-1] - 200).max() <= 2
    assert np.abs(halved - 200).max() < 20


def test_scaling_is_antialiased(tmp_path):
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    assert np.abs(read(tmp_path / "stripes.png", 16, 1).astype(int)[:, :, 1:-1] - 127).max() <= 2


def test_transparent_images_are_blended_with_white_and_photographs_are_rotated(tmp_path):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "glass.png")
    assert (read(tmp_path / "glass.png", 8, 3) == 255).all()
    one_image = Image.new("L", (8, 8))
    one_image.paste(255, (0, 0, 8, 4))  # its upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees, clockwise
    one_image.save(tmp_path / "turned.png", exif=exif)
    turned = read(tmp_path / "turned.png", 8, 1)[0]
    assert (turned[:, 4:] == 255).all()
    assert (turned[:, :4] == 0).all()


# Errors.


def check_error(root, message, error=ValueError, **options):
    with pytest.raises(error, match=message) as caught:
        ImageFolder(str(root), **options).prepare_data()
    assert "\n" not in str(caught.value)


def test_a_missing_folder_a_file_and_an_empty_folder_are_errors(tmp_path):
    check_error(tmp_path / "gone", "There is no folder .*gone: give one", FileNotFoundError)
    (tmp_path / "file").write_text("")
    check_error(tmp_path / "file", "file is a file: give a folder", NotADirectoryError)
    check_error(
        tmp_path, r"holds no image \(\.png, .*\), only other files 1 \(no suffix 1\): give a"
    )


def test_images_in_the_folder_and_in_sub_folders_are_an_error(tmp_path):
    image_fixtures.write(tmp_path, 2)
    image_fixtures.write(tmp_path / "cats", 2)
    check_error(tmp_path, "holds 2 images besides the folders cats: move each image to")


def test_the_error_names_a_corrupt_image_and_counts_all(tmp_path):
    paths = image_fixtures.write(tmp_path, 12)
    paths[3].write_bytes(paths[3].read_bytes()[:700])
    check_error(
        tmp_path,
        rf"{re.escape(str(paths[3]))} cannot be read as an image \(.*truncated.*\): repair",
    )
    paths[7].write_bytes(paths[7].read_bytes()[:900])
    check_error(tmp_path, r"003\.png cannot .*; 1 more cannot be read either: repair or remove it")
    for path in paths[3:6]:
        path.write_bytes(b"no image")
    check_error(tmp_path, r"003\.png cannot .*it is not a PNG, .*; 3 more cannot be read either")


def test_a_decompression_bomb_is_an_error(tmp_path, monkeypatch):
    paths = image_fixtures.write(tmp_path, 4)
    monkeypatch.setattr(
        Image, "MAX_IMAGE_PIXELS", 1000
    )  # warns above it, raises above twice as many
    check_error(
        tmp_path,
        rf"{re.escape(str(paths[0]))} .*more than 1,000 pixels.*; 3 more cannot be read either",
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    check_error(tmp_path, "it has more than 100 pixels: make it smaller")


def test_small_images_are_an_error_unless_they_may_be_enlarged(tmp_path):
    image_fixtures.write(tmp_path, 6)
    image_fixtures.noise(31, 40, 1).save(tmp_path / "001.png")
    image_fixtures.noise(90, 20, 2).save(tmp_path / "002.png")
    message = r"002\.png has 90 x 20 pixels, the smallest of 2 images below size 32: set data.size to 20 or less"
    check_error(tmp_path, message)
    assert loaded(tmp_path, enlarge=True).uint8_images("test").shape[1:] == (3, 32, 32)
    assert loaded(tmp_path, size=20).data_shape == (3, 20, 20)


def test_more_than_half_of_the_memory_is_an_error_before_images_are_read(tmp_path, monkeypatch):
    for path in image_fixtures.write(tmp_path, 4):
        path.write_bytes(b"is not read")
    monkeypatch.setattr(image_folder, "read_memory", lambda: 20_000)
    check_error(
        tmp_path,
        r"4 images of 3 x 32 x 32 bytes take .* more than half .* data.size to 28 or less",
    )


def test_invalid_arguments_are_errors(subtests):
    for options, message in [
        ({"size": 0}, "size is 0; give"),
        ({"channels": 4}, "channels is 4; give"),
        ({"validation": 0.0}, r"validation is 0\.0; give"),
        ({"validation": 0.5, "test": 0.5}, "with a sum below 1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"value_range": (1.0, 0.0)}, "value_range is"),
    ]:
        with subtests.test(options=options, message=message):
            with pytest.raises(ValueError, match=message):
                ImageFolder("somewhere", **options)


def test_too_few_different_images_are_an_error(tmp_path):
    (path, _) = image_fixtures.write(tmp_path, 2)
    check_error(tmp_path, "holds 2 images: give 3 different images or more")
    (tmp_path / "again.png").write_bytes(path.read_bytes())
    check_error(tmp_path, "holds 3 images, 2 of them different: give 3")


def test_a_folder_name_must_be_utf8_but_file_names_need_not(tmp_path):
    with pytest.raises(ValueError, match=r"folder .*a\\xff is not UTF-8, .*: rename it"):
        ImageFolder(str(tmp_path / "a\udcff"))
    for path in image_fixtures.write(tmp_path, 4):
        path.rename(tmp_path / f"{path.stem}\udcff\n.png")
    assert len(every(loaded(tmp_path), "labels")) == 4
    (tmp_path / "000\udcff\n.png").write_bytes(b"")
    check_error(tmp_path, r"000\\xff\\n\.png cannot be read as an image \(it is empty\)")
