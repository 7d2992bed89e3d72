"""Charts of the comparison page, and their controls."""

from collections.abc import Sequence

from lightning_gan.reports.chart import draw_chart, make_legend_button
from lightning_gan.reports.chart_axes import COLOURS, Series
from lightning_gan.reports.curves import (
    ReportCurve,
    adapt_panel,
    draw_charts,
    label_key,
    make_chart_sections,
    returns_probabilities,
)
from lightning_gan.reports.html import Markup, join_markup, make_note, make_tag
from lightning_gan.reports.seed_groups import SeedGroup
from lightning_gan.reports.seed_statistics import average_curves
from lightning_gan.tracking.metric_keys import Panel, list_keys_in_panel


def make_comparison_curves(groups: Sequence[SeedGroup]) -> Markup:
    """Draw a chart for each key, with a curve for each group, below the controls of all charts."""
    curves: dict[str, ReportCurve] = {}
    for group in groups:
        for run in group.runs:
            curves = {**run.curves, **curves}
    curves = {k: v for k, v in curves.items() if not k.startswith(("lr/", "progress/"))}
    probabilities = all(returns_probabilities(g.runs[0].objective) for g in groups)

    def draw(panel: Panel, keys: list[str]) -> Markup:
        adapted = adapt_panel(panel, probabilities)
        return join_markup(_draw_key(groups, adapted, key) for key in keys)

    charts = make_chart_sections(draw_charts(curves, draw))
    note = "Mean over seeds; the band is one standard deviation over seeds on both sides."
    return make_note(note) + _make_controls(groups) + join_markup(charts) if charts else Markup("")


def _draw_key(groups: Sequence[SeedGroup], panel: Panel, key: str) -> Markup:
    series = []
    for i, group in enumerate(groups):
        points, band = average_curves([run.curves[key] for run in group.runs if key in run.curves])
        series.append(Series(group.label, points, band, i, i >= COLOURS, i))
    alone = len(list(list_keys_in_panel(panel))) == 1
    title = panel.title if alone else f"{panel.title}: {label_key(key)}"
    return draw_chart(title, series, panel.lines)


def _make_controls(groups: Sequence[SeedGroup]) -> Markup:
    """Make the controls of all charts, which page.js shows: groups, smoothing, logarithmic axis."""
    buttons = [
        make_legend_button(Series(group.label, (), None, i, i >= COLOURS, i))
        for i, group in enumerate(groups)
    ]
    slider = make_tag("input", type="range", min=0, max=0.99, step=0.01, value=0, id="smoothing")
    switch = make_tag("input", type="checkbox", id="logarithmic")
    return make_tag(
        "div",
        make_tag("div", buttons, class_="legend", role="group", aria_label="show runs"),
        make_tag("label", "Smoothing", slider, make_tag("output", "0.00", for_="smoothing")),
        make_tag("label", switch, "Logarithmic values"),
        class_="chart-controls",
        hidden=True,
    )
