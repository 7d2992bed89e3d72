"""Changes of settings when a run is resumed (`--override KEY=VALUE`), and their record."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jsonargparse import get_loader

from lightning_gan.tracking import settings
from lightning_gan.utils.errors import UserError

FIXED = {
    "seed_everything": "the checkpoint fixes the random states; start a new run for another seed",
    "data.seed": "the checkpoint fixes the order of the training batches; start a new run for another seed",
}
SECTIONS = ("model", "data", "trainer", "checkpoint")
NETWORKS = {"d": 0, "g": 1}  # index of each network's optimizer and scheduler in a checkpoint


@dataclass(frozen=True)
class Override:
    """One changed setting.

    Attributes:
        step: Updates of G in the checkpoint at which the setting was changed.
        key: Key of the setting, such as model.d_optimizer.lr.
        old: Value before the change.
        new: Value after the change.
        when: Date and time of the change, ISO 8601, UTC.
    """

    step: int
    key: str
    old: Any
    new: Any
    when: str


def parse_override(texts: Iterable[str]) -> dict[str, Any]:
    """Parse KEY=VALUE pairs; values are YAML.

    Raises:
        UserError: A text is not a pair, or names a setting that cannot be overridden.
    """
    read, found = get_loader("yaml"), {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and key and value):
            raise UserError(
                f"--override {text}: give KEY=VALUE, such as --override model.d_optimizer.lr=1e-5."
            )
        if key in FIXED or key.replace(".init_args.", ".") in FIXED:
            raise UserError(f"--override {key}: {FIXED[key.replace('.init_args.', '.')]}.")
        if key.split(".")[0] not in SECTIONS:
            raise UserError(
                f"--override {key}: only settings under {', '.join(SECTIONS)} can be overridden; set others with "
                f"their own flags."
            )
        try:
            found[key] = read(value)
        except Exception as error:  # the reader raises many classes
            raise UserError(f"--override {text}: {value!r} is not YAML.") from error
    return found


def apply_overrides(
    values: Mapping[str, Any], sections: dict[str, Any], step: int
) -> list[Override]:
    """Change settings in place.

    Args:
        values: New values by key.
        sections: Sections of the config, as plain values.
        step: Updates of G in the checkpoint.

    Returns:
        The overrides that changed a value.

    Raises:
        UserError: A key does not exist, or names a class.
    """
    changed = []
    when = datetime.now(UTC).isoformat(timespec="seconds")
    for typed, new in values.items():
        key, leaf = settings.find_leaf(sections, typed)
        _check_value(key, leaf, new)
        old = leaf.container[leaf.name]
        if isinstance(old, float) and type(new) is int:
            new = float(new)
        if new != old or type(new) is not type(old):
            leaf.container[leaf.name] = new
            changed.append(Override(step, key, old, new, when))
    return changed


def _check_value(key: str, leaf: settings.Leaf, new: Any) -> None:
    """Refuse classes, and text in place of numbers; the parser checks everything else."""
    if leaf.is_class or isinstance(new, Mapping) or settings.contains_objects(new):
        raise UserError(
            f"--override {key}={new}: an override changes numbers, text and lists of them, not a class. Start a new "
            f"run to use another class."
        )
    if type(leaf.value) in (int, float) and isinstance(new, str | bool | list):
        raise UserError(
            f"--override {key}={new}: the setting is the number {leaf.value}; give a number."
        )


def shorten_key(key: str) -> str:
    """Return a key without the levels init_args."""
    return ".".join(part for part in key.split(".") if part != settings.ARGUMENTS)


def read_overrides(entries: Any) -> list[Override]:
    """Read the overrides in run.json or a checkpoint; other entries are left out."""
    names = set(Override.__dataclass_fields__)
    return [Override(**e) for e in entries or () if isinstance(e, Mapping) and set(e) == names]


def join_overrides(first: Sequence[Override], second: Sequence[Override]) -> list[Override]:
    """Join the overrides of two records: each once, in order of steps."""
    found: dict[tuple[int, str, str], Override] = {}
    for one in (*first, *second):
        found.setdefault((one.step, one.key, repr(one.new)), one)
    return sorted(found.values(), key=lambda one: (one.step, one.when))


def restore_original_values(
    sections: Mapping[str, Any], record: Sequence[Override]
) -> dict[str, Any]:
    """Return a copy of the settings from before all overrides of a record."""
    restored = copy.deepcopy(dict(sections))
    for one in reversed(record):
        try:
            _, leaf = settings.find_leaf(restored, one.key)
        except ValueError:  # these settings lack the key
            continue
        leaf.container[leaf.name] = one.old
    return restored


def change_states(checkpoint: dict[str, Any], changed: Iterable[Override]) -> None:
    """Apply overrides to the stored optimizers and schedulers of a checkpoint, in place.

    A new learning rate `lr` replaces `initial_lr` and the scheduler's base rate, and scales the present rate by the
    same factor, so that the scheduler continues from its present position. Any other argument of an optimizer replaces
    the stored one. An argument of a scheduler replaces the stored one; the rate follows at the scheduler's next step.
    A new batch size removes the stored position in the data, see `remove_data_position`.

    Args:
        checkpoint: Content of a checkpoint, before optimizers and schedulers are restored from it.
        changed: Overrides that the checkpoint's states do not hold yet.
    """
    for one in changed:
        if one.key == "data.batch_size":
            remove_data_position(checkpoint)
        _, _, inner = one.key.partition("model.")
        owner, _, argument = inner.partition(".")
        network, _, kind = owner.partition("_")
        if network not in NETWORKS or kind not in ("optimizer", "scheduler"):
            continue
        schedule = _get_state(checkpoint.get("lr_schedulers"), NETWORKS[network])
        if kind == "scheduler":
            if argument in schedule:
                schedule[argument] = one.new
            continue
        optimizer = _get_state(checkpoint.get("optimizer_states"), NETWORKS[network])
        for group in optimizer.get("param_groups", ()):
            _change_group(group, argument, one.new)
        if argument == "lr" and schedule:
            rates = [float(group["lr"]) for group in optimizer.get("param_groups", ())]
            schedule["base_lrs"] = [one.new] * len(schedule.get("base_lrs", rates))
            schedule["_last_lr"] = rates


def remove_data_position(checkpoint: dict[str, Any]) -> None:
    """Remove the stored position in the data, which counts batches of another epoch length.

    Training then continues with the batch that follows the number of minibatches seen so far, as at the end of an
    epoch.

    Args:
        checkpoint: Content of a checkpoint; changed in place.
    """
    checkpoint.get("loops", {}).get("fit_loop", {}).get("state_dict", {}).pop(
        "combined_loader", None
    )


def _get_state(states: Any, index: int) -> dict[str, Any]:
    found: dict[str, Any] = states[index] if states and index < len(states) else {}
    return found


def _change_group(group: dict[str, Any], argument: str, new: Any) -> None:
    if argument == "lr":
        before, now = group.get("initial_lr", group["lr"]), group["lr"]
        group["initial_lr"] = new
        group["lr"] = now * (new / before) if before else new
        if now == before:  # exact where no scheduler has changed it
            group["lr"] = new
    elif argument in group:
        group[argument] = tuple(new) if isinstance(new, list) else new
