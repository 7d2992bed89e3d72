"""The curves of a run, or of several, in the panels of the table of keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lightning_gan.reports.chart import Series, draw_chart
from lightning_gan.reports.html import Markup, make_tag
from lightning_gan.tracking import metric_keys
from lightning_gan.tracking.metric_keys import Key, Panel

Curve = Sequence[tuple[int, float]]
PLAIN = {
    "train/value": "training",
    "val/value": "held out",
    "train/d_x": "D(x)",
    "train/d_gz": "D(G(z))",
}
PLAIN |= {
    "val/d_x": "D(x), held out",
    "val/d_gz": "D(G(z)), held out",
    "train/d_loss": "D",
    "train/g_loss": "G",
}
PLAIN |= {"lr/d": "D", "lr/g": "G", "train/d_grad_norm": "D", "train/g_grad_norm": "G"}
DASHED = ("val/d_x", "val/d_gz", "lr/g")  # beside, or upon, another curve
NOT_DRAWN = ("seen", "batch")  # straight lines over steps


def label_key(key: str) -> str:
    """A curve's name in a legend."""
    return PLAIN.get(key) or key.split("/", 1)[-1].replace("_", " ")


def draw_charts(
    curves: Mapping[str, Curve], draw: Callable[[Panel, list[str]], Markup]
) -> Iterator[tuple[str, list[Markup]]]:
    """The charts of each section that has some; keys that the table does not know come last.

    Args:
        curves: by key; those of the test split are one value each, and not drawn.
        draw: makes a chart of the keys of a panel.
    """
    for name in metric_keys.SECTIONS:
        panels = [p for p in metric_keys.PANELS if p.section == name and p.name not in NOT_DRAWN]
        found = [draw(panel, mine) for panel in panels if (mine := _keys_of(panel, curves))]
        if drawn := [one for one in found if one]:
            yield name, drawn
    others = [key for key in curves if _draw_panel(key) and metric_keys.find_key(key) is None]
    if others:
        yield "Other", [draw(Panel(key, "Other", key), [key]) for key in others]


def _keys_of(panel: Panel, curves: Mapping[str, Curve]) -> list[str]:
    """The keys of a panel that were logged, in the table's order."""
    order: list[Key] = list(metric_keys.list_keys_in_panel(panel))
    found = [key for key in curves if _draw_panel(key) and metric_keys.find_key(key) in order]
    return sorted(found, key=lambda key: (order.index(metric_keys.find_key(key)), key))  # type: ignore[arg-type]


def _draw_panel(key: str) -> bool:
    return not key.startswith("test/")


def draw_run(curves: Mapping[str, Curve]) -> list[Markup]:
    """The charts of one run, section by section."""

    def draw(panel: Panel, mine: list[str]) -> Markup:
        series = [_series(curves, key, i) for i, key in enumerate(mine)]
        return draw_chart(panel.title, series, panel.lines)

    return draw_sections(draw_charts(curves, draw))


def draw_sections(drawn: Iterable[tuple[str, list[Markup]]]) -> list[Markup]:
    """Sections of charts, each under its name."""
    return [
        make_tag(
            "div", make_tag("h3", name), make_tag("div", found, class_="charts"), class_="room"
        )
        for name, found in drawn
    ]


def _series(curves: Mapping[str, Curve], key: str, place: int) -> Series:
    error = dict(curves.get(metric_keys.find_error_key(key) or "", ()))
    band = [error.get(step, 0.0) for step, _ in curves[key]] if error else None
    return Series(label_key(key), curves[key], band, place, key in DASHED)
