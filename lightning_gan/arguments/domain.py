"""A domain: the numbers that an argument may take."""

import math
import operator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Domain:
    """An interval of numbers. NaN is in no domain.

    Args:
        low: Lower bound, included unless low_open.
        high: Upper bound, included unless high_open.
        low_open: Whether the lower bound itself is excluded.
        high_open: Whether the upper bound itself is excluded.
        whole: Whether only whole numbers belong.
        infinite: Whether infinity belongs, where it lies between the bounds.

    Example:
        >>> Domain(0, 1, low_open=True).holds(0.5), Domain(0, 1, low_open=True).holds(0)
        (True, False)
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    infinite: bool = False

    def holds(self, value: Any) -> bool:
        """Return whether a value is a number of this domain; bool is no number, 0-d tensors and NumPy scalars are."""
        try:
            number = to_number(value, self.whole)
            accepted = math.isfinite(number) or (self.infinite and not math.isnan(number))
        except (TypeError, ValueError, OverflowError, RuntimeError):
            return False
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return accepted and above and below

    def __repr__(self) -> str:
        """Name the domain, such as "a whole number from 1 to 1,048,576" or "a number above 0"."""
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
    """Return a value as int or float.

    Raises:
        TypeError: if it is no number of that kind.
        OverflowError: if it is too large for a float.
    """
    dtype = getattr(value, "dtype", None)
    if isinstance(value, bool | str | bytes) or "bool" in str(dtype):
        raise TypeError(f"{value!r} is no number.")
    return operator.index(value) if whole else float(value)


def format_number(value: Any) -> str:
    """Return a number as text: 1,048,576, 0.5, nan."""
    if isinstance(value, str):
        return repr(value)
    value = value.item() if getattr(value, "ndim", None) == 0 else value
    try:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return f"{value:,}" if whole else str(value)
    except ValueError:  # Python prints no whole number of more than 4,300 digits
        return "too large to print"
