"""Charts: positions of points, bands and reference lines, thinning, axis ranges, and ticks."""

import html
import json
import math
import re

import pytest

from lightning_gan.reports.chart import MAX_POINTS, draw_chart, thin_points
from lightning_gan.reports.chart_axes import (
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Series,
    format_tick,
    make_frame,
    make_ticks,
)


def read_points(figure):
    """Return the points of the curves, [curves, points, 2]."""
    return [
        [tuple(map(float, p.split(","))) for p in text.split()]
        for text in re.findall(r'polyline points="([^"]+)"', figure)
    ]


def test_points_lie_at_their_steps_and_values():
    figure = draw_chart("t", [Series("a", [(0, -1.0), (50, 0.0), (100, 1.0)])])
    ((first, middle, last),) = read_points(figure)
    assert LEFT < first[0] < LEFT + 9
    assert first[0] - LEFT == pytest.approx(WIDTH - RIGHT - last[0], abs=0.11)
    assert middle == pytest.approx(((first[0] + last[0]) / 2, (first[1] + last[1]) / 2))
    assert TOP < last[1] < middle[1] < first[1] < HEIGHT


def test_reference_line_lies_at_its_value():
    value = -math.log(4)
    figure = draw_chart("t", [Series("a", [(0, value), (1, 0.0)])], [(value, "-log 4")])
    (height,) = re.findall(r'class="reference"><line [^>]*y1="([\d.]+)"', figure)
    assert float(height) == read_points(figure)[0][0][1]
    assert ">-log 4<" in figure


def test_axis_includes_a_reference_line_outside_of_the_curve():
    low, high = make_frame([Series("a", [(0, 3.0), (1, 4.0)])], [(0.5, "1/2")]).y
    assert low < 0.5
    assert high > 4


def test_band_has_the_given_width():
    figure = draw_chart("t", [Series("a", [(0, 0.0), (1, 0.0)], [1.0, 2.0])])
    (text,) = re.findall(r'polygon points="([^"]+)"', figure)
    heights = [float(p.split(",")[1]) for p in text.split()]
    centre = read_points(figure)[0][0][1]
    assert centre - heights[1] == pytest.approx(2 * (centre - heights[0]), abs=0.2)
    assert heights[2] - centre == pytest.approx(centre - heights[1], abs=0.2)


def test_thinning_a_long_curve_preserves_its_peaks():
    points = [(i, 0.0) for i in range(10_000)]
    points[4321], points[777] = (4321, 9.0), (777, -9.0)
    short = thin_points(Series("a", points)).points
    assert len(short) <= MAX_POINTS
    assert {(4321, 9.0), (777, -9.0), points[0], points[-1]} <= set(short)
    assert short == sorted(short)


def test_axis_omits_an_early_outlier_and_the_note_counts_it():
    figure = draw_chart("t", [Series("a", [(0, -1e6), (1, 1.0), (2, 2.0), (3, 3.0), (4, 2.0)])])
    assert "1 early value lies outside." in figure
    heights = [y for _, y in read_points(figure)[0]]
    assert max(heights[1:]) - min(heights[1:]) > HEIGHT / 2
    assert "outside" not in draw_chart(
        "t", [Series("a", [(0, -9.0), (1, 1.0), (2, 2.0), (3, 3.0)])]
    )


def test_one_point_and_a_constant_can_be_read_points(subtests):
    for points in [[(5, 1.0)], [(0, 0.0), (1, 0.0)], [(0, 3.0), (1, 3.0)]]:
        with subtests.test(points=points):
            for x, y in read_points(draw_chart("t", [Series("a", points)]))[0]:
                assert LEFT <= x <= WIDTH - RIGHT
                assert TOP < y < HEIGHT


def test_chart_without_points_is_empty():
    assert draw_chart("t", [Series("a", [])]) == ""


def test_chart_data_hold_the_logged_values():
    series = [Series("<b>", [(10, 0.123456), (20, 2500.0)], [0.5, 0.0], group=3)]
    figure = draw_chart("t", series, [(1.0, "one")])
    (data,) = re.findall(r'data-chart="([^"]+)"', figure)
    content = json.loads(html.unescape(data))
    assert content["series"] == [
        {"x": [10, 20], "y": [0.123456, 2500.0], "e": [0.5, 0.0], "group": 3}
    ]
    assert content["lines"] == [1.0]
    assert "&lt;b&gt;" in figure


def test_legend_has_a_button_for_each_group_of_runs():
    points = [(0, 0.0), (1, 1.0)]
    figure = draw_chart("t", [Series("a", points, group=i) for i in (4, 7)])
    assert re.findall(r'<button [^>]*aria-pressed="true" data-group="(\d)"', figure) == ["4", "7"]
    assert "<button" not in draw_chart("t", [Series("a", points)])


def test_ticks_are_round_numbers_in_the_range():
    assert make_ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert make_ticks(-1.386, -1.2) == pytest.approx([-1.35, -1.3, -1.25, -1.2])
    assert [format_tick(v) for v in (2500, 0.002, -1.3863, 1e6)] == [
        "2.5k",
        "0.002",
        "-1.386",
        "1M",
    ]
