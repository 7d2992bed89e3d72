"""Domains of numeric arguments, declared in annotations and checked by a decorator.

    @check_arguments
    def __init__(self, width: Size, dropout: Rate = 0.5, limit: Positive | None = None) -> None: ...

`Size` is `Annotated[int, Domain(1, 2**20, whole=True)]`: type checkers and the command line use `int`, and
`check_arguments` raises an error for a value outside the domain. Lists are checked entry by entry.
"""

from lightning_gan.arguments.checking import check_arguments, check_value, find_domains
from lightning_gan.arguments.domain import Domain
from lightning_gan.arguments.types import (
    Bound,
    Bytes,
    Count,
    CountFromTwo,
    CountOrZero,
    Finite,
    Minutes,
    NonNegative,
    OpenShare,
    Positive,
    PositiveShare,
    Rate,
    Runs,
    SampleCount,
    Seed,
    Share,
    Size,
    SizeOrZero,
    Threads,
)

__all__ = [
    "Bound",
    "Bytes",
    "Count",
    "CountFromTwo",
    "CountOrZero",
    "Domain",
    "Finite",
    "Minutes",
    "NonNegative",
    "OpenShare",
    "Positive",
    "PositiveShare",
    "Rate",
    "Runs",
    "SampleCount",
    "Seed",
    "Share",
    "Size",
    "SizeOrZero",
    "Threads",
    "check_arguments",
    "check_value",
    "find_domains",
]
