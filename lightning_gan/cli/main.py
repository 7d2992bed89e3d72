"""`python -m lightning_gan`: parse, run the command, end with a sentence and a status for errors of the user."""

import os
import sys
from collections.abc import Sequence

from lightning_gan import home, trust
from lightning_gan.cli.errors import is_user_error, sentence
from lightning_gan.cli.log_filter import quiet
from lightning_gan.cli.parser import parse
from lightning_gan.cli.registry import check_command
from lightning_gan.cli.terminal import check_names, make_output_readable, nobody_reads
from lightning_gan.starting import allow_interrupts


def main() -> None:
    """Run the command of `sys.argv`, which stays as it is: other processes of a run start from the same words."""
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
        leave(error)


def leave(error: Exception) -> None:
    """End the process with the sentence for an error; raise a bug again.

    Where several processes train together, the sentence names the one that failed first.
    """
    together = sys.modules.get("lightning_gan.several.together")
    if together and (another := together.reason_to_go(error)):
        sys.exit(f"error: {another}")
    if not is_user_error(error):
        raise error
    text = sentence(error)
    sys.exit(f"error: {together.spoken_by(text) if together else text}")


def run(words: Sequence[str]) -> None:
    """Run a command.

    Args:
        words: Words behind the name of the program.

    Raises:
        UserError: There is no such command.
        SystemExit: Its arguments are wrong, or ask for help.
    """
    home.expand_environment()
    check_command(words[0] if words else "")
    command, arguments, rest = parse(words)
    if command.takes_settings:
        check_names(words)
    options = vars(arguments)
    trust.add_trusted(options.pop("trust"))
    del options["command"]
    function = command.module.import_function()
    allow_interrupts()
    if command.takes_settings:
        function([home.expand_word(word) for word in rest], **options)
    else:
        function(**options)
