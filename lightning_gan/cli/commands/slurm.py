"""Command `slurm`: write or submit an sbatch file for a run."""

from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, make_choice_type, parse_int, parse_names
from lightning_gan.cli.parser import CommandParser


def add_arguments(parser: CommandParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.slurm.SlurmJob`."""
    parser.epilog = "All other options are settings of fit, such as --config mnist.yaml."
    parser.set_defaults(typed=parser.words)
    add = parser.add_argument
    add("--nodes", type=parse_int, default=1, metavar="N", help="number of nodes, 1 to 10,000")
    add(
        "--gpus",
        type=parse_int,
        default=1,
        metavar="N",
        help="number of GPUs per node, with one process per GPU",
    )
    add("--tasks", type=parse_int, metavar="N", help="number of processes per node, if --gpus is 0")
    add("--cpus", type=parse_int, default=4, metavar="N", help="number of cores per process")
    add(
        "--time",
        default="4:00:00",
        metavar="TIME",
        help="time limit: minutes, hours:minutes:seconds, or days-hours:minutes:seconds",
    )
    add("--signal_seconds", type=parse_int, default=120, metavar="N",
        help="time before the limit at which the run is saved and requeued, in seconds")  # fmt: skip
    add(
        "--array",
        metavar="SEEDS",
        help="seeds of a job array, such as 0-4 or 0,2,5%%1; one run per seed",
    )
    add("--sbatch", type=parse_names, nargs="+", action=ListAction, default=[], metavar="OPTION",
        help="options of sbatch without dashes, such as partition=gpu account=me")  # fmt: skip
    add("--out", metavar="FILE", help="file to write; printed to the terminal by default")
    add("--submit", action="store_true", help="submit the file with sbatch")
    add("--wandb", type=make_choice_type("auto", "online", "offline", "disabled"), default="offline", metavar="MODE",
        help="mode of W&B on the nodes: offline, online, disabled or auto")  # fmt: skip


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.training import run_slurm

    return run_slurm
