"""Which errors get one sentence, and which are bugs that deserve their traceback."""

import os

from lightning_gan.utils.errors import UserError

SHOW = "LIGHTNING_GAN_TRACEBACK"
OF_WORKER = "Original Traceback"  # how torch repeats the error of a process of a DataLoader


def is_user_error(error: BaseException) -> bool:
    """Return whether one sentence says what to do about an error; LIGHTNING_GAN_TRACEBACK=1 shows all tracebacks."""
    if os.environ.get(SHOW):
        return False
    if _is_own(error):
        return True
    from lightning_gan.cli.user_errors import find_rule  # imports Lightning, whose errors it knows

    return find_rule(error) is not None


def format_error(error: BaseException) -> str:
    """Return an error as one line, with the notes that were added to it."""
    if _is_own(error) and str(error) and not str(error).endswith(":"):
        return " ".join([*str(error).split(), *getattr(error, "__notes__", ())])
    from lightning_gan.cli.user_errors import find_rule, read_message

    rule = find_rule(error)
    text = rule.describe(error) if rule else read_message(error)
    return " ".join([text, *getattr(error, "__notes__", ())])


def _is_own(error: BaseException) -> bool:
    """Return whether this suite raised an error for the user, in this process."""
    return isinstance(error, UserError) and OF_WORKER not in str(error)
