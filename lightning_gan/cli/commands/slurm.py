"""`slurm`: write or submit an sbatch file for a training."""

from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, names, one_of, whole_number
from lightning_gan.cli.parser import CommandParser


def add_arguments(parser: CommandParser) -> None:
    """Add the fields of `lightning_gan.cli.actions.slurm.SlurmJob` beside the settings of `fit`."""
    parser.epilog = "All other flags are settings of fit, such as --config mnist.yaml."
    parser.set_defaults(typed=parser.words)
    add = parser.add_argument
    add("--nodes", type=whole_number, default=1, metavar="N", help="machines, 1 to 10,000 (1)")
    add(
        "--gpus",
        type=whole_number,
        default=1,
        metavar="N",
        help="GPUs of each node, with a process each (1)",
    )
    add("--tasks", type=whole_number, metavar="N", help="processes of each node, with --gpus 0")
    add("--cpus", type=whole_number, default=4, metavar="N", help="cores of each process (4)")
    add(
        "--time",
        default="4:00:00",
        metavar="TIME",
        help="time limit: minutes, 4:00:00, or 1-12:00:00 (4:00:00)",
    )
    add("--signal_seconds", type=whole_number, default=120, metavar="N",
        help="seconds before the time limit at which the run is saved and queued again (120)")  # fmt: skip
    add(
        "--array",
        metavar="SEEDS",
        help="seeds as SLURM writes them: 0-4, or 0,2,5%%1; a run for each",
    )
    add("--sbatch", type=names, nargs="+", action=ListAction, default=[], metavar="OPTION",
        help="more options of sbatch, without dashes: partition=gpu account=me")  # fmt: skip
    add("--out", metavar="FILE", help="file to write; printed by default")
    add("--submit", action="store_true", help="also submit the file with sbatch")
    add("--wandb", type=one_of("auto", "online", "offline", "disabled"), default="offline", metavar="MODE",
        help="W&B on the nodes: offline, online or disabled (offline)")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that writes the file."""
    from lightning_gan.cli.training import run_slurm

    return run_slurm
