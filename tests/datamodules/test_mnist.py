"""MNIST on generated files, and on the real ones if they are present."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny import tiny_files

from datamodules import MNIST, FashionMNIST

HERE = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LIGHTNING_GAN_SHARED", HERE.parent / "shared"), "data")


@pytest.fixture
def real():
    if not (SHARED / "mnist").is_dir():
        pytest.skip("the real MNIST is not here")
    data = MNIST(str(SHARED), source="files")
    data.setup()
    return data


def test_the_split_is_that_of_goodfellow_et_al(ready):
    files = {key: contents for key, (_, contents) in tiny_files(60, 20).items()}
    images = files["train_images"].unsqueeze(1) / 255
    assert torch.equal(ready.images("train"), images[:50])
    assert torch.equal(ready.images("val"), images[50:])
    assert torch.equal(ready.images("test"), files["test_images"].unsqueeze(1) / 255)
    assert torch.equal(ready.labels("val"), files["train_labels"][50:].long())


def test_real_mnist_is_split_50000_10000_10000(real):
    assert [len(real.labels(split)) for split in ("train", "val", "test")] == [50000, 10000, 10000]
    assert real.labels("test").bincount().tolist()[:3] == [980, 1135, 1032]
    assert real.labels("train")[:5].tolist() == [5, 0, 4, 1, 9]
    assert real.images("test").mean().item() == pytest.approx(0.1325146, abs=1e-6)
    assert real.name == "mnist"
    assert "50,000 train, 10,000 val, 10,000 test" in real.provenance


def test_images_have_the_declared_shape_and_range(ready):
    images = ready.images("test")
    assert images.shape[1:] == ready.data_shape == (1, 28, 28)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == ready.value_range == (0, 1)
    assert ready.labels("test").dtype == torch.int64
    assert ready.labels("test").max() < ready.num_classes


def test_images_are_stored_as_bytes(ready):
    assert ready.train_dataloader().images.dtype == torch.uint8


def test_loaders_return_their_split(ready):
    for split, loader in (("val", ready.val_dataloader()), ("test", ready.test_dataloader())):
        x, y = (torch.cat(parts) for parts in zip(*loader, strict=True))
        assert torch.equal(x, ready.images(split))
        assert torch.equal(y, ready.labels(split))
    assert len(ready.train_dataloader()) == 10


def test_a_split_is_copied_to_the_trainers_device_once(ready):
    strategy = SimpleNamespace(root_device=torch.device("meta"))
    fit_loop = SimpleNamespace(total_batch_idx=-1)
    ready.trainer = SimpleNamespace(
        strategy=strategy, fit_loop=fit_loop, global_rank=0, world_size=1, overfit_batches=0
    )
    first, second = ready.train_dataloader(), ready.train_dataloader()
    assert first.images is second.images
    assert (first.images.device.type, first.images.dtype) == ("meta", torch.uint8)
    assert [value.device.type for value in next(iter(first))] == ["meta", "meta"]


def test_files_are_read_once(tiny, tmp_path):
    data = tiny()
    data.prepare_data()
    for path in (tmp_path / "MNIST" / "raw").iterdir():
        path.unlink()
    data.prepare_data()
    data.setup("fit")
    data.setup("test")
    assert len(data.labels("test")) == 20


def test_the_constructor_reads_nothing():
    assert MNIST("/no/such/folder").name == "mnist"
    assert FashionMNIST("/no/such/folder").name == "fashion_mnist"


def order(data):
    data.setup()
    return [y.tolist() for _, y in data.train_dataloader()]


def test_the_default_seed_is_that_of_seed_everything(tiny, monkeypatch):
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    assert order(tiny(seed=None)) == order(tiny(seed=7)) != order(tiny(seed=8))


def test_without_seed_everything_the_seed_is_that_of_torch(tiny, monkeypatch):
    monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)
    torch.manual_seed(7)
    assert order(tiny(seed=None)) == order(tiny(seed=7))


def test_the_environment_variable_replaces_the_default_root(monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "elsewhere")
    assert MNIST().root == Path("elsewhere")
    assert MNIST(root="here").root == Path("here")


def test_invalid_arguments_are_errors(subtests):
    for make, message in [
        (lambda: MNIST(batch_size=0), "batch_size is 0; give"),
        (lambda: MNIST(source="disk"), "source is 'disk': set it to one of auto, files, mirrors"),
        (lambda: FashionMNIST(source="embedded"), "source is 'embedded': .* auto, files, mirrors"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()


def test_data_that_are_not_set_up_are_an_error(tiny):
    with pytest.raises(RuntimeError, match=r"call prepare_data\(\) and setup\(\) first"):
        tiny().images("train")


def test_an_unknown_split_is_an_error(ready):
    with pytest.raises(ValueError, match="There is no split 'dev': give one of train, val, test"):
        ready.images("dev")
