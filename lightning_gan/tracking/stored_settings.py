"""What a checkpoint's run knows of itself: its record, its settings, its config.yaml."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from lightning_gan.tracking import overrides, run_info, run_record
from lightning_gan.tracking.run_record import RunRecord


def read_config(folder: Path) -> dict[str, Any]:
    """Read the config.yaml of a run folder; empty if it cannot be read."""
    with suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
        content = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    return {}


def read_known_record(stored: Mapping[str, Any], folder: Path | None, goes_on: bool) -> RunRecord:
    """Read what a checkpoint's run knows of its data and overrides.

    The checkpoint holds what was so when it was saved. A run that goes on in its own folder also has what run.json
    holds: a change that was made at this checkpoint, before another one was saved.

    Args:
        stored: Content of the checkpoint.
        folder: Run folder that the checkpoint lies in; None if it lies in none.
        goes_on: Whether the run goes on in that folder.
    """
    record = run_record.read_run_record(stored.get(run_record.KEY))
    beside = run_record.read_run_record(run_info.read_run_info(folder)) if folder else RunRecord()
    step = stored["counts"]["g_updates"]
    if goes_on:
        until = [one for one in beside.overrides if one.step <= step]
        record.overrides = overrides.join_overrides(record.overrides, until)
    if not record.data or (goes_on and len(_changes(beside)) > len(_changes(record))):
        record.data = beside.data
    return record


def _changes(record: RunRecord) -> list[Any]:
    return list(record.data.get("changes") or ())


def read_own_settings(
    stored: Mapping[str, Any], record: RunRecord, config: Mapping[str, Any], fits: bool
) -> dict[str, Any]:
    """Return the sections that a resumed run keeps, as plain values.

    Args:
        stored: Content of the checkpoint, whose hyper-parameters are the model's settings.
        record: What the run knows of itself.
        config: The run's config.yaml, for checkpoints that do not hold their settings of data; may be empty.
        fits: Whether training goes on. Scores use data and seed as they are asked for.
    """
    model = dict(stored["hyper_parameters"])
    own: dict[str, Any] = {}
    if kind := model.pop("_class_path", None):
        model = {name: value for name, value in model.items() if name != "_instantiator"}
        own["model"] = {"class_path": kind, "init_args": model}
    known = record.settings or config
    if fits:
        own |= {
            name: known[name] for name in ("data", "seed_everything") if known.get(name) is not None
        }
    return own
