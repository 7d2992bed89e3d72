"""DataLoaders that users write, penalties on BatchNorm, and models read back for evaluation."""

import subprocess
import sys

import pytest
import torch
from games import game, trainer
from torch.utils.data import DataLoader

from lightning_gan.batches import as_tensors
from lightning_gan.checks import MismatchError, check_batch_norm, check_penalties
from lightning_gan.networks import DCGANDiscriminator, Packed
from lightning_gan.regularizers import R1, GradientPenalty

X, Y = torch.rand(4, 1, 2, 2), torch.arange(4)


@pytest.mark.parametrize(
    ("batch", "length"),
    [
        (X, 1), ((X,), 1), ([X, Y], 2), ({"image": X, "label": Y}, 2), (X.double(), 1),
        ([X, Y, ["a", "b", "c", "d"]], 2),
    ],
)  # fmt: skip
def test_every_form_becomes_tensors(batch, length):
    found = as_tensors(batch, (0.0, 1.0))
    assert len(found) == length
    torch.testing.assert_close(found[0], X)
    assert length == 1 or found[1].equal(Y)


def test_bytes_take_the_models_range():
    x = torch.tensor([[0, 255]], dtype=torch.uint8)
    assert as_tensors(x, (-1.0, 1.0))[0].tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("batch", [{"a": X}, [], ["a"], None, [Y]])
def test_other_forms_are_named(batch):
    with pytest.raises(ValueError, match="A minibatch of"):
        as_tensors(batch, (0.0, 1.0))


@pytest.mark.parametrize("norm", ["batch", "layer", "instance", "none"])
@pytest.mark.parametrize("wrap", [False, True])
def test_wgan_gp_refuses_batch_norm_alone(norm, wrap):
    D = DCGANDiscriminator([2, 28, 28], width=4, norm=norm)
    assert D(torch.rand(2, 2, 28, 28)).shape == (2,)
    D = Packed(D, 2) if wrap else D
    if norm != "batch":
        check_penalties(D, [GradientPenalty(), R1()])
        return
    check_penalties(D, [])
    with pytest.raises(MismatchError, match=r"set --model\.discriminator\.norm none"):
        check_penalties(D, [GradientPenalty()])
    with pytest.warns(UserWarning, match="R1 takes D's gradient"):
        check_penalties(D, [R1()])


def test_sync_batch_norm_is_batch_norm():
    with pytest.raises(MismatchError, match="SyncBatchNorm"):
        check_penalties(torch.nn.SyncBatchNorm(2), [GradientPenalty()])


def test_batch_norm_with_one_example_is_a_sentence():
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    with pytest.raises(MismatchError, match="BatchNorm needs 2 examples or more, but Sequential"):
        with check_batch_norm(1, net):
            net(torch.rand(1, 2))


def test_a_model_in_evaluation_mode_is_trained_in_training_mode(tmp_path):
    gan = game().eval()
    modes = []
    step = gan.training_step
    gan.training_step = lambda *a: modes.append(gan.discriminator.training) or step(*a)
    x = torch.rand(8, *gan.generator.data_shape, dtype=torch.float64)
    trainer(tmp_path, max_steps=2).fit(gan, DataLoader([{"image": a} for a in x], batch_size=4))
    assert modes == [True, True]


def test_a_score_depends_on_its_own_example_alone():
    gan = game()
    x = torch.rand(4, *gan.generator.data_shape)
    scores = gan.score(x)
    torch.testing.assert_close(scores[:1], gan.score(x[:1]))
    assert not scores.requires_grad
    assert gan.discriminator.training


def test_load_is_public_and_costs_nothing_at_import():
    code = "import sys, lightning_gan as l; assert 'lightning_gan.saved' not in sys.modules; l.load"
    subprocess.run([sys.executable, "-c", code], check=True)
