"""Record of a run's data, settings and their changes, stored in run.json and in every checkpoint.

A checkpoint holds the record itself, so that it is complete outside of its run folder.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_gan.tracking import overrides
from lightning_gan.tracking.overrides import Override

KEY = "run_record"


@dataclass
class RunRecord:
    """Record of one run.

    Attributes:
        data: Entry `data` of run.json.
        overrides: All overrides of the run so far.
        settings: Present sections `data` and `seed_everything`.
    """

    data: dict[str, Any] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return asdict(self)


def read_run_record(entry: Any) -> RunRecord:
    """Read the record in a checkpoint or run.json.

    Args:
        entry: Stored record; anything but a mapping gives an empty record.
    """
    entry = entry if isinstance(entry, dict) else {}
    data, stored = entry.get("data"), entry.get("settings")
    return RunRecord(
        data if isinstance(data, dict) else {},
        overrides.read_overrides(entry.get("overrides")),
        stored if isinstance(stored, dict) else {},
    )


def describe_run_record(record: RunRecord) -> list[str]:
    """Describe every change of data and settings in one line each."""
    lines = [
        f"the data changed at step {change.get('step')}: {'; '.join(change.get('differences') or ())}"
        for change in record.data.get("changes") or ()
    ]
    keys = dict.fromkeys(one.key for one in record.overrides)
    return lines + [f"{key} {_describe_override(key, record.overrides)}" for key in keys]


def _describe_override(key: str, record: Sequence[Override]) -> str:
    """Describe the values of a setting, from the first to the present one."""
    changes = [one for one in record if one.key == key]
    later = ", ".join(f"{one.new} from step {one.step}" for one in changes)
    return f"was overridden: {changes[0].old} at first, {later}"


class RunRecordCallback(Callback):
    """Callback that writes the record into every checkpoint and applies overrides when one is restored.

    Attributes:
        record: Record of the run.
        changed: Overrides that the checkpoint's states do not hold yet.
        data_changed: Whether the data differ from those that the checkpoint was saved with.
    """

    def __init__(self) -> None:
        self.record = RunRecord()
        self.changed: Sequence[Override] = ()
        self.data_changed = False

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the record to the checkpoint."""
        if self.record.data:
            checkpoint[KEY] = self.record.as_dict()

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Apply the overrides to the stored optimizers and schedulers before they are restored."""
        overrides.change_states(checkpoint, self.changed)
        if self.data_changed:
            overrides.remove_data_position(checkpoint)
