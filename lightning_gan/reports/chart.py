"""Curves as inline SVG: drawn here, coloured by the page's style, and read out by its script under the pointer."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lightning_gan.reports.html import Markup, make_tag

WIDTH, HEIGHT = 370, 225
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 36
MOST_POINTS = 600  # of a curve, more than a screen is wide
SIDE = 0.02  # of all steps, free to the left and to the right
COLOURS = 6  # that page.css has
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        label: in the legend.
        points: (step, value), in order of steps.
        band: half its width at each point, where it has one.
        colour: place in the page's palette.
        dashed: whether it is drawn so.
    """

    label: str
    points: Points
    band: Sequence[float] | None = None
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """Where values lie in the drawing."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> str:
        """A point as SVG writes it."""
        return f"{self.across(x):.1f},{self.up(y):.1f}"

    def across(self, x: float) -> float:
        """From the left."""
        low, high = self.x
        return LEFT + (x - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def up(self, y: float) -> float:
        """From the top; what is far outside stays a number that SVG can draw."""
        low, high = self.y
        share = min(max((y - low) / (high - low), -3.0), 4.0)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def draw_chart(
    title: str, series: Sequence[Series], lines: Sequence[tuple[float, str]] = ()
) -> Markup:
    """A figure: title, legend, curves over steps, dashed lines to compare with.

    Args:
        title: with the unit.
        series: curves; those without points are left out.
        lines: values and their labels.
    """
    shown = [thin_points(s) for s in series if s.points]
    if not shown:
        return Markup("")
    frame = make_frame(shown, lines)
    parts = [
        _grid(frame),
        *(_line(frame, *line) for line in lines),
        *(_curve(frame, s) for s in shown),
    ]
    drawing = make_tag(
        "svg", parts[0], _window(parts[1:]), make_tag("line", class_="pointer", y1=TOP, y2=HEIGHT - BOTTOM),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=f"{title} over steps",
    )  # fmt: skip
    legend = [
        make_tag(
            "li",
            make_tag("i", class_=f"c{s.colour % COLOURS}{' dashed' if s.dashed else ''}"),
            s.label,
            make_tag("b", ""),
        )
        for s in shown
    ]
    caption = make_tag("figcaption", make_tag("h3", title), make_tag("ul", legend, class_="legend"))
    outside = sum(not frame.y[0] <= y <= frame.y[1] for s in shown for _, y in s.points)
    said = "1 early value lies outside." if outside == 1 else f"{outside} early values lie outside."
    note = make_tag("p", said, class_="note") if outside else ""
    return make_tag(
        "figure", caption, drawing, note, class_="chart", data_chart=_data(frame, shown)
    )


def _window(inner: Sequence[Markup]) -> Markup:
    """What lies inside of the axes: a nested drawing cuts off the rest."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    view = f"{LEFT} {TOP} {width} {height}"
    return make_tag("svg", inner, viewBox=view, x=LEFT, y=TOP, width=width, height=height)


