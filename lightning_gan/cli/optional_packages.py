"""Optional packages that a setting needs and that are not installed: one sentence with the command that installs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lightning_gan.utils.errors import UserError

PIP_INSTALL = re.compile(r"pip install (?:-U )?'?([A-Za-z0-9_.\[\]-]+)")
CLASS = re.compile(r"given class_path '[\w.]*?(\w+)'|`([A-Z]\w+)`")


class MissingPackageError(UserError):
    """A setting needs a package that is not installed."""


@contextmanager
def explain_named_packages(what: str = "This setting") -> Iterator[None]:
    """Replace an error about a missing package by a sentence.

    Args:
        what: the name of what needs the package, where the error does not say it.

    Raises:
        MissingPackageError: naming what needs the package, the package, and the command that installs it.
    """
    try:
        yield
    except MissingPackageError:
        raise
    except Exception as error:
        if sentence := find_missing_package(error, what):
            raise MissingPackageError(sentence) from error
        raise


def find_missing_package(error: BaseException, what: str) -> str | None:
    """Read which package an error of Lightning asks for.

    Args:
        error: any exception.
        what: the name of what needs the package, where the error does not say it.

    Returns:
        A sentence; None if the error is about something else.
    """
    text = str(error)
    asked = PIP_INSTALL.search(text)
    if not asked:
        return None
    owner = CLASS.search(text)
    name = (owner.group(1) or owner.group(2)) if owner else what
    package = asked.group(1)
    return f"{name} needs the package {package}, which is not installed: python -m pip install {package}"
