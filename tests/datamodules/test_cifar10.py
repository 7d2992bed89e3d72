"""CIFAR10 and CIFAR10GCN on generated files, and on the real ones if they are present."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from tiny_cifar import make_tiny_cifar, tiny_batches

import datamodules
from datamodules import CIFAR10, CIFAR10GCN
from lightning_gan.utils.images import to_uint8

HERE = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LIGHTNING_GAN_SHARED", HERE.parent / "shared"), "data", "cifar10")
SPLITS = ("train", "val", "test")


@pytest.fixture
def cifar(tmp_path):
    """Return a factory of loaded data modules with 50 training, 10 validation and 12 test images."""

    def make(kind=CIFAR10, **options):
        arguments = {"root": str(tmp_path), "batch_size": 5, "validation": 10, "seed": 1}
        data = make_tiny_cifar(tmp_path, kind)(**arguments | options)
        data.setup()
        return data

    return make


def test_the_validation_split_is_the_last_training_images(cifar):
    batches = tiny_batches()
    train = torch.cat([batches[f"data_batch_{i}"] for i in range(1, 6)])
    wanted = {"train": train[:50], "val": train[50:], "test": batches["test_batch"]}
    data = cifar()
    for split, records in wanted.items():
        assert torch.equal(data.uint8_images(split).flatten(1), records[:, 1:])
        assert torch.equal(data.labels(split), records[:, 0].long())


def test_images_have_the_declared_shape_and_range(cifar):
    data = cifar()
    for split in SPLITS:
        x = data.images(split)
        assert (x.dtype, x.shape[1:]) == (torch.float32, data.data_shape)
        assert (x.min(), x.max()) == data.value_range == data.display_range == (-1, 1)
    assert data.labels("train").max() == data.num_classes - 1


def test_values_are_bytes_over_127_5_minus_1_and_convert_back(cifar):
    data = cifar()
    every = torch.arange(256).to(torch.uint8).expand(1, 3, 1, 256)
    x = data.convert(every)
    torch.testing.assert_close(x, every.float() / 127.5 - 1, rtol=0, atol=1e-7)
    assert torch.equal(to_uint8(x, data.display_range), every)


@pytest.mark.parametrize("kind", [CIFAR10, CIFAR10GCN])
def test_loaders_return_the_values_of_their_split(cifar, kind):
    data = cifar(kind)
    for split, loader in (("val", data.val_dataloader()), ("test", data.test_dataloader())):
        x, y = (torch.cat(parts) for parts in zip(*loader, strict=True))
        assert torch.equal(x, data.images(split))
        assert torch.equal(y, data.labels(split))
    x = torch.cat([x for x, _ in data.train_dataloader()])
    assert torch.equal(x.sort(0).values, data.images("train").sort(0).values)


def test_uint8_images_are_not_copied(cifar, ready):
    for data in (cifar(), ready):  # in [-1, 1], and MNIST in [0, 1]
        bytes_ = data.train_dataloader().images
        assert data.uint8_images("train").data_ptr() == bytes_.data_ptr()
        assert torch.equal(to_uint8(data.images("train"), data.display_range), bytes_)


# Global contrast normalization.


def test_each_image_has_mean_0_and_norm_55(cifar):
    data = cifar(CIFAR10GCN)
    x, bytes_ = data.images("train").double(), cifar().uint8_images("train").double()
    centred = bytes_ - bytes_.mean((1, 2, 3), keepdim=True)
    length = centred.square().sum((1, 2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(x, 55 * centred / length, rtol=0, atol=1e-5)
    assert x.square().mean().sqrt().item() == pytest.approx(0.992, abs=5e-4)
    assert data.name != CIFAR10.name


def test_a_constant_image_becomes_zeros(cifar):
    grey = torch.full((2, 3, 32, 32), 200, dtype=torch.uint8)
    grey[1, 0, 0, 0] = 201
    x = cifar(CIFAR10GCN).convert(grey)
    assert not x[0].any()
    assert x[1].norm().item() == pytest.approx(55, rel=1e-5)


def test_displayed_images_have_a_fixed_range_and_clip_other_values(cifar, monkeypatch):
    data = cifar(CIFAR10GCN)
    data._splits["train"][0][7] = torch.zeros(3, 32, 32)
    data._splits["train"][0][7, 0, 0, :2] = 255  # 1535 times as bright as it is dark elsewhere
    x, shown = data.images("train"), data.uint8_images("train")
    assert data.value_range == (-torch.inf, torch.inf)
    low, high = data.display_range
    assert shown.dtype == torch.uint8
    assert x.max() > high
    assert shown[x > high].unique().tolist() == [255]
    inside = (x >= low) & (x <= high)
    torch.testing.assert_close(
        shown[inside].float(), (x[inside] - low) / (high - low) * 255, rtol=0, atol=0.5001
    )
    monkeypatch.setattr("datamodules.cifar10_gcn.CHUNK", 7)
    assert torch.equal(data.uint8_images("train"), shown)


def test_cifar10_gcn_is_split_40000_10000():
    assert CIFAR10GCN().validation == 10_000
    assert CIFAR10().validation == 5_000


# Without validation.


class CountBatches(LightningModule):
    """Module that counts its batches."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.trained = self.validated = 0

    def training_step(self, batch, batch_idx):
        self.trained += 1
        return self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.validated += 1

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.mark.filterwarnings(
    "ignore:.*LeafSpec:FutureWarning", "ignore:Total length of `BatchLoader`"
)
@pytest.mark.parametrize(("validation", "trained", "validated"), [(0, 12, 0), (10, 10, 2)])
def test_without_a_validation_split_all_images_train(
    cifar, tmp_path, validation, trained, validated
):
    module = CountBatches()
    Trainer(
        accelerator="cpu", devices=1, max_epochs=1, logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, num_sanity_val_steps=0, default_root_dir=tmp_path,
    ).fit(module, cifar(validation=validation))  # fmt: skip
    assert (module.trained, module.validated) == (trained, validated)


