"""Run claims of the 2014 paper: estimate their cost, run them, and print the table of findings."""

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
from lightning_gan.evaluation.tables import check_output_path
from lightning_gan.studies.goodfellow2014 import CLAIMS
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Setting, Verdict
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import FORMAT, KEY, check_format
from lightning_gan.utils.text_table import format_duration, format_table

MNIST_RUN = {
    False: 165.0,
    True: 25.0,
}  # seconds of a run of mnist_parzen.yaml; the short one has 300 steps
FILE = "findings.json"
WIDTHS = (22, 36, 22, 32, 13, 200)  # of the table's columns; paths are not wrapped
HEADER = ("claim", "quantity", "expected", "result", "verdict", "image")


@check_arguments
def reproduce(
    claims: list[str] | None = None,
    quick: bool = False,
    seeds: Runs | None = None,
    out: str = "paper",
    root: str = "data",
    dry_run: bool = False,
) -> None:
    """Run the claims of Goodfellow et al. (2014), and judge whether they hold.

    Args:
        claims: Names of the claims to run; all if None.
        quick: Run the short versions, which take five minutes on two cores in all.
        seeds: Number of seeds of each claim, 1 to 1,000, from 0 up; the default of each claim if None.
        out: Folder for images, results and runs. Finished runs there are not run again.
        root: Folder of the data sets.
        dry_run: Print the claims and their cost, and run nothing.
    """
    if seeds is not None and quick:
        raise UserError(
            f"--seeds {seeds} --quick: leave --seeds out, because --quick takes one seed."
        )
    picked = list_short_claims(choose_claims(claims)) if quick else choose_claims(claims)
    basis = Setting(Path(out), root, quick=quick)
    settings = [replace(basis, seeds=range(1 if quick else seeds or c.seeds)) for c in picked]
    print(describe_plan(picked, settings))
    if dry_run:
        return
    path = Path(out) / FILE
    check_out(path)
    found = []
    for claim, setting in zip(picked, settings, strict=True):
        found.append((claim, _run(claim, setting)))
        _write(*found[-1], path, quick)
    print(
        f"\n{format_findings(found, quick)}\n\n± is the standard error of the mean over seeds. Written: {path}"
    )
    if all(f.verdict is Verdict.NOT_RUN for _, findings in found for f in findings):
        raise UserError("No claim could be run: see the reasons above.")


def check_out(path: Path) -> None:
    """Check before any run that findings can be written.

    Raises:
        UserError: If the folder cannot be written, or the file of findings is damaged.
    """
    if path.parent.exists() and not path.parent.is_dir():
        raise UserError(f"--out {path.parent} is a file: give a folder.")
    check_output_path(path)
    _read(path)


def _read(path: Path) -> dict[str, Any]:
    """Read the findings of earlier commands."""
    if not path.is_file():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise UserError(
            f"{path} is damaged or not a file of findings: move it, or give another --out."
        )
    check_format(stored, path)
    del stored[KEY]
    return stored


def choose_claims(only: Sequence[str] | None) -> list[Claim]:
    """Return the claims of given names, or all, in the paper's order.

    Raises:
        UserError: If a claim does not exist; the message names the nearest one.
    """
    known = [c.name for c in CLAIMS]
    for name in only or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
            raise UserError(f"No claim {name!r}: {hint}")
    return [c for c in CLAIMS if not only or c.name in only]


def list_short_claims(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims with a short version, and print the names of the others.

    Raises:
        UserError: If no claim has a short version.
    """
    left_out = ", ".join(c.name for c in claims if c.quick_seconds is None)
    short = [c for c in claims if c.quick_seconds is not None]
    if not short:
        raise UserError(f"There is no short version of {left_out}: leave out --quick.")
    if left_out:
        print(f"skipped, without a short version: {left_out}")
    return short


def describe_plan(claims: Sequence[Claim], settings: Sequence[Setting]) -> str:
    """Describe the claims that will run, and their approximate cost."""
    costs = [c.estimate_seconds(s) for c, s in zip(claims, settings, strict=True)]
    rows = [
        (c.name, c.section, str(len(s.seeds)), format_duration(cost), c.statement)
        for c, s, cost in zip(claims, settings, costs, strict=True)
    ]
    text = format_table(rows, ("claim", "paper", "seeds", "about", "statement"))
    runs = max((c.mnist_runs(s) for c, s in zip(claims, settings, strict=True)), default=0)
    each = MNIST_RUN[settings[0].quick] if runs else 0
    shared = (
        f", including {format_duration(runs * each)} for {runs} x mnist_parzen.yaml, which is shared"
        if runs
        else ""
    )
    total = format_duration(sum(costs) + runs * each)
    counted = f"{len(claims)} claim{'s' * (len(claims) != 1)}"
    return f"{text}\n{counted}, about {total} on one core without finished runs{shared}"


def _run(claim: Claim, setting: Setting) -> list[Finding]:
    """Run a claim; an error of the user's becomes a finding, so that the next claim can run."""
    print(
        f"{claim.name} ... (about {format_duration(claim.estimate_seconds(setting))})", flush=True
    )
    started = time.monotonic()
    try:
        findings = claim.run(setting)
    except Exception as error:
        if not is_user_error(error):
            raise
        findings = [Finding("nothing", "", "", Verdict.NOT_RUN, note=format_error(error))]
    for finding in findings:
        print(
            f"  {finding.verdict.value}: {finding.quantity}{': ' * bool(finding.result)}{finding.result}",
            flush=True,
        )
        if finding.note:
            print(f"    {finding.note}")
    print(f"  {format_duration(time.monotonic() - started)}", flush=True)
    return findings


def format_findings(found: Sequence[tuple[Claim, list[Finding]]], quick: bool) -> str:
    """Format the table of findings."""
    short = " (quick)" if quick else ""
    rows = [
        row
        for c, findings in found
        for f in findings
        for row in fold_text(
            (c.name + short, f.quantity, f.expected, f.result, f.verdict.value, str(f.image or ""))
        )
    ]
    return format_table(rows, HEADER)


def fold_text(cells: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Wrap the cells of a row into lines."""
    lines = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    return list(zip_longest(*lines, fillvalue=""))


def _write(claim: Claim, findings: list[Finding], path: Path, quick: bool) -> None:
    """Write a claim's findings, and keep those of other claims and versions."""
    key = f"{claim.name} (quick)" if quick else claim.name
    stored = _read(path) | {key: [_to_dict(f) for f in findings]}
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps({KEY: FORMAT, **stored}, indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )


def _to_dict(finding: Finding) -> dict[str, str]:
    return {
        "quantity": finding.quantity, "expected": finding.expected, "result": finding.result,
        "verdict": finding.verdict.value, "image": str(finding.image or ""), "note": finding.note,
    }  # fmt: skip
