"""Training time and speed of a run, from run.json and the modification times of its files."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

from lightning_gan.reports.run_reader import RunFiles

WRITTEN_WITHIN = 60.0  # seconds from the time that run.json states to its modification time
SHORTEST = 0.5  # seconds; a shorter interval gives no speed


@dataclass(frozen=True)
class RunTime:
    """Time of a run.

    Attributes:
        seconds: Time from the start to the last image, or to the last row of metrics.csv if there are no images.
            It includes validations, and pauses of a run that was resumed.
        steps_per_second: Median over the intervals between images; without images, all steps over all seconds.
            None if the intervals are too short to measure.
    """

    seconds: float
    steps_per_second: float | None


def measure_run_time(run: RunFiles) -> RunTime | None:
    """Measure the time of a run; run folders do not store it.

    Returns:
        None if run.json does not state the start, or if the modification times belong to a copy of the folder.
    """
    started = _read_start(run)
    if started is None:
        return None
    times = _read_image_times(run)
    if len(times) > 1:
        seconds = times[-1][1] - min(started, times[0][1])
        spans = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(times)]
        speeds = [steps / span for steps, span in spans if span >= SHORTEST]
        return RunTime(seconds, median(speeds) if speeds else None)
    metrics = run.folder / "metrics.csv"
    if not metrics.is_file() or (seconds := metrics.stat().st_mtime - started) < SHORTEST:
        return None
    first = (run.info.get("continues") or {}).get("step")
    return RunTime(seconds, (run.step - (first if isinstance(first, int) else 0)) / seconds)


def _read_start(run: RunFiles) -> float | None:
    """Return the start, in seconds since 1970, if run.json was written then and not copied later."""
    try:
        started = datetime.fromisoformat(str(run.info.get("started"))).timestamp()
        written = (run.folder / "run.json").stat().st_mtime
    except (ValueError, OSError):
        return None
    return started if abs(written - started) <= WRITTEN_WITHIN else None


def _read_image_times(run: RunFiles) -> list[tuple[int, float]]:
    """Return (step, modification time) of the images of the kind with most files, if they are in order."""
    files: list[tuple[int, Path]] = max(run.image_files.values(), key=len, default=[])
    times = [(step, path.stat().st_mtime) for step, path in files]
    in_order = all(a[1] <= b[1] for a, b in pairwise(times))
    return times if in_order else []
