"""Which errors get one sentence, and which are bugs that deserve their traceback."""

import os
import traceback
from pathlib import Path

from pytorch_lightning.utilities.exceptions import MisconfigurationException

from lightning_gan.command_line.parser import UNTRUSTED, innermost
from lightning_gan.trust import HOW

FOREIGN_WEIGHTS = "Error(s) in loading state_dict"
UNION = "Does not validate against any of the Union subtypes"  # how jsonargparse wraps a constructor's error
OPTIMIZERS = os.path.join("torch", "optim", "")  # which look at their numbers themselves
ROOMS = tuple(
    str(Path(__file__).parents[2] / room) + os.sep
    for room in ("lightning_gan", "datamodules", "callbacks")
)


def meant_for_a_person(error: BaseException) -> bool:
    """Whether the message says what to do: raised on purpose by this suite, by Lightning, or by the system.

    An error that some line of ours merely ran into is a bug. LIGHTNING_GAN_TRACEBACK=1 shows all tracebacks.
    """
    if os.environ.get("LIGHTNING_GAN_TRACEBACK"):
        return False
    if isinstance(error, MisconfigurationException | OSError):
        return True
    if any(known in str(error) for known in (UNION, FOREIGN_WEIGHTS)) or UNTRUSTED.search(
        str(error)
    ):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1:]
    if isinstance(error, ValueError) and any(OPTIMIZERS in frame.filename for frame in last):
        return True
    return any(
        frame.filename.startswith(ROOMS) and (frame.line or "").startswith("raise")
        for frame in last
    )


def sentence(error: BaseException) -> str:
    """The message on one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}. Choose another place, or make room or permission there."
    if FOREIGN_WEIGHTS in str(error):
        return "The checkpoint's weights do not fit these networks: it comes from another model."
    if match := UNTRUSTED.search(str(error)):
        return f"{match.group(1)!r} was refused: {HOW}."
    return " ".join([innermost(str(error)), *getattr(error, "__notes__", ())])
