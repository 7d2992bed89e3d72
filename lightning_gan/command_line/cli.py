"""`python -m lightning_gan`: which command was meant, and how it ends."""

import difflib
import inspect
import io
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import yaml
from jsonargparse import auto_cli

from lightning_gan import home
from lightning_gan.bench.command import bench
from lightning_gan.command_line import commands, config_files, plan
from lightning_gan.command_line.errors import meant_for_a_person, sentence
from lightning_gan.command_line.evaluate import evaluate
from lightning_gan.command_line.fetch import fetch, needed
from lightning_gan.command_line.gan_cli import GANCLI, SUBCOMMANDS
from lightning_gan.command_line.inspection import inspect as inspect_folder
from lightning_gan.command_line.parser import Parser
from lightning_gan.command_line.quiet import quiet
from lightning_gan.command_line.terminal import check_names, make_output_readable, nobody_reads
from lightning_gan.command_text import command_text
from lightning_gan.crash.replay import replay
from lightning_gan.dashboard import dashboard
from lightning_gan.doctor.command import doctor
from lightning_gan.jobs import slurm
from lightning_gan.latent.arithmetic import arithmetic
from lightning_gan.pages.commands import compare, report
from lightning_gan.paper.command import paper
from lightning_gan.running.runs import checked, run_folder_of
from lightning_gan.several import together
from lightning_gan.trust import with_trust

COMMANDS: dict[str, Callable[..., None]] = {
    "sample": commands.sample,
    "interpolate": commands.interpolate,
    "arithmetic": arithmetic,
    "evaluate": evaluate,
    "fetch": fetch,
    "inspect": inspect_folder,
    "replay": replay,
    "report": report,
    "compare": compare,
    "dashboard": dashboard,
    "paper": paper,
    "bench": bench,
    "doctor": doctor,
}
KNOWN = (*SUBCOMMANDS, *COMMANDS, "plan", "slurm")
ALIASES = {
    "train": "fit",
    "resume": "fit",
    "generate": "sample",
    "eval": "evaluate",
    "score": "evaluate",
}


class Planning(GANCLI):
    """`fit` as far as its first steps."""

    def __init__(self, experiment: str, asked: plan.Asked) -> None:
        self.asked = asked
        super().__init__(experiment)

    def _run_subcommand(self, subcommand: str) -> None:
        """Measure instead of training."""
        plan.measure(self.asked, self.trainer, self.model, self.datamodule, self.run.name)


def with_config_of_checkpoint(arguments: list[str]) -> list[str]:
    """Where only a checkpoint was given, take the config that its run was started with."""
    if "--ckpt_path" not in arguments[:-1] or not {"--config", "-c"}.isdisjoint(arguments):
        return arguments
    path = arguments[arguments.index("--ckpt_path") + 1]
    if path in ("last", "auto"):
        return arguments
    checked(path)
    folder = run_folder_of(path)
    return (
        [arguments[0], "--config", config_files.find(str(folder / "config.yaml")), *arguments[1:]]
        if folder
        else arguments
    )


def as_a_shell_would(command: Callable[..., None], arguments: list[str]) -> list[str]:
    """Let a switch stand alone (--weights), and words be listed: with commas, in several flags, or bare for the first.

    So `paper figure1 --quick table1` and `paper --only figure1,table1 --quick` are the same. A bare word is also what
    the first flag wants, if that cannot be left out: `inspect FOLDER`.
    """
    parameters = inspect.signature(command).parameters
    kinds = {f"--{name}": parameter.annotation for name, parameter in parameters.items()}
    first, lists = next(iter(kinds)), {flag for flag, kind in kinds.items() if "list[" in str(kind)}
    wanted = next(iter(parameters.values())).default is inspect.Parameter.empty
    listed: dict[str, list[str]] = {}
    written: list[str] = []
    words = deque(arguments)
    while words:
        word = words.popleft()
        flag, equals, value = word.partition("=")
        if kinds.get(word) is bool and not (words and words[0] in ("true", "false")):
            written += [word, "true"]
        elif flag in lists and (equals or words):
            listed.setdefault(flag, []).append((value if equals else words.popleft()).strip("[]"))
        elif first in lists and not word.startswith("-"):
            listed.setdefault(first, []).append(word)
        elif wanted and first not in written and not word.startswith("-"):
            written += [first, word]
        else:
            written.append(word)
            if word in kinds and words and not words[0].startswith("--"):
                written.append(words.popleft())
    return written + [w for flag, names in listed.items() for w in (flag, f"[{','.join(names)}]")]


def main() -> None:
    """Run a command; end with one sentence and a status where a person can mend what went wrong."""
    make_output_readable()
    quiet()
    try:
        try:
            run(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except Exception as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            sys.exit(128 + 13)  # as a program that SIGPIPE ends
        if another := together.reason_to_go(error):
            sys.exit(f"error: {another}")
        if not meant_for_a_person(error):
            raise
        sys.exit(f"error: {together.spoken_by(sentence(error))}")


def order(typed: list[str]) -> None:
    """A job instead of a run: its flags are looked at before it waits in a queue."""
    own, fit = slurm.split(typed)
    asked = slurm.parsed(own)
    settings = settings_of(fit)
    files = needed(settings)
    fetch = command_text("fetch", *files) if files else ""
    slurm.order(asked, fit, typed, settings, fetch)


def settings_of(fit: list[str]) -> dict[str, Any]:
    """What fit would make of its flags, as plain values; nothing runs.

    Raises:
        SystemExit: after fit's own sentence, if they are wrong.
    """
    words = ["fit", *fit]
    sys.argv[1:] = [*config_files.resolve(words), "--print_config"]
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            GANCLI(config_files.experiment(words))
    except SystemExit as end:
        if end.code:
            raise
    settings: dict[str, Any] = yaml.safe_load(text.getvalue())
    return settings


def run(arguments: list[str]) -> None:
    """Hand a command line to the room that it belongs to."""
    home.expand_environment()
    arguments = with_trust([home.expand_word(word) for word in arguments])
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        check_names(arguments)
    if name in COMMANDS:
        command = COMMANDS[name]
        about: dict[str, Any] = {
            "prog": f"python -m lightning_gan {name}",
            "description": (command.__doc__ or "").splitlines()[0],
            "allow_abbrev": False,
        }
        given = as_a_shell_would(command, arguments[1:])
        auto_cli(command, given, as_positional=False, parser_class=Parser, **about)
    elif name == "plan":
        asked, rest = plan.asked(arguments[1:])
        with plan.scratch() as flags:
            sys.argv[1:] = config_files.resolve(["fit", *rest, *flags])
            Planning(config_files.experiment(rest), asked)
    elif name == "slurm":
        order(arguments[1:])
    elif name in KNOWN or name.startswith("-"):
        experiment = config_files.experiment(arguments)
        # in place: the other processes of a run start from the same line
        sys.argv[1:] = with_config_of_checkpoint(config_files.resolve(arguments))
        GANCLI(experiment)
    else:
        what = f"{name!r} is no command" if name else "No command was given"
        near = difflib.get_close_matches(name, (*KNOWN, *ALIASES), n=1)
        hint = (
            f"did you mean {ALIASES.get(near[0], near[0])!r}?"
            if near
            else f"give one of {', '.join(KNOWN)};"
        )
        raise ValueError(f"{what}: {hint} --help tells more.")
