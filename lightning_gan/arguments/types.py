"""The domains that most arguments have, as types: `width: JobResources`."""

from typing import Annotated

from lightning_gan.arguments.domain import Domain
from lightning_gan.utils.machine_limits import count_cpus

Count = Annotated[int, Domain(1, 2**31 - 1, whole=True)]
"""Number of things, at least 1."""
CountOrZero = Annotated[int, Domain(0, 2**31 - 1, whole=True)]
"""Number of things, 0 allowed."""
CountFromTwo = Annotated[int, Domain(2, 2**31 - 1, whole=True)]
"""Number of things, at least 2."""
SampleCount = Annotated[int, Domain(1, 10_000_000, whole=True)]
"""Number of samples that a model draws for a score, 1 to 10,000,000."""
Size = Annotated[int, Domain(1, 2**20, whole=True)]
"""Units of a layer, noise variables, pixels of a side: above 2^20 none fits in a memory."""
SizeOrZero = Annotated[int, Domain(0, 2**20, whole=True)]
"""The same, 0 allowed."""
Runs = Annotated[int, Domain(1, 1000, whole=True)]
"""Number of runs or seeds of a study, 1 to 1,000."""
Seed = Annotated[int, Domain(0, 2**32 - 1, whole=True)]
"""Seed that Python, NumPy and torch all take."""
Bytes = Annotated[int, Domain(1, 2**60, whole=True)]
"""Amount of memory in bytes."""
Minutes = Annotated[float, Domain(0, 1_000_000, low_open=True)]
"""Time limit in minutes, above 0."""
Threads = Annotated[int, Domain(1, count_cpus(), whole=True)]
"""Number of CPU threads, at most the cores that this process may use."""
Finite = Annotated[float, Domain()]
"""Any number but NaN and infinity."""
Bound = Annotated[float, Domain(infinite=True)]
"""Lower or upper bound: any number, or infinity where there is no bound."""
Positive = Annotated[float, Domain(0, low_open=True)]
"""Finite number above 0."""
NonNegative = Annotated[float, Domain(0)]
"""Finite number, 0 or more."""
Share = Annotated[float, Domain(0, 1)]
"""Part of a whole, from 0 to 1."""
PositiveShare = Annotated[float, Domain(0, 1, low_open=True)]
"""Part of a whole, above 0 and at most 1."""
OpenShare = Annotated[float, Domain(0, 1, low_open=True, high_open=True)]
"""Part of a whole, above 0 and below 1."""
Rate = Annotated[float, Domain(0, 1, high_open=True)]
"""Dropout rate or decay, from 0 to below 1."""