def thin_points(series: Series) -> Series:
    """A curve of at most MOST_POINTS: of each stretch the lowest and the highest value, so that peaks stay."""
    n = len(series.points)
    if n <= MOST_POINTS:
        return series
    keep = {0, n - 1}
    stretches = MOST_POINTS // 2 - 1
    for i in range(stretches):
        places = range(i * n // stretches, (i + 1) * n // stretches)
        keep |= {
            min(places, key=lambda p: series.points[p][1]),
            max(places, key=lambda p: series.points[p][1]),
        }
    kept = sorted(keep)
    band = [series.band[i] for i in kept] if series.band is not None else None
    return Series(
        series.label, [series.points[i] for i in kept], band, series.colour, series.dashed
    )


def make_frame(series: Sequence[Series], lines: Sequence[tuple[float, str]]) -> Frame:
    """The ranges: of all steps, and of all values, but for a first quarter that would flatten the rest."""
    steps = [x for s in series for x, _ in s.points]
    ends = [list(_edges(s, 0)) for s in series]
    later = [list(_edges(s, len(s.points) // 4)) for s in series]
    full, calm = _extent(ends), _extent(later)
    if full[1] - full[0] > 20 * (calm[1] - calm[0]) > 0:
        full = calm
    values = [value for value, _ in lines]
    low, high = min(full[0], *values, full[1]), max(full[1], *values, full[0])
    pad = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    first, last = min(steps), max(steps)
    side = SIDE * (last - first) or 1.0
    return Frame((first - side, last + side), (low - pad, high + pad))


def _edges(series: Series, start: int) -> list[float]:
    band = series.band or [0.0] * len(series.points)
    pairs = list(zip(series.points, band, strict=True))[start:]
    return [y + side * b for (_, y), b in pairs for side in (-1, 1)]


def _extent(curves: Sequence[Sequence[float]]) -> tuple[float, float]:
    values = [v for curve in curves for v in curve]
    return min(values), max(values)


def make_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers in a range, at steps of 1, 2 or 5 times a power of ten.

    Example:
        >>> ticks(-1.5, 0.2)
        [-1.5, -1.0, -0.5, 0.0]
    """
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.99), 10 * power)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + i) * step, 12) for i in range(count)]


def format_number(value: float) -> str:
    """As short as it can be read: 2.5k, 1M, 0.002.

    Example:
        >>> [number(v) for v in (2500, 1000000, 0.002, -1.386, 40, 1e-7)]
        ['2.5k', '1M', '0.002', '-1.386', '40', '1e-07']
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _grid(frame: Frame) -> Markup:
    """Lines and numbers of both axes."""
    marks = []
    for value in make_ticks(*frame.y):
        y = f"{frame.up(value):.1f}"
        marks.append(make_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
        marks.append(
            make_tag("text", format_number(value), x=LEFT - 7, y=y, dy="0.32em", text_anchor="end")
        )
    for value in make_ticks(*frame.x):
        x = f"{frame.across(value):.1f}"
        marks.append(
            make_tag(
                "text", format_number(value), x=x, y=HEIGHT - BOTTOM + 16, text_anchor="middle"
            )
        )
    marks.append(
        make_tag("text", "step", x=WIDTH - RIGHT, y=HEIGHT - 4, text_anchor="end", class_="axis")
    )
    return make_tag("g", marks, class_="grid")


def _line(frame: Frame, value: float, label: str) -> Markup:
    y = f"{frame.up(value):.1f}"
    text = make_tag("text", label, x=WIDTH - RIGHT - 4, y=y, dy="-0.4em", text_anchor="end")
    return make_tag(
        "g", make_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y), text, class_="reference"
    )


def _curve(frame: Frame, series: Series) -> Markup:
    """A line, with a dot at each of a few points, and its band."""
    points = [frame.at(x, y) for x, y in series.points]
    parts = []
    if series.band is not None and any(series.band):
        pairs = list(zip(series.points, series.band, strict=True))
        upper = [frame.at(x, y + b) for (x, y), b in pairs]
        lower = [frame.at(x, y - b) for (x, y), b in reversed(pairs)]
        parts.append(make_tag("polygon", points=" ".join(upper + lower), class_="band"))
    parts.append(make_tag("polyline", points=" ".join(points)))
    if len(points) <= 12:
        parts += [make_tag("circle", cx=p.split(",")[0], cy=p.split(",")[1], r=2.6) for p in points]
    return make_tag(
        "g", parts, class_=f"series c{series.colour % COLOURS}{' dashed' if series.dashed else ''}"
    )


def _data(frame: Frame, series: Sequence[Series]) -> str:
    """What the script reads out: where the axis lies, and all points."""
    content = {
        "left": LEFT, "right": WIDTH - RIGHT, "width": WIDTH, "x": frame.x,
        "series": [
            {"x": [x for x, _ in s.points], "y": [format_number(y) for _, y in s.points],
             "e": [format_number(b) for b in s.band] if s.band is not None else None}
            for s in series
        ],
    }  # fmt: skip
    return json.dumps(content, separators=(",", ":"))
