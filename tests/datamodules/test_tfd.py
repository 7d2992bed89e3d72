"""TFD on generated files: folds, values, orientation, and invalid files."""

import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat
from tiny_tfd import tiny_tfd, write_tiny_tfd

from datamodules import TFD

SPLITS = {"train": 0, "val": 2, "test": 3}


@pytest.fixture
def tfd(tmp_path):
    """Return a factory of loaded data modules of a tiny file."""
    write_tiny_tfd(tmp_path)

    def make(**options):
        data = TFD(**{"root": str(tmp_path), "batch_size": 10, "seed": 1} | options)
        data.setup()
        return data

    return make


def test_each_fold_trains_on_images_without_labels_and_has_its_own_val_and_test(tfd, subtests):
    for fold in [1, 2, 3, 4, 5]:
        with subtests.test(fold=fold):
            file, data = tiny_tfd(), tfd(fold=fold)
            for split, mark in SPLITS.items():
                wanted = np.flatnonzero(file["folds"][:, fold - 1] == mark)
                assert data.uint8_images(split)[:, 0, 0, 0].tolist() == wanted.tolist()
                assert torch.equal(
                    data.uint8_images(split)[:, 0], torch.from_numpy(file["images"][wanted])
                )
            assert [len(data.labels(s)) for s in SPLITS] == [40, 5, 5]


def test_values_are_bytes_over_255(tfd):
    data = tfd()
    for split in SPLITS:
        x = data.images(split)
        assert (x.dtype, x.shape[1:]) == (torch.float32, data.data_shape)
        assert torch.equal(x, data.uint8_images(split).float() / 255)
    assert data.value_range == (0, 1)


def test_labels_are_expressions_from_0_and_minus_1_without_one(tfd):
    file, data = tiny_tfd(), tfd(fold=2)
    assert data.labels("train").unique().tolist() == [-1]
    for split in ("val", "test"):
        chosen = file["folds"][:, 1] == SPLITS[split]
        assert data.labels(split).tolist() == (file["labs_ex"][chosen, 0] - 1).tolist()
        assert data.labels(split).min() >= 0
        assert data.labels(split).max() < data.num_classes


def test_faces_are_upright_in_matlabs_column_order(tmp_path):
    file = tiny_tfd()
    file["images"][0] = 0
    file["images"][0, 5, 30] = 255  # row 5, column 30: upper right
    file["folds"][0] = 0
    raw = write_tiny_tfd(tmp_path, file).read_bytes()
    # the order of the file: all images' upper left pixels first, and a step down before a step to the right
    assert file["images"].ravel(order="F")[:60].tobytes() in raw
    assert raw.index(file["images"][:, 1, 0].tobytes()) < raw.index(
        file["images"][:, 0, 1].tobytes()
    )
    data = TFD(str(tmp_path))
    data.setup()
    assert data.uint8_images("train")[0, 0].nonzero().tolist() == [[5, 30]]


def test_the_file_is_found_in_both_folders_compressed_or_not(tmp_path_factory, subtests):
    for packed in [False, True]:
        with subtests.test(packed=packed):
            tmp_path = tmp_path_factory.mktemp("row")
            savemat(tmp_path / "TFD_48x48.mat", tiny_tfd(), do_compression=packed)
            data = TFD(str(tmp_path))
            data.setup()
            assert "40 without labels to train, 5 val, 5 test" in data.provenance
            assert f"{tmp_path / 'TFD_48x48.mat'}, sha256 " in data.provenance


def test_images_without_a_label_may_have_nan(tmp_path):
    labels = tiny_tfd()["labs_ex"].astype(float)
    write_tiny_tfd(tmp_path, tiny_tfd() | {"labs_ex": np.where(labels < 0, np.nan, labels)})
    data = TFD(str(tmp_path))
    data.setup()
    assert data.labels("train").unique().tolist() == [-1]
    assert data.labels("test").min() >= 0


def test_loaders_return_the_values_of_their_split(tfd):
    data = tfd()
    x, y = (torch.cat(parts) for parts in zip(*data.test_dataloader(), strict=True))
    assert torch.equal(x, data.images("test"))
    assert torch.equal(y, data.labels("test"))
    x = torch.cat([x for x, _ in data.train_dataloader()])
    assert torch.equal(
        x.flatten(1).sum(1).sort().values, data.images("train").flatten(1).sum(1).sort().values
    )


# Missing and invalid files.


def test_without_the_file_the_error_says_where_to_put_it(tmp_path):
    with pytest.raises(FileNotFoundError) as refused:
        TFD(str(tmp_path)).prepare_data()
    message = str(refused.value)
    assert "not public" in message
    assert str(tmp_path / "TFD" / "TFD_48x48.mat") in message
    assert f"or {tmp_path / 'TFD_48x48.mat'}" in message
    (tmp_path / "a_file").touch()
    with pytest.raises(NotADirectoryError, match="a file: give a folder"):
        TFD(str(tmp_path / "a_file")).prepare_data()


