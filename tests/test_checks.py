"""Mismatched data and networks are an error before the first step."""

from contextlib import nullcontext

import pytest
import torch
from jsonargparse import Namespace
from model_factory import SHAPE, Pixels, make_model, trainer

from lightning_gan import GAN
from lightning_gan.losses import Minimax
from lightning_gan.models.checks import MismatchError, check_trainer
from lightning_gan.networks import MaxoutDiscriminator, MLPGenerator
from lightning_gan.priors import Gaussian

PLAIN = {"accumulate_grad_batches": 1, "gradient_clip_val": None, "log_every_n_steps": 1}
PLAIN |= {"val_check_interval": None}


class Unannounced:
    """Batches that differ from the shape or range that the data module states."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return 1

    def __iter__(self):
        yield [self.x, torch.zeros(len(self.x))]


def fitted(folder, **attributes):
    data = Pixels()
    for name, value in attributes.items():
        setattr(data, name, value)
    trainer(folder, max_steps=1).fit(make_model(), data)


def test_matching_data_are_accepted(tmp_path):
    fitted(tmp_path)


class Unbounded(MLPGenerator):
    """Generator with unbounded values."""

    value_range = (-torch.inf, torch.inf)


def test_unbounded_values_must_be_finite(tmp_path_factory, subtests):
    for value, fits in [(9.0, True), (torch.inf, False), (torch.nan, False)]:
        with subtests.test(value=value, fits=fits):
            tmp_path = tmp_path_factory.mktemp("row")
            data = Pixels()
            data.value_range, data.batches = (
                Unbounded.value_range,
                Unannounced(torch.full((2, *SHAPE), value)),
            )
            data.images = lambda split: torch.rand(2, *SHAPE)
            gan = make_model()
            gan.generator = Unbounded(SHAPE, z_dim=3, widths=[8])
            with (
                nullcontext()
                if fits
                else pytest.raises(MismatchError, match=f"{value}.*\\[-inf, inf\\]")
            ):
                trainer(tmp_path, max_steps=1).fit(gan, data)


def test_mismatched_data_are_an_error(tmp_path_factory, subtests):
    for attributes, message in [
        (
            {"data_shape": (3, 8, 8)},
            r"data are \[3, 8, 8\] but G makes \[1, 2, 2\]: set data_shape",
        ),
        (
            {"value_range": (-1.0, 1.0)},
            r"data lie in \[-1, 1\] but MLPGenerator makes values in \[0, 1\]",
        ),
        (
            {"batches": Unannounced(torch.rand(2, 1, 3, 3))},
            r"shape \[2, 1, 3, 3\].*\[m, 1, 2, 2\]",
        ),
        ({"batches": Unannounced(torch.full((2, *SHAPE), 3.0))}, r"from 3 to 3.*\[0, 1\]"),
        ({"batches": Unannounced(torch.full((2, *SHAPE), torch.nan))}, "nan"),
    ]:
        with subtests.test(attributes=attributes, message=message):
            tmp_path = tmp_path_factory.mktemp("row")
            if "batches" in attributes:
                attributes["images"] = lambda split: torch.rand(2, *SHAPE)
            with pytest.raises(MismatchError, match=message):
                fitted(tmp_path, **attributes)


def test_mismatched_networks_are_an_error():
    networks = MLPGenerator(SHAPE), MaxoutDiscriminator([1, 28, 28])
    with pytest.raises(MismatchError, match=r"G makes \[1, 2, 2\] but D reads \[1, 28, 28\]"):
        GAN(*networks, Minimax(), Gaussian())


def test_replaced_trainer_settings_are_an_error(subtests):
    for asked, message in [
        (
            {"accumulate_grad_batches": 0},
            r"accumulate_grad_batches is 0; give a whole number from 1",
        ),
        ({"max_steps": -5}, r"^trainer\.max_steps is -5; give a whole number from -1"),
        ({"limit_val_batches": torch.nan}, r"is nan; give a number from 0 to 1 or a whole number"),
        ({"devices": "0", "accelerator": "cpu"}, r"devices is 0; give a whole number from 1"),
        ({"devices": -1, "accelerator": "cpu"}, r"devices is -1; give a whole number from 1"),
        ({"devices": 10000, "accelerator": "cpu"}, r"devices is 10,000; give a whole number"),
        ({"gradient_clip_val": 0.5}, r"is 0\.5.*set --model\.d_clip and --model\.g_clip"),
    ]:
        with subtests.test(asked=asked, message=message):
            check_trainer(Namespace(**PLAIN))
            with pytest.raises(ValueError, match=message):
                check_trainer(Namespace(**(PLAIN | asked)))


def test_number_of_batches_parsed_as_2_0_is_2():
    asked = Namespace(**PLAIN, limit_train_batches=2.0, limit_val_batches=0.5)
    check_trainer(asked)
    assert (asked.limit_train_batches, asked.limit_val_batches) == (2, 0.5)
    assert isinstance(asked.limit_train_batches, int)
