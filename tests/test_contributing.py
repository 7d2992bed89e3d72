"""Follow CONTRIBUTING.md: its files, written into a copy of the project, pass all tests and train."""

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
BLOCK = re.compile(r"^`([\w./]+)`(, one more[^`]*)?\n\n```\w+\n(.+?)^```", re.MULTILINE | re.DOTALL)
COPIED = ("lightning_gan", "datamodules", "callbacks", "configs", "tests", "docs", "benchmarks")
ADDED = ("lightning_gan", "datamodules", "callbacks", "configs", "tests")
MOST_FILES = {  # a metric's new key is also written into docs/metrics.md, by a script
    "An objective": 4, "A network pair": 3, "A data set": 4, "A metric in a feature space": 3,
}  # fmt: skip
TABLES = {  # row of a table: the table's first line
    r"lambda: .*Discriminator\(": "DISCRIMINATORS = [",
    r"lambda: .*Generator\(": "GENERATORS = [",
    r'"\w+": "lightning_gan\.': "FEATURE_METRICS = {",
    r"Panel\(": "PANELS = (",
    r"Key\(": "KEYS = (",
}


def add_lines(text: str, added: str) -> str:
    """Return the text of a file with rows at the head of their tables, or with an import and names in `__all__`."""
    rows = [row for row in added.splitlines(keepends=True) if find_table(row)]
    for row in reversed(rows):
        table = find_table(row)
        text, n = re.subn(
            rf"^{re.escape(table)}.*\n",
            lambda head, row=row: head[0] + row,
            text,
            flags=re.MULTILINE,
        )
        assert n == 1, table
    if rows:
        return text
    (line,) = re.findall(r"^from .+\n", added, re.MULTILINE)
    name = "".join(re.findall(r'^ +"\w+",\n', added, re.MULTILINE))
    head, tail = (
        text.split("__all__ = [\n") if "__all__ = [\n" in text else re.split(r"__all__ = \[", text)
    )
    return f"{head.rstrip()}\n{line}\n__all__ = [\n{name}{tail}"


def find_table(row: str) -> str:
    return next((table for kind, table in TABLES.items() if re.match(rf" +{kind}", row)), "")


def environment(copy: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'tests'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LIGHTNING_GAN_TRUST": "tiny_features",
        "LIGHTNING_GAN_CACHE": str(copy / "cache"),
    }


def run(copy: Path, *command: str, **variables: str) -> str:
    """Run Python in the copy and return its output."""
    ended = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment(copy) | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project with everything that CONTRIBUTING.md adds to it."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.suffix in (".md", ".cfg", ".toml", ".yml", ".yaml"):
            shutil.copy(path, folder)
    for name, change, content in BLOCK.findall(TEXT):
        path = folder / name
        assert path.is_file() == bool(change), name
        path.parent.mkdir(exist_ok=True)
        path.write_text(add_lines(path.read_text(), content) if change else content)
    for script in sorted((folder / "docs").glob("generate_*.py")):
        run(folder, str(script))
    for command in (("init",), ("add", "--all")):  # some tests list the files with git
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def trained(copy):
    """Output of the training command, with the feature metric on features of a few numbers."""
    (callback,) = re.findall(r"```yaml\n(trainer:\n  callbacks\+:.+?)```", TEXT, re.DOTALL)
    features = "{num_samples: 20, features: {class_path: tiny_features.TinySpace}"
    metric = callback.split("metric: ")[1].strip()
    head = callback.split("init_args:")[0]
    (copy / "features.yaml").write_text(f"{head}init_args: {features}, metric: {metric}}}\n")
    (command,) = re.findall(r"^python (-m lightning_gan fit .+small_digits.+)$", TEXT, re.MULTILINE)
    options = (
        "--config",
        "features.yaml",
        "--trainer.max_steps",
        "2",
        "--trainer.accelerator",
        "cpu",
    )
    return run(copy, *command.split(), *options)


def test_a_recipe_has_few_files():
    recipes = {part.splitlines()[0]: BLOCK.findall(part) for part in TEXT.split("\n### ")[1:]}
    assert recipes.keys() > MOST_FILES.keys()
    for recipe, most in MOST_FILES.items():
        assert 3 <= len(recipes[recipe]) <= most, recipe
    files = [name for name, _, _ in BLOCK.findall(TEXT)]
    assert len(files) == len(set(files))
    assert {file.split("/")[0] for file in files} == set(ADDED)


def test_lines_of_prose_have_at_most_100_columns():
    prose = re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > 100] == []


@pytest.mark.slow
def test_it_trains_with_all_of_it(trained):
    assert "TotalVariation; alternating updates" in trained
    assert re.search(r"test/mean_image +0\.\d+ ", trained)
    assert "step 2/2" in trained


@pytest.mark.slow
def test_the_new_metric_is_in_the_run_in_the_report_and_in_evaluate(copy, trained):
    assert re.search(r"test/mean_distance_tiny +\d\.\d{3} ", trained)
    (report,) = copy.glob("runs/**/report.html")
    assert "distance of mean features" in report.read_text(encoding="utf-8")
    (checkpoint,) = copy.glob("runs/**/last.ckpt")
    (command,) = re.findall(r"^python (-m lightning_gan evaluate .+)$", TEXT, re.MULTILINE)
    options = ("--num_samples", "20", "--features", "tiny_features.TinySpace")
    scored = run(copy, *command.replace("FILE", str(checkpoint)).split(), *options)
    assert re.search(r"mean_distance_tiny +\d\.\d{3} ", scored), scored


@pytest.mark.slow
def test_the_whole_suite_passes_with_all_of_it(copy):
    """Takes minutes; in two processes if pytest-xdist is installed."""
    two = ["-n", "2", "--dist", "loadfile"] if importlib.util.find_spec("xdist") else []
    output = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *two,
        PYTHONPATH=str(copy), LIGHTNING_GAN_TRUST="",
    )  # fmt: skip
    assert re.search(r"\d{3,} passed", output), output
