"""compare.html: groups of runs side by side: scores over seeds, curves with their spread, the last images."""

from collections.abc import Sequence

from lightning_gan.reports import scores
from lightning_gan.reports.chart import COLOURS, Series, draw_chart
from lightning_gan.reports.curves import Curve, draw_charts, draw_sections, label_key
from lightning_gan.reports.embedded_images import compress_png, make_image
from lightning_gan.reports.html import (
    Markup,
    make_details,
    make_facts,
    make_page,
    make_row,
    make_section,
    make_table,
    make_tag,
)
from lightning_gan.reports.seed_groups import SeedGroup, find_differing
from lightning_gan.reports.statistics import ScoreColumn, average_curves, make_columns
from lightning_gan.tracking.metric_keys import Panel, list_keys_in_panel
from lightning_gan.utils.text_table import format_table as text_table

KINDS = ("samples", "points", "densities")
FEW, LONGEST = 15, 160  # settings, and letters of one


def make_comparison(groups: Sequence[SeedGroup]) -> str:
    """The document."""
    columns = make_columns(groups)
    runs = sum(len(group.runs) for group in groups)
    names = ", ".join(group.label for group in groups)
    header = make_tag(
        "header",
        make_tag("h1", "Comparison"),
        make_tag("p", f"{runs} runs in {len(groups)} groups: {names}"),
    )
    return make_page(
        f"Comparison of {names}",
        header,
        make_section(
            "Scores", describe_warnings(columns), _scores(groups, columns), _protocols(columns)
        ),
        make_section("Last images", _images(groups)),
        make_section("Curves", _curves(groups)),
        make_section("Settings that differ", _settings(groups)),
        make_section("Runs", _runs(groups)),
    )


def describe_group(groups: Sequence[SeedGroup]) -> str:
    """The scores as a table of plain text, with what must be known before reading it."""
    columns = make_columns(groups)
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


def describe_warnings(columns: Sequence[ScoreColumn]) -> list[Markup]:
    """Which scores do not compare, and why."""
    return [make_tag("p", warning, class_="warning") for c in columns if (warning := c.warning())]


def _scores(groups: Sequence[SeedGroup], columns: Sequence[ScoreColumn]) -> Markup:
    """A row for each group."""
    if not columns:
        return make_tag("p", "None of these runs has a score with a protocol.")
    rows = [
        make_row(
            [make_tag("i", class_=f"dot c{i % COLOURS}"), group.label],
            len(group.runs),
            *(make_tag("span", column.text(i), class_="value") for column in columns),
        )
        for i, group in enumerate(groups)
    ]
    titles = [
        make_tag(
            "span",
            scores.format_metric_title(c.name),
            make_tag("small", scores.describe_better_direction(c.name)),
        )
        for c in columns
    ]
    note = "Mean ± standard error of the mean over n seeds; one run has no ± of that kind."
    return Markup(make_table(("group", "n", *titles), rows) + make_tag("p", note, class_="note"))


def _protocols(columns: Sequence[ScoreColumn]) -> Markup:
    """The protocols, once each."""
    protocols = [
        (
            c.name if c.comparable else f"{c.name} [{chr(ord('a') + i % 26)}]",
            make_facts(scores.list_protocol_fields(score_protocol)),
        )
        for c in columns
        for i, score_protocol in enumerate(c.protocols)
    ]
    return (
        make_details(
            "Protocols",
            *(
                make_tag("div", make_tag("h3", name), score_protocol)
                for name, score_protocol in protocols
            ),
        )
        if protocols
        else Markup("")
    )


def _images(groups: Sequence[SeedGroup]) -> Markup:
    """The last one of the first seed of each group."""
    found = []
    for group in groups:
        run = group.runs[0]
        kinds = run.image_bytes()
        if kind := next((k for k in KINDS if k in kinds), None):
            step, path = kinds[kind][-1]
            image = make_image(compress_png(path), f"{kind} of {group.label}, step {step}")
            caption = make_tag("figcaption", f"{group.label}: seed {run.seed}, step {step:,}")
            found.append(make_tag("figure", image, caption, class_="picture"))
    return make_tag("div", found, class_="gallery") if found else Markup("")


def _curves(groups: Sequence[SeedGroup]) -> list[Markup]:
    """A chart for each key, a curve for each group."""
    everything: dict[str, Curve] = {}
    for group in groups:
        for run in group.runs:
            everything = {**run.curves, **everything}
    drawn = [key for key in everything if not key.startswith(("lr/", "progress/"))]

    def draw(panel: Panel, mine: list[str]) -> Markup:
        return Markup("".join(_chart(groups, panel, key) for key in mine))

    note = "Mean over seeds; the band is one standard deviation between seeds to either side."
    return [
        make_tag("p", note, class_="note"),
        *draw_sections(draw_charts({k: everything[k] for k in drawn}, draw)),
    ]


def _chart(groups: Sequence[SeedGroup], panel: Panel, key: str) -> Markup:
    series = []
    for i, group in enumerate(groups):
        points, band = average_curves([run.curves[key] for run in group.runs if key in run.curves])
        series.append(Series(group.label, points, band, i, dashed=i >= COLOURS))
    alone = len(list(list_keys_in_panel(panel))) == 1
    return draw_chart(
        panel.title if alone else f"{panel.title}: {label_key(key)}", series, panel.lines
    )


def _settings(groups: Sequence[SeedGroup]) -> Markup:
    """Those of the configs; a column for each group, and behind a click where they are many."""
    found = find_differing([group.runs[0] for group in groups])
    if not found:
        return Markup("")
    rows = [
        make_row(make_tag("code", key), *(make_tag("span", _word(v)) for v in values))
        for key, values in found.items()
    ]
    written = make_table(("setting", *(group.label for group in groups)), rows, class_="settings")
    return written if len(rows) <= FEW else make_details(f"{len(rows)} settings", written)


def _word(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _runs(groups: Sequence[SeedGroup]) -> Markup:
    """Every run that counts, and those that do not."""
    rows = []
    for group in groups:
        for run in group.runs:
            code = run.about.get("code") or {}
            data = (run.about.get("data") or {}).get("sha256") or ""
            rows.append(
                make_row(
                    str(run.folder),
                    group.label,
                    run.seed,
                    f"{run.step:,}",
                    (code.get("commit") or "")[:12],
                    data[:12],
                )
            )
    left = [
        make_tag("p", f"Left out: {why}.", class_="note")
        for group in groups
        for why in group.left_out
    ]
    return Markup(
        "".join([make_table(("run", "group", "seed", "steps", "commit", "data"), rows), *left])
    )
