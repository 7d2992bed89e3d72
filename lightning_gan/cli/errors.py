"""Functions that separate errors of the user, printed as one sentence, from bugs, printed with a traceback."""

import os

from lightning_gan.utils.errors import UserError

SHOW = "LIGHTNING_GAN_TRACEBACK"
WORKER_TRACEBACK = "Original Traceback"  # text of torch in an error from a DataLoader process


def is_user_error(error: BaseException) -> bool:
    """Return whether an error is printed as one sentence; with LIGHTNING_GAN_TRACEBACK=1 none is."""
    if os.environ.get(SHOW):
        return False
    if _is_own(error):
        return True
    from lightning_gan.cli.user_errors import find_rule  # imports Lightning

    return find_rule(error) is not None


def format_error(error: BaseException) -> str:
    """Format an error as one line, followed by its notes."""
    if _is_own(error) and str(error) and not str(error).endswith(":"):
        return " ".join([*str(error).split(), *getattr(error, "__notes__", ())])
    from lightning_gan.cli.user_errors import find_rule, read_message

    rule = find_rule(error)
    text = rule.describe(error) if rule else read_message(error)
    return " ".join([text, *getattr(error, "__notes__", ())])


def _is_own(error: BaseException) -> bool:
    """Return whether this suite raised the error for the user, in this process."""
    return isinstance(error, UserError) and WORKER_TRACEBACK not in str(error)
