"""Handling of Ctrl-C while torch and Lightning are imported."""

import os
import signal
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType

SCRIPT = "lightning-gan"  # console script
LINE = b"\nInterrupted before the command started. Nothing was written.\n"


def find_command_words(arguments: Sequence[str]) -> list[str] | None:
    """Find the words after `python -m lightning_gan` or `lightning-gan`; None for another program.

    Args:
        arguments: Command line of Python, such as `sys.orig_argv`.
    """
    words = list(arguments)
    if len(words) > 1 and os.path.basename(words[1]) == SCRIPT:
        return words[2:]
    for i, pair in enumerate(pairwise(words)):
        if pair == ("-m", "lightning_gan"):
            return words[i + 2 :]
    return None


def hold_interrupts(arguments: Sequence[str]) -> None:
    """Make Ctrl-C end the process with one line until `allow_interrupts`, unless another program imports the package.

    Args:
        arguments: Command line of Python, such as `sys.orig_argv`.
    """
    if (
        find_command_words(arguments) is not None
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, _end)


def allow_interrupts() -> None:
    """Make Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, LINE)
    os._exit(128 + number)
