"""Messages for optional packages that a setting needs and that are not installed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lightning_gan.utils.errors import UserError

PIP_INSTALL = re.compile(r"pip install (?:-U )?'?([A-Za-z0-9_.\[\]-]+)")
CLASS = re.compile(r"`([A-Z]\w+)`")


class MissingPackageError(UserError):
    """Package of a setting is not installed."""


@contextmanager
def explain_named_packages(what: str = "This setting") -> Iterator[None]:
    """Replace an error about a missing package by a sentence.

    Args:
        what: Name of what needs the package, used if the error does not name it.

    Raises:
        MissingPackageError: A package is missing; the message has the command that installs it.
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
    """Describe the package that an error asks to install.

    Args:
        error: Any exception.
        what: Name of what needs the package, used if the error does not name it.

    Returns:
        A sentence, or None if the error does not mention `pip install`.
    """
    text = str(error)
    asked = PIP_INSTALL.search(text)
    if not asked:
        return None
    owner = CLASS.search(text)
    name = owner.group(1) if owner else what
    package = asked.group(1)
    return f"{name} needs the package {package}, which is not installed: python -m pip install {package}"
