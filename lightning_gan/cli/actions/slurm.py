"""`python -m lightning_gan slurm`: a training as an sbatch file, written or submitted."""

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
from lightning_gan.utils.trusted_classes import VARIABLE, trusted_packages

DECIDED = ("--ckpt_path", "--trainer.devices", "--trainer.num_nodes", "--trainer.accelerator")


@check_arguments(prefix="--")
@dataclass
class SlurmJob(JobResources):
    """Write an sbatch file of a training; every other flag is one of fit.

    Args:
        out: File to write; it is printed if none is given.
        submit: Whether to hand it to sbatch as well.
        wandb: Mode of W&B on the nodes, which often have no network: offline, online or disabled.
    """

    out: str | None = None
    submit: bool = False
    wandb: WandbMode = "offline"


def check_words(fit: Sequence[str]) -> None:
    """Refuse settings of `fit` that the file itself decides.

    Raises:
        UserError: One of them is there.
    """
    for flag in DECIDED:
        if any(text.partition("=")[0] == flag for text in fit):
            raise UserError(
                f"{flag} is decided by --nodes, --gpus and the job itself: leave it out."
            )


def submit_job(
    asked: SlurmJob,
    fit: Sequence[str],
    typed: Sequence[str],
    settings: Mapping[str, Any],
    download: str,
) -> None:
    """Print, write or submit.

    Args:
        asked: what of the cluster.
        fit: flags of fit.
        typed: the words behind `slurm`, as they were given.
        settings: what fit would make of its flags.
        download: what to type where there is network.

    Raises:
        ValueError: if something cannot be.
    """
    asked.check()
    run, sbatch = settings["run"], shutil.which("sbatch")
    if asked.submit and sbatch is None:
        raise UserError(
            "There is no sbatch on this machine: leave out --submit, and hand the file to sbatch on a login node."
        )
    if asked.array and any(text.partition("=")[0] == "--seed_everything" for text in fit):
        raise UserError("--array gives the seeds: leave out --seed_everything.")
    name = quote_word(run["name"])
    out = asked.out or (f"{name}.sbatch" if asked.submit else None)
    place = JobContext(
        experiment=run["name"],
        root=run["root"],
        folder=os.getcwd(),
        python=sys.executable,
        fit=fit,
        exports=list_exports(asked.wandb, name),
        download=download,
        written_by=format_command("slurm", *typed),
        file=out or f"{name}.sbatch",
    )
    text = format_sbatch(asked, place)
    if out is None:
        print(text, end="")
        file, logs = shlex.quote(place.file), shlex.quote(f"{run['root']}/{name}/logs")
        said = f"To keep it: --out {file}. Or save it as that and mkdir -p {logs}, which SLURM does not."
        print(said, file=sys.stderr)
        return
    _keep(Path(out), text)
    Path(run["root"], name, "logs").mkdir(parents=True, exist_ok=True)  # sbatch makes no folders
    if sbatch is None or not asked.submit:
        print(f"{out} is written; next: sbatch {shlex.quote(out)}")
        return
    number = _submitted(sbatch, out)
    print(f"job {number} of {out} is submitted; it writes {run['root']}/{name}/job_{number}*")


def list_exports(mode: WandbMode, group: str) -> dict[str, str]:
    """What a node must be told of this machine: where data, weights and caches lie, and whether W&B may call home."""
    environment = os.environ
    home = environment.get("TORCH_HOME", str(Path.home() / ".cache" / "torch"))
    message = {
        "WANDB_MODE": mode,
        "WANDB_RUN_GROUP": environment.get("WANDB_RUN_GROUP", group),
        "LIGHTNING_GAN_DATA": os.path.abspath(environment.get("LIGHTNING_GAN_DATA", "data")),
        "LIGHTNING_GAN_CACHE": os.path.abspath(cache_folder()),
        "TORCH_HOME": os.path.abspath(home),
        "PYTHONUNBUFFERED": "1",
    }
    if weights := environment.get("LIGHTNING_GAN_WEIGHTS"):
        message["LIGHTNING_GAN_WEIGHTS"] = os.path.abspath(weights)
    if packages := trusted_packages():
        message[VARIABLE] = " ".join(
            packages
        )  # --trust was for this user's command, and the job is that
    return {name: value for name, value in message.items() if value != "auto"}


def _keep(path: Path, text: str) -> None:
    """Write a file; one that the user has changed is not replaced."""
    if path.is_dir():
        raise UserError(f"--out {path} is a folder: give the name of a file.")
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != text:
        raise UserError(
            f"{path} is there already and holds something else: delete it, or give another --out."
        )
    with atomic_write(path, durable=False) as beside:
        beside.write_text(text, encoding="utf-8")


def _submitted(sbatch: str, out: str) -> str:
    """The job's number."""
    answer = subprocess.run([sbatch, "--parsable", out], capture_output=True, text=True)
    if answer.returncode:
        why = " ".join(answer.stderr.split()) or f"status {answer.returncode}"
        raise UserError(f"sbatch refused {out}: {why}.")
    return answer.stdout.strip().partition(";")[0]
