"""Commands as text, quoted for a shell."""

import shlex
from pathlib import Path

PROGRAM = ("python", "-m", "lightning_gan")


def format_command(*words: str | Path | int) -> str:
    """Format a command of this suite as one line for a shell.

    Args:
        words: Name of the command, its flags and their values.

    Example:
        >>> format_command("validate", "--ckpt_path", Path("my runs/last.ckpt"))
        "python -m lightning_gan validate --ckpt_path 'my runs/last.ckpt'"
    """
    return shlex.join([*PROGRAM, *map(str, words)])
