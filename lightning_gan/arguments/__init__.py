"""Domains of numeric arguments: declared in the annotation, checked by one decorator.

    @check_arguments
    def __init__(self, width: Size, dropout: Rate = 0.5, limit: Positive | None = None) -> None: ...

`JobResources` is `Annotated[int, Domain(1, 2**20, whole=True)]`: a type checker and the command line see `int`, and
`check_arguments` refuses every value outside the domain with one sentence. Lists are checked entry by entry.
"""

from lightning_gan.arguments.checking import check_arguments, check_value, domains_of
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
    "domains_of",
]
