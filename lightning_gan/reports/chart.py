"""Charts as inline SVG: curves over steps, with bands, reference lines and a legend."""

import json
from collections.abc import Sequence
from dataclasses import replace

from lightning_gan.reports.chart_axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
    Series,
    format_tick,
    make_frame,
    make_ticks,
)
from lightning_gan.reports.html import Markup, make_note, make_tag

MAX_POINTS = 600  # of a curve: more than the pixels of its width


def draw_chart(
    title: str, series: Sequence[Series], lines: Sequence[tuple[float, str]] = ()
) -> Markup:
    """Draw a figure with title, legend, curves and reference lines; empty if there are no points.

    Args:
        title: Title with the unit.
        series: Curves; those without points are omitted.
        lines: (value, label) pairs of the dashed reference lines.
    """
    drawn = [thin_points(s) for s in series if s.points]
    if not drawn:
        return Markup("")
    frame = make_frame(drawn, lines)
    inner = [*(_draw_line(frame, *line) for line in lines), *(_draw_curve(frame, s) for s in drawn)]
    drawing = make_tag(
        "svg", _draw_grid(frame), _clip(inner), make_tag("line", class_="pointer", y1=TOP, y2=HEIGHT - BOTTOM),
        viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=f"{title} over steps",
    )  # fmt: skip
    legend = make_tag("ul", [_make_legend_item(s) for s in drawn], class_="legend")
    caption = make_tag("figcaption", make_tag("h3", title), legend)
    outside = sum(not frame.y[0] <= y <= frame.y[1] for s in drawn for _, y in s.points)
    values = "value lies" if outside == 1 else "values lie"
    note = make_note(f"{outside} early {values} outside.") if outside else ""
    data = _format_data(frame, drawn, lines)
    return make_tag("figure", caption, drawing, note, class_="chart", data_chart=data)


def make_legend_button(series: Series) -> Markup:
    """Make a button that hides and shows all curves of a group."""
    swatch = make_tag("i", class_=series.css_class)
    return make_tag(
        "button", swatch, series.label, type="button", aria_pressed="true", data_group=series.group
    )


def _make_legend_item(series: Series) -> Markup:
    value = make_tag("b", "")
    if series.group is None:
        return make_tag("li", make_tag("i", class_=series.css_class), series.label, value)
    return make_tag("li", make_legend_button(series), value)


def _clip(inner: Sequence[Markup]) -> Markup:
    """Nest a drawing, which clips what lies outside of the axes."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    view = f"{LEFT} {TOP} {width} {height}"
    return make_tag("svg", inner, viewBox=view, x=LEFT, y=TOP, width=width, height=height)


def thin_points(series: Series) -> Series:
    """Reduce a curve to MAX_POINTS: the lowest and the highest value of each interval, so that peaks remain."""
    n = len(series.points)
    if n <= MAX_POINTS:
        return series
    chosen = {0, n - 1}
    intervals = MAX_POINTS // 2 - 1
    for i in range(intervals):
        indices = range(i * n // intervals, (i + 1) * n // intervals)
        chosen |= {
            min(indices, key=lambda j: series.points[j][1]),
            max(indices, key=lambda j: series.points[j][1]),
        }
    order = sorted(chosen)
    band = [series.band[i] for i in order] if series.band is not None else None
    return replace(series, points=[series.points[i] for i in order], band=band)


def _draw_grid(frame: Frame) -> Markup:
    """Draw the lines and numbers of both axes; page.js draws those of y in the inner group again."""
    y_marks = []
    for value in make_ticks(*frame.y):
        y = f"{frame.map_y(value):.1f}"
        y_marks.append(make_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
        text = format_tick(value)
        y_marks.append(make_tag("text", text, x=LEFT - 7, y=y, dy="0.32em", text_anchor="end"))
    x_marks = [
        make_tag("text", format_tick(value), x=f"{frame.map_x(value):.1f}", y=HEIGHT - BOTTOM + 16,
                 text_anchor="middle")
        for value in make_ticks(*frame.x)
    ]  # fmt: skip
    title = make_tag("text", "step", x=WIDTH - RIGHT, y=HEIGHT - 4, text_anchor="end")
    return make_tag("g", make_tag("g", y_marks, class_="y"), x_marks, title, class_="grid")


def _draw_line(frame: Frame, value: float, label: str) -> Markup:
    y = f"{frame.map_y(value):.1f}"
    text = make_tag("text", label, x=WIDTH - RIGHT - 4, y=y, dy="-0.4em", text_anchor="end")
    return make_tag(
        "g", make_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y), text, class_="reference"
    )


def _draw_curve(frame: Frame, series: Series) -> Markup:
    """Draw a line with its band, and a dot at each point if there are few."""
    points = [frame.format_point(x, y) for x, y in series.points]
    parts = []
    if series.band is not None and any(series.band):
        pairs = list(zip(series.points, series.band, strict=True))
        upper = [frame.format_point(x, y + b) for (x, y), b in pairs]
        lower = [frame.format_point(x, y - b) for (x, y), b in reversed(pairs)]
        parts.append(make_tag("polygon", points=" ".join(upper + lower), class_="band"))
    parts.append(make_tag("polyline", points=" ".join(points)))
    if len(points) <= 12:
        parts += [make_tag("circle", cx=p.split(",")[0], cy=p.split(",")[1], r=2.6) for p in points]
    return make_tag("g", parts, class_=f"series {series.css_class}")


def _format_data(frame: Frame, series: Sequence[Series], lines: Sequence[tuple[float, str]]) -> str:
    """Return the JSON that page.js reads: geometry of the axes, reference values, and all points."""
    content = {
        "box": [LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM], "x": frame.x, "lines": [value for value, _ in lines],
        "series": [
            {"x": [x for x, _ in s.points], "y": [_round(y) for _, y in s.points],
             "e": [_round(b) for b in s.band] if s.band is not None else None, "group": s.group}
            for s in series
        ],
    }  # fmt: skip
    return json.dumps(content, separators=(",", ":"))


def _round(value: float) -> float:
    return float(f"{value:.6g}")
