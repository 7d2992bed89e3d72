"""Curves and axes of a chart: ranges, ticks, and the mapping from values to positions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 370, 225
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 36
MARGIN = 0.02  # share of all steps, free to the left and to the right
COLOURS = 6  # number of colours in page.css
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        label: Name in the legend.
        points: (step, value) pairs in order of steps.
        band: Half the width of the band at each point, or None.
        colour: Index of the colour; the palette repeats after `COLOURS`.
        dashed: Whether the line is dashed.
        group: Index of the group of runs, which a button of the legend hides; None if the curve cannot be hidden.
    """

    label: str
    points: Points
    band: Sequence[float] | None = None
    colour: int = 0
    dashed: bool = False
    group: int | None = None

    @property
    def css_class(self) -> str:
        """Classes of colour and dashes in page.css."""
        return f"c{self.colour % COLOURS}{' dashed' if self.dashed else ''}"


@dataclass(frozen=True)
class Frame:
    """Axis ranges, and the mapping from values to positions in the drawing."""

    x: tuple[float, float]
    y: tuple[float, float]

    def format_point(self, x: float, y: float) -> str:
        """Return a point as SVG writes it."""
        return f"{self.map_x(x):.1f},{self.map_y(y):.1f}"

    def map_x(self, x: float) -> float:
        """Return the distance of a step from the left."""
        low, high = self.x
        return LEFT + (x - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def map_y(self, y: float) -> float:
        """Return the distance of a value from the top, limited to what SVG can draw."""
        low, high = self.y
        share = min(max((y - low) / (high - low), -3.0), 4.0)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def make_frame(series: Sequence[Series], lines: Sequence[tuple[float, str]]) -> Frame:
    """Choose axis ranges for all steps and values.

    If the first quarter of the values would flatten the rest, the range omits it.
    """
    steps = [x for s in series for x, _ in s.points]
    full = _find_extent([_list_edges(s, 0) for s in series])
    later = _find_extent([_list_edges(s, len(s.points) // 4) for s in series])
    if full[1] - full[0] > 20 * (later[1] - later[0]) > 0:
        full = later
    values = [value for value, _ in lines]
    low, high = min(full[0], *values, full[1]), max(full[1], *values, full[0])
    pad = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    first, last = min(steps), max(steps)
    margin = MARGIN * (last - first) or 1.0
    return Frame((first - margin, last + margin), (low - pad, high + pad))


def _list_edges(series: Series, start: int) -> list[float]:
    band = series.band or [0.0] * len(series.points)
    pairs = list(zip(series.points, band, strict=True))[start:]
    return [y + side * b for (_, y), b in pairs for side in (-1, 1)]


def _find_extent(curves: Sequence[Sequence[float]]) -> tuple[float, float]:
    values = [v for curve in curves for v in curve]
    return min(values), max(values)


def make_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers in a range, at intervals of 1, 2 or 5 times a power of ten.

    Example:
        >>> make_ticks(-1.5, 0.2)
        [-1.5, -1.0, -0.5, 0.0]
    """
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.99), 10 * power)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + i) * step, 12) for i in range(count)]


def format_tick(value: float) -> str:
    """Format a number with four digits and the letters k and M.

    Example:
        >>> [format_tick(v) for v in (2500, 1000000, 0.002, -1.386, 40, 1e-7)]
        ['2.5k', '1M', '0.002', '-1.386', '40', '1e-07']
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"
