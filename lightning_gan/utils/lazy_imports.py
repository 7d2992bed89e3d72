"""Lazy imports of the names of a package (PEP 562), so that light commands start fast."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def attribute_importer(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a `__getattr__` for a package that imports a name from its module at the first use.

    For type checkers the package lists the same imports under `if TYPE_CHECKING`.

    Args:
        package: Name of the package.
        modules: Full name of the module of each public name.
    """

    def import_attribute(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return import_attribute
