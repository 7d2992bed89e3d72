"""Names of a package that are imported at their first use (PEP 562), so that light commands start fast."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def attribute_importer(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a `__getattr__` for a package, which imports a name from its module at the first use.

    A type checker does not run it: the package lists the same imports under `if TYPE_CHECKING`.

    Args:
        package: Name of the package.
        modules: Full name of the module that defines each public name.
    """

    def import_attribute(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return import_attribute
