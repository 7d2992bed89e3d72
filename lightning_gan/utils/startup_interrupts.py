"""Ctrl-C during the seconds in which torch and Lightning are imported. Imports nothing heavy itself."""

import os
import signal
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType

SCRIPT = "lightning-gan"  # the console script
LINE = b"\nCtrl-C: ended before the command began; nothing was written.\n"


def command_words(arguments: Sequence[str]) -> list[str] | None:
    """Return the words behind `python -m lightning_gan` or `lightning-gan`; None for another program.

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
    """End the process with one line at Ctrl-C until `allow_interrupts`; do nothing where another program imports us.

    Args:
        arguments: Command line of Python, such as `sys.orig_argv`.
    """
    if (
        command_words(arguments) is not None
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, _end)


def allow_interrupts() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, LINE)
    os._exit(128 + number)
