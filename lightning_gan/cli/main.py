"""Entry point of the command line: parse, run the command, and turn errors of the user into one sentence."""

import os
import sys
from collections.abc import Sequence

from lightning_gan.cli.errors import format_error, is_user_error
from lightning_gan.cli.log_filter import filter_logs
from lightning_gan.cli.parser import parse
from lightning_gan.cli.registry import check_command
from lightning_gan.cli.terminal import check_working_names, is_reader_gone, make_output_readable
from lightning_gan.utils import home_folder, trusted_classes
from lightning_gan.utils.startup_interrupts import allow_interrupts


def main() -> None:
    """Run the command in `sys.argv`, which stays unchanged: other processes of a run get the same arguments."""
    make_output_readable()
    filter_logs()
    try:
        try:
            run_command(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except Exception as error:
        if isinstance(error, BrokenPipeError) and is_reader_gone():
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # for Python's flush at exit
            sys.exit(128 + 13)  # exit status of a program ended by SIGPIPE
        exit_with_error(error)


def exit_with_error(error: Exception) -> None:
    """Print an error of the user as one sentence and exit; raise any other error again.

    In a run of multiple processes the sentence names the one that failed first.
    """
    failures = sys.modules.get("lightning_gan.distributed.failures")
    if failures and (first := failures.peer_failure(error)):
        sys.exit(f"error: {first}")
    if not is_user_error(error):
        raise error
    text = format_error(error)
    sys.exit(f"error: {failures.prefix_rank(text) if failures else text}")


def run_command(words: Sequence[str]) -> None:
    """Run one command.

    Args:
        words: Words after the name of the program.

    Raises:
        UserError: The command does not exist.
        SystemExit: Its arguments are wrong or ask for help.
    """
    home_folder.expand_environment()
    check_command(words[0] if words else "")
    command, arguments, rest = parse(words)
    if command.takes_settings:
        check_working_names(words)
    options = vars(arguments)
    trusted_classes.add_trusted(options.pop("trust"))
    del options["command"]
    function = command.module.import_function()
    allow_interrupts()
    if command.takes_settings:
        function([home_folder.expand_home_in_word(word) for word in rest], **options)
    else:
        function(**options)
