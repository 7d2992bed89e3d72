"""Domains of numeric arguments, and the errors of values outside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from lightning_gan.arguments import (
    Count,
    Domain,
    Finite,
    Positive,
    Rate,
    Seed,
    Size,
    check_arguments,
)


@check_arguments
def command(
    num: Count = 1,
    widths: Sequence[Size] = (1,),
    value_range: tuple[Finite, Finite] = (0.0, 1.0),
    clip: Positive | None = None,
    rate: Rate | None = 0.5,
    classes: list[Count] | str | None = None,
) -> str:
    return "accepted"


@check_arguments
@dataclass
class Settings:
    seed: Seed = 0


class Layer:
    @check_arguments
    def __init__(self, width: Size) -> None:
        self.width = width


class Wider(Layer):
    def __init__(self) -> None:
        super().__init__(0)


def test_a_value_outside_its_domain_is_named_in_one_sentence(subtests):
    for arguments, said in [
        ({"num": 0}, "command: num is 0; give a whole number from 1 to 2,147,483,647."),
        ({"num": None}, "command: num is None; give a whole number from 1 to 2,147,483,647."),
        ({"num": True}, "command: num is True; give a whole number"),
        ({"num": 1.5}, "command: num is 1.5; give a whole number"),
        ({"num": "7"}, "command: num is '7'; give a whole number"),
        ({"num": 10**5000}, "command: num is too large to print; give a whole number"),
        ({"widths": [3, 0]}, "command: widths[1] is 0; give a whole number from 1 to 1,048,576."),
        ({"widths": 3}, "command: widths is 3; give a list."),
        ({"value_range": (0, 1, 2)}, "command: value_range is (0, 1, 2); give 2 numbers."),
        (
            {"value_range": (0, float("inf"))},
            "command: value_range[1] is inf; give a finite number.",
        ),
        ({"clip": 0}, "command: clip is 0; give a number above 0, or leave it out."),
        ({"clip": float("nan")}, "command: clip is nan; give a number above 0, or leave it out."),
        ({"clip": 10**400}, "; give a number above 0, or leave it out."),
        ({"clip": torch.tensor([1.0, 2.0])}, "; give a number above 0, or leave it out."),
        ({"clip": np.bool_(True)}, "command: clip is True; give a number above 0"),
        ({"rate": 1}, "command: rate is 1; give a number of at least 0 and below 1, or null."),
        ({"classes": [1, -1]}, "command: classes[1] is -1; give a whole number"),
    ]:
        with subtests.test(arguments=arguments, said=said):
            with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
                command(**arguments)
            assert said in str(caught.value)


def test_a_value_inside_its_domain_is_accepted(subtests):
    for arguments in [
        {"num": np.int64(3)},
        {"num": torch.tensor(3)},
        {"widths": np.array([3, 4])},
        {"widths": torch.Size([3, 4])},
        {"clip": np.float32(0.5)},
        {"clip": torch.tensor(0.5)},
        {"clip": 1e20},
        {"rate": 0},
        {"rate": None},
        {"classes": "all"},
        {"classes": [1, 2]},
    ]:
        with subtests.test(arguments=arguments):
            assert command(**arguments) == "accepted"


def test_classes_and_dataclasses_are_checked_at_construction():
    with pytest.raises(ValueError, match=r"^Settings: seed is -1; give a whole number from 0 to"):
        Settings(-1)
    with pytest.raises(ValueError, match=r"^Wider: width is 0; give a whole number"):
        Wider()
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        Layer()


def test_a_domain_names_itself(subtests):
    for domain, text in [
        (Domain(), "a finite number"),
        (Domain(0, 1, low_open=True), "a number above 0 and at most 1"),
        (Domain(high=-2), "a number at most -2"),
        (Domain(2, whole=True), "a whole number of at least 2"),
        (Domain(0, 1), "a number from 0 to 1"),
    ]:
        with subtests.test(domain=domain, text=text):
            assert str(domain) == text
