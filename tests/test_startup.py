"""Start of light commands without torch and Lightning; arguments of the parser and of the functions."""

import importlib
import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import lightning_gan
from lightning_gan.cli.parser import build_parser, parse
from lightning_gan.cli.registry import COMMANDS
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.startup_interrupts import find_command_words

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "pytorch_lightning", "torchmetrics", "wandb", "matplotlib")
PROBE = f"""
import sys
try:
    from lightning_gan.__main__ import main
    main()
finally:
    loaded = [name for name in {HEAVY} if name in sys.modules]
    print("loaded", *loaded, file=sys.stderr)
"""
REQUIRED = {
    "sample": ["--ckpt_path", "x"], "interpolate": ["--ckpt_path", "x"], "latent-arithmetic": ["--ckpt_path", "x"],
    "translate": ["--ckpt_path", "x", "--input", "y", "--out", "z"],
    "inspect": ["x"], "report": ["x"], "compare": ["x"], "replay": ["x"],
}  # fmt: skip
SHTAB = "complete = lambda parser, shell: shell\nFILE = DIRECTORY = None\n"
WITHOUT_SETTINGS = [name for name, command in COMMANDS.items() if not command.takes_settings]


def run_probe(*words: str, folder: Path) -> subprocess.CompletedProcess:
    env = os.environ | {"PYTHONPATH": str(ROOT), "LIGHTNING_GAN_CACHE": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-c", PROBE, *words], cwd=folder, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--help"], 0), (["--version"], 0), (["download", "--help"], 0), (["slurm", "--help"], 0),
        (["smaple"], 1), ([], 1), (["--print-completion", "bash"], 0),
        (["sample", "--ckpt_pth", "x"], 2), (["report", "run", "--out", "page.html"], 0),
        (["compare", "run"], 0), (["doctor"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_light_command_imports_neither_torch_nor_lightning(words, status, tmp_path, monkeypatch):
    for name in [n for n in os.environ if n.startswith(("SLURM_", "LIGHTNING_GAN_DATA", "OMP_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "shtab.py").write_text(SHTAB)  # not installed by default
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))  # no nvidia-smi
    run = tmp_path / "run"
    run.mkdir()
    (run / "metrics.csv").write_text("step,train/d_loss\n2,1.5\n4,1.25\n")
    (run / "config.yaml").write_text("seed_everything: 0\n")
    ended = run_probe(*words, folder=tmp_path)
    assert ended.returncode == status, ended.stderr
    assert "loaded" in ended.stderr.splitlines()  # without names of modules


def test_help_names_every_command_with_a_line(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    for command in COMMANDS.values():
        assert re.search(rf"^    {command.name}\s", out, re.MULTILINE)
        assert " ".join(command.help.split()[:4]) in out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        parse(["--version"])
    assert capsys.readouterr().out == f"lightning_gan {lightning_gan.__version__}\n"


@pytest.mark.parametrize("name", WITHOUT_SETTINGS)
def test_a_command_has_the_arguments_and_defaults_of_its_function(name):
    _, arguments, rest = parse([name, *REQUIRED.get(name, [])])
    options = {k: v for k, v in vars(arguments).items() if k not in ("command", "trust")}
    parameters = inspect.signature(COMMANDS[name].module.import_function()).parameters
    assert rest == []
    assert set(options) == set(parameters)
    for key, parameter in parameters.items():
        if parameter.default is not parameter.empty:
            assert options[key] == parameter.default, key


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_has_a_line_of_help(name):
    leaf = build_parser().commands[name]
    leaf.add_command_arguments()
    assert "--trust" in leaf.flags
    assert all(action.help for action in leaf._actions)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["python", "-m", "lightning_gan", "fit"], ["fit"]),
        (["python", "-X", "importtime", "-m", "lightning_gan", "fit", "-m", "x"], ["fit", "-m", "x"]),
        (["/venv/bin/python", "/venv/bin/lightning-gan", "fit"], ["fit"]),
        (["python", "-m", "pytest", "lightning-gan"], None),
        (["python", "mine.py", "-m", "lightning_gans"], None),
    ],
)  # fmt: skip
def test_the_words_of_a_command_are_found_for_both_programs(arguments, words):
    assert find_command_words(arguments) == words


def test_lazy_names_of_a_package_can_be_imported():
    for package in (
        "lightning_gan",
        "lightning_gan.evaluation",
        "lightning_gan.feature_extractors",
    ):
        module = importlib.import_module(package)
        for name in module.__all__:
            assert getattr(module, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lightning_gan.nothing


def test_a_completion_script_has_the_flags_of_every_command(monkeypatch, capsys):
    found = {}

    def complete(parser, shell):
        found.update({name: leaf.flags for name, leaf in parser.commands.items()})
        return f"{shell} script of {parser.prog}"

    monkeypatch.setitem(
        sys.modules, "shtab", SimpleNamespace(complete=complete, FILE="file", DIRECTORY="directory")
    )
    with pytest.raises(SystemExit):
        parse(["--print-completion", "zsh"])
    assert capsys.readouterr().out == "zsh script of lightning-gan\n"
    assert found.keys() == COMMANDS.keys()
    assert "--num_samples" in found["sample"]
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(UserError, match="pip install shtab"):
        parse(["--print-completion", "zsh"])


def test_the_page_of_the_command_line_is_up_to_date():
    page = runpy.run_path(str(ROOT / "docs" / "generate_cli.py"))["format_page"]()
    committed = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert committed == page, "docs/cli.md is outdated: run `python docs/generate_cli.py`"
