"""Text for terminals and files that cannot show every character: readable replacements instead of an error.

Files that the suite writes are UTF-8 whatever the terminal is.
"""

import codecs
import os
import select
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress

from lightning_gan.utils.errors import UserError

HANDLER = "lightning_gan.readable"
READABLE = {  # plus-minus, sigma, arrows, signs of arithmetic, Greek letters, quotation marks
    "\u00b1": "+-", "\u03c3": "sigma", "\u2192": "->", "\u2190": "<-", "\u00d7": "x", "\u00b7": "*",
    "\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
    "\u2248": "~", "\u221e": "inf", "\u00b5": "u", "\u03bc": "mu", "\u03bb": "lambda", "\u03b2": "beta",
    "\u03b3": "gamma", "\u03b5": "eps", "\u03b8": "theta", "\u221a": "sqrt", "\u2208": "in", "\u2018": "'",
    "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2022": "*",
}  # fmt: skip


def escape_text(text: str) -> str:
    r"""Return text that UTF-8 can hold: bytes of a file name that are not UTF-8 become `\xff`.

    Example:
        >>> escape(b"f\xff".decode("utf-8", "surrogateescape"))
        'f\\xff'
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace") if _foreign(text) else text


def find_replacement(character: str) -> str:
    r"""Return ASCII for one character.

    Example:
        >>> replacement("±"), replacement("é"), replacement("\udcff")
        ('+-', 'e', '\\xff')
    """
    if character in READABLE:
        return READABLE[character]
    if _foreign(character):
        return escape_text(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def make_output_readable() -> None:
    """Let standard output and error replace what their encoding cannot hold."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            with suppress(OSError, ValueError):  # closed, or a pipe that nobody reads
                reconfigure(errors=HANDLER)


def is_reader_gone() -> bool:
    """Return whether standard output is a pipe whose reader has ended, such as `head`."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def check_names(arguments: Sequence[str]) -> None:
    """Refuse names that the files of a run cannot hold, before anything is written.

    Raises:
        ValueError: The working folder, or a word of the command line, is not UTF-8.
    """
    for what, text in (
        ("The working folder", os.getcwd()),
        *(("The argument", a) for a in arguments),
    ):
        if escape_text(text) != text:
            raise UserError(
                f"{what} {escape_text(text)} is not UTF-8, so no config and no file of a run can hold it: rename it."
            )


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Handle characters that a codec cannot encode."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(map(find_replacement, error.object[error.start : error.end]))
    return text, error.end


def _foreign(text: str) -> bool:
    """Return whether text has bytes of a file name that are not UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in text)