def test_missing_validation_images_are_an_error(cifar):
    data = cifar(validation=0)
    assert len(data.images("train")) == 60
    for ask in (data.images, data.labels, data.uint8_images):
        with pytest.raises(ValueError, match=r"no validation split.* set data.validation to 5000"):
            ask("val")
    with pytest.raises(ValueError, match="There is no split 'dev': give one of train, test"):
        data.images("dev")


def test_data_that_are_not_loaded_are_an_error(tmp_path):
    for validation in (0, 5000):
        with pytest.raises(RuntimeError, match=r"call prepare_data\(\) and setup\(\) first"):
            CIFAR10(str(tmp_path), validation=validation).val_dataloader()


def test_invalid_arguments_are_errors(subtests):
    for options, message in [
        ({"batch_size": 0}, "batch_size is 0; give"),
        ({"source": "index"}, "source is 'index': set it to one of auto, files, mirrors"),
        ({"validation": -1}, "validation is -1; give"),
        ({"validation": 50_000}, "validation is 50000 of 50,000 .* less than 50,000"),
    ]:
        with subtests.test(options=options, message=message):
            with pytest.raises(ValueError, match=message):
                CIFAR10(**options)


# From the command line.

SMALL = """
model:
  class_path: GAN
  init_args:
    loss: NonSaturating
    prior: Gaussian
    generator: {class_path: DCGANGenerator, init_args: {data_shape: [3, 32, 32], z_dim: 4, width: 2}}
    discriminator: {class_path: DCGANDiscriminator, init_args: {data_shape: [3, 32, 32], width: 2}}
trainer: {accelerator: cpu, log_every_n_steps: 2, limit_test_batches: 1}
"""
FIT = ("fit", "--config", "small.yaml", "--data")
SET = ("--data.root", "pixels", "--data.batch_size", "5", "--data.validation", "10")


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_a_resumed_run_equals_an_uninterrupted_one(command, monkeypatch):
    tiny = make_tiny_cifar(command.folder / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10, "files", tiny.files)
    command.write("small.yaml", SMALL)
    run = command.folder / "runs" / "small"
    ends = []
    for i, more in ((0, ["14"]), (1, ["6"]), (1, ["14", "--ckpt_path", "last"])):
        ended = command(*FIT, "CIFAR10", *SET, "--trainer.max_steps", *more)
        assert ended.status == 0, ended.err
        assert "CIFAR-10, 32x32 colour images: 50 train, 10 val, 12 test" in ended.out
        ends.append(weights(run / f"version_{i}"))
    whole, stopped, resumed = ends
    assert any(not torch.equal(whole[name], stopped[name]) for name in whole)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_data_that_do_not_fit_the_generator_are_an_error(command, monkeypatch):
    tiny = make_tiny_cifar(command.folder / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10, "files", tiny.files)
    command.write("small.yaml", SMALL)
    ended = command(*FIT, "CIFAR10GCN", *SET, "--trainer.max_steps", "1")
    assert ended.status != 0
    assert "data lie in [-inf, inf] but DCGANGenerator makes values in [-1, 1]" in ended.err


# Real files.


@pytest.fixture
def real(tmp_path):
    """Return the folder of the real binary files, rebuilt from the shared strips."""
    if not (SHARED / "unpack.py").is_file():
        pytest.skip("the real CIFAR-10 is not here")
    subprocess.run([sys.executable, SHARED / "unpack.py", tmp_path], check=True)
    return str(tmp_path)


@pytest.mark.slow
def test_real_cifar10_is_split_45000_5000_10000(real):
    data = CIFAR10(real, source="files")
    data.setup()
    assert [len(data.labels(split)) for split in SPLITS] == [45_000, 5_000, 10_000]
    assert data.labels("train")[:5].tolist() == [6, 9, 9, 4, 1]
    assert data.labels("test").bincount().tolist() == [1000] * 10
    # the commonly used means of red, green and blue over the training images
    train = torch.cat([data.uint8_images("train"), data.uint8_images("val")])
    mean = train.double().mean((0, 2, 3)) / 255
    torch.testing.assert_close(
        mean, torch.tensor([0.4914, 0.4822, 0.4465]).double(), atol=5e-5, rtol=0
    )


@pytest.mark.slow
def test_real_cifar10_gcn_has_the_documented_range(real):
    data = CIFAR10GCN(real, source="files")
    data.setup()
    x = data.images("train")
    assert len(x) == 40_000
    assert x.square().mean().sqrt().item() == pytest.approx(0.992, abs=5e-4)
    assert (round(x.min().item(), 2), round(x.max().item(), 2)) == (-11.98, 9.38)
    inside = x.abs() <= data.display_range[1]
    assert inside.float().mean().item() == pytest.approx(0.9979, abs=5e-5)
    assert inside.flatten(1).all(1).float().mean().item() == pytest.approx(0.736, abs=5e-4)
