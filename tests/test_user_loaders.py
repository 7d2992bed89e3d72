"""Users' DataLoaders, gradient penalties with BatchNorm, and evaluation of loaded models."""

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Grayscale, Resize, ToTensor

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.models import ACGAN, ConditionalGAN
from lightning_gan.models.batches import as_tensors
from lightning_gan.models.checks import MismatchError, check_batch_norm, check_penalties
from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    ConditionalDiscriminator,
    ConditionalGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PackedDiscriminator,
)  # fmt: skip
from lightning_gan.networks.layers import ConditionalBatchNorm2d
from lightning_gan.priors import Uniform
from lightning_gan.regularizers import R1, GradientPenalty

X, Y = torch.rand(4, 1, 2, 2), torch.arange(4)


def test_every_form_of_minibatch_becomes_tensors(subtests):
    for batch, length in [
        (X, 1),
        ((X,), 1),
        ([X, Y], 2),
        ({"image": X, "label": Y}, 2),
        (X.double(), 1),
        ([X, Y, ["a", "b", "c", "d"]], 2),
    ]:
        with subtests.test(batch=batch, length=length):
            found = as_tensors(batch, (0.0, 1.0))
            assert len(found) == length
            torch.testing.assert_close(found[0], X)
            assert length == 1 or found[1].equal(Y)


def test_bytes_are_scaled_to_the_range_of_the_model():
    x = torch.tensor([[0, 255]], dtype=torch.uint8)
    assert as_tensors(x, (-1.0, 1.0))[0].tolist() == [[-1.0, 1.0]]


def test_other_forms_of_minibatches_are_errors(subtests):
    for batch in [{"a": X}, [], ["a"], None, [Y]]:
        with subtests.test(batch=batch):
            with pytest.raises(ValueError, match=r"minibatch (of|has) type"):
                as_tensors(batch, (0.0, 1.0))


@pytest.mark.parametrize("norm", ["batch", "layer", "instance", "none"])
@pytest.mark.parametrize("wrap", [False, True])
def test_wgan_gp_with_batch_norm_is_an_error(norm, wrap):
    D = DCGANDiscriminator([2, 28, 28], width=4, norm=norm)
    assert D(torch.rand(2, 2, 28, 28)).shape == (2,)
    D = PackedDiscriminator(D, 2) if wrap else D
    if norm != "batch":
        check_penalties(D, [GradientPenalty(), R1()])
        return
    check_penalties(D, [])
    with pytest.raises(MismatchError, match=r"set --model\.discriminator\.norm none"):
        check_penalties(D, [GradientPenalty()])
    check_penalties(D, [R1()])


def test_sync_batch_norm_counts_as_batch_norm():
    with pytest.raises(MismatchError, match="SyncBatchNorm"):
        check_penalties(torch.nn.SyncBatchNorm(2), [GradientPenalty()])


def test_batch_norm_with_one_example_is_an_error():
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2))
    with pytest.raises(MismatchError, match="BatchNorm needs 2 examples or more, but Sequential"):
        with check_batch_norm(1, net):
            net(torch.rand(1, 2))


def test_fit_sets_training_mode(tmp_path):
    gan = make_model().eval()
    modes = []
    step = gan.training_step
    gan.training_step = lambda *a: modes.append(gan.discriminator.training) or step(*a)
    x = torch.rand(8, *gan.generator.data_shape, dtype=torch.float64)
    trainer(tmp_path, max_steps=2).fit(gan, DataLoader([{"image": a} for a in x], batch_size=4))
    assert modes == [True, True]


def test_a_logit_depends_on_its_own_example_only():
    gan = make_model()
    x = torch.rand(4, *gan.generator.data_shape)
    logits = gan.compute_logits(x)
    torch.testing.assert_close(logits[:1], gan.compute_logits(x[:1]))
    assert not logits.requires_grad
    assert gan.discriminator.training


@pytest.mark.slow
def test_load_is_public_and_imported_lazily():
    code = "import sys, lightning_gan as l; assert 'lightning_gan.checkpoints.load' not in sys.modules; l.load"
    subprocess.run([sys.executable, "-c", code], check=True)


class Endless(IterableDataset):
    """Data set without a length."""

    def __iter__(self):
        yield from torch.rand(12, 1, 2, 2, generator=torch.Generator().manual_seed(0))


class Dict(torch.utils.data.Dataset):
    """Data set of dictionaries."""

    def __len__(self):
        return 12

    def __getitem__(self, i):
        return {"image": torch.full((1, 2, 2), i / 12), "label": i % 2}


