"""What the README says is so."""

import csv
import re
from pathlib import Path

import pytest
import torch
from tiny_features import TinySpace

from lightning_gan.cli.config_files import CONFIGS
from lightning_gan.cli.registry import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text()
LINES = re.findall(r"^python -m lightning_gan (.+?)(?:\s+#.*)?$", README, flags=re.MULTILINE)


def test_every_command_and_config_that_it_names_exists():
    assert len(LINES) > 5
    for line in LINES:
        assert line.split()[0] in COMMANDS
        for name in re.findall(r"--config (\S+)", line):
            assert name in ("pictures.yaml", "changes.yaml") or (CONFIGS / name).is_file()


def test_every_file_that_it_links_to_is_there():
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (root / target).exists(), target


def test_nothing_is_left_to_fill_in():
    assert not re.findall(r"@\w+@", README)


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in LINES
        if line.startswith("fit")
        and "ckpt" not in line
        and not {"pictures.yaml", "changes.yaml"} & set(line.split())
    ],
)
def test_its_lines_are_understood(line, command):
    ended = command(*line.replace("--print_config", "").split(), "--print_config")
    assert ended.status == 0, ended.err


def test_the_keys_of_its_table_are_those_of_a_run(command, monkeypatch):
    monkeypatch.setattr(TinySpace, "suffix", "")  # the names of Inception's scores
    few = {"num_samples": 20, "features": {"class_path": "tiny_features.TinySpace"}}
    kinds = ("FID", "InceptionScore", "KID", "PrecisionRecall")
    scores = [{"class_path": kind, "init_args": few} for kind in kinds]
    command.write("scores.yaml", {"trainer": {"callbacks+": scores}})
    command("fit", "--config", "small.yaml", "--config", "scores.yaml")
    with open("runs/small+scores/version_0/metrics.csv") as file:
        written = set(csv.DictReader(file).fieldnames)
    table = README.split("## The keys of the curves")[1].split("##")[0]
    named = {k for k in re.findall(r"`([\w/]+)`", table) if "/" in k}
    of_classifier = {k for k in named if k.endswith("_classifier")}
    named -= of_classifier
    named |= {f"val/parzen_{x}" for x in ("nats", "se", "sigma", "n")}
    named |= {key.replace("val/", "test/") for key in named if key.startswith("val/")}
    plain = {
        k.removesuffix("_classifier").replace("/is", "/inception_score") for k in of_classifier
    }
    assert plain
    assert plain <= named
    assert written - {"step", "epoch"} == named


def test_its_python_examples_run(command, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "pixels")
    train, read = re.findall(r"```python\n(.+?)```", README, flags=re.DOTALL)
    names = {}
    exec(train.replace("MNIST())", "MNIST(batch_size=5))"), names)  # the tiny MNIST of the tests
    assert names["x"].shape == (64, 1, 28, 28)
    assert names["gan"].g_updates == 20
    assert command("fit", "--config", "small.yaml").status == 0
    exec(read.replace("runs/mnist/", "runs/small/"), names)
    gan, pictures, logits = (names[name] for name in ("gan", "pictures", "logits"))
    assert not gan.training
    assert (pictures.dtype, pictures.shape) == (torch.uint8, (16, 1, 28, 28))
    torch.testing.assert_close(logits[:4], gan.score(pictures[:4]))
