"""Run the command line inside a test, on small data and networks, and capture its output and status."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from tiny import make_tiny_mnist

import datamodules
from lightning_gan.cli.main import main

SMALL = {
    "model": {
        "class_path": "GAN",
        "init_args": {
            "loss": "NonSaturating",
            "prior": "Uniform",
            "ema_half_life": 20.0,
            "generator": {
                "class_path": "MLPGenerator",
                "init_args": {"data_shape": [1, 28, 28], "z_dim": 4, "widths": [8], "batch_norm": True},
            },
            "discriminator": {
                "class_path": "MaxoutDiscriminator",
                "init_args": {"data_shape": [1, 28, 28], "widths": [4], "pieces": 2, "irange": 0.05},
            },
        },
    },
    "data": {"class_path": "MNIST", "init_args": {"root": "pixels", "batch_size": 10, "source": "files"}},
    "trainer": {
        "accelerator": "cpu", "max_steps": 10, "log_every_n_steps": 2,
        "callbacks": [
            {"class_path": "ParzenLogLikelihood", "init_args": {"num_samples": 20, "num_validation": 5}},
            {"class_path": "SampleGrid", "init_args": {"num": 4, "columns": 2, "every_n_steps": 5}},
            {"class_path": "NearestNeighbours", "init_args": {"rows": 2, "columns": 2}},
        ],
    },
}  # fmt: skip


class Ended(NamedTuple):
    """Exit status and output of a command."""

    status: int
    out: str
    err: str


class Command:
    """Callable that runs commands in a temporary folder with tiny MNIST."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
    ) -> None:
        self.folder, self.monkeypatch, self.capfd = folder, monkeypatch, capfd
        monkeypatch.chdir(folder)
        tiny = make_tiny_mnist(folder / "pixels")
        for name in ("files", "train_size", "sources"):
            monkeypatch.setattr(datamodules.MNIST, name, getattr(tiny, name))
        self.write("small.yaml", SMALL)

    def write(self, name: str, content: object) -> None:
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (self.folder / name).write_text(text)

    def __call__(self, *arguments: str) -> Ended:
        self.capfd.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["lightning_gan", *arguments])
        status = 0
        try:
            main()
        except SystemExit as leaving:
            if isinstance(leaving.code, str):
                sys.stderr.write(leaving.code)
            status = 1 if isinstance(leaving.code, str) else int(leaving.code or 0)
        return Ended(status, *self.capfd.readouterr())
