"""Groups of runs that differ only in their seed, labelled by the settings in which the groups differ."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.tracking.config_hash import hash_config, select_recipe_settings

MAX_IN_LABEL = 3  # settings
MAX_LENGTH = 40  # letters of a setting in a label
SECTIONS = ("model", "data", "trainer")  # of a config
OMITTED = ("init_args", "class_path")  # parts of a key that do not distinguish settings


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one experiment and one config, one for each seed.

    Attributes:
        label: Label of the group.
        runs: Newest run of each seed, in order of seeds.
        left_out: Other runs, each with the reason why it is left out.
    """

    label: str
    runs: Sequence[RunFiles]
    left_out: Sequence[str] = ()


def find_seed_groups(runs: Sequence[RunFiles]) -> list[SeedGroup]:
    """Group runs by experiment and recipe, in order of their first runs."""
    groups: dict[tuple[str, str], list[RunFiles]] = {}
    for run in runs:
        groups.setdefault((run.experiment, hash_config(run.config)), []).append(run)
    labels = make_labels([members[0] for members in groups.values()])
    return [
        _make_group(label, members) for label, members in zip(labels, groups.values(), strict=True)
    ]


def _make_group(label: str, members: Sequence[RunFiles]) -> SeedGroup:
    """Choose the newest run of each seed, among the runs with the highest step."""
    last = max(run.step for run in members)
    left_out = [
        f"{run.folder}: at step {run.step:,} of {last:,}" for run in members if run.step < last
    ]
    newest: dict[str, RunFiles] = {}
    for run in (run for run in members if run.step == last):
        if earlier := newest.get(str(run.seed)):
            left_out.append(f"{earlier.folder}: seed {run.seed} was run again")
        newest[str(run.seed)] = run
    return SeedGroup(label, sorted(newest.values(), key=_get_seed_key), left_out)


def _get_seed_key(run: RunFiles) -> tuple[bool, int, str]:
    is_number = isinstance(run.seed, int)
    return (not is_number, run.seed if is_number else 0, str(run.seed))


def find_differing(runs: Sequence[RunFiles]) -> dict[str, list[Any]]:
    """Find the settings that differ between runs.

    Returns:
        Value of each run by dotted key; None for a run without this setting.
    """
    settings = [select_recipe_settings(run.config) for run in runs]
    keys = dict.fromkeys(key for one in settings for key in one)
    table = {key: [one.get(key) for one in settings] for key in keys}
    return {
        key: values for key, values in table.items() if any(value != values[0] for value in values)
    }


def make_labels(firsts: Sequence[RunFiles]) -> list[str]:
    """Make the label of each group: its experiment, and settings that differ within this experiment.

    Args:
        firsts: First run of each group.
    """
    by_experiment: dict[str, list[RunFiles]] = {}
    for run in firsts:
        by_experiment.setdefault(run.experiment, []).append(run)
    settings = {name: iter(_list_settings(runs)) for name, runs in by_experiment.items()}
    labels: dict[str, None] = {}
    for run in firsts:
        label = ", ".join([run.experiment, *next(settings[run.experiment])])
        labels[label if label not in labels else f"{label} ({len(labels) + 1})"] = None
    return list(labels)


def _list_settings(runs: Sequence[RunFiles]) -> list[list[str]]:
    """Return for each run the names and values of the first settings that differ between the runs."""
    settings = find_differing(runs)
    names = make_short_names(settings)
    keys = list(settings)[:MAX_IN_LABEL]
    more = ["..."] if len(settings) > MAX_IN_LABEL else []
    return [
        [f"{names[key]} {_shorten(settings[key][i])}" for key in keys] + more
        for i in range(len(runs))
    ]


def make_short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return short names of dotted keys that still name the owner of a setting and are unique.

    Example:
        >>> keys = ["model.init_args.k", "model.init_args.d_optimizer.init_args.lr"]
        >>> list(make_short_names(keys).values())
        ['k', 'd_optimizer.lr']
    """
    parts = {key: [p for p in key.split(".") if p not in OMITTED] or [key] for key in keys}
    inner = {key: p[1:] if p[0] in SECTIONS and len(p) > 1 else p for key, p in parts.items()}
    last_two = {key: ".".join(p[-2:]) for key, p in inner.items()}
    counts = Counter(last_two.values())
    return {key: name if counts[name] == 1 else key for key, name in last_two.items()}


def _shorten(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 3]}..."
