"""Logger and reader of metrics.csv; each row is written exactly once, also when the process is killed."""

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

MetricRow = dict[str, Any]


class MetricsFile(ExperimentWriter):
    """Writer of metrics.csv that appends rows.

    Lightning's writer deletes an existing file and rewrites it in place. This one appends; for a new column it writes
    a new file and renames it. On a full disk, the file stays unchanged and rows wait in memory for the next call.

    Args:
        log_dir: Run folder.
        keep: Number of existing rows to keep; later ones are dropped.
    """

    def __init__(self, log_dir: str, keep: int = 0) -> None:
        self._keep = keep
        super().__init__(log_dir)
        self.path = Path(self.metrics_file_path)
        before = self.path.exists()
        kept = read_metric_rows(self.path)[:keep]
        used = {key for row in kept for key, value in row.items() if value != ""}
        self.metrics_keys: list[str] = sorted(used)
        self.warned = False
        if before:
            self._rewrite(kept, self.metrics_keys)
        self.written = len(kept)

    def _check_log_dir_exists(self) -> None:
        """Delete nothing, unlike Lightning: a resumed run continues in its folder."""

    def log_hparams(self, params: dict[str, Any]) -> None:
        """Write hparams.yaml atomically."""
        self.hparams.update(params)
        path = Path(self.log_dir, self.NAME_HPARAMS_FILE)
        try:
            with atomic_write(path) as beside:
                save_hparams_to_yaml(beside, self.hparams)
        except OSError as error:
            rank_zero_warn(f"{path} was not saved ({error.strerror}): training continues.")

    @property
    def rows(self) -> int:
        """Number of rows, including those that wait for space on the disk."""
        return self.written + len(self.metrics)

    def save(self) -> None:
        """Write the logged rows to the file; keep them in memory if the disk is full."""
        if not self.metrics:
            return
        keys = sorted(set(self.metrics_keys).union(*self.metrics))
        try:
            if keys == self.metrics_keys and self.path.is_file():
                self._append(self.metrics)
            else:
                self._rewrite(read_metric_rows(self.path) + self.metrics, keys)
        except OSError as error:
            if not self.warned:
                rank_zero_warn(
                    f"{self.path} was not written ({error.strerror}): training continues, and its rows wait in memory."
                )
            self.warned = True
            return
        self.warned = False
        self.written += len(self.metrics)
        self.metrics = []

    def _append(self, rows: list[MetricRow]) -> None:
        """Append rows; on an error, truncate the file to its former size."""
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

    def _rewrite(self, rows: list[MetricRow], keys: list[str]) -> None:
        with atomic_write(self.path) as beside:
            text = _text([dict(zip(keys, keys, strict=True)), *rows], keys)
            beside.write_text(text, encoding="utf-8", newline="")
        self.metrics_keys = keys


def _text(rows: list[MetricRow], keys: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.DictWriter(text, fieldnames=keys, extrasaction="ignore").writerows(rows)
    return text.getvalue()


def read_metric_rows(path: Path) -> list[MetricRow]:
    """Read the complete rows of a CSV file as text.

    Returns:
        A mapping from column to text for each row. Empty if there is no file. An incomplete last line is left out.
    """
    if not path.is_file():
        return []
    text = path.read_bytes().decode(errors="replace")
    text = text[: text.rfind("\n") + 1]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return [row for row in reader if None not in row and None not in row.values()]


class MetricsLogger(CSVLogger):
    """CSVLogger that writes through `MetricsFile`.

    Args:
        root: Folder of all runs.
        name: Name of the experiment.
        version: Version of the run; the next free one if None.
        keep: Number of existing rows to keep.
    """

    def __init__(
        self, root: str, name: str, version: int | str | None = None, keep: int = 0
    ) -> None:
        super().__init__(root, name=name, version=version)
        self._keep, self._new = keep, version is None

    @property
    def experiment(self) -> MetricsFile:
        """Writer of metrics.csv; the first access creates the folder."""
        if rank_zero_only.rank:  # type: ignore[attr-defined]
            return super().experiment
        if self._experiment is None:
            os.makedirs(self.root_dir, exist_ok=True)
            while self._new:
                try:
                    os.mkdir(self.log_dir)
                    self._new = False
                except FileExistsError:  # another run started at the same time
                    self._version = None
            self._experiment = MetricsFile(self.log_dir, self._keep)
        return self._experiment  # type: ignore[return-value]

    def flush_rows(self) -> int:
        """Write every row and wait until the file is on the disk.

        Returns:
            Number of rows; 0 on other ranks than the first.
        """
        if rank_zero_only.rank:  # type: ignore[attr-defined]
            return 0
        self.experiment.save()
        if self.experiment.path.is_file():
            flush_to_disk(self.experiment.path)
        return self.experiment.rows
