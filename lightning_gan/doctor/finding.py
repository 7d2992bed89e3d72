"""What `doctor` says of one thing."""

from collections.abc import Mapping
from typing import NamedTuple

Environment = Mapping[str, str]


class Finding(NamedTuple):
    """A line: what was looked at, what is so, and what to do where that is wrong.

    Args:
        what: was looked at.
        seen: what is so.
        advice: what to do; empty where nothing is wrong.
    """

    what: str
    seen: str
    advice: str = ""

    def __str__(self) -> str:
        mark = "wrong" if self.advice else "ok"
        line = f"{mark:<6}{self.what:<18}{self.seen}"
        return f"{line}\n{' ' * 24}-> {self.advice}" if self.advice else line
