"""Domains of numbers."""

import math
import operator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Domain:
    """Interval of numbers. It never contains NaN.

    Args:
        low: Lower bound.
        high: Upper bound.
        low_open: Whether the lower bound is excluded.
        high_open: Whether the upper bound is excluded.
        whole: Whether only integers are included.
        infinite: Whether infinity is included, if it is within the bounds.

    Example:
        >>> Domain(0, 1, low_open=True).contains(0.5), Domain(0, 1, low_open=True).contains(0)
        (True, False)
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    infinite: bool = False

    def contains(self, value: Any) -> bool:
        """Return whether the domain contains a value. 0-d tensors and NumPy scalars are numbers, bool is not."""
        try:
            number = to_number(value, self.whole)
            accepted = math.isfinite(number) or (self.infinite and not math.isnan(number))
        except (TypeError, ValueError, OverflowError, RuntimeError):
            return False
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return accepted and above and below

    def __repr__(self) -> str:
        """Describe the domain, such as "a whole number from 1 to 1,048,576" or "a number above 0"."""
        low, high = (
            format_number(x) if isinstance(x, int) else f"{x:g}" for x in (self.low, self.high)
        )
        bounds = []
        if self.low > -math.inf and self.high < math.inf and not (self.low_open or self.high_open):
            bounds = [f"from {low} to {high}"]
        else:
            if self.low > -math.inf:
                bounds += [f"{'above' if self.low_open else 'of at least'} {low}"]
            if self.high < math.inf:
                bounds += [f"{'below' if self.high_open else 'at most'} {high}"]
        kind = "a whole number" if self.whole else "a number" if bounds else "a finite number"
        kind = "a number or infinity" if self.infinite else kind
        return " ".join([kind, " and ".join(bounds)]).strip()


def to_number(value: Any, whole: bool) -> float:
    """Convert a value to int or float.

    Args:
        value: Number, NumPy scalar or 0-d tensor.
        whole: Whether to convert to int.

    Raises:
        TypeError: The value is not such a number.
        OverflowError: The value is too large for a float.
    """
    dtype = getattr(value, "dtype", None)
    if isinstance(value, bool | str | bytes) or "bool" in str(dtype):
        raise TypeError(f"{value!r} is not a number.")
    return operator.index(value) if whole else float(value)


def format_number(value: Any) -> str:
    """Format a number, such as 1,048,576, 0.5 or nan."""
    if isinstance(value, str):
        return repr(value)
    value = value.item() if getattr(value, "ndim", None) == 0 else value
    try:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return f"{value:,}" if whole else str(value)
    except ValueError:  # Python does not format integers of more than 4,300 digits
        return "too large to print"
