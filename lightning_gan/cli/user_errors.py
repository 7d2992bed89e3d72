"""Table of errors of other packages that the user can correct; each becomes one sentence.

This suite raises `UserError`. An error of another package is in the table if it was raised deliberately to reject an
input, or if the machine lacks memory, disk space or a package. Any other error is a bug and keeps its traceback.
"""

import dis
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import torch
from PIL import Image
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from lightning_gan.cli.optional_packages import find_missing_package
from lightning_gan.cli.parser_errors import UNTRUSTED, describe_untrusted
from lightning_gan.cli.system_errors import describe_os_error
from lightning_gan.cli.terminal import escape_text

RAISE = dis.opmap["RAISE_VARARGS"]
OURS = ("lightning_gan", "datamodules", "callbacks")
LIGHTNING = ("pytorch_lightning", "lightning_fabric", "lightning_utilities")
REJECTIONS = (
    ValueError, TypeError, RuntimeError, LookupError, AttributeError, NotImplementedError,
)  # fmt: skip
REJECTIONS_OF_VALUES = (ValueError, TypeError, RuntimeError, NotImplementedError)
NO_MEMORY = re.compile(
    r"not enough memory|can't allocate memory|CUDA out of memory|CUDA error: out of memory|Unable to allocate"
    r"|Storage size calculation overflowed|invalid for total size overflow",
    flags=re.IGNORECASE,
)
BYTES = re.compile(r"(?:allocate|to allocate) (?:a total of )?([\d.]+ ?(?:[KMGTP]i?B|bytes))")
FOREIGN_WEIGHTS = "Error(s) in loading state_dict"
NO_MODULE = re.compile(rf"No module named '(?!{'|'.join(OURS)})")
HOOKS = tuple(
    f"pytorch_lightning.{part}" for part in ("callbacks", "loggers", "profilers", "tuner")
)
OTHERS = (
    "torch.nn", "torch.cuda", "torch.distributed", "torchmetrics", "jsonargparse", "PIL",
)  # fmt: skip
NO_PICKLE = re.compile(r"[Cc]an(?:not|'t) pickle")


@dataclass(frozen=True)
class Origin:
    """Origin of an error.

    Attributes:
        module: Name of the module of the innermost frame; empty without a traceback.
        deliberate: Whether that frame executes a `raise` statement.
        in_training: Whether the error left a training step, or a hook around one.
        modules: Names of the modules of all frames.
    """

    module: str
    deliberate: bool
    in_training: bool
    modules: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """Kind of error that becomes one sentence.

    Attributes:
        kinds: Exception types.
        describe: Function that makes the sentence.
        raised_in: Modules or packages whose `raise` statements match; empty for any origin.
        in_training: Whether the rule also matches after the first step has begun.
        text: Pattern that the message must contain.
        frames_in: Modules, one of which must occur in the traceback; empty for any.
    """

    kinds: tuple[type[BaseException], ...]
    describe: Callable[[Any], str]
    raised_in: tuple[str, ...] = ()
    in_training: bool = True
    text: re.Pattern[str] | None = None
    frames_in: tuple[str, ...] = ()

    def matches(self, error: BaseException, origin: Origin) -> bool:
        """Return whether the rule applies to an error."""
        return (
            isinstance(error, self.kinds)
            and (self.in_training or not origin.in_training)
            and (not self.text or self.text.search(str(error)) is not None)
            and (
                not self.raised_in
                or (origin.deliberate and is_within(origin.module, self.raised_in))
            )
            and (
                not self.frames_in
                or any(is_within(name, self.frames_in) for name in origin.modules)
            )
        )


def find_origin(error: BaseException) -> Origin:
    """Find where an error was raised, from its traceback."""
    frames: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        frames.append(entry)
        entry = entry.tb_next
    names = [str(frame.tb_frame.f_globals.get("__name__", "")) for frame in frames]
    functions = [frame.tb_frame.f_code.co_name for frame in frames]
    training = ("pytorch_lightning.loops.training_epoch_loop", "advance")
    last = frames[-1] if frames else None
    return Origin(
        module=names[-1] if names else "",
        deliberate=last is not None
        and last.tb_frame.f_code.co_code[last.tb_lasti] == RAISE
        and not isinstance(error, AssertionError),
        in_training=training in zip(names, functions, strict=True),
        modules=frozenset(names),
    )


