"""Readable replacements for characters that a terminal cannot show. Files are always UTF-8."""

import codecs
import os
import select
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress

from lightning_gan.utils.errors import UserError

HANDLER = "lightning_gan.readable"
READABLE = {  # plus-minus, sigma, arrows, arithmetic operators, Greek letters, quotation marks
    "\u00b1": "+-", "\u03c3": "sigma", "\u2192": "->", "\u2190": "<-", "\u00d7": "x", "\u00b7": "*",
    "\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
    "\u2248": "~", "\u221e": "inf", "\u00b5": "u", "\u03bc": "mu", "\u03bb": "lambda", "\u03b2": "beta",
    "\u03b3": "gamma", "\u03b5": "eps", "\u03b8": "theta", "\u221a": "sqrt", "\u2208": "in", "\u2018": "'",
    "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2022": "*",
}  # fmt: skip


def escape_text(text: str) -> str:
    r"""Replace bytes of a file name that are not UTF-8 by text such as `\xff`.

    Example:
        >>> escape_text(b"f\xff".decode("utf-8", "surrogateescape"))
        'f\\xff'
    """
    return (
        os.fsencode(text).decode("utf-8", "backslashreplace") if _has_invalid_bytes(text) else text
    )


def find_replacement(character: str) -> str:
    r"""Return an ASCII replacement for one character.

    Example:
        >>> find_replacement("±"), find_replacement("é"), find_replacement("\udcff")
        ('+-', 'e', '\\xff')
    """
    if character in READABLE:
        return READABLE[character]
    if _has_invalid_bytes(character):
        return escape_text(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def make_output_readable() -> None:
    """Make standard output and error replace characters that their encoding does not have."""
    codecs.register_error(HANDLER, _replace)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            with suppress(OSError, ValueError):  # closed, or a pipe without a reader
                reconfigure(errors=HANDLER)


def is_reader_gone() -> bool:
    """Return whether standard output is a pipe whose reader has ended, such as `head`."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def check_working_names(arguments: Sequence[str]) -> None:
    """Check that the working folder and the words of a command are UTF-8.

    Raises:
        UserError: One of them is not UTF-8, so that the files of a run cannot contain it.
    """
    for what, text in (
        ("The working folder", os.getcwd()),
        *(("The argument", a) for a in arguments),
    ):
        if "\0" in text:
            raise UserError(f"{what} {text!r} contains a NUL character: delete it.")
        if escape_text(text) != text:
            raise UserError(
                f"{what} {escape_text(text)} is not UTF-8, so the files of a run cannot contain it: rename it."
            )


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Handle an error of a codec: return the replacement and where to continue."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(map(find_replacement, error.object[error.start : error.end]))
    return text, error.end


def _has_invalid_bytes(text: str) -> bool:
    """Return whether text contains bytes of a file name that are not UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in text)
