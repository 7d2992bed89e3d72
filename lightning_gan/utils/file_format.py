"""The format number of the files that runs and caches consist of."""

from collections.abc import Mapping
from typing import Any

from lightning_gan.utils.errors import UserError

KEY = "format"
FORMAT = 2
READ_BY = {0: "dca883b", 1: "1e283bc"}
"""Older formats, and a commit of this repository that reads each. Files of format 0 have no number."""


class FormatError(UserError):
    """A file in another format than this version reads."""


def check_format(content: Mapping[str, Any], name: object) -> None:
    """Refuse a file that another version of this suite wrote.

    Args:
        content: content of the file.
        name: path of the file, for the message.

    Raises:
        FormatError: naming both formats, and the commit that reads an older file.
    """
    found = content.get(KEY, 0)
    if found == FORMAT:
        return
    if found in READ_BY:
        advice = f"read it with commit {READ_BY[found]}, or delete it and make it again"
    else:
        advice = "update lightning_gan"
    raise FormatError(
        f"{name} has format {found}, but this version reads format {FORMAT}: {advice}."
    )
