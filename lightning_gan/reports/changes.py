"""What was changed while a run was under way: its data, and overridden settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from lightning_gan.reports.html import Markup, make_row, make_section, make_table, make_tag
from lightning_gan.reports.run_reader import RunFiles


def write_section(run: RunFiles) -> Markup:
    """Write a table with a row for each change; nothing where the run was not changed."""
    rows = sorted([*_of_data(run.about), *_of_settings(run.about)], key=lambda cells: cells[0])
    if not rows:
        return Markup("")
    note = make_tag(
        "p",
        "config.yaml holds the settings that the run began with; run.json holds this list. Scores before and after a "
        "change of data do not compare.",
        class_="note",
    )
    written = [make_row(f"{step:,}", *cells) for step, *cells in rows]
    head = ("at step", "what", "before", "after", "when")
    return make_section("Changed while it ran", make_table(head, written), note)


def changed_data(run: RunFiles) -> str:
    """Say at which steps the data changed; empty where they did not."""
    steps = [f"{step:,}" for step, *_ in _of_data(run.about)]
    return f"the data changed at step {', '.join(steps)}" if steps else ""


def _of_data(about: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    data = about.get("data") or {}
    before = str(data.get("sha256", ""))[:8]
    for change in _entries(data.get("changes")):
        after = str(change.get("sha256", ""))[:8]
        what = "data: " + "; ".join(map(str, change.get("differences") or ()))
        yield (
            change["step"],
            what,
            f"sha256 {before}",
            f"sha256 {after}",
            _minute(change),
        )
        before = after


def _of_settings(about: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for one in _entries(about.get("overrides")):
        when = one.get("when", "")
        yield (
            one["step"],
            make_tag("code", one.get("key")),
            str(one.get("old")),
            str(one.get("new")),
            when,
        )


def _minute(entry: Mapping[str, Any]) -> str:
    """Return when a change was made, to the minute."""
    return f"{str(entry.get('when', ''))[:16].replace('T', ' ')} UTC"


def _entries(found: Any) -> list[dict[str, Any]]:
    """Entries with a step; a damaged file may hold others."""
    entries = found if isinstance(found, list) else []
    return [e for e in entries if isinstance(e, dict) and isinstance(e.get("step"), int)]
