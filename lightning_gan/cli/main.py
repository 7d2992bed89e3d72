"""`python -m lightning_gan`: parse, run the command, end with a sentence and a status for errors of the user."""

import os
import sys
from collections.abc import Sequence

from lightning_gan.cli.errors import format_error, is_user_error
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.cli.parser import parse
from lightning_gan.cli.registry import check_command
from lightning_gan.cli.terminal import check_names, is_reader_gone, make_output_readable
from lightning_gan.utils import home_folder, trusted_classes
from lightning_gan.utils.startup_interrupts import allow_interrupts


def main() -> None:
    """Run the command of `sys.argv`, which stays as it is: other processes of a run start from the same words."""
    make_output_readable()
    filter_logs()
    try:
        try:
            run_command(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except Exception as error:
        if isinstance(error, BrokenPipeError) and is_reader_gone():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
            sys.exit(128 + 13)  # as a program that SIGPIPE ends
        leave(error)


def leave(error: Exception) -> None:
    """End the process with the sentence for an error; raise a bug again.

    Where several processes train together, the sentence names the one that failed first.
    """
    together = sys.modules.get("lightning_gan.distributed.failures")
    if together and (another := together.peer_failure(error)):
        sys.exit(f"error: {another}")
    if not is_user_error(error):
        raise error
    text = format_error(error)
    sys.exit(f"error: {together.prefix_rank(text) if together else text}")


def run_command(words: Sequence[str]) -> None:
    """Run a command.

    Args:
        words: Words behind the name of the program.

    Raises:
        UserError: There is no such command.
        SystemExit: Its arguments are wrong, or ask for help.
    """
    home_folder.expand_environment()
    check_command(words[0] if words else "")
    command, arguments, rest = parse(words)
    if command.takes_settings:
        check_names(words)
    options = vars(arguments)
    trusted_classes.add_trusted(options.pop("trust"))
    del options["command"]
    function = command.module.import_function()
    allow_interrupts()
    if command.takes_settings:
        function([home_folder.expand_home_in_word(word) for word in rest], **options)
    else:
        function(**options)