def test_invalid_arguments_are_errors(subtests):
    for options, message in [
        ({"fold": 0}, "fold is 0; give"),
        ({"fold": 6}, "fold is 6; give"),
        ({"batch_size": 0}, "batch_size is 0"),
    ]:
        with subtests.test(options=options, message=message):
            with pytest.raises(ValueError, match=message):
                TFD(**options)


def without(name):
    return {k: v for k, v in tiny_tfd().items() if k != name}


def marked(where, mark):
    folds = tiny_tfd()["folds"]
    folds[where] = mark
    return {"folds": folds}


def transposed():
    return {"images": tiny_tfd()["images"].transpose(1, 2, 0).copy()}


def test_a_file_of_another_layout_is_an_error(tmp_path_factory, subtests):
    for change, message in [
        (lambda: without("folds"), r"has no variable folds; .*but holds images, labs_ex, labs_id"),
        (
            lambda: {"faces": np.zeros(3)},
            r"no variable images; .* labs_ex, but holds faces",
        ),
        (
            lambda: tiny_tfd() | transposed(),
            r"images of shape \(48, 48, 60\) instead of \(n, 48, 48\)",
        ),
        (
            lambda: tiny_tfd() | {"images": np.zeros((60, 96, 96), np.uint8)},
            r"shape \(60, 96, 96\)",
        ),
        (
            lambda: tiny_tfd() | {"images": tiny_tfd()["images"] / 255},
            "images as float64 instead of bytes",
        ),
        (
            lambda: tiny_tfd() | {"folds": tiny_tfd()["folds"][:, :4]},
            r"folds of shape \(60, 4\) instead of \(60, 5\)",
        ),
        (lambda: tiny_tfd() | {"folds": tiny_tfd()["folds"][:-1]}, r"folds of shape \(59, 5\)"),
        (lambda: tiny_tfd() | {"labs_ex": np.ones((7, 1))}, r"7 labels \(labs_ex\) for 60 images"),
        (
            lambda: tiny_tfd() | {"labs_ex": np.zeros((60, 1))},
            r"an image of fold 1 with 0\.0 instead of an expression",
        ),
        (
            lambda: tiny_tfd() | {"labs_ex": {"a": 1}},
            "holds labs_ex as a struct; it must hold numbers named",
        ),
        (lambda: tiny_tfd() | marked((0, 0), 4), "marks an image with 4 in folds"),
        (lambda: tiny_tfd() | marked(tiny_tfd()["folds"] == 2, 1), "has no validation in fold 1"),
        (
            lambda: tiny_tfd() | marked(tiny_tfd()["folds"] == 0, 1),
            "has no images without labels in fold 1",
        ),
    ]:
        with subtests.test(change=change, message=message):
            tmp_path = tmp_path_factory.mktemp("row")
            path = write_tiny_tfd(tmp_path, change())
            with pytest.raises(ValueError, match=message) as refused:
                TFD(str(tmp_path)).prepare_data()
            assert str(refused.value).startswith(f"{path} ")
            assert "\n" not in str(refused.value)


def test_other_files_are_errors(tmp_path_factory, subtests):
    for content, message in [
        (b"", "is empty"),
        (
            b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n",
            r"version 7.3 \(HDF5\)",
        ),
        (b"<html>not found</html>" * 50, "is not a MATLAB file of version 5 to 7"),
        (b"\x80\x04\x95" + bytes(300), "is not a MATLAB file of version 5 to 7"),
    ]:
        with subtests.test(content=content, message=message):
            tmp_path = tmp_path_factory.mktemp("row")
            (tmp_path / "TFD_48x48.mat").write_bytes(content)
            with pytest.raises(ValueError, match=message):
                TFD(str(tmp_path)).prepare_data()


def test_a_folder_of_that_name_is_an_error(tmp_path):
    (tmp_path / "TFD_48x48.mat").mkdir()
    with pytest.raises(ValueError, match="is a folder, not a file"):
        TFD(str(tmp_path)).prepare_data()


def test_a_damaged_file_is_read_correctly_or_is_an_error(tmp_path_factory, subtests):
    for packed in [False, True]:
        with subtests.test(packed=packed):
            tmp_path = tmp_path_factory.mktemp("row")
            whole = tmp_path / "whole.mat"
            savemat(whole, tiny_tfd(12, 8), do_compression=packed)
            raw, path, rng = whole.read_bytes(), Path(tmp_path, "TFD_48x48.mat"), random.Random(0)
            refused = 0
            for case in range(60):
                place = rng.randrange(len(raw)) if case % 2 else rng.randrange(300)
                path.write_bytes(
                    raw[:place]
                    if case % 4 == 0
                    else raw[:place] + bytes([raw[place] ^ 64]) + raw[place + 1 :]
                )
                with suppress(ValueError):
                    TFD(str(tmp_path)).prepare_data()
                    continue
                refused += 1
            assert refused >= 15
