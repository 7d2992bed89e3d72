"""Format number of the files of runs and caches."""

from collections.abc import Mapping
from typing import Any

from lightning_gan.utils.errors import UserError

KEY = "format"
FORMAT = 2
READ_BY = {0: "dca883b", 1: "1e283bc"}
"""Commit of this repository that reads each older format. Files of format 0 have no number."""


class FormatError(UserError):
    """File in a format that this version does not read."""


def check_format(content: Mapping[str, Any], name: object) -> None:
    """Check the format number of a file.

    Args:
        content: Content of the file.
        name: Path of the file, for the message.

    Raises:
        FormatError: The format differs. The message names the commit that reads an older file.
    """
    found = content.get(KEY, 0)
    if found == FORMAT:
        return
    if found in READ_BY:
        advice = f"read it with commit {READ_BY[found]}, or delete it and create it again"
    else:
        advice = "update lightning_gan"
    raise FormatError(
        f"{name} has format {found}, but this version reads format {FORMAT}: {advice}."
    )