LOADERS = {
    "x": lambda: DataLoader(torch.rand(12, 1, 2, 2), 4),
    "(x,)": lambda: DataLoader(TensorDataset(torch.rand(12, 1, 2, 2)), 4),
    "[x, y]": lambda: DataLoader(TensorDataset(torch.rand(12, 1, 2, 2), torch.arange(12)), 4),
    "dict": lambda: DataLoader(Dict(), 4),
    "float64": lambda: DataLoader(torch.rand(12, 1, 2, 2).double(), 4),
    "float16": lambda: DataLoader(torch.rand(12, 1, 2, 2).half(), 4),
    "uint8": lambda: DataLoader(torch.randint(256, (12, 1, 2, 2), dtype=torch.uint8), 4),
    "stream": lambda: DataLoader(Endless(), 4),
}


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
def test_every_loader_trains(tmp_path_factory, subtests):
    for form in LOADERS:
        with subtests.test(form=form):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = make_model()
            trainer(tmp_path, max_steps=4).fit(gan, LOADERS[form]())
            assert (gan.g_updates, gan.images_seen) == (4, 16)


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
def test_image_folders_of_torchvision_train(tmp_path):
    for kind in "ab":
        (tmp_path / kind).mkdir()
        for i in range(3):
            Image.new("L", (4, 4), 40 * i).save(tmp_path / kind / f"{i}.png")
    look = Compose([Grayscale(), Resize(2), ToTensor()])
    gan = make_model()
    loader = DataLoader(ImageFolder(tmp_path, look), 3)
    trainer(tmp_path, max_steps=2).fit(gan, loader)
    assert gan.images_seen == 6


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
def test_the_error_of_a_last_minibatch_of_one_names_the_network(tmp_path):
    loader = DataLoader(torch.rand(5, 1, 2, 2), 4)
    with pytest.raises(MismatchError, match=r"but MLPGenerator got 1: .*drop_last=True"):
        trainer(tmp_path, max_steps=4).fit(make_model(), loader)
    torch.manual_seed(0)
    networks = (
        MLPGenerator([1, 2, 2], z_dim=3, widths=[8]),
        MLPDiscriminator([1, 2, 2], widths=[8]),
    )
    gan = GAN(*networks, NonSaturating(), Uniform())
    trainer(tmp_path, max_steps=4).fit(gan, loader)
    assert gan.images_seen == 4 + 1 + 4 + 1


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
def test_batch_norm_accepts_one_example_with_maps_of_more_pixels(tmp_path):
    G, D = DCGANGenerator([1, 28, 28], z_dim=3, width=2), DCGANDiscriminator([1, 28, 28], width=2)
    gan = GAN(G, D, NonSaturating(), Uniform())
    loader = DataLoader(torch.rand(2, 1, 28, 28), 1)
    trainer(tmp_path, max_steps=2).fit(gan, loader)
    assert gan.g_updates == 2


def test_error_names_the_failing_network():
    first, second = torch.nn.Sequential(torch.nn.BatchNorm2d(2)), torch.nn.BatchNorm1d(2)
    with (
        pytest.raises(MismatchError, match="but BatchNorm1d got 1"),
        check_batch_norm(1, first, second),
    ):
        second(first(torch.rand(1, 2, 2, 2)).mean((2, 3)))


def test_a_run_warns_once_about_r1_with_batch_norm(tmp_path):
    gan = make_model(regularizers=[R1(1.0)])
    with pytest.warns(UserWarning, match=r"set --model\.discriminator\.norm none") as warned:
        trainer(tmp_path, max_steps=3).fit(gan, Pixels())
    assert len([w for w in warned if "R1 takes" in str(w.message)]) == 1


def test_conditional_batch_norm_counts_as_batch_norm():
    with pytest.raises(MismatchError, match="ConditionalBatchNorm2d"):
        check_penalties(ConditionalBatchNorm2d(2, 3), [GradientPenalty()])


def test_bytes_are_scaled_for_evaluation_as_for_training():
    gan = make_model()
    gan.display_range = (-3.0, 3.0)
    x = torch.tensor([0, 51, 204, 255], dtype=torch.uint8).view(1, 1, 2, 2)
    torch.testing.assert_close(gan.compute_logits(x), gan.compute_logits(x / 255))
    gan.generator.value_range = (-math.inf, math.inf)
    with pytest.raises(ValueError, match="bytes, but G generates values from -inf to inf"):
        gan.compute_logits(x)


def test_a_float64_model_is_evaluated_in_float64():
    gan = make_model().double()
    assert gan.compute_logits(torch.rand(3, 1, 2, 2)).dtype == torch.float64


def test_points_are_not_images():
    gan = make_model()
    gan.generator.data_shape = (4,)
    with pytest.raises(ValueError, match=r"examples of shape \[4\], which are no images"):
        gan.sample_bytes(2)


@pytest.mark.parametrize("kind", [ConditionalGAN, ACGAN])
def test_a_conditional_model_is_evaluated(kind):
    torch.manual_seed(0)
    shape, options = [1, 2, 2], {"widths": [8]}
    G = ConditionalGenerator(MLPGenerator(shape, z_dim=3 + 2, **options), 2)
    heads = AuxiliaryClassifierDiscriminator(MLPDiscriminator(shape, **options), 2)
    D = (
        heads
        if kind is ACGAN
        else ConditionalDiscriminator(MLPDiscriminator([6], widths=[8]), shape, 2)
    )
    gan = kind(G, D, NonSaturating(), Uniform(), classes=2)
    x, y = torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 0, 1])
    logits = gan.compute_logits(x, y)
    if kind is ACGAN:
        torch.testing.assert_close(logits, gan.compute_logits(x))
        return
    torch.testing.assert_close(logits[1:2], gan.compute_logits(x[1:2], y[1:2]))
    assert not torch.allclose(logits, gan.compute_logits(x, 1 - y))
    with pytest.raises(ValueError, match="The minibatch has no labels"):
        gan.compute_logits(x)


def test_the_code_in_docs_models_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lightning_gan.load", lambda path: make_model().eval(), raising=False)
    page = (Path(__file__).parents[1] / "docs/models.md").read_text()
    lines, _ = re.findall(r"```python\n(.+?)```", page, flags=re.DOTALL)
    names = {}
    exec(lines, names)
    assert (names["pixels"].dtype, names["pixels"].shape) == (torch.uint8, (64, 1, 2, 2))
    assert names["images"].shape == (64, 1, 2, 2)
    assert names["logits"].shape == (64,)
