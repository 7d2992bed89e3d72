"""compare.html: scores over seeds, settings that differ, curves and last images of groups of runs."""

from collections.abc import Sequence

import yaml

from lightning_gan.reports import score_table
from lightning_gan.reports.chart_axes import COLOURS
from lightning_gan.reports.comparison_curves import make_comparison_curves
from lightning_gan.reports.embedded_images import compress_png, make_image
from lightning_gan.reports.html import (
    Markup,
    TableRow,
    allow_breaks,
    join_markup,
    make_anchor,
    make_details,
    make_facts,
    make_note,
    make_page,
    make_section,
    make_table,
    make_tag,
)
from lightning_gan.reports.missing_scores import list_missing
from lightning_gan.reports.run_facts import format_speed, format_time
from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.reports.run_time import measure_run_time
from lightning_gan.reports.seed_groups import SeedGroup, find_differing
from lightning_gan.reports.seed_statistics import ScoreColumn, format_letter, make_columns
from lightning_gan.utils.text_table import format_table

KINDS = ("samples", "points", "densities")  # kinds of image, the preferred one first
MISSING = "Some runs lack scores that other runs on the same data have, or have none. To compute them, run:"


def make_comparison(groups: Sequence[SeedGroup]) -> str:
    """Make the HTML page that compares groups of runs."""
    columns = make_columns(groups)
    runs = sum(len(group.runs) for group in groups)
    labels = "; ".join(group.label for group in groups)
    scores = (
        _make_warnings(columns),
        _make_score_table(groups, columns),
        _make_commands(groups),
        _make_protocols(columns),
    )
    sections = {
        "Settings that differ": _make_settings(groups),
        "Scores": scores,
        "Last images": _make_images(groups),
        "Curves": make_comparison_curves(groups),
        "Runs": _make_runs(groups),
    }
    links = [
        make_tag("a", title, href=f"#{make_anchor(title)}") for title in sections if sections[title]
    ]
    header = make_tag(
        "header",
        make_tag("h1", "Comparison"),
        make_tag("p", f"{runs} runs in {len(groups)} groups: {labels}"),
        make_tag("nav", links),
    )
    content = [make_section(title, inner) for title, inner in sections.items()]
    return make_page(f"Comparison of {labels}", header, *content)


def format_comparison(groups: Sequence[SeedGroup]) -> str:
    """Format the scores as a table of plain text, with warnings and commands for missing scores."""
    columns = make_columns(groups)
    rows = [
        (group.label, str(len(group.runs)), *(column.format_cell(i) for column in columns))
        for i, group in enumerate(groups)
    ]
    lines = [format_table(rows, ("group", "n", *(column.name for column in columns)))]
    lines += ["± standard error of the mean over seeds"] if columns else []
    lines += filter(None, (column.describe_differences() for column in columns))
    lines += [f"left out: {reason}" for group in groups for reason in group.left_out]
    if missing := _list_missing(groups):
        lines += [MISSING, *(f"  {line}" for line in missing)]
    return "\n".join(lines)


def _list_missing(groups: Sequence[SeedGroup]) -> list[str]:
    missing = list_missing([run for group in groups for run in group.runs])
    return [line for lines in missing.values() for line in lines]


def _make_warnings(columns: Sequence[ScoreColumn]) -> list[Markup]:
    """Make a paragraph for each score that is not comparable."""
    sentences = [column.describe_differences() for column in columns]
    return [make_tag("p", sentence, class_="warning") for sentence in sentences if sentence]


def _make_score_table(groups: Sequence[SeedGroup], columns: Sequence[ScoreColumn]) -> Markup:
    """Make a table with a row for each group and a column for each score."""
    if not columns:
        return make_tag("p", "None of these runs has a score.")
    rows = [
        TableRow((
            [make_tag("i", class_=f"dot c{i % COLOURS}"), group.label],
            len(group.runs),
            *(make_tag("span", column.format_cell(i), class_="value") for column in columns),
        ))
        for i, group in enumerate(groups)
    ]  # fmt: skip
    titles = [
        make_tag(
            "span",
            score_table.format_metric_title(column.name),
            make_tag("small", score_table.describe_better_direction(column.name)),
        )
        for column in columns
    ]
    note = "Mean ± standard error of the mean over n seeds; a single run has no standard error."
    return make_table(("group", "n", *titles), rows) + make_note(note)


def _make_commands(groups: Sequence[SeedGroup]) -> Markup:
    """Make a list of the commands that compute missing scores; empty if none is missing."""
    lines = _list_missing(groups)
    return (
        make_note(MISSING) + make_tag("pre", "\n".join(lines), class_="commands")
        if lines
        else Markup("")
    )


def _make_protocols(columns: Sequence[ScoreColumn]) -> Markup:
    """Make a list of all protocols; empty if there are none."""
    protocols = [
        make_tag(
            "div",
            make_tag(
                "h3", column.name if column.comparable else f"{column.name} [{format_letter(i)}]"
            ),
            make_facts(score_table.list_protocol_fields(protocol)),
        )
        for column in columns
        for i, protocol in enumerate(column.protocols)
    ]
    return make_details("Protocols", protocols) if protocols else Markup("")


def _make_images(groups: Sequence[SeedGroup]) -> Markup:
    """Show the last image of the first seed of each group."""
    figures = []
    for group in groups:
        run = group.runs[0]
        if kind := next((k for k in KINDS if k in run.image_files), None):
            step, path = run.image_files[kind][-1]
            image = make_image(compress_png(path), f"{kind} of {group.label}, step {step}")
            caption = make_tag("figcaption", f"{group.label}: seed {run.seed}, step {step:,}")
            figures.append(make_tag("figure", image, caption, class_="image"))
    return make_tag("div", figures, class_="gallery") if figures else Markup("")


def _make_settings(groups: Sequence[SeedGroup]) -> Markup:
    """Make a table of the settings that differ, first those that all groups have; empty if there are none."""
    settings = find_differing([group.runs[0] for group in groups])
    if not settings:
        return Markup("")
    rows = [
        TableRow(
            (
                make_tag("code", allow_breaks(key)),
                *(allow_breaks(_format_setting(v)) for v in values),
            )
        )
        for key, values in sorted(settings.items(), key=lambda item: None in item[1])
    ]
    return make_table(("setting", *(group.label for group in groups)), rows, class_="settings")


def _format_setting(value: object) -> str:
    """Return a setting as YAML on one line."""
    if value is None or isinstance(value, str):
        return "not set" if value is None else value
    text: str = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _make_runs(groups: Sequence[SeedGroup]) -> Markup:
    """Make a table of all runs, and a list of those that are left out."""
    header = (
        "run",
        "group",
        "seed",
        "steps",
        "training time",
        "steps per second",
        "commit",
        "data",
    )
    rows = [_make_run_row(run, group.label) for group in groups for run in group.runs]
    notes = [make_note(f"Left out: {why}.") for group in groups for why in group.left_out]
    return make_table(header, rows) + join_markup(notes)


def _make_run_row(run: RunFiles, label: str) -> TableRow:
    commit = (run.info.get("code") or {}).get("commit") or ""
    digest = (run.info.get("data") or {}).get("sha256") or ""
    time = measure_run_time(run)
    seconds = format_time(time) if time else "unknown"
    speed = format_speed(time.steps_per_second) if time and time.steps_per_second else "unknown"
    steps = f"{run.step:,}"
    return TableRow((run.folder, label, run.seed, steps, seconds, speed, commit[:12], digest[:12]))
