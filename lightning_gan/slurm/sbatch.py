"""Format the text of an sbatch file."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lightning_gan.slurm.environment import NO_JOBS
from lightning_gan.slurm.resources import JobResources
from lightning_gan.utils.errors import UserError


class JobContext(NamedTuple):
    """Paths, command and environment of a job.

    Args:
        experiment: Name of the run.
        root: Folder of all runs.
        folder: Working folder.
        python: Path of the Python interpreter.
        fit: Arguments of `fit`.
        exports: Environment variables.
        download: Command that downloads the data; empty if the data need no files.
        written_by: Command that writes the file.
        file: Path of the file.
    """

    experiment: str
    root: str
    folder: str
    python: str
    fit: Sequence[str]
    exports: Mapping[str, str]
    download: str
    written_by: str
    file: str


def quote_word(name: str) -> str:
    """Return a name that needs no quotes in paths and SLURM, and is not that of an interactive terminal."""
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-") or "gan"
    return f"gan-{plain}" if plain in NO_JOBS else plain


def format_sbatch(size: JobResources, place: JobContext) -> str:
    """Format the text of an sbatch file.

    Args:
        size: Requested resources.
        place: Paths, command and environment of the job.

    Raises:
        UserError: A flag has a line break, or a folder a character that an sbatch file cannot hold.
    """
    names = (
        place.folder,
        place.root,
        place.python,
        place.download,
        place.written_by,
        place.file,
        place.experiment,
    )
    for text in (*place.fit, *place.exports.values(), *names):
        if "\n" in text or "\r" in text:
            raise UserError(f"{text!r} has a line break, which an sbatch file cannot hold.")
    if {*place.folder, *place.root} & {'"', "\\"} or "%" in place.root:
        raise UserError(
            f'{place.folder} or {place.root} has ", \\ or % in it: choose another folder.'
        )
    parts = (_head(size, place), _options(size, place), _run(size, place), _exports(place))
    return "\n\n".join([*parts, _command(size, place)]) + "\n"


def _head(size: JobResources, place: JobContext) -> str:
    devices = f"{size.gpus} GPUs" if size.gpus else f"{size.processes} processes"
    lines = ["#!/bin/bash", f"# {place.experiment}: {size.nodes} nodes x {devices}. Written by:"]
    lines += [f"#   {place.written_by}", "#"]
    if place.download:
        lines += ["# Once, on a machine with network access:", f"#   {place.download}"]
    name, file = quote_word(place.experiment), shlex.quote(place.file)
    lines += [f"# Then:  sbatch {file}", "# To continue job 123 after a failure:"]
    return "\n".join([*lines, f"#   LIGHTNING_GAN_RUN={name}/job_123 sbatch {file}"])


def _options(size: JobResources, place: JobContext) -> str:
    name = quote_word(place.experiment)
    log = "%x-%A_%a.out" if size.array else "%x-%j.out"
    options = [
        f"job-name={name}",
        *size.sbatch,
        f"nodes={size.nodes}",
        f"ntasks-per-node={size.processes}",
        f"cpus-per-task={size.cpus}",
        *([f"gres=gpu:{size.gpus}"] if size.gpus else []),
        f"time={size.time}",
        *([f"array={size.array}"] if size.array else []),
        f"signal=SIGUSR1@{size.signal_seconds}",
        "requeue",
        "open-mode=append",
        f'chdir="{place.folder}"',
        f'output="{place.root}/{name}/logs/{log}"',
    ]
    return "\n".join(f"#SBATCH --{option}" for option in options)


def _run(size: JobResources, place: JobContext) -> str:
    """Return the lines that name the run folder: one for each job, also after it was requeued."""
    name = quote_word(place.experiment)
    default = f"{name}/job_$SLURM_JOB_ID"
    run = f'run="${{LIGHTNING_GAN_RUN:-{default}}}"'
    if size.array:
        run = f'run="${{LIGHTNING_GAN_RUN:-{name}/job_$SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"'
    there = f'{shlex.quote(place.root)}/"$run"'
    first = '[ -z "$LIGHTNING_GAN_RUN" ] && [ "${SLURM_RESTART_COUNT:-0}" -eq 0 ]'
    again = "${run%_*}" if size.array else "$run"  # the file appends the task's number
    advice = f"move it, or continue it: LIGHTNING_GAN_RUN={again}"
    return "\n".join(
        [
            "# run folder of this job, the same after it is requeued; the folder of another job is refused",
            run,
            f"if {first} && [ -e {there} ]; then",
            f'    echo "error: $run exists already: {advice}" >&2',
            "    exit 1",
            "fi",
        ]
    )


def _exports(place: JobContext) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in place.exports.items()]
    return "\n".join(
        [
            *lines,
            'export WANDB_RUN_ID="${run//\\//-}" WANDB_RESUME=allow',
            'export OMP_NUM_THREADS="$SLURM_CPUS_PER_TASK"',
        ]
    )


def _command(size: JobResources, place: JobContext) -> str:
    """Return the srun command, with one flag and its value on each line."""
    accelerator = "gpu" if size.gpus else "cpu"
    lines = [
        'srun --cpus-per-task="$SLURM_CPUS_PER_TASK" --kill-on-bad-exit=1',
        f"{shlex.quote(place.python)} -m lightning_gan fit",
        *_by_flag(place.fit),
        f"--trainer.accelerator {accelerator} --trainer.devices {size.processes} --trainer.num_nodes {size.nodes}",
        *(['--seed_everything "$SLURM_ARRAY_TASK_ID"'] if size.array else []),
        f'--run.root {shlex.quote(place.root)} --run.name "$run"',
        "--ckpt_path auto",
    ]
    return " \\\n    ".join(lines)


def _by_flag(words: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for text in words:
        if text.startswith("-") or not lines:
            lines.append(shlex.quote(text))
        else:
            lines[-1] += f" {shlex.quote(text)}"
    return lines
