"""Command `reproduce`: run the claims of Goodfellow et al. (2014), and format the findings."""

import difflib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any

from lightning_gan.arguments import Runs, check_arguments
from lightning_gan.cli.errors import format_error, is_user_error
from lightning_gan.evaluation.tables import check_place
from lightning_gan.studies.goodfellow2014 import CLAIMS
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting, Verdict
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format
from lightning_gan.utils.text_table import format_duration, format_table

MNIST_RUN = {
    False: 165.0,
    True: 25.0,
}  # duration of a run of mnist_parzen.yaml in seconds, by quick; the quick one has 300 steps
FILE = "findings.json"
WIDTHS = (22, 36, 22, 32, 13, 200)  # of the columns; a path is not wrapped
HEADER = ("claim", "measured", "theirs", "ours", "verdict", "picture")


@check_arguments
def reproduce(
    claims: list[str] | None = None,
    quick: bool = False,
    seeds: Runs | None = None,
    out: str = "paper",
    root: str = "data",
    dry_run: bool = False,
) -> None:
    """Run the claims of Goodfellow et al. (2014), and report for each whether it is reproduced.

    Args:
        claims: Names of the claims; all if None.
        quick: Whether to run short versions, which take five minutes on two cores in total.
        seeds: Number of trainings per claim, 1 to 1,000, with seeds from 0 up; the default of each claim if None.
        out: Folder of images, findings and runs. Finished runs in it are not repeated.
        root: Folder of the data sets.
        dry_run: Whether to print the claims and their cost without running them.

    Raises:
        UserError: An argument is wrong, or no claim could be run.
    """
    if seeds is not None and quick:
        raise UserError(f"--quick takes one seed: leave out --seeds {seeds}.")
    chosen = list_short_claims(choose_claims(claims)) if quick else choose_claims(claims)
    basis = Setting(Path(out), root, quick=quick)
    settings = [replace(basis, seeds=range(1 if quick else seeds or c.seeds)) for c in chosen]
    print(describe_costs(chosen, settings))
    if dry_run:
        return
    path = Path(out) / FILE
    check_out(path)
    found = []
    for claim, setting in zip(chosen, settings, strict=True):
        found.append((claim, _run_claim(claim, setting)))
        _save_findings(*found[-1], path, quick)
    print(
        f"\n{format_findings(found, quick)}\n\n± is the standard error of the mean over seeds. Written: {path}"
    )
    if all(f.verdict is Verdict.NOT_RUN for _, findings in found for f in findings):
        raise UserError("No claim could be run: the reasons are above.")


def check_out(path: Path) -> None:
    """Check before the first run that findings can be written.

    Args:
        path: File of the findings.

    Raises:
        UserError: The file cannot be written, or contains something else.
    """
    if path.parent.exists() and not path.parent.is_dir():
        raise UserError(f"--out {path.parent} is a file: give a folder.")
    check_place(path)
    _read_findings(path)


def _read_findings(path: Path) -> dict[str, Any]:
    """Read the findings of earlier commands."""
    if not path.is_file():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise UserError(
            f"{path} is damaged, or not a file of findings: move it, or give another --out."
        )
    check_format(stored, path)
    del stored[KEY]
    return stored


def choose_claims(only: Sequence[str] | None) -> list[Claim]:
    """Find claims by name, in the order of the paper.

    Raises:
        UserError: A name does not exist; the message suggests the nearest one.
    """
    known = [c.name for c in CLAIMS]
    for name in only or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(known)}."
            raise UserError(f"No claim {name!r}: {hint}")
    return [c for c in CLAIMS if not only or c.name in only]


def list_short_claims(claims: Sequence[Claim]) -> list[Claim]:
    """List the claims that have a quick version, and print the others.

    Raises:
        UserError: No claim has one.
    """
    left_out = ", ".join(c.name for c in claims if c.quick_seconds is None)
    short = [c for c in claims if c.quick_seconds is not None]
    if not short:
        raise UserError(f"{left_out} has no quick version: leave out --quick.")
    if left_out:
        print(f"omitted, because there is no quick version: {left_out}")
    return short


def describe_costs(claims: Sequence[Claim], settings: Sequence[Setting]) -> str:
    """Describe the claims to run, and how long they take."""
    costs = [c.cost(s) for c, s in zip(claims, settings, strict=True)]
    rows = [
        (c.name, c.section, str(len(s.seeds)), format_duration(cost), c.says)
        for c, s, cost in zip(claims, settings, costs, strict=True)
    ]
    text = format_table(rows, ("claim", "paper", "seeds", "about", "statement"))
    runs = max((c.mnist_runs(s) for c, s in zip(claims, settings, strict=True)), default=0)
    each = MNIST_RUN[settings[0].quick] if runs else 0
    shared = (
        f", {format_duration(runs * each)} of it for {runs} x mnist_parzen.yaml, which all claims share"
        if runs
        else ""
    )
    total = format_duration(sum(costs) + runs * each)
    counted = f"{len(claims)} claim{'s' * (len(claims) != 1)}"
    return f"{text}\n{counted}, about {total} on one core without finished runs{shared}"


def _run_claim(claim: Claim, setting: Setting) -> list[Finding]:
    """Run a claim; an error of the user becomes a finding, so that the next claim runs."""
    print(f"{claim.name} ... (about {format_duration(claim.cost(setting))})", flush=True)
    start = time.monotonic()
    try:
        findings = claim.run(setting)
    except Exception as error:
        if not is_user_error(error):
            raise
        findings = [Finding("nothing", "", "", Verdict.NOT_RUN, note=format_error(error))]
    for finding in findings:
        print(
            f"  {finding.verdict.value}: {finding.what}{': ' * bool(finding.ours)}{finding.ours}",
            flush=True,
        )
        if finding.note:
            print(f"    {finding.note}")
    print(f"  {format_duration(time.monotonic() - start)}", flush=True)
    return findings


def format_findings(found: Sequence[tuple[Claim, list[Finding]]], quick: bool) -> str:
    """Format the findings as a table, one row each."""
    short = " (quick)" if quick else ""
    rows = [
        row
        for c, findings in found
        for f in findings
        for row in fold_text(
            (c.name + short, f.what, f.theirs, f.ours, f.verdict.value, str(f.image or ""))
        )
    ]
    return format_table(rows, HEADER)


def fold_text(cells: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Wrap the long cells of a row."""
    lines = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    return list(zip_longest(*lines, fillvalue=""))


def _save_findings(claim: Claim, findings: list[Finding], path: Path, quick: bool) -> None:
    """Add the findings of a claim to the file. Those of quick and full versions are stored separately."""
    key = f"{claim.name} (quick)" if quick else claim.name
    stored = _read_findings(path) | {key: [_to_dict(f) for f in findings]}
    with atomic_write(path) as partial:
        partial.write_text(
            json.dumps({KEY: FORMAT, **stored}, indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def _to_dict(finding: Finding) -> dict[str, str]:
    return {
        "what": finding.what, "theirs": finding.theirs, "ours": finding.ours, "verdict": finding.verdict.value,
        "picture": str(finding.image or ""), "note": finding.note,
    }  # fmt: skip
