"""What the README says is so."""

import csv
import re
from pathlib import Path

import pytest

from lightning_gan.cli import COMMANDS
from lightning_gan.config_files import CONFIGS
from lightning_gan.gan_cli import GANCLI

README = (Path(__file__).parents[1] / "README.md").read_text()
LINES = re.findall(r"^python -m lightning_gan (.+?)(?:\s+#.*)?$", README, flags=re.MULTILINE)


def test_every_command_and_config_that_it_names_exists():
    assert len(LINES) > 5
    for line in LINES:
        assert line.split()[0] in [*GANCLI.subcommands(), *COMMANDS]
        for name in re.findall(r"--config (\S+)", line):
            assert name == "mine.yaml" or (CONFIGS / name).is_file()


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
        if line.startswith("fit") and "ckpt" not in line and "mine" not in line
    ],
)
def test_its_lines_are_understood(line, command):
    ended = command(*line.replace("--print_config", "").split(), "--print_config")
    assert ended.status == 0, ended.err


def test_the_keys_of_its_table_are_those_of_a_run(command):
    command("fit", "--config", "small.yaml")
    with open("runs/small/version_0/metrics.csv") as file:
        written = set(csv.DictReader(file).fieldnames)
    table = README.split("## The keys of the curves")[1].split("##")[0]
    named = {k for k in re.findall(r"`([\w/]+)`", table) if "/" in k}
    named |= {
        f"{stage}/parzen_{x}" for stage in ("val", "test") for x in ("nats", "se", "sigma", "n")
    }
    named |= {f"test/{x}" for x in ("value", "d_x", "d_gz")}
    assert written - {"step", "epoch"} == named


def test_its_python_example_runs(command, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "pixels")
    (example,) = re.findall(r"```python\n(.+?)```", README, flags=re.DOTALL)
    names = {}
    exec(example.replace("MNIST())", "MNIST(batch_size=5))"), names)  # the tiny MNIST of the tests
    assert names["x"].shape == (64, 1, 28, 28)
    assert names["gan"].g_updates == 20
