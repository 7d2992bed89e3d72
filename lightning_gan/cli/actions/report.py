"""`python -m lightning_gan report` and `compare`."""

from pathlib import Path

from lightning_gan.reports.comparison import format_comparison, make_comparison
from lightning_gan.reports.run_reader import find_run_folders, read_run
from lightning_gan.reports.run_report import write_report
from lightning_gan.reports.seed_groups import find_seed_groups
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


def report(run: str, out: str | None = None) -> None:
    """Write a run's page: images over steps, curves, scores with their protocol, config. One file, no network.

    Args:
        run: The folder of a run; of an experiment, whose newest run is taken; or its name under runs/.
        out: File of the page; report.html in the run folder if it is not given.
    """
    folder = find_run_folders(run)[-1]
    print(f"report      {write_report(folder, check_html_path(out) if out else None)}")


def compare(runs: list[str], out: str = "compare.html") -> None:
    """Set runs side by side: scores with ± over seeds, curves with their spread, last images; a table, and a page.

    Args:
        runs: Folders of runs or of experiments, or names under runs/. Runs that differ in their seed alone are a group.
        out: File of the page.
    """
    path = check_html_path(out)
    folders = dict.fromkeys(folder.resolve() for run in runs for folder in find_run_folders(run))
    groups = find_seed_groups([read_run(folder) for folder in folders])
    print(format_comparison(groups))
    with atomic_write(path) as beside:
        beside.write_text(make_comparison(groups), encoding="utf-8")
    print(f"compare     {path}")


def check_html_path(out: str) -> Path:
    """Where a page goes.

    Raises:
        ValueError: if that is no HTML file.
    """
    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"out is {out}, but a page is an HTML file: give a name that ends in .html."
        )
    return Path(out)
