"""What `doctor` says of one thing."""

from collections.abc import Mapping
from typing import NamedTuple

Environment = Mapping[str, str]


class DoctorFinding(NamedTuple):
    """A line: what was looked at, what is so, and what to do where that is wrong.

    Args:
        what: was looked at.
        observed: what is so.
        advice: what to do; empty where nothing is wrong.
    """

    what: str
    observed: str
    advice: str = ""

    def __str__(self) -> str:
        mark = "wrong" if self.advice else "ok"
        line = f"{mark:<6}{self.what:<18}{self.observed}"
        return f"{line}\n{' ' * 24}-> {self.advice}" if self.advice else line
