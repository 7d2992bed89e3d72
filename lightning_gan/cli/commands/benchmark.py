"""Command `benchmark`: train and compare models over multiple seeds."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, parse_int, parse_names


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.benchmark.benchmark`."""
    add = parser.add_argument
    add("benchmarks", nargs="*", type=parse_names, action=ListAction, metavar="BENCHMARK",
        help="names of benchmarks, such as ring grid")  # fmt: skip
    add("--models", type=parse_names, nargs="+", action=ListAction, metavar="NAME",
        help="models of the benchmark; all by default")  # fmt: skip
    add(
        "--seeds",
        type=parse_int,
        default=10,
        metavar="N",
        help="number of runs of each model, with seeds from 0 up, 1 to 1,000",
    )
    add(
        "--steps",
        type=parse_int,
        metavar="N",
        help="number of updates of G; each benchmark has its own default",
    )
    add(
        "--out",
        default="bench",
        metavar="FOLDER",
        help="folder of the results; finished runs in it are not repeated",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets")
    add("--dry_run", action="store_true", help="print the runs and their cost without running them")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the command."""
    from lightning_gan.cli.actions.benchmark import benchmark

    return benchmark
