"""CONTRIBUTING.md is a program: its files, written into a copy of the project, pass their tests and train."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^`([\w./]+)`(, one line more[^\n]*)?\n\n```\w+\n(.+?)^```", re.MULTILINE | re.DOTALL
)
COPIED = ("lightning_gan", "datamodules", "callbacks", "configs", "tests", "docs", "benchmarks")
ADDED = ("lightning_gan", "datamodules", "callbacks", "configs", "tests")
MOST_FILES = {"An objective": 4, "A network pair": 3, "A data set": 4}


def with_lines(text: str, added: str) -> str:
    """A room's __init__.py with an import behind its last one, and names at the head of __all__; or a table's rows."""
    rows = re.findall(r"^ +lambda: .+\n", added, re.MULTILINE)
    for row in rows:
        table = "DISCRIMINATORS" if "Discriminator(" in row else "GENERATORS"
        text = re.sub(
            rf"^{table} = \[\n", lambda head, row=row: head[0] + row, text, flags=re.MULTILINE
        )
    if rows:
        return text
    (line,) = re.findall(r"^from .+\n", added, re.MULTILINE)
    name = "".join(re.findall(r'^ +"\w+",\n', added, re.MULTILINE))
    head, tail = (
        text.split("__all__ = [\n") if "__all__ = [\n" in text else re.split(r"__all__ = \[", text)
    )
    return f"{head.rstrip()}\n{line}\n__all__ = [\n{name}{tail}"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project with everything that CONTRIBUTING.md adds to it."""
    place = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "pyproject.toml", "ruff.toml", *(p.name for p in ROOT.glob("*.md"))):
        shutil.copy(ROOT / file, place)
    for name, change, content in BLOCK.findall(TEXT):
        path = place / name
        assert path.is_file() == bool(change), name
        path.parent.mkdir(exist_ok=True)
        path.write_text(with_lines(path.read_text(), content) if change else content)
    return place


BOTH = """
import sys
import pytest
status = pytest.main(sys.argv[1 : sys.argv.index("--")])
from lightning_gan.cli.main import main
sys.argv = sys.argv[sys.argv.index("--") + 1 :]
main()
sys.exit(status)
"""


@pytest.fixture(scope="module")
def said(copy):
    """What its tests print, and then the training, in one process: importing torch takes longer than both."""
    tests = [name for name, _, _ in BLOCK.findall(TEXT) if name.startswith("tests/")]
    sections = [
        "tests/losses/test_contract.py",
        "tests/test_architecture.py",
        "lightning_gan/metrics/mean_image.py",
    ]
    (command,) = re.findall(r"^python -m (lightning_gan fit .+small_digits.+)$", TEXT, re.MULTILINE)
    ended = subprocess.run(
        [
            sys.executable, "-c", BOTH, "-q", "-p", "no:cacheprovider", *tests, *sections,
            "--", *command.split(), "--trainer.max_steps", "2", "--trainer.accelerator", "cpu",
        ],
        cwd=copy, env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_a_recipe_has_few_files():
    recipes = {part.splitlines()[0]: BLOCK.findall(part) for part in TEXT.split("\n### ")[1:]}
    assert recipes.keys() > MOST_FILES.keys()
    for recipe, most in MOST_FILES.items():
        assert 3 <= len(recipes[recipe]) <= most, recipe
    files = [name for name, _, _ in BLOCK.findall(TEXT)]
    assert len(files) == len(set(files))
    assert {file.split("/")[0] for file in files} == set(ADDED)


@pytest.mark.slow
def test_what_it_adds_passes_its_own_tests_and_those_of_its_rooms(said):
    assert re.search(r"^\d\d+ passed in", said, re.MULTILINE), said
    assert "failed" not in said


@pytest.mark.slow
def test_it_trains_with_all_of_it(said):
    assert "TotalVariation; alternating updates" in said
    assert re.search(r"test/mean_image +0\.\d+ ", said)
    assert "step 2/2" in said


@pytest.mark.slow
def test_the_whole_suite_passes_with_all_of_it(copy):
    """Minutes; in two processes where pytest-xdist is there."""
    two = ["-n", "2", "--dist", "loadfile"] if importlib.util.find_spec("xdist") else []
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *two], cwd=copy, text=True,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"\d{3,} passed", ended.stdout), ended.stdout
