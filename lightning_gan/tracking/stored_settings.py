"""Record, settings and config.yaml of a checkpoint's run."""

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


def read_full_record(stored: Mapping[str, Any], folder: Path | None, in_place: bool) -> RunRecord:
    """Read the record of a checkpoint's run.

    The checkpoint holds the record of the time when it was saved. A run that continues in its own folder adds from
    run.json the changes that were made when this checkpoint was resumed before.

    Args:
        stored: Content of the checkpoint.
        folder: Run folder of the checkpoint; None if it is in none.
        in_place: Whether the run continues in that folder.
    """
    record = run_record.read_run_record(stored.get(run_record.KEY))
    known = run_record.read_run_record(run_info.read_run_info(folder)) if folder else RunRecord()
    step = stored["counts"]["g_updates"]
    if in_place:
        until = [one for one in known.overrides if one.step <= step]
        record.overrides = overrides.join_overrides(record.overrides, until)
    if not record.data or (in_place and len(_list_changes(known)) > len(_list_changes(record))):
        record.data = known.data
    return record


def _list_changes(record: RunRecord) -> list[Any]:
    return list(record.data.get("changes") or ())


def read_own_settings(
    stored: Mapping[str, Any], record: RunRecord, config: Mapping[str, Any], fits: bool
) -> dict[str, Any]:
    """Return the sections that a resumed run keeps, as plain values.

    Args:
        stored: Content of the checkpoint; its hyper-parameters are the settings of the model.
        record: Record of the run.
        config: Content of config.yaml, for a record without settings; may be empty.
        fits: Whether training continues. Otherwise data and seed are taken from the command line.
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
