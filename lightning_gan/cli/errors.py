"""Which errors get one sentence, and which are bugs that deserve their traceback."""

import os

from lightning_gan.errors import UserError

SHOW = "LIGHTNING_GAN_TRACEBACK"


def is_user_error(error: BaseException) -> bool:
    """Return whether one sentence says what to do about an error; LIGHTNING_GAN_TRACEBACK=1 shows all tracebacks."""
    if os.environ.get(SHOW):
        return False
    if isinstance(error, UserError):
        return True
    from lightning_gan.cli.user_errors import rule_of  # imports Lightning, whose errors it knows

    return rule_of(error) is not None


def sentence(error: BaseException) -> str:
    """Return an error as one line, with the notes that were added to it."""
    if isinstance(error, UserError) and str(error):
        return " ".join([*str(error).split(), *getattr(error, "__notes__", ())])
    from lightning_gan.cli.user_errors import message, rule_of

    rule = rule_of(error)
    text = rule.describe(error) if rule else message(error)
    return " ".join([text, *getattr(error, "__notes__", ())])
