"""`benchmark`: run a benchmark of several systems and seeds."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, names, whole_number


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.benchmark.benchmark`."""
    add = parser.add_argument
    add("benchmarks", nargs="*", type=names, action=ListAction, metavar="BENCHMARK",
        help="benchmarks, such as ring grid")  # fmt: skip
    add("--models", type=names, nargs="+", action=ListAction, metavar="NAME",
        help="systems of the benchmark; all by default")  # fmt: skip
    add(
        "--seeds",
        type=whole_number,
        default=10,
        metavar="N",
        help="number of runs of each system, 1 to 1,000 (10)",
    )
    add(
        "--steps",
        type=whole_number,
        metavar="N",
        help="updates of G; each benchmark has its own default",
    )
    add(
        "--out",
        default="bench",
        metavar="FOLDER",
        help="folder for finished runs, which is also read (bench)",
    )
    add("--root", default="data", metavar="FOLDER", help="folder of the data sets (data)")
    add("--dry_run", action="store_true", help="print what would run, and what it costs")


def import_function() -> Callable[..., None]:
    """Import and return the function that runs the benchmarks."""
    from lightning_gan.cli.actions.benchmark import benchmark

    return benchmark
