"""Command `slurm`: write or submit an sbatch file for a run."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_gan.arguments import check_arguments
from lightning_gan.feature_extractors.cache import cache_folder
from lightning_gan.slurm.resources import JobResources
from lightning_gan.slurm.sbatch import JobContext, format_sbatch, quote_word
from lightning_gan.tracking.loggers import WandbMode
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.shell_text import format_command
from lightning_gan.utils.trusted_classes import VARIABLE, list_trusted_packages

RESERVED = ("--ckpt_path", "--trainer.devices", "--trainer.num_nodes", "--trainer.accelerator")


@check_arguments(prefix="--")
@dataclass
class SlurmJob(JobResources):
    """Arguments of `slurm` partials the settings of `fit`.

    Args:
        out: File to write; printed to the terminal if None.
        submit: Whether to submit the file with sbatch.
        wandb: Mode of W&B on the nodes: offline, online, disabled or auto.
    """

    out: str | None = None
    submit: bool = False
    wandb: WandbMode = "offline"


def check_slurm_arguments(fit: Sequence[str]) -> None:
    """Check for settings of `fit` that the sbatch file sets.

    Raises:
        UserError: Such a setting is given.
    """
    for flag in RESERVED:
        if any(text.partition("=")[0] == flag for text in fit):
            raise UserError(f"{flag} is set by --nodes, --gpus and the job: leave it out.")


def submit_job(
    job: SlurmJob,
    fit: Sequence[str],
    typed: Sequence[str],
    settings: Mapping[str, Any],
    download: str,
) -> None:
    """Print, write or submit an sbatch file.

    Args:
        job: Arguments of `slurm`.
        fit: Flags of `fit`.
        typed: All words after `slurm`.
        settings: Settings of `fit` as plain values.
        download: Command that downloads the data and weights of the run.

    Raises:
        UserError: The arguments are wrong, sbatch is missing, or the file exists with other content.
    """
    job.check()
    run, sbatch = settings["run"], shutil.which("sbatch")
    if job.submit and sbatch is None:
        raise UserError(
            "sbatch was not found on this machine: leave out --submit, and run sbatch on a login node."
        )
    if job.array and any(text.partition("=")[0] == "--seed_everything" for text in fit):
        raise UserError("--array sets the seeds: leave out --seed_everything.")
    name = quote_word(run["name"])
    out = job.out or (f"{name}.sbatch" if job.submit else None)
    context = JobContext(
        experiment=run["name"],
        root=run["root"],
        folder=os.getcwd(),
        python=sys.executable,
        fit=fit,
        exports=list_exports(job.wandb, name),
        download=download,
        written_by=format_command("slurm", *typed),
        file=out or f"{name}.sbatch",
    )
    text = format_sbatch(job, context)
    if out is None:
        print(text, end="")
        file, logs = shlex.quote(context.file), shlex.quote(f"{run['root']}/{name}/logs")
        advice = f"To write the file: --out {file}. Or save this text, and create the log folder: mkdir -p {logs}"
        print(advice, file=sys.stderr)
        return
    _write_file(Path(out), text)
    Path(run["root"], name, "logs").mkdir(
        parents=True, exist_ok=True
    )  # sbatch does not create folders
    if sbatch is None or not job.submit:
        print(f"{out} is written; next: sbatch {shlex.quote(out)}")
        return
    number = _submit(sbatch, out)
    print(f"job {number} of {out} is submitted; it writes {run['root']}/{name}/job_{number}*")


def list_exports(mode: WandbMode, group: str) -> dict[str, str]:
    """List the environment variables of a job: paths of data, weights and caches, and the mode of W&B."""
    environment = os.environ
    home = environment.get("TORCH_HOME", str(Path.home() / ".cache" / "torch"))
    exports = {
        "WANDB_MODE": mode,
        "WANDB_RUN_GROUP": environment.get("WANDB_RUN_GROUP", group),
        "LIGHTNING_GAN_DATA": os.path.abspath(environment.get("LIGHTNING_GAN_DATA", "data")),
        "LIGHTNING_GAN_CACHE": os.path.abspath(cache_folder()),
        "TORCH_HOME": os.path.abspath(home),
        "PYTHONUNBUFFERED": "1",
    }
    if weights := environment.get("LIGHTNING_GAN_WEIGHTS"):
        exports["LIGHTNING_GAN_WEIGHTS"] = os.path.abspath(weights)
    if packages := list_trusted_packages():
        exports[VARIABLE] = " ".join(packages)  # --trust holds for the job as well
    return {name: value for name, value in exports.items() if value != "auto"}


def _write_file(path: Path, text: str) -> None:
    """Write a file, unless it exists with other content."""
    if path.is_dir():
        raise UserError(f"--out {path} is a folder: give the name of a file.")
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != text:
        raise UserError(f"{path} exists with other content: delete it, or give another --out.")
    with atomic_write(path, durable=False) as partial:
        partial.write_text(text, encoding="utf-8")


def _submit(sbatch: str, out: str) -> str:
    """Submit a file, and return the number of the job."""
    answer = subprocess.run([sbatch, "--parsable", out], capture_output=True, text=True)
    if answer.returncode:
        why = " ".join(answer.stderr.split()) or f"status {answer.returncode}"
        raise UserError(f"sbatch refused {out}: {why}.")
    return answer.stdout.strip().partition(";")[0]
