"""Merge the stored, requested and overridden settings of a resumed run, and describe their differences."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lightning_gan.tracking import overrides, settings
from lightning_gan.tracking.overrides import Override
from lightning_gan.utils.text_table import format_table

OWN = ("model", "data", "seed_everything")
"""Sections that a resumed run keeps. The others (trainer, checkpoint, run) are used as requested."""
DATA_PATHS = ("data.root", "data.source")
"""Settings of data that name paths: used as requested."""
NOT_COMPARED = ("run.name", "run.root", "run.accept_changed_data", "run.wandb")


@dataclass(frozen=True)
class ResumedSettings:
    """Settings of a resumed run.

    Attributes:
        sections: Sections that replace those of the requested configuration.
        changed: Overrides that the checkpoint's states do not hold yet.
        overrides: All overrides of the run so far.
    """

    sections: dict[str, Any]
    changed: list[Override]
    overrides: list[Override]


def merge_settings(
    asked: Mapping[str, Any],
    own: Mapping[str, Any],
    known: list[Override],
    typed: Mapping[str, Any],
    step: int,
) -> ResumedSettings:
    """Choose the settings of a resumed run.

    Args:
        asked: Sections of the requested configuration, as plain values.
        own: Sections of `OWN` that the run has stored.
        known: Overrides that the run has stored.
        typed: New overrides by key.
        step: Updates of G in the checkpoint.

    Raises:
        UserError: The key of an override does not exist, or names a class.
    """
    sections = {
        name: copy.deepcopy(value)
        for name, value in asked.items()
        if name in (*OWN, *overrides.SECTIONS)
    }
    for name, value in own.items():
        sections[name] = copy.deepcopy(value)
    _use_requested_paths(asked, sections)
    stored = {one.key: one.new for one in known}
    targets = [key for key in (*stored, *typed) if "_optimizer." in key]
    if targets:
        settings.write_out_optimizers(sections)
    before = overrides.apply_overrides(_select_existing(stored, sections), sections, step)
    now = overrides.apply_overrides(typed, sections, step)
    changed = [one for one in (*before, *now) if one.key.startswith(("model.", "data."))]
    used = {name for name in sections if name in own}
    used |= {one.key.split(".")[0] for one in (*before, *now)}
    replaced = {name: sections[name] for name in sections if name in used}
    return ResumedSettings(replaced, changed, [*known, *now])


def _select_existing(values: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out earlier overrides whose keys these settings do not have."""
    found = {}
    for key, value in values.items():
        try:
            settings.find_leaf(sections, key)
        except ValueError:
            continue
        found[key] = value
    return found


def _use_requested_paths(asked: Mapping[str, Any], sections: dict[str, Any]) -> None:
    for key in DATA_PATHS:
        try:
            (_, wanted), (_, leaf) = (
                settings.find_leaf(asked, key),
                settings.find_leaf(sections, key),
            )
        except ValueError:
            continue
        leaf.container[leaf.name] = wanted.value


def describe_settings(
    asked: Mapping[str, Any],
    used: Mapping[str, Any],
    config: Mapping[str, Any],
    record: Iterable[Override],
    fits: bool,
) -> str:
    """Format tables of the differences between requested, stored and used settings.

    Args:
        asked: Requested configuration, as plain values.
        used: Configuration that is used.
        config: Content of the run's config.yaml; empty if the checkpoint is in no run folder.
        record: All overrides of the run so far.
        fits: Whether training continues, so that the Trainer's settings matter.

    Returns:
        Tables under their titles; empty if nothing differs.
    """
    latest = {one.key: one for one in record}
    wanted, taken, had = (_list_settings(part) for part in (asked, used, config))
    kept = [
        (key, *_both(wanted, taken, key))
        for key in sorted({*wanted, *taken})
        if key.split(".")[0] in OWN and key not in latest and _differ(wanted, taken, key)
    ]
    others = ("trainer", "checkpoint", "run") if fits else ()
    new = [
        (key, *_both(had, taken, key))
        for key in sorted({*had, *taken})
        if (key.split(".")[0] in others or (fits and key in DATA_PATHS))
        and key not in (*NOT_COMPARED, *latest)
        and config
        and _differ(had, taken, key)
    ]
    changes = [(key, str(o.old), str(o.new), str(o.step)) for key, o in latest.items() if fits]
    tables = (
        (kept, ("setting", "requested", "stored and used"),
         "The stored settings are used where they differ from the requested ones (--override KEY=VALUE changes one):"),
        (new, ("setting", "stored", "requested and used"), "The requested settings are used where the run had others:"),
        (changes, ("setting", "before", "overridden and used", "since step"), "Overridden settings:"),
    )  # fmt: skip
    return "\n".join(f"{title}\n{format_table(rows, head)}" for rows, head, title in tables if rows)


def _list_settings(sections: Mapping[str, Any]) -> dict[str, settings.Leaf]:
    copied = copy.deepcopy(dict(sections))
    settings.write_out_optimizers(copied)
    return dict(settings.list_leaves(copied))


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    """Return whether a setting differs; one that only one side has is a default, unless it names a class."""
    mine, theirs = one.get(key), other.get(key)
    if mine is None or theirs is None:
        return bool((mine or theirs).is_class)  # type: ignore[union-attr]
    return bool(mine.value != theirs.value)


def _both(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> tuple[str, str]:
    first, second = (str(side[key].value) if key in side else "-" for side in (one, other))
    return first, second
