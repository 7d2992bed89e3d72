"""What a run has to say of itself for ever: its data, its settings, and what of both was changed on the way.

run.json holds it for the folder, and every checkpoint holds it for itself, so that a file that is moved out of its
folder is still known.
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
    """The record of one run.

    Attributes:
        data: Entry `data` of run.json.
        overrides: All overrides of the run so far.
        settings: Sections `data` and `seed_everything` in force.
    """

    data: dict[str, Any] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def read_run_record(entry: Any) -> RunRecord:
    """Read the record that a checkpoint or run.json holds; empty where there is none."""
    entry = entry if isinstance(entry, dict) else {}
    data, kept = entry.get("data"), entry.get("settings")
    return RunRecord(
        data if isinstance(data, dict) else {},
        overrides.read_overrides(entry.get("overrides")),
        kept if isinstance(kept, dict) else {},
    )


def describe_run_record(record: RunRecord) -> list[str]:
    """Say in one line each what was changed while the run was under way."""
    lines = [
        f"the data changed at step {change.get('step')}: {'; '.join(change.get('differences') or ())}"
        for change in record.data.get("changes") or ()
    ]
    keys = dict.fromkeys(one.key for one in record.overrides)
    return lines + [f"{key} {_history(key, record.overrides)}" for key in keys]


def _history(key: str, record: Sequence[Override]) -> str:
    """Write the values of a setting, from the first one to the one in force."""
    changes = [one for one in record if one.key == key]
    later = ", ".join(f"{one.new} from step {one.step}" for one in changes)
    return f"was overridden: {changes[0].old} at first, {later}"


class KeepRunRecord(Callback):
    """Write the record into every checkpoint; keep overrides in force when a checkpoint is restored.

    Attributes:
        record: The run's record.
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
        """Add the record."""
        if self.record.data:
            checkpoint[KEY] = self.record.as_dict()

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Change the stored states of optimizers and schedules before they are restored."""
        overrides.change_states(checkpoint, self.changed)
        if self.data_changed:
            overrides.remove_place(checkpoint)
