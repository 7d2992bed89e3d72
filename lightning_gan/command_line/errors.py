"""Which errors get one sentence, and which are bugs that deserve their traceback."""

import os

from lightning_gan.command_line.user_errors import message, rule_of

SHOW = "LIGHTNING_GAN_TRACEBACK"


def meant_for_a_person(error: BaseException) -> bool:
    """Return whether one sentence says what to do about an error; LIGHTNING_GAN_TRACEBACK=1 shows all tracebacks."""
    return not os.environ.get(SHOW) and rule_of(error) is not None


def sentence(error: BaseException) -> str:
    """Return an error as one line, with the notes that were added to it."""
    rule = rule_of(error)
    text = rule.describe(error) if rule else message(error)
    return " ".join([text, *getattr(error, "__notes__", ())])
