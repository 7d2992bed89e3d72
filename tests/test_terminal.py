"""Terminals without UTF-8, pipes, the home folder, and printed commands."""

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import datamodules
from lightning_gan.cli import main as cli
from lightning_gan.cli import terminal
from lightning_gan.cli.console import suggest_next_steps
from lightning_gan.cli.lightning_parser import Parser
from lightning_gan.cli.signal_exit import describe_end
from lightning_gan.tracking.runs import Run
from lightning_gan.utils import home_folder
from lightning_gan.utils.shell_text import format_command
from lightning_gan.utils.startup_interrupts import LINE

HOME = Path.home()


def test_output_has_readable_replacements(subtests):
    for encoding, written in [
        ("ascii", rb"0.1 +- 0.2, sigma -> e ? f\xff"),
        ("latin-1", "0.1 ± 0.2, sigma -> é ? f\\xff".encode("latin-1")),
        ("utf-8", "0.1 ± 0.2, \u03c3 → é 画 f\\xff".encode()),
    ]:
        with (
            subtests.test(encoding=encoding, written=written),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
            monkeypatch.setattr(sys, "stdout", out)
            terminal.make_output_readable()
            out.write(os.fsdecode("0.1 ± 0.2, \u03c3 → é 画 f".encode() + b"\xff"))
            out.flush()
            assert out.buffer.getvalue() == written


def test_the_home_folder_is_expanded_in_all_values(monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", "~/c")
    home_folder.expand_environment()
    assert os.environ["LIGHTNING_GAN_CACHE"] == f"{HOME}/c"
    assert home_folder.expand_home_in_word("--out=~/x") == f"--out={HOME}/x"
    assert home_folder.expand_home_in_word("a~/x") == "a~/x"
    parser = Parser()
    parser.add_argument("--root", type=str)
    parser.add_argument("--parts", type=list[dict[str, str]])
    parsed = parser.parse_args(["--root", "~/x", "--parts", '[{"root": "~/y"}]'])
    assert (parsed.root, parsed.parts) == (f"{HOME}/x", [{"root": f"{HOME}/y"}])


def test_the_home_folder_is_expanded_from_python(monkeypatch):
    assert Run("x", root="~/runs").root == f"{HOME}/runs"
    assert datamodules.MNIST(root="~/d").root == HOME / "d"
    assert datamodules.CIFAR10(root="~/d").root == HOME / "d"
    assert datamodules.ImageFolder("~/d", size=32, channels=3).root == HOME / "d"
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "~/all")
    assert datamodules.MNIST().root == HOME / "all"


def test_the_home_folder_is_expanded_in_configs(command, monkeypatch):
    monkeypatch.setenv("HOME", str(command.folder / "home"))
    (command.folder / "home").mkdir()
    command.write("home/at_home.yaml", {"run": {"root": "~/runs"}})
    assert command("fit", "--config", "small.yaml", "--config", "~/at_home.yaml").status == 0
    assert (command.folder / "home/runs/small+at_home/version_0/run.json").is_file()
    assert not Path("~").exists()


PLACE = "my runs/a[1] (x); <y>"


def test_printed_commands_can_be_pasted(tmp_path):
    folder = tmp_path / PLACE
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints/last.ckpt").touch()
    ending = describe_end(signal.SIGINT, str(folder), 3, tested=True, saved=True).splitlines()[-1]
    lines = [*suggest_next_steps(folder, longer="--trainer.max_steps 6").splitlines(), ending]
    for line in lines:
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "lightning_gan"]
        assert any(word.startswith(str(folder)) for word in words)
    assert format_command("fit", "--k", 2) == "python -m lightning_gan fit --k 2"


@pytest.mark.parametrize("place", ["working folder", "argument"])
def test_a_name_that_is_not_utf8_is_refused_before_anything_is_written(place, command, monkeypatch):
    name = os.fsdecode(b"f\xff")
    Path(name).mkdir()
    words = ["fit", "--config", str(command.folder / "small.yaml")]
    if place == "working folder":
        monkeypatch.chdir(name)
    else:
        words += ["--run.root", name]
    ended = command(*words)
    assert ended.status == 1
    assert r"f\xff is not UTF-8" in ended.err
    assert not list((command.folder / name).iterdir())


def test_a_closed_pipe_ends_the_command_silently(monkeypatch, capfd):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(cli, "run_command", lambda arguments: print("x"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 141
    assert capfd.readouterr().err == ""


def test_ctrl_c_during_the_imports_prints_one_line(tmp_path):
    words = [sys.executable, "-X", "importtime", "-m", "lightning_gan", "fit"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, bufsize=0) as started:
        end = time.monotonic() + 60
        while b" torch" not in started.stderr.readline():
            assert time.monotonic() < end
        started.send_signal(signal.SIGINT)
        rest = started.stderr.read()
    assert started.returncode == 130
    assert LINE.strip() in rest
    assert b"Traceback" not in rest
