"""`python -m lightning_gan report` and `compare`."""

from pathlib import Path

from lightning_gan.errors import UserError
from lightning_gan.pages.compare_page import compare_page, text
from lightning_gan.pages.groups import groups_of
from lightning_gan.pages.run_files import read_run, run_folders
from lightning_gan.pages.run_page import write_report
from lightning_gan.whole_files import whole


def report(run: str, out: str | None = None) -> None:
    """Write a run's page: pictures over steps, curves, scores with their protocol, config. One file, no network.

    Args:
        run: The folder of a run; of an experiment, whose newest run is taken; or its name under runs/.
        out: File of the page; report.html in the run folder if it is not given.
    """
    folder = run_folders(run)[-1]
    print(f"report      {write_report(folder, html(out) if out else None)}")


def compare(runs: list[str], out: str = "compare.html") -> None:
    """Set runs side by side: scores with ± over seeds, curves with their spread, last pictures; a table, and a page.

    Args:
        runs: Folders of runs or of experiments, or names under runs/. Runs that differ in their seed alone are a group.
        out: File of the page.
    """
    path = html(out)
    folders = dict.fromkeys(folder.resolve() for run in runs for folder in run_folders(run))
    groups = groups_of([read_run(folder) for folder in folders])
    print(text(groups))
    with whole(path) as beside:
        beside.write_text(compare_page(groups), encoding="utf-8")
    print(f"compare     {path}")


def html(out: str) -> Path:
    """Where a page goes.

    Raises:
        ValueError: if that is no HTML file.
    """
    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"out is {out}, but a page is an HTML file: give a name that ends in .html."
        )
    return Path(out)
