"""metrics.csv: rows that are there once each, whatever happens to the process that writes them."""

import csv
import io
import os
from pathlib import Path
from typing import Any

from pytorch_lightning.core.saving import save_hparams_to_yaml
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.csv_logs import ExperimentWriter
from pytorch_lightning.utilities.rank_zero import rank_zero_only, rank_zero_warn

from lightning_gan.utils.atomic_files import atomic_write, flush_to_disk

Row = dict[str, Any]


class MetricsFile(ExperimentWriter):
    """The rows of a run's folder. Lightning's own writer deletes a file that is there, and rewrites in place.

    A row is added at the end; a new key rewrites the file beside and renames it. On a full disk rows wait in memory
    for the next time, and the file stays as it was.

    Args:
        log_dir: of the run.
        keep: how many of the rows that are there to go on from; later ones are dropped.
    """

    def __init__(self, log_dir: str, keep: int = 0) -> None:
        self._keep = keep
        super().__init__(log_dir)
        self.path = Path(self.metrics_file_path)
        before = self.path.exists()
        self.kept = read_rows(self.path)[:keep]
        used = {key for row in self.kept for key, value in row.items() if value != ""}
        self.metrics_keys: list[str] = sorted(used)
        self.warned = False
        if before:
            self._rewrite(self.kept, self.metrics_keys)
        self.written = len(self.kept)

    def _check_log_dir_exists(self) -> None:
        """Nothing is deleted: a run may go on in its folder."""

    def log_hparams(self, params: dict[str, Any]) -> None:
        """Write hparams.yaml, as Lightning does at every fit and test; in one step, or not."""
        self.hparams.update(params)
        path = Path(self.log_dir, self.NAME_HPARAMS_FILE)
        try:
            with atomic_write(path) as beside:
                save_hparams_to_yaml(beside, self.hparams)
        except OSError as error:
            rank_zero_warn(f"{path} was not saved ({error.strerror}): training goes on.")

    @property
    def rows(self) -> int:
        """How many there are, those that wait for room on the disk among them."""
        return self.written + len(self.metrics)

    def save(self) -> None:
        """Put what was logged into the file."""
        if not self.metrics:
            return
        keys = sorted(set(self.metrics_keys).union(*self.metrics))
        try:
            if keys == self.metrics_keys and self.path.is_file():
                self._append(self.metrics)
            else:
                self._rewrite(read_rows(self.path) + self.metrics, keys)
        except OSError as error:
            if not self.warned:
                rank_zero_warn(
                    f"{self.path} takes no more rows ({error.strerror}): training goes on, and they wait in memory."
                )
            self.warned = True
            return
        self.warned = False
        self.written += len(self.metrics)
        self.metrics = []

    def _append(self, rows: list[Row]) -> None:
        """Add rows at the end; a part of them that found no more room is taken back."""
        before = self.path.stat().st_size
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        text = _text(rows, self.metrics_keys).encode()
        try:
            while text:
                text = text[os.write(handle, text) :]
        except OSError as error:
            os.ftruncate(handle, before)
            error.filename = str(self.path)
            raise
        finally:
            os.close(handle)

    def _rewrite(self, rows: list[Row], keys: list[str]) -> None:
        with atomic_write(self.path) as beside:
            text = _text([dict(zip(keys, keys, strict=True)), *rows], keys)
            beside.write_text(text, encoding="utf-8", newline="")
        self.metrics_keys = keys


def _text(rows: list[Row], keys: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.DictWriter(text, fieldnames=keys, extrasaction="ignore").writerows(rows)
    return text.getvalue()


def read_rows(path: Path) -> list[Row]:
    """The whole rows of a file, as text; none if there is no file. A last line that was cut off is none."""
    if not path.is_file():
        return []
    text = path.read_bytes().decode(errors="replace")
    text = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return [row for row in reader if None not in row and None not in row.values()]


class MetricsLogger(CSVLogger):
    """Lightning's CSVLogger over a `MetricsFile`.

    Args:
        root: of all runs.
        name: of the experiment.
        version: of the run; the next free one if it is not given.
        keep: rows of an earlier life to go on from.
    """

    def __init__(
        self, root: str, name: str, version: int | str | None = None, keep: int = 0
    ) -> None:
        super().__init__(root, name=name, version=version)
        self._keep, self._new = keep, version is None

    @property
    def experiment(self) -> MetricsFile:
        """The file; its folder is made."""
        if rank_zero_only.rank:  # type: ignore[attr-defined]
            return super().experiment
        if self._experiment is None:
            os.makedirs(self.root_dir, exist_ok=True)
            while self._new:
                try:
                    os.mkdir(self.log_dir)
                    self._new = False
                except FileExistsError:  # another run began at the same moment
                    self._version = None
            self._experiment = MetricsFile(self.log_dir, self._keep)
        return self._experiment  # type: ignore[return-value]

    def settle(self) -> int:
        """Bring every row to the disk; how many there are, on the first process."""
        if rank_zero_only.rank:  # type: ignore[attr-defined]
            return 0
        self.experiment.save()
        if self.experiment.path.is_file():
            flush_to_disk(self.experiment.path)
        return self.experiment.rows
