"""Imports go downward: the floors of docs/architecture.md, as a test."""

import ast
from pathlib import Path

import pytest

import callbacks

ROOT = Path(__file__).parents[1]
OURS = ("lightning_gan", "datamodules", "callbacks")
FLOORS = (  # from the ground up: a folder imports from lower floors and from itself
    ("utils",),
    ("arguments",),
    ("image_files", "distributed", "metrics", "slurm", "priors"),
    (
        "losses",
        "regularizers",
        "networks",
        "training",
        "plotting",
        "feature_extractors",
        "tracking",
        "datamodules",
    ),
    ("models", "doctor"),
    ("checkpoints",),
    ("evaluation",),
    ("reports", "analysis"),
    ("debugging",),
    ("callbacks",),
    ("studies",),
    ("cli",),
)
LEVEL = {folder: level for level, floor in enumerate(FLOORS) for folder in floor}
TOP = ("__init__.py", "__main__.py")  # the package itself and its command may import everything


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in OURS} - {"lightning_gan.__version__"}


def folder_of(parts: tuple[str, ...]) -> str:
    """The folder in lightning_gan, or the package beside it."""
    return parts[1] if parts[0] == "lightning_gan" and len(parts) > 1 else parts[0]


def files() -> list[Path]:
    return [file for package in OURS for file in (ROOT / package).rglob("*.py")]


def test_every_folder_has_a_floor_and_the_package_one_loose_module():
    loose = {p.name for p in (ROOT / "lightning_gan").glob("*.py")}
    assert loose == {*TOP, "priors.py"}
    folders = {folder_of(file.relative_to(ROOT).with_suffix("").parts) for file in files()}
    assert folders - {"__init__", "__main__"} == set(LEVEL)


@pytest.mark.parametrize("folder", LEVEL)
def test_imports_go_downward(folder):
    for file in files():
        path = file.relative_to(ROOT)
        if folder_of(path.with_suffix("").parts) == folder:
            for name in imported(file):
                there = folder_of(tuple(name.split(".")))
                assert there == folder or LEVEL[there] < LEVEL[folder], f"{path} imports {name}"


def test_the_folders_are_imported_as_they_are_named():
    assert Path(callbacks.__file__).parent == ROOT / "callbacks"


def test_algorithm_1_is_written_once():
    loops = [
        file.name
        for file in (ROOT / "lightning_gan").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "training_step"
    ]
    loops.remove("latent_inference.py")  # one network against a fixed G
    assert sorted(loops) == ["gan.py", "simultaneous.py"]  # the paper's, and the released code's


def test_files_and_functions_stay_small():
    for file in files():
        text = file.read_text()
        assert len(text.splitlines()) <= 245, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= 40, f"{file}: {node.name} has {lines} lines"


def test_errors_of_the_user_have_one_base_class():
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            call = node.exc if isinstance(node, ast.Raise) else None
            name = getattr(getattr(call, "func", None), "id", "")
            assert name not in ("ValueError", "Exception"), f"{file}:{node.lineno}: UserError"


def test_no_constructor_swallows_arguments():
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                assert node.args.kwarg is None, f"{file}:{node.lineno}"
