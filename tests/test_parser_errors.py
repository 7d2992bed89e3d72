"""What the sentences about settings rely on in jsonargparse: each test fails on a release that changes it."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Annotated, Literal

import pytest
import torch
from jsonargparse import ArgumentParser
from pytorch_lightning import Callback

from lightning_gan.cli.lightning_parser import Parser
from lightning_gan.cli.parser_errors import UNTRUSTED, Failure, find_failure
from lightning_gan.cli.type_hints import (
    describe_type,
    find_class_names,
    find_classes,
    resolve_class,
)
from lightning_gan.utils import trusted_classes

Optimizer = torch.optim.Optimizer


class Colour(Enum):
    RED = 1


def failure_of(parser, monkeypatch, words=None, values=None):
    """The failed check that the parser attached to its error."""
    found = []
    monkeypatch.setattr(
        Parser, "error", lambda self, message, ex=None: found.append((ex, self.flag))
    )
    try:
        parser.parse_args(words) if values is None else parser.parse_object(values)
    except UnboundLocalError:  # jsonargparse expects error() not to return
        pass
    error, flag = found[0]
    return find_failure(error) or flag


@pytest.fixture
def parser():
    parser = Parser()
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--name", type=str, required=True)
    parser.add_argument("--part.size", type=float | None, default=None)
    return parser


def test_an_untrusted_class_is_named_in_the_text_of_jsonargparse():
    trusted_classes.restrict_imports()
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--loss", type=torch.nn.Module)
    with pytest.raises(Exception, match="is not allowed") as refused:
        parser.parse_args(["--loss", "evil.Loss"])
    assert UNTRUSTED.search(str(refused.value)).group(1) == "evil.Loss"


def test_a_wrong_flag_is_known_without_its_text(parser, monkeypatch):
    found = failure_of(parser, monkeypatch, ["--name", "x", "--part.size", "big"])
    assert found == Failure("part.size", "big", float | None)


def test_a_wrong_value_of_a_config_is_known_without_its_text(parser, monkeypatch):
    found = failure_of(parser, monkeypatch, values={"name": "x", "steps": "many"})
    assert found == Failure("steps", "many", int)


def test_an_unknown_setting_is_known_without_its_text(parser, monkeypatch):
    values = {"name": "x", "part": {"size": 1.0, "sise": 2}}
    assert failure_of(parser, monkeypatch, values=values) == Failure("part.sise", unknown=True)


def test_a_missing_setting_is_known_without_its_text(parser, monkeypatch):
    assert failure_of(parser, monkeypatch, ["--steps", "2"]) == Failure(missing=("name",))


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (int, "a whole number"), (int | float | None, "a number"), (bool, "true or false"),
        (Annotated[int, "x"] | None, "a whole number"), (float | torch.Tensor, "a number"),
        (Literal["a", "b"] | int, "a whole number or one of a, b"), (Colour, "RED"),
        (bool | Literal["warn"], "true or false or warn"),
        (Sequence[int], "a list, such as [128, 128]"), (Callable[[int], float], "the full name of a function"),
        (tuple[float | torch.Tensor, ...], "a list, such as [0.5, 0.9]"), (list, "a list, such as [128, 128]"),
        (dict[str, int], "keys with values, such as {a: 1}"),
        (Callback, ""), (list[Callback] | Callback | None, ""), (Callable[[Iterable], Optimizer], ""),
    ],
)  # fmt: skip
def test_a_type_in_words(annotation, said):
    assert describe_type(annotation) == said


def test_the_classes_of_a_type():
    assert find_classes(list[Callback] | Callback | None) == [Callback]
    assert find_classes(Callable[[Iterable], Optimizer] | None) == [Optimizer]
    assert find_classes(tuple[int, ...] | str | Colour) == []
    value = [{"class_path": "A", "init_args": {"x": 1}}, "B"]
    assert list(find_class_names(value)) == ["A", "B"]
    assert resolve_class("Adam", [Optimizer]) is torch.optim.Adam
    assert resolve_class("torch.nn.Linear", [Optimizer]) is torch.nn.Linear
    assert resolve_class("torch.nn.Linnear", [Optimizer]) is None
