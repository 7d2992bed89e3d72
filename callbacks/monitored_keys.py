"""Check of the metric keys that other callbacks monitor."""

import difflib
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

from lightning_gan.tracking import metric_keys
from lightning_gan.utils.errors import UserError

OWN_PACKAGES = ("callbacks", "datamodules", "lightning_gan", "pytorch_lightning")


class MonitoredKeys(Callback):
    """Callback that checks the `monitor` keys of EarlyStopping, ModelCheckpoint and other callbacks.

    It must be the first callback of the Trainer. At each validation it updates the `train/...` keys to the means over
    the updates since the last row of metrics.csv, so that they can be monitored at any interval.
    """

    def __init__(self) -> None:
        self.names_files = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the keys against the suite's metrics, if all callbacks and modules belong to the suite.

        Raises:
            ValueError: If a key is unknown; the message names similar keys.
        """
        self.names_files = any(isinstance(c, ModelCheckpoint) for c in _callbacks(trainer))
        parts = [pl_module, getattr(trainer, "datamodule", None), *_callbacks(trainer)]
        if any(type(part).__module__.split(".")[0] not in OWN_PACKAGES for part in parts if part):
            return
        for callback, key in ((type(c).__name__, c.monitor) for c in _monitors(trainer)):
            if not _is_known(key) and not key.startswith("lr-"):  # the keys of LearningRateMonitor
                names = [name for known in metric_keys.KEYS for name in known.written]
                raise UserError(_unknown(callback, key, names))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Remove the step of the last validation, which ModelCheckpoint would use in its file names."""
        if self.names_files:
            trainer.callback_metrics.pop("step", None)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the keys that are read after a validation."""
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self.check(trainer, pl_module, False)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the keys that are read after an epoch."""
        self.check(trainer, pl_module, True)

    def check(self, trainer: Trainer, pl_module: LightningModule, after_epoch: bool) -> None:
        """Update the training metrics and check that every monitored key has a value.

        Args:
            trainer: Trainer of the run.
            pl_module: Model.
            after_epoch: Whether to check the callbacks that read their key after an epoch instead of a validation.

        Raises:
            ValueError: If a key has no value; the message names similar keys.
        """
        monitored = [
            (type(c).__name__, c.monitor)
            for c in _monitors(trainer)
            if _at_epochs(c) == after_epoch
        ]
        if not monitored or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        if hasattr(pl_module, "read_curves"):
            trainer.callback_metrics.update(pl_module.read_curves())  # type: ignore[operator]
        for callback, key in monitored:
            if key in trainer.callback_metrics:
                continue
            if _is_known(key):
                raise UserError(
                    f"{callback} monitors {key}, which has no value at step {trainer.global_step}: add the callback "
                    f"that computes it, or compute it before {callback} reads it."
                )
            raise UserError(_unknown(callback, key, list(trainer.callback_metrics)))


def _callbacks(trainer: Trainer) -> list[Callback]:
    found: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return found


def _monitors(trainer: Trainer) -> list[Any]:
    """Return the callbacks that require a value of their `monitor` key."""
    found: list[Any] = _callbacks(trainer)
    monitors = [c for c in found if isinstance(getattr(c, "monitor", None), str)]
    return [c for c in monitors if getattr(c, "strict", True)]


def _at_epochs(callback: Any) -> bool:
    return bool(getattr(callback, "_check_on_train_epoch_end", False))


def _is_known(key: str) -> bool:
    return any(known.matches(key) for known in metric_keys.KEYS)


def _unknown(callback: str, key: str, names: list[str]) -> str:
    names = sorted({name for name in names if "/" in name})
    near = difflib.get_close_matches(key, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"give one of {', '.join(names)}."
    return f"{callback} monitors {key!r}, which this run does not compute: {hint}"
