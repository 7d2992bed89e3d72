"""Resources of a SLURM job: nodes, GPUs, tasks, cores, time."""

import re
from dataclasses import dataclass, field
from typing import Annotated

from lightning_gan.arguments import Domain, check_arguments
from lightning_gan.utils.errors import UserError

TIME = re.compile(
    r"(?:(?P<days>\d+)-)?(?P<a>\d+)(?::(?P<b>\d+))?(?::(?P<c>\d+))?"
)  # minutes, m:s, h:m:s, d-h, d-h:m, d-h:m:s
ARRAY = re.compile(r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*(%\d+)?")
OPTION = re.compile(r"[a-z][a-z0-9-]*(=[^\s\"'`\\#]+)?")
OWN = (
    "job-name", "chdir", "output", "nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "gres", "time", "signal",
    "requeue", "no-requeue", "open-mode", "array",
)  # fmt: skip

Nodes = Annotated[int, Domain(1, 10_000, whole=True)]
Gpus = Annotated[int, Domain(0, 1_000, whole=True)]
PerNode = Annotated[int, Domain(1, 10_000, whole=True)]
SignalSeconds = Annotated[int, Domain(1, 604_800, whole=True)]


@check_arguments(prefix="--")
@dataclass
class JobResources:
    """Resources that a SLURM job requests.

    Args:
        nodes: Number of nodes, 1 to 10,000.
        gpus: GPUs for each node, 0 to 1,000; one process runs on each GPU.
        tasks: Processes for each node, 1 to 10,000; only with --gpus 0.
        cpus: CPU cores for each process, 1 to 10,000.
        time: Time limit of the job until it is requeued, in SLURM's notation: minutes, 4:00:00, or 1-12:00:00.
        signal_seconds: Time before the limit, in seconds, 1 to 604,800, at which the run is saved and requeued; must be
            long enough for a validation.
        array: Seeds in SLURM's notation, 0-4 or 0,2,5%1; one run for each seed.
        sbatch: More options of sbatch, such as partition=gpu,account=me.
    """

    nodes: Nodes = 1
    gpus: Gpus = 1
    tasks: PerNode | None = None
    cpus: PerNode = 4
    time: str = "4:00:00"
    signal_seconds: SignalSeconds = 120
    array: str | None = None
    sbatch: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Check what SLURM would refuse or interpret differently.

        Raises:
            UserError: A value is invalid; the message names the flag.
        """
        if self.tasks is not None and self.gpus:
            raise UserError(
                f"--tasks {self.tasks} and --gpus {self.gpus}: each GPU has one process; give --tasks with --gpus 0."
            )
        if self.array is not None and not ARRAY.fullmatch(self.array):
            raise UserError(f"--array is {self.array!r}: give seeds such as 0-4, 0,2,5 or 0-9%2.")
        if parse_seconds(self.time) <= self.signal_seconds:
            raise UserError(
                f"--time {self.time} is {parse_seconds(self.time)} s, but the run would be saved "
                f"{self.signal_seconds} s before its end: give a longer --time or a smaller --signal_seconds."
            )
        for option in self.sbatch:
            if not OPTION.fullmatch(option) or option.partition("=")[0] in OWN:
                raise UserError(
                    f"--sbatch is {option!r}: give options of sbatch without dashes, such as partition=gpu, except "
                    f"those that the file sets itself ({', '.join(OWN)})."
                )

    @property
    def processes(self) -> int:
        """Number of processes for each node."""
        return self.gpus or (1 if self.tasks is None else self.tasks)


def parse_seconds(time: str) -> int:
    """Convert a time in SLURM's notation to seconds.

    Raises:
        UserError: The text is not a time, or the time is zero.

    Example:
        >>> [parse_seconds(time) for time in ("90", "4:00:00", "1-12", "1-0:30")]
        [5400, 14400, 129600, 88200]
    """
    match = TIME.fullmatch(time)
    a, b, c = (int(match[name] or 0) for name in "abc") if match else (0, 0, 0)
    total = 0
    if match and match["days"] is not None:
        total = ((int(match["days"]) * 24 + a) * 60 + b) * 60 + c
    elif match:
        total = (a * 60 + b) * 60 + c if match["c"] else a * 60 + b
    if not total:
        raise UserError(
            f"--time is {time!r}: give minutes, hours:minutes:seconds or days-hours:minutes:seconds, such as 4:00:00."
        )
    return total
