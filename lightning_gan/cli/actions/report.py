"""Commands `report` and `compare`: HTML pages of one or more runs."""

from pathlib import Path

from lightning_gan.reports.comparison import format_comparison, make_comparison
from lightning_gan.reports.run_reader import find_run_folders, read_run
from lightning_gan.reports.run_report import write_report
from lightning_gan.reports.seed_groups import find_seed_groups
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


def report(run: str, out: str | None = None) -> None:
    """Write the HTML report of a run: images over steps, curves, scores with their protocol, and config.

    Args:
        run: Run folder, experiment folder (its newest run), or name under runs/.
        out: HTML file to write; report.html in the run folder if None.
    """
    folder = find_run_folders(run)[-1]
    print(f"report      {write_report(folder, check_html_path(out) if out else None)}")


def compare(runs: list[str], out: str = "compare.html") -> None:
    """Compare runs in a table and an HTML page: scores and curves with their spread over seeds, last images.

    Args:
        runs: Run folders, experiment folders, or names under runs/. Runs that differ only in their seed form a group.
        out: HTML file to write.
    """
    path = check_html_path(out)
    folders = dict.fromkeys(folder.resolve() for run in runs for folder in find_run_folders(run))
    groups = find_seed_groups([read_run(folder) for folder in folders])
    print(format_comparison(groups))
    with atomic_write(path) as partial:
        partial.write_text(make_comparison(groups), encoding="utf-8")
    print(f"compare     {path}")


def check_html_path(out: str) -> Path:
    """Check the name of an HTML file.

    Returns:
        Path of the file.

    Raises:
        UserError: The name does not end in .html or .htm.
    """
    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"out is {out}, but a page is an HTML file: give a name that ends in .html."
        )
    return Path(out)
