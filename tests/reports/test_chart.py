"""Curves as drawings: every point where it belongs, peaks kept, lines to compare with."""

import html
import json
import math
import re

import pytest

from lightning_gan.reports.chart import (
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Series,
    draw_chart,
    format_number,
    make_frame,
    make_ticks,
    thin_points,
)


def drawn(figure):
    """Points of the curves, [curves, points, 2]."""
    return [
        [tuple(map(float, p.split(","))) for p in text.split()]
        for text in re.findall(r'polyline points="([^"]+)"', figure)
    ]


def test_points_lie_where_their_values_are():
    figure = draw_chart("t", [Series("a", [(0, -1.0), (50, 0.0), (100, 1.0)])])
    ((first, middle, last),) = drawn(figure)
    assert LEFT < first[0] < LEFT + 9
    assert first[0] - LEFT == pytest.approx(WIDTH - RIGHT - last[0], abs=0.11)
    assert middle == pytest.approx(((first[0] + last[0]) / 2, (first[1] + last[1]) / 2))
    assert TOP < last[1] < middle[1] < first[1] < HEIGHT


def test_a_line_to_compare_with_lies_at_its_value():
    value = -math.log(4)
    figure = draw_chart("t", [Series("a", [(0, value), (1, 0.0)])], [(value, "-log 4")])
    (height,) = re.findall(r'class="reference"><line [^>]*y1="([\d.]+)"', figure)
    assert float(height) == drawn(figure)[0][0][1]
    assert ">-log 4<" in figure


def test_a_line_outside_of_the_curve_is_seen_too():
    low, high = make_frame([Series("a", [(0, 3.0), (1, 4.0)])], [(0.5, "1/2")]).y
    assert low < 0.5
    assert high > 4


def test_a_band_is_as_wide_as_it_says():
    figure = draw_chart("t", [Series("a", [(0, 0.0), (1, 0.0)], [1.0, 2.0])])
    (text,) = re.findall(r'polygon points="([^"]+)"', figure)
    heights = [float(p.split(",")[1]) for p in text.split()]
    centre = drawn(figure)[0][0][1]
    assert centre - heights[1] == pytest.approx(2 * (centre - heights[0]), abs=0.2)
    assert heights[2] - centre == pytest.approx(centre - heights[1], abs=0.2)


def test_a_long_curve_is_thinned_and_keeps_its_peaks():
    points = [(i, 0.0) for i in range(10_000)]
    points[4321], points[777] = (4321, 9.0), (777, -9.0)
    short = thin_points(Series("a", points)).points
    assert len(short) <= MOST_POINTS
    assert {(4321, 9.0), (777, -9.0), points[0], points[-1]} <= set(short)
    assert short == sorted(short)


def test_an_early_value_far_away_does_not_flatten_the_rest_and_is_told_of():
    figure = draw_chart("t", [Series("a", [(0, -1e6), (1, 1.0), (2, 2.0), (3, 3.0), (4, 2.0)])])
    assert "1 early value lies outside." in figure
    heights = [y for _, y in drawn(figure)[0]]
    assert max(heights[1:]) - min(heights[1:]) > HEIGHT / 2
    assert "outside" not in draw_chart(
        "t", [Series("a", [(0, -9.0), (1, 1.0), (2, 2.0), (3, 3.0)])]
    )


def test_one_point_and_a_constant_can_be_drawn(subtests):
    for points in [[(5, 1.0)], [(0, 0.0), (1, 0.0)], [(0, 3.0), (1, 3.0)]]:
        with subtests.test(points=points):
            for x, y in drawn(draw_chart("t", [Series("a", points)]))[0]:
                assert LEFT <= x <= WIDTH - RIGHT
                assert TOP < y < HEIGHT


def test_nothing_to_draw_is_nothing():
    assert draw_chart("t", [Series("a", [])]) == ""


def test_what_the_pointer_reads_is_what_was_logged():
    figure = draw_chart("t", [Series("<b>", [(10, 0.123456), (20, 2500.0)], [0.5, 0.0])])
    (data,) = re.findall(r'data-chart="([^"]+)"', figure)
    series = json.loads(html.unescape(data))["series"]
    assert series == [{"x": [10, 20], "y": ["0.1235", "2.5k"], "e": ["0.5", "0"]}]
    assert "&lt;b&gt;" in figure


def test_ticks_are_round_and_inside():
    assert make_ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert make_ticks(-1.386, -1.2) == pytest.approx([-1.35, -1.3, -1.25, -1.2])
    assert [format_number(v) for v in (2500, 0.002, -1.3863, 1e6)] == [
        "2.5k",
        "0.002",
        "-1.386",
        "1M",
    ]
