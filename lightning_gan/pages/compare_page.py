"""compare.html: groups of runs side by side: scores over seeds, curves with their spread, the last pictures."""

from collections.abc import Sequence

from lightning_gan.keys import Panel, in_panel
from lightning_gan.pages import scores
from lightning_gan.pages.chart import COLOURS, Series, chart
from lightning_gan.pages.curves import Curve, charts, label, rooms
from lightning_gan.pages.groups import Group, differing
from lightning_gan.pages.html import Markup, details, facts, page, row, section, table, tag
from lightning_gan.pages.pictures import image, small_png
from lightning_gan.pages.statistics import Column, columns_of, mean_curve
from lightning_gan.tabular import table as text_table

KINDS = ("samples", "points", "densities")
FEW, LONGEST = 15, 160  # settings, and letters of one


def compare_page(groups: Sequence[Group]) -> str:
    """The document."""
    columns = columns_of(groups)
    runs = sum(len(group.runs) for group in groups)
    names = ", ".join(group.label for group in groups)
    header = tag(
        "header", tag("h1", "Comparison"), tag("p", f"{runs} runs in {len(groups)} groups: {names}")
    )
    return page(
        f"Comparison of {names}",
        header,
        section("Scores", warnings(columns), _scores(groups, columns), _protocols(columns)),
        section("Last pictures", _pictures(groups)),
        section("Curves", _curves(groups)),
        section("Settings that differ", _settings(groups)),
        section("Runs", _runs(groups)),
    )


def text(groups: Sequence[Group]) -> str:
    """The scores as a table of plain text, with what must be known before reading it."""
    columns = columns_of(groups)
    rows = [
        (group.label, str(len(group.runs)), *(column.text(i) for column in columns))
        for i, group in enumerate(groups)
    ]
    header = ("group", "n", *(column.name for column in columns))
    said = [column.warning() for column in columns] + [
        f"left out: {o}" for g in groups for o in g.left_out
    ]
    return "\n".join(
        [text_table(rows, header), "± standard error of the mean over seeds", *filter(None, said)]
    )


def warnings(columns: Sequence[Column]) -> list[Markup]:
    """Which scores do not compare, and why."""
    return [tag("p", warning, class_="warning") for c in columns if (warning := c.warning())]


def _scores(groups: Sequence[Group], columns: Sequence[Column]) -> Markup:
    """A row for each group."""
    if not columns:
        return tag("p", "None of these runs has a score with a protocol card.")
    rows = [
        row(
            [tag("i", class_=f"dot c{i % COLOURS}"), group.label],
            len(group.runs),
            *(tag("span", column.text(i), class_="value") for column in columns),
        )
        for i, group in enumerate(groups)
    ]
    titles = [
        tag("span", scores.title(c.name), tag("small", scores.better(c.name))) for c in columns
    ]
    note = "Mean ± standard error of the mean over n seeds; one run has no ± of that kind."
    return Markup(table(("group", "n", *titles), rows) + tag("p", note, class_="note"))


def _protocols(columns: Sequence[Column]) -> Markup:
    """The cards, once each."""
    cards = [
        (
            c.name if c.comparable else f"{c.name} [{chr(ord('a') + i % 26)}]",
            facts(scores.card_rows(card)),
        )
        for c in columns
        for i, card in enumerate(c.protocols)
    ]
    return (
        details("Protocols", *(tag("div", tag("h3", name), card) for name, card in cards))
        if cards
        else Markup("")
    )


def _pictures(groups: Sequence[Group]) -> Markup:
    """The last one of the first seed of each group."""
    found = []
    for group in groups:
        run = group.runs[0]
        kinds = run.pictures()
        if kind := next((k for k in KINDS if k in kinds), None):
            step, path = kinds[kind][-1]
            picture = image(small_png(path), f"{kind} of {group.label}, step {step}")
            caption = tag("figcaption", f"{group.label}: seed {run.seed}, step {step:,}")
            found.append(tag("figure", picture, caption, class_="picture"))
    return tag("div", found, class_="gallery") if found else Markup("")


def _curves(groups: Sequence[Group]) -> list[Markup]:
    """A chart for each key, a curve for each group."""
    everything: dict[str, Curve] = {}
    for group in groups:
        for run in group.runs:
            everything = {**run.curves, **everything}
    drawn = [key for key in everything if not key.startswith(("lr/", "progress/"))]

    def draw(panel: Panel, mine: list[str]) -> Markup:
        return Markup("".join(_chart(groups, panel, key) for key in mine))

    note = "Mean over seeds; the band is one standard deviation between seeds to either side."
    return [tag("p", note, class_="note"), *rooms(charts({k: everything[k] for k in drawn}, draw))]


def _chart(groups: Sequence[Group], panel: Panel, key: str) -> Markup:
    series = []
    for i, group in enumerate(groups):
        points, band = mean_curve([run.curves[key] for run in group.runs if key in run.curves])
        series.append(Series(group.label, points, band, i, dashed=i >= COLOURS))
    alone = len(list(in_panel(panel))) == 1
    return chart(panel.title if alone else f"{panel.title}: {label(key)}", series, panel.lines)


def _settings(groups: Sequence[Group]) -> Markup:
    """Those of the configs; a column for each group, and behind a click where they are many."""
    found = differing([group.runs[0] for group in groups])
    if not found:
        return Markup("")
    rows = [
        row(tag("code", key), *(tag("span", _word(v)) for v in values))
        for key, values in found.items()
    ]
    written = table(("setting", *(group.label for group in groups)), rows, class_="settings")
    return written if len(rows) <= FEW else details(f"{len(rows)} settings", written)


def _word(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _runs(groups: Sequence[Group]) -> Markup:
    """Every run that counts, and those that do not."""
    rows = []
    for group in groups:
        for run in group.runs:
            code = run.about.get("code") or {}
            data = (run.about.get("data") or {}).get("sha256") or ""
            rows.append(
                row(
                    str(run.folder),
                    group.label,
                    run.seed,
                    f"{run.step:,}",
                    (code.get("commit") or "")[:12],
                    data[:12],
                )
            )
    left = [
        tag("p", f"Left out: {why}.", class_="note") for group in groups for why in group.left_out
    ]
    return Markup(
        "".join([table(("run", "group", "seed", "steps", "commit", "data"), rows), *left])
    )
