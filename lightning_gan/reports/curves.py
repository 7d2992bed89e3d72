"""Charts of the curves of one run or of several, in the panels of the table of metric keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lightning_gan.reports.chart import Series, draw_chart
from lightning_gan.reports.html import Markup, make_tag
from lightning_gan.tracking import metric_keys
from lightning_gan.tracking.metric_keys import Key, Panel

ReportCurve = Sequence[tuple[int, float]]
LABELS = {
    "train/value": "training",
    "val/value": "held out",
    "train/d_x": "D(x)",
    "train/d_gz": "D(G(z))",
    "val/d_x": "D(x), held out",
    "val/d_gz": "D(G(z)), held out",
    "train/d_loss": "D",
    "train/g_loss": "G",
    "lr/d": "D",
    "lr/g": "G",
    "train/d_grad_norm": "D",
    "train/g_grad_norm": "G",
}
DASHED = ("val/d_x", "val/d_gz", "lr/g")  # curves that lie on or near another one
NOT_DRAWN = ("seen", "batch")  # panels whose curves are straight lines over steps
LOGIT_OBJECTIVES = ("Minimax", "NonSaturating", "OneSidedLabelSmoothing")
"""Losses with `outputs_are_logits`: for them D(x) is a probability, and V has the value -log 4 at the equilibrium."""
CRITIC_TITLES = {
    "value": "V(D, G), as if outputs of D were logits",
    "answers": "sigmoid of the output of D",
    "losses": "losses",
}


def returns_probabilities(objective: str) -> bool:
    """Return whether the sigmoid of D's output is a probability under a loss.

    Args:
        objective: Class name of the loss. If it is empty, as for a run without run.json, the answer is yes.
    """
    return not objective or objective in LOGIT_OBJECTIVES


def adapt_panel(panel: Panel, probabilities: bool) -> Panel:
    """Return a panel; if D returns no probabilities, without reference lines and with a title that says so."""
    if probabilities or panel.name not in CRITIC_TITLES:
        return panel
    return Panel(panel.name, panel.section, CRITIC_TITLES[panel.name])


def label_key(key: str) -> str:
    """Return the name of a curve in a legend."""
    return LABELS.get(key) or key.split("/", 1)[-1].replace("_", " ")


def draw_charts(
    curves: Mapping[str, ReportCurve], draw: Callable[[Panel, list[str]], Markup]
) -> Iterator[tuple[str, list[Markup]]]:
    """Yield the name and the charts of each section that has some; unknown keys come last.

    Args:
        curves: Curves by key. Those of the test split have one value each and are not drawn.
        draw: Function that draws the keys of a panel.
    """
    for section in metric_keys.SECTIONS:
        panels = [p for p in metric_keys.PANELS if p.section == section and p.name not in NOT_DRAWN]
        charts = [draw(panel, keys) for panel in panels if (keys := _list_keys(panel, curves))]
        if charts := [chart for chart in charts if chart]:
            yield section, charts
    others = [key for key in curves if _is_drawn(key) and metric_keys.find_key(key) is None]
    if others:
        yield "Other", [draw(Panel(key, "Other", key), [key]) for key in others]


def _list_keys(panel: Panel, curves: Mapping[str, ReportCurve]) -> list[str]:
    """Return the logged keys of a panel, in the order of the table."""
    order: list[Key] = list(metric_keys.list_keys_in_panel(panel))
    found = [key for key in curves if _is_drawn(key) and metric_keys.find_key(key) in order]
    return sorted(found, key=lambda key: (order.index(metric_keys.find_key(key)), key))  # type: ignore[arg-type]


def _is_drawn(key: str) -> bool:
    return not key.startswith("test/")


def draw_run(curves: Mapping[str, ReportCurve], objective: str = "") -> list[Markup]:
    """Draw the charts of one run, by sections.

    Args:
        curves: Curves by key.
        objective: Class name of the loss.
    """
    probabilities = returns_probabilities(objective)

    def draw(panel: Panel, keys: list[str]) -> Markup:
        series = [_make_series(curves, key, i) for i, key in enumerate(keys)]
        panel = adapt_panel(panel, probabilities)
        return draw_chart(panel.title, series, panel.lines)

    return make_chart_sections(draw_charts(curves, draw))


def make_chart_sections(sections: Iterable[tuple[str, list[Markup]]]) -> list[Markup]:
    """Make a block with a heading for each (name, charts) pair."""
    return [
        make_tag(
            "div", make_tag("h3", name), make_tag("div", charts, class_="charts"), class_="group"
        )
        for name, charts in sections
    ]


def _make_series(curves: Mapping[str, ReportCurve], key: str, index: int) -> Series:
    error = dict(curves.get(metric_keys.find_error_key(key) or "", ()))
    band = [error.get(step, 0.0) for step, _ in curves[key]] if error else None
    return Series(label_key(key), curves[key], band, index, key in DASHED)
