"""Command `sample`: images of generators with unbounded values, classes, and wrong arguments."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tiny_cifar import make_tiny_cifar

import datamodules
from lightning_gan.checkpoints.load import load
from lightning_gan.utils.images import to_uint8

LAST = "runs/unbounded/version_0/checkpoints/last.ckpt"


def unbounded(generator, discriminator, data, shape):
    """Config of a model with unbounded values."""
    network = {"data_shape": shape, "widths": [8]}
    return {
        "model": {
            "class_path": "SimultaneousGAN",
            "init_args": {
                "loss": "NonSaturating", "prior": "Gaussian",
                "generator": {"class_path": generator, "init_args": network | {"z_dim": 4}},
                "discriminator": {"class_path": discriminator, "init_args": network},
            },
        },
        "data": data,
        "trainer": {"accelerator": "cpu", "max_steps": 1, "callbacks": []},
    }  # fmt: skip


def without_shown_range():
    """Write the checkpoint as an older version of the suite did."""
    content = torch.load(LAST, weights_only=True)
    del content["display_range"]
    torch.save(content, "older.ckpt")


def test_images_have_the_display_range_of_the_data(command, monkeypatch):
    tiny = make_tiny_cifar(command.folder / "pixels")
    monkeypatch.setattr(datamodules.CIFAR10, "files", tiny.files)
    arguments = {"root": "pixels", "batch_size": 10, "validation": 10}
    data = {"class_path": "CIFAR10GCN", "init_args": arguments}
    config = unbounded("ReLUSigmoidGenerator", "MaxoutDiscriminator", data, [3, 32, 32])
    command.write("unbounded.yaml", config)
    ended = command("fit", "--config", "unbounded.yaml")
    assert ended.status == 0, ended.err
    assert load(LAST).display_range == (-3.0, 3.0)
    ended = command(
        "sample", "--ckpt_path", LAST, "--num_samples", "4", "--out", "made", "--seed", "3"
    )
    assert ended.status == 0, ended.err
    made = [np.asarray(Image.open(p)) for p in sorted(Path("made").glob("*.png"))]
    expected = to_uint8(load(LAST).sample(4, seed=3), (-3.0, 3.0)).permute(0, 2, 3, 1)
    assert np.array_equal(np.stack(made), expected.numpy())
    assert 5 < np.stack(made).std()
    without_shown_range()
    ended = command("sample", "--ckpt_path", "older.ckpt")
    assert ended.status == 1
    assert ended.err.startswith(
        "error: ReLUSigmoidGenerator has an unbounded output, and older.ckpt"
    )
    assert not Path("samples").exists()


def test_a_checkpoint_without_display_range_is_drawn_if_values_are_bounded(command):
    command("fit", "--config", "small.yaml")
    folder = Path("runs/unbounded/version_0/checkpoints")
    folder.parent.mkdir(parents=True)
    Path("runs/small/version_0/checkpoints").rename(folder)
    without_shown_range()
    for path, out in ((LAST, "new"), ("older.ckpt", "old")):
        assert (
            command("sample", "--ckpt_path", path, "--num_samples", "2", "--out", out).status == 0
        )
    assert [p.read_bytes() for p in sorted(Path("new").glob("*.png"))] == [
        p.read_bytes() for p in sorted(Path("old").glob("*.png"))
    ]


PROBE = """
import sys
from pytorch_lightning import Trainer
del Trainer.__init__
Trainer.__new__ = None
from lightning_gan import load
model = load(sys.argv[1])
images = model.sample(64, seed=0)
print(list(images.shape), "wandb" in sys.modules, bool(images.equal(model.sample(64, seed=0))))
"""


def test_a_checkpoint_is_sampled_in_python_without_trainer_data_and_wandb(command):
    assert command("fit", "--config", "small.yaml", "--trainer.max_steps", "1").status == 0
    Path("runs/small/version_0/checkpoints/last.ckpt").rename("last.ckpt")
    Path("pixels").rename("moved")
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, "last.ckpt"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert ended.stdout == "[64, 1, 28, 28] False True\n", ended.stderr


def test_points_are_not_images(command):
    data = {"class_path": "Ring", "init_args": {"batch_size": 10}}
    config = unbounded("LinearMLPGenerator", "MLPDiscriminator", data, [2])
    command.write("unbounded.yaml", config)
    ended = command("fit", "--config", "unbounded.yaml")
    assert ended.status == 0, ended.err
    ended = command("sample", "--ckpt_path", LAST)
    assert ended.status == 1
    assert "generates samples of shape [2], which are not images" in ended.err


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_classes_can_be_chosen(command):
    few = ("--data.root", "pixels", "--data.source", "files", "--data.batch_size", "10")
    short = (
        "--trainer.max_steps",
        "1",
        "--trainer.callbacks",
        "[]",
        "--trainer.accelerator",
        "cpu",
    )
    ended = command("fit", "--config", "mnist_conditional.yaml", *few, *short)
    assert ended.status == 0, ended.err
    last = "runs/mnist_conditional/version_0/checkpoints/last.ckpt"
    asked = ("--ckpt_path", last, "--seed", "2", "--num_samples")
    ended = command("sample", *asked, "5", "--classes", "3,7", "--out", "made")
    assert ended.status == 0, ended.err
    made = np.stack([pixels(p) for p in sorted(Path("made").glob("*.png"))])
    gan = load(last)
    wanted = to_uint8(gan.sample_classes([3, 7, 3, 7, 3], seed=2), (-1.0, 1.0))[:, 0]
    assert np.array_equal(made, wanted.numpy())
    command("sample", *asked, "20", "--out", "all")
    with Image.open("all_grid.png") as grid:
        assert grid.width > 10 * 28 * 2  # a column for each class
    ended = command("sample", *asked, "5", "--classes", "12")
    assert "A label is 12, but the classes are 0 to 9" in ended.err
    assert command("fit", "--config", "small.yaml", *short).status == 0
    ended = command(
        "sample", "--ckpt_path", "runs/small/version_0/checkpoints/last.ckpt", "--classes", "1"
    )
    assert "is a GAN, which is not class-conditional: leave out --classes." in ended.err