def is_within(module: str, packages: tuple[str, ...]) -> bool:
    """Return whether a module is one of the packages, or inside one of them."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def find_original(error: BaseException) -> BaseException:
    """Find the error that jsonargparse wrapped, such as that of a constructor; the error itself if there is none."""
    cause: BaseException | None = error
    while cause is not None and is_within(find_origin(cause).module, ("jsonargparse",)):
        cause = cause.__cause__ or cause.__context__
    return cause or error


def read_message(error: BaseException) -> str:
    """Return an error's message on one line; an empty or unfinished one is completed by its cause or its type."""
    error = find_original(error)
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    line = " ".join(str(text).split())
    cause = error.__cause__ or error.__context__
    if line and not line.endswith(":"):
        return line
    if cause is not None and str(cause).strip():
        return f"{line} {read_message(cause)}".strip()
    what = f"{type(error).__name__} of {find_origin(error).module or 'unknown origin'}"
    return f"{line} {what}, which has no text. LIGHTNING_GAN_TRACEBACK=1 shows where it was raised.".strip()


def describe_memory(error: BaseException) -> str:
    """Describe an out-of-memory error, and what reduces the memory."""
    asked = BYTES.search(str(error))
    wanted = f" ({asked.group(1)} were requested at once)" if asked else ""
    return (
        f"Out of memory{wanted}: give a smaller --data.batch_size, split the batch with "
        f"--trainer.accumulate_grad_batches, or give smaller networks; for sample and evaluate give a smaller "
        f"--num_samples, for translate a smaller --batch_size."
    )


def describe_package(error: ImportError) -> str:
    """Describe a missing package, and the command that installs it."""
    if sentence := find_missing_package(error, "This setting"):
        return sentence
    package = str(error.name).partition(".")[0]
    return f"The package {package} is not installed: python -m pip install {package}"


def describe_text(error: UnicodeEncodeError) -> str:
    """Describe text that an encoding cannot represent."""
    text = escape_text(str(error.object))
    text = text if len(text) < 200 else escape_text(str(error.object)[error.start : error.end])
    return f"{text!r} cannot be written as {error.encoding}: use UTF-8 in the names of files and folders."


def describe_pickle(error: BaseException) -> str:
    """Describe why processes could not be started."""
    return (
        f"A part of this run cannot be pickled for another process ({read_message(error)}): give --trainer.strategy "
        f"ddp and --data.num_workers 0."
    )


def describe_refusal(error: BaseException) -> str:
    """Describe which class was refused, and how to allow it."""
    match = UNTRUSTED.search(str(error))
    return describe_untrusted(match.group(1)) if match else read_message(error)


def describe_weights(error: BaseException) -> str:
    """Describe why weights could not be loaded."""
    return "The weights of the checkpoint do not fit these networks: give a checkpoint of the same model."


RULES = (
    # reported by the operating system or the machine
    Rule((torch.OutOfMemoryError, MemoryError), describe_memory),
    Rule((UnicodeEncodeError,), describe_text),
    Rule((OSError,), describe_os_error),
    # recognised by the text
    Rule((Exception,), describe_weights, text=re.compile(re.escape(FOREIGN_WEIGHTS))),
    Rule((Exception,), describe_refusal, text=UNTRUSTED),
    # missing memory or packages, recognised by the text
    Rule((RuntimeError, ValueError), describe_memory, text=NO_MEMORY),
    Rule((ImportError,), describe_package, text=re.compile("pip install")),
    Rule((ModuleNotFoundError,), describe_package, text=NO_MODULE),
    Rule((Exception,), describe_pickle, text=NO_PICKLE, frames_in=("multiprocessing", "torch.multiprocessing")),
    Rule((Image.DecompressionBombError,), read_message),
    # inputs that other packages rejected
    Rule((MisconfigurationException,), read_message),
    Rule(REJECTIONS, read_message, raised_in=LIGHTNING, in_training=False),
    Rule(REJECTIONS, read_message, raised_in=HOOKS),
    Rule(REJECTIONS, read_message, raised_in=("torch.optim", "torch.utils.data")),
    Rule((ValueError,), read_message, raised_in=("torch.nn.functional",)),
    # torch.nn raises AttributeError for an attribute that a module of ours lacks: a bug
    Rule(REJECTIONS_OF_VALUES, read_message, raised_in=OTHERS, in_training=False),
    Rule((Exception,), read_message, raised_in=("wandb",), in_training=False),
)  # fmt: skip
"""The first rule that matches is used."""


def find_rule(error: BaseException) -> Rule | None:
    """Find the rule for an error; None if the error is a bug."""
    origin = find_origin(error)
    return next((rule for rule in RULES if rule.matches(error, origin)), None)
