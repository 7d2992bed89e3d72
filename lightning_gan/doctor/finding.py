"""Result of one check of `doctor`."""

from collections.abc import Mapping
from typing import NamedTuple

Environment = Mapping[str, str]


class DoctorFinding(NamedTuple):
    """Result of one check.

    Args:
        what: Subject of the check.
        observed: State that was found.
        advice: Remedy; empty if nothing is wrong.
    """

    what: str
    observed: str
    advice: str = ""

    def __str__(self) -> str:
        mark = "wrong" if self.advice else "ok"
        line = f"{mark:<6}{self.what:<18}{self.observed}"
        return f"{line}\n{' ' * 24}-> {self.advice}" if self.advice else line
