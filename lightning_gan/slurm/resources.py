"""How much of a cluster a job asks for, in the words of SLURM."""

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
    """How much of a cluster a job asks for.

    Args:
        nodes: Machines, 1 to 10,000.
        gpus: Of each node, 0 to 1,000; a process runs on each of them.
        tasks: Processes of each node, 1 to 10,000, where there are no GPUs (--gpus 0).
        cpus: Cores of each process, 1 to 10,000.
        time: Longest time of one turn, as SLURM writes it: minutes, 4:00:00, or 1-12:00:00.
        signal_seconds: Seconds before the end, 1 to 604,800, at which the run is saved and queued again; a validation
            must fit in.
        array: Seeds, as SLURM writes them: 0-4, or 0,2,5%1; a run for each.
        sbatch: More options of sbatch: partition=gpu,account=me.
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
        """Refuse what SLURM would, or would understand in another way.

        Raises:
            ValueError: naming the flag.
        """
        if self.tasks is not None and self.gpus:
            raise UserError(
                f"--tasks {self.tasks} and --gpus {self.gpus}: each GPU has one process; give --tasks with --gpus 0."
            )
        if self.array is not None and not ARRAY.fullmatch(self.array):
            raise UserError(f"--array is {self.array!r}: give seeds such as 0-4, 0,2,5 or 0-9%2.")
        if parse_seconds(self.time) <= self.signal_seconds:
            raise UserError(
                f"--time {self.time} is {parse_seconds(self.time)} s, and the run would be saved "
                f"{self.signal_seconds} s "
                f"before its end: give more --time or a smaller --signal_seconds."
            )
        for option in self.sbatch:
            if not OPTION.fullmatch(option) or option.partition("=")[0] in OWN:
                raise UserError(
                    f"--sbatch is {option!r}: give options of sbatch without dashes, such as partition=gpu, and none "
                    f"that the file sets itself ({', '.join(OWN)})."
                )

    @property
    def processes(self) -> int:
        """Of each node."""
        return self.gpus or (1 if self.tasks is None else self.tasks)


def parse_seconds(time: str) -> int:
    """What SLURM's way to write a time stands for.

    Raises:
        ValueError: if it is none, or no time at all.

    Example:
        >>> [seconds(time) for time in ("90", "4:00:00", "1-12", "1-0:30")]
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
