"""Changes of a run between its start and its end: data, and overridden settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from lightning_gan.reports.html import (
    Markup,
    TableRow,
    make_note,
    make_section,
    make_table,
    make_tag,
)
from lightning_gan.reports.run_reader import RunFiles


def make_changes_section(run: RunFiles) -> Markup:
    """Make a table with a row for each change; empty if there are none."""
    changes = [*_list_data_changes(run.info), *_list_setting_changes(run.info)]
    if not changes:
        return Markup("")
    note = make_note(
        "config.yaml holds the settings at the start of the run; run.json holds this list. Scores before and after a "
        "change of the data are not comparable."
    )
    rows = [TableRow((f"{step:,}", *cells)) for step, *cells in sorted(changes, key=lambda c: c[0])]
    header = ("at step", "what", "before", "after", "when")
    return make_section("Changed while it ran", make_table(header, rows), note)


def describe_data_changes(run: RunFiles) -> str:
    """Return a sentence with the steps at which the data changed; empty if they did not."""
    steps = [f"{step:,}" for step, *_ in _list_data_changes(run.info)]
    return f"the data changed at step {', '.join(steps)}" if steps else ""


def _list_data_changes(info: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    data = info.get("data") or {}
    before = str(data.get("sha256", ""))[:8]
    for change in _list_entries(data.get("changes")):
        after = str(change.get("sha256", ""))[:8]
        what = "data: " + "; ".join(map(str, change.get("differences") or ()))
        yield change["step"], what, f"sha256 {before}", f"sha256 {after}", _format_time(change)
        before = after


def _list_setting_changes(info: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for change in _list_entries(info.get("overrides")):
        key = make_tag("code", change.get("key"))
        yield (
            change["step"],
            key,
            str(change.get("old")),
            str(change.get("new")),
            _format_time(change),
        )


def _format_time(entry: Mapping[str, Any]) -> str:
    """Return the time of a change, UTC, to the minute."""
    return f"{str(entry.get('when', ''))[:16].replace('T', ' ')} UTC"


def _list_entries(stored: Any) -> list[dict[str, Any]]:
    """Return the entries that have a step; a damaged file may hold others."""
    entries = stored if isinstance(stored, list) else []
    return [e for e in entries if isinstance(e, dict) and isinstance(e.get("step"), int)]
