"""Runs that differ in their seed alone belong together; what two groups differ in is their name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.tracking.config_hash import hash_config, select_recipe_settings

IN_NAME = 3  # settings
SECTIONS = ("model", "data", "trainer")  # of a config
UNNAMED = ("init_args", "class_path")  # parts of a key that say nothing about the setting


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one experiment and one config, a seed each.

    Attributes:
        label: its name on the page.
        runs: the newest of each seed, in order of seeds.
        left_out: why other runs are not among them.
    """

    label: str
    runs: Sequence[RunFiles]
    left_out: Sequence[str] = ()


def find_seed_groups(runs: Sequence[RunFiles]) -> list[SeedGroup]:
    """Runs by (experiment, config without what is no part of it), in the order of their first."""
    found: dict[tuple[str, str], list[RunFiles]] = {}
    for run in runs:
        found.setdefault((run.experiment, hash_config(run.config)), []).append(run)
    labels = _labels([members[0] for members in found.values()])
    return [_group(label, members) for label, members in zip(labels, found.values(), strict=True)]


def _group(label: str, members: Sequence[RunFiles]) -> SeedGroup:
    """The furthest runs of a group, the newest of each seed; a run that stopped early says nothing of the others."""
    furthest = max(run.step for run in members)
    left_out = [
        f"{run.folder}: at step {run.step:,} of {furthest:,}"
        for run in members
        if run.step < furthest
    ]
    newest: dict[str, RunFiles] = {}
    for run in (run for run in members if run.step == furthest):
        if earlier := newest.get(str(run.seed)):
            left_out.append(f"{earlier.folder}: seed {run.seed} was run again")
        newest[str(run.seed)] = run
    return SeedGroup(label, sorted(newest.values(), key=_seed), left_out)


def _seed(run: RunFiles) -> tuple[bool, int, str]:
    number = isinstance(run.seed, int)
    return (not number, run.seed if number else 0, str(run.seed))


def find_differing(runs: Sequence[RunFiles]) -> dict[str, list[Any]]:
    """The settings in which some of the runs differ: key, and the value of each; None where it has none."""
    parts = [select_recipe_settings(run.config) for run in runs]
    names = dict.fromkeys(key for part in parts for key in part)
    table = {key: [part.get(key) for part in parts] for key in names}
    return {
        key: values for key, values in table.items() if any(value != values[0] for value in values)
    }


def _labels(firsts: Sequence[RunFiles]) -> list[str]:
    """The experiment; with the settings that tell it from another one of that name."""
    alike: dict[str, list[RunFiles]] = {}
    for run in firsts:
        alike.setdefault(run.experiment, []).append(run)
    words = {name: iter(_words(runs)) for name, runs in alike.items()}
    labels: dict[str, None] = {}
    for run in firsts:
        label = ", ".join([run.experiment, *next(words[run.experiment])])
        labels[label if label not in labels else f"{label} ({len(labels) + 1})"] = None
    return list(labels)


def _words(runs: Sequence[RunFiles]) -> list[list[str]]:
    """For each run of one experiment, the first settings in which it differs from the others, with their names."""
    settings = find_differing(runs)
    names = short_names(settings)
    named = list(settings)[:IN_NAME]
    more = ["..."] if len(settings) > IN_NAME else []
    return [
        [f"{names[key]} {_short(settings[key][place])}" for key in named] + more
        for place in range(len(runs))
    ]


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Short names of dotted keys that keep what a setting belongs to, and differ from each other.

    Example:
        >>> keys = ["model.init_args.k", "model.init_args.d_optimizer.init_args.lr"]
        >>> list(short_names(keys).values())
        ['k', 'd_optimizer.lr']
    """
    parts = {key: [p for p in key.split(".") if p not in UNNAMED] or [key] for key in keys}
    shown = {key: p[1:] if p[0] in SECTIONS and len(p) > 1 else p for key, p in parts.items()}
    last_two = {key: ".".join(p[-2:]) for key, p in shown.items()}
    often = Counter(last_two.values())
    return {key: name if often[name] == 1 else key for key, name in last_two.items()}


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
