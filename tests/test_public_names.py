"""No public class, type alias or function name is defined in two modules."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("lightning_gan", "callbacks", "datamodules")
INTERFACES = {  # function that a table of modules calls in each module: the table
    "add_arguments": "lightning_gan/cli/registry.py",
    "import_function": "lightning_gan/cli/registry.py",
    "main": "lightning_gan/__main__.py calls that of lightning_gan/cli/main.py",
    "run": "lightning_gan/studies/goodfellow2014/__init__.py",
}


def public_names(file: Path) -> set[str]:
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):  # a type alias is named like a class
            found = {target.id for target in node.targets if isinstance(target, ast.Name)}
            names |= {name for name in found if name[0].isupper() and not name.isupper()}
    return {name for name in names if not name.startswith("_")}


def test_no_public_name_exists_twice():
    modules = defaultdict(list)
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for name in public_names(file):
                modules[name].append(str(file.relative_to(ROOT)))
    assert len(modules) > 1000
    twice = {name: files for name, files in modules.items() if len(files) > 1}
    new = {n: files for n, files in twice.items() if n not in INTERFACES}
    assert not new, "\n".join(f"{name}: {', '.join(files)}" for name, files in new.items())
    assert INTERFACES.keys() <= twice.keys()
