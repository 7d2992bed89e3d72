"""Errors that become one sentence, and errors that keep their traceback."""

import errno
import importlib
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch import nn

from lightning_gan.cli import errors, user_errors
from lightning_gan.cli.errors import format_error, is_user_error
from lightning_gan.cli.system_errors import describe_os_error
from lightning_gan.utils import images
from lightning_gan.utils.atomic_files import atomic_write
from lightning_gan.utils.errors import UserError


def error_of(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("no error came")


def chained(text):
    def call():
        try:
            raise KeyError("the cause")
        except KeyError as error:
            raise MemoryError(text) if text is None else RuntimeError(text) from error

    return call


def raise_in(module, error):
    """Make a function of a module that raises an error deliberately."""
    scope = {"__name__": module, "error": error}
    exec("def f():\n    raise error", scope)
    return scope["f"]


def cause_error_in(module):
    """Make a function of a module that causes a KeyError."""
    scope = {"__name__": module}
    exec("def f():\n    return {}['x']", scope)
    return scope["f"]


def in_training(call):
    scope = {"__name__": "pytorch_lightning.loops.training_epoch_loop", "call": call}
    exec("def advance():\n    call()", scope)
    return scope["advance"]


LIGHTNING = "pytorch_lightning.trainer.connectors.accelerator_connector"
BATCH = "torch.nn.functional"
SENTENCES = {
    "Lightning before training": (raise_in(LIGHTNING, TypeError("devices must be 1 or more")), "1 or more"),
    "a callback in training": (
        in_training(raise_in("pytorch_lightning.callbacks.early_stopping", RuntimeError("give a metric"))), "metric",
    ),
    "an optimizer in training": (
        in_training(raise_in("torch.optim.sparse_adam", RuntimeError("no dense gradients"))), "no dense",
    ),
    "BatchNorm of one example": (
        in_training(lambda: nn.BatchNorm1d(2)(torch.zeros(1, 2))), "Expected more than 1 value per channel",
    ),
    "a metric": (raise_in("torchmetrics.image.fid", ValueError("feature must be 64")), "must be 64"),
    "W&B": (raise_in("wandb.sdk.wandb_login", Exception("the key has 3 characters")), "3 characters"),
    "no memory": (lambda: torch.empty(1 << 60, dtype=torch.uint8), "Out of memory"),
    "no memory in training": (in_training(raise_in("x", torch.OutOfMemoryError("CUDA out of memory"))), "batch_size"),
    "a package": (lambda: importlib.import_module("no_such_package"), "pip install no_such_package"),
    "an old name of a package": (
        raise_in("x", ModuleNotFoundError("Requirement 'q>=1' not met. HINT: Try running `pip install -U 'q>=1'`")),
        "pip install q",
    ),
    "a name that is not UTF-8": (lambda: os.fsdecode(b"f\xff").encode(), r"f\\xff"),
    "no text": (raise_in("datamodules.mine", UserError()), "UserError of datamodules.mine, which has no text"),
    "nothing after a colon": (chained("Problem with 'X':"), "Problem with 'X': the cause"),
}  # fmt: skip
BUGS = {
    "ours ran into it": cause_error_in("lightning_gan.models.gan"),
    "Lightning ran into it": cause_error_in(LIGHTNING),
    "Lightning in training": in_training(raise_in(LIGHTNING, RuntimeError("x"))),
    "torch in training": in_training(lambda: torch.zeros(2, 3) @ torch.zeros(2, 3)),
    "torch before training": lambda: torch.zeros(2, 3) @ torch.zeros(2, 3),
    "a module without this attribute": lambda: torch.nn.Linear(1, 1).no_such_attribute,
    "a failed assertion": raise_in("lightning_gan.models.gan", AssertionError("x")),
    "unknown code": raise_in("somewhere", ValueError("x")),
    "ours is no error of the user": raise_in("lightning_gan.models.gan", ValueError("x")),
    "of a process of a DataLoader": raise_in(
        "torch._utils", UserError("Caught it.\nOriginal Traceback (most")
    ),
    "ours is missing": lambda: importlib.import_module("lightning_gan.no_such_module"),
}


def test_an_error_of_the_user_is_one_sentence(subtests):
    for row in SENTENCES:
        with subtests.test(row=row):
            call, said = SENTENCES[row]
            error = error_of(call)
            assert said in format_error(error)
            if row != "nothing after a colon":
                assert is_user_error(error)


def test_a_bug_keeps_its_traceback(subtests):
    for row in BUGS:
        with subtests.test(row=row):
            assert not is_user_error(error_of(BUGS[row]))


def test_a_variable_shows_every_traceback(monkeypatch):
    monkeypatch.setenv(errors.SHOW, "1")
    assert not any(is_user_error(error_of(call)) for call, _ in SENTENCES.values())


def test_lightnings_own_errors_are_recognised():
    stopper = EarlyStopping(monitor="nope")
    error = error_of(lambda: stopper._validate_condition_metric({"val/x": torch.tensor(0)}))
    assert user_errors.find_origin(error).deliberate
    assert "nope" in format_error(error)
    assert is_user_error(error)


@contextmanager
def small_files():
    """Limit the size of files to 1,000 bytes, for the call only, because pytest may write to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_text(path):
    with atomic_write(path) as beside:
        beside.write_text("x" * 5000)


def write_tensors(path):
    with atomic_write(path) as beside:
        torch.save(torch.rand(5000), beside)


def write_image(path):
    images.save_image((torch.rand(3, 64, 64) * 255).byte(), path)


def test_a_full_disk_is_named_with_the_file(tmp_path_factory, subtests):
    for write in [write_text, write_tensors, write_image]:
        with subtests.test(write=write):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / "a.x"
            with small_files():
                error = error_of(lambda: write(path))
            assert is_user_error(error)
            assert format_error(error).startswith(f"File too large: {path}. Choose another path")
            assert not list(tmp_path.iterdir())


def test_an_error_of_the_system_names_file_free_space_and_advice(tmp_path_factory, subtests):
    for number in ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EFBIG"]:
        with subtests.test(number=number):
            tmp_path = tmp_path_factory.mktemp("row")
            path = tmp_path / "new" / "a.txt"

            def write():
                with atomic_write(path):
                    raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

            said = describe_os_error(error_of(write))
            assert said.startswith(f"{os.strerror(getattr(errno, number))}: {path}")
            assert ("MB are free in" in said) == (number in ("ENOSPC", "EDQUOT"))
            assert "None" not in said


def test_an_error_without_a_file_names_none():
    assert "None" not in describe_os_error(OSError(errno.ENOSPC, "No space left on device"))
    assert "network" in describe_os_error(ConnectionRefusedError(111, "Connection refused"))
    assert Path("x").name in describe_os_error(FileNotFoundError(2, "No such file", "x"))
