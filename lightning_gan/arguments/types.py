"""Types of numeric arguments with their domains, such as `width: Size`."""

from typing import Annotated

from lightning_gan.arguments.domain import Domain
from lightning_gan.utils.machine_limits import count_cpus

Count = Annotated[int, Domain(1, 2**31 - 1, whole=True)]
"""Count, at least 1."""
CountOrZero = Annotated[int, Domain(0, 2**31 - 1, whole=True)]
"""Count, at least 0."""
CountFromTwo = Annotated[int, Domain(2, 2**31 - 1, whole=True)]
"""Count, at least 2."""
SampleCount = Annotated[int, Domain(1, 10_000_000, whole=True)]
"""Number of samples for a metric, 1 to 10,000,000."""
Size = Annotated[int, Domain(1, 2**20, whole=True)]
"""Size of a layer, a noise vector or an image side, 1 to 2^20."""
SizeOrZero = Annotated[int, Domain(0, 2**20, whole=True)]
"""Size, 0 to 2^20."""
Runs = Annotated[int, Domain(1, 1000, whole=True)]
"""Number of runs or seeds, 1 to 1,000."""
Seed = Annotated[int, Domain(0, 2**32 - 1, whole=True)]
"""Random seed that Python, NumPy and torch accept, 0 to 2^32 - 1."""
Bytes = Annotated[int, Domain(1, 2**60, whole=True)]
"""Amount of memory in bytes."""
Minutes = Annotated[float, Domain(0, 1_000_000, low_open=True)]
"""Time limit in minutes, above 0."""
Threads = Annotated[int, Domain(1, count_cpus(), whole=True)]
"""Number of CPU threads, at most the number of available cores."""
Finite = Annotated[float, Domain()]
"""Finite number."""
Bound = Annotated[float, Domain(infinite=True)]
"""Lower or upper bound: a number, or infinity for no bound."""
Positive = Annotated[float, Domain(0, low_open=True)]
"""Finite number above 0."""
NonNegative = Annotated[float, Domain(0)]
"""Finite number, 0 or more."""
Share = Annotated[float, Domain(0, 1)]
"""Fraction, 0 to 1."""
PositiveShare = Annotated[float, Domain(0, 1, low_open=True)]
"""Fraction, above 0 and at most 1."""
OpenShare = Annotated[float, Domain(0, 1, low_open=True, high_open=True)]
"""Fraction, above 0 and below 1."""
Rate = Annotated[float, Domain(0, 1, high_open=True)]
"""Dropout rate or decay, at least 0 and below 1."""
