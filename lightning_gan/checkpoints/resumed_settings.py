"""Which settings a resumed run uses: its own, those that were asked for, or overridden ones; and a table of each."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lightning_gan.tracking import overrides, settings
from lightning_gan.tracking.overrides import Override
from lightning_gan.utils.text_table import format_table

OWN = ("model", "data", "seed_everything")
"""Sections that a resumed run keeps. The others (trainer, checkpoint, run) are used as they are asked for."""
PLACES = ("data.root", "data.source")
"""Settings of data that say where files lie: used as they are asked for."""
NOT_COMPARED = ("run.name", "run.root", "run.accept_changed_data", "run.wandb")


@dataclass(frozen=True)
class ResumedSettings:
    """The settings of a resumed run.

    Attributes:
        sections: Sections to lay over the configuration that was asked for.
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
        asked: Sections of the configuration that was asked for, as plain values.
        own: The run's own sections of `OWN`; those that are not known are missing.
        known: Overrides that the run holds already.
        typed: New overrides by key.
        step: Updates of G in the checkpoint.

    Raises:
        ValueError: An override's key does not exist, or names a class.
    """
    sections = {
        name: copy.deepcopy(value)
        for name, value in asked.items()
        if name in (*OWN, *overrides.SECTIONS)
    }
    for name, value in own.items():
        sections[name] = copy.deepcopy(value)
    _keep_places(asked, sections)
    in_force = {one.key: one.new for one in known}
    targets = [key for key in (*in_force, *typed) if "_optimizer." in key]
    if targets:
        settings.write_out_optimizers(sections)
    before = overrides.apply_overrides(_existing(in_force, sections), sections, step)
    now = overrides.apply_overrides(typed, sections, step)
    changed = [one for one in (*before, *now) if one.key.startswith(("model.", "data."))]
    used = {name for name in sections if name in own}
    used |= {one.key.split(".")[0] for one in (*before, *now)}
    laid = {name: sections[name] for name in sections if name in used}
    return ResumedSettings(laid, changed, [*known, *now])


def _existing(values: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out earlier overrides of parts that these settings do not have."""
    found = {}
    for key, value in values.items():
        try:
            settings.find_leaf(sections, key)
        except ValueError:
            continue
        found[key] = value
    return found


def _keep_places(asked: Mapping[str, Any], sections: dict[str, Any]) -> None:
    for key in PLACES:
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
    """Write a table of every difference between what was asked for, what the run had, and what is used.

    Args:
        asked: The configuration that was asked for, as plain values.
        used: The configuration that is used.
        config: The run's config.yaml; empty if the checkpoint lies in no run's folder.
        record: All overrides of the run so far.
        fits: Whether training goes on, so that the Trainer's settings matter.
    """
    latest = {one.key: one for one in record}
    wanted, taken, had = (_leaves(part) for part in (asked, used, config))
    kept = [
        (key, *_both(wanted, taken, key))
        for key in sorted({*wanted, *taken})
        if key.split(".")[0] in OWN and key not in latest and _differ(wanted, taken, key)
    ]
    others = ("trainer", "checkpoint", "run") if fits else ()
    new = [
        (key, *_both(had, taken, key))
        for key in sorted({*had, *taken})
        if (key.split(".")[0] in others or (fits and key in PLACES))
        and key not in (*NOT_COMPARED, *latest)
        and config
        and _differ(had, taken, key)
    ]
    changes = [(key, str(o.old), str(o.new), str(o.step)) for key, o in latest.items() if fits]
    tables = (
        (kept, ("setting", "asked", "stored and used"),
         "The run's own settings are used where they differ from what was asked (--override KEY=VALUE changes one):"),
        (new, ("setting", "stored", "asked and used"), "These settings are used as asked; the run had others:"),
        (changes, ("setting", "before", "overridden and used", "since step"), "Overridden settings:"),
    )  # fmt: skip
    return "\n".join(f"{title}\n{format_table(rows, head)}" for rows, head, title in tables if rows)


def _leaves(sections: Mapping[str, Any]) -> dict[str, settings.Leaf]:
    copied = copy.deepcopy(dict(sections))
    settings.write_out_optimizers(copied)
    return dict(settings.list_leaves(copied))


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    """Compare a setting; one that only one side knows is a default of another version, unless it names a class."""
    mine, theirs = one.get(key), other.get(key)
    if mine is None or theirs is None:
        return bool((mine or theirs).is_class)  # type: ignore[union-attr]
    return bool(mine.value != theirs.value)


def _both(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> tuple[str, str]:
    first, second = (str(side[key].value) if key in side else "-" for side in (one, other))
    return first, second
