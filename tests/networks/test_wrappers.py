"""Discriminators made of discriminators: spectral normalisation, packs, and what all wrappers hand on."""

import copy

import pytest
import torch
from games import SHAPE, Batches, NormedDiscriminator, momentum_sgd, trainer
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import (
    ClassHeadDiscriminator,
    ClassLogitsDiscriminator,
    ConditionalDiscriminator,
    ConvMaxoutDiscriminator,
    DCGANDiscriminator,
    MaxoutDiscriminator,
    MinibatchDiscriminated,
    MLPGenerator,
    Packed,
    PlainDiscriminator,
    ProjectionDiscriminator,
    SpectrallyNormalized,
)
from lightning_gan.networks.wrappers import WrappedDiscriminator
from lightning_gan.priors import Uniform

WRAPPERS = {
    "none": WrappedDiscriminator,
    "spectral": SpectrallyNormalized,
    "packed": lambda D: Packed(D, 2),
    "both": lambda D: Packed(SpectrallyNormalized(D), 2),
}


def weights(D):
    return [m for m in D.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def largest_singular_value(layer):
    return torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()


@pytest.mark.parametrize("kind", WRAPPERS)
def test_the_score_is_the_last_unit_of_the_features_through_every_wrapper(kind):
    D = WRAPPERS[kind](PlainDiscriminator([4, 3], widths=[6])).eval()
    x = torch.randn(8, *D.data_shape)
    f = D.features(x)
    assert f.shape[1] == D.feature_dim == 6
    torch.testing.assert_close((f @ D.unit.weight.T + D.unit.bias).squeeze(1), D(x))


class TwoChannels(NormedDiscriminator):
    """The same four numbers, as two channels of two."""

    def __init__(self):
        super().__init__()
        self.data_shape = (2, 2)


@pytest.mark.parametrize("kind", WRAPPERS)
def test_what_has_no_features_is_wrapped_and_only_its_features_are_refused(kind):
    D = WRAPPERS[kind](TwoChannels())
    x = torch.randn(4, *D.data_shape)
    assert len(D(x)) in (4, 2)
    with pytest.raises(ValueError, match=r"TwoChannels has no features f\(x\)"):
        D.features(x)


def test_a_condition_goes_through_to_what_reads_it():
    inner = ConditionalDiscriminator(PlainDiscriminator([7]), SHAPE, 3)
    x, c = torch.randn(5, *SHAPE), torch.randn(5, 3)
    expected = inner(x, c)
    D = WrappedDiscriminator(inner)
    assert D.condition_dim == 3
    torch.testing.assert_close(D(x, c), expected)


# spectral normalisation


@pytest.mark.parametrize(
    "make",
    [
        lambda: PlainDiscriminator([4], widths=[8, 8]),
        lambda: MaxoutDiscriminator([4], widths=[6], pieces=3, irange=0.5),
        lambda: DCGANDiscriminator([1, 28, 28], width=4),
        lambda: ConvMaxoutDiscriminator([3, 32, 32], units=6, irange=0.1),
    ],
)
def test_every_layer_has_spectral_norm_1(make):
    torch.manual_seed(0)
    D = SpectrallyNormalized(make(), iterations=100)
    D(torch.randn(2, *D.data_shape))
    norms = [largest_singular_value(layer) for layer in weights(D)]
    assert len(norms) >= 2
    assert norms == pytest.approx([1] * len(norms), rel=0.02)


def test_one_iteration_at_each_pass_gets_there():
    torch.manual_seed(0)
    D = SpectrallyNormalized(PlainDiscriminator([30], widths=[40]))
    with torch.no_grad():  # another largest direction than the one that it knows
        D.inner.network[0].parametrizations.weight.original.normal_()
    far = largest_singular_value(D.inner.network[0])
    for _ in range(100):
        D(torch.randn(2, 30))
    assert far > 1.2
    assert largest_singular_value(D.inner.network[0]) == pytest.approx(1, rel=0.02)


def test_d_is_1_lipschitz():
    D = SpectrallyNormalized(PlainDiscriminator([5], widths=[32, 32]), iterations=20)
    D(torch.zeros(1, 5))
    x = (3 * torch.randn(500, 5)).requires_grad_()
    (slopes,) = torch.autograd.grad(D.eval()(x).sum(), x)
    assert 0 < slopes.norm(dim=1).max() <= 1.001


def test_the_singular_vectors_move_in_ds_turn_and_not_in_gs(tmp_path):
    torch.manual_seed(0)
    D = SpectrallyNormalized(PlainDiscriminator(SHAPE, widths=[8, 8]))
    G = MLPGenerator(SHAPE, z_dim=3, widths=[8])
    gan = GAN(G, D, NonSaturating(), Uniform(), d_optimizer=momentum_sgd, g_optimizer=momentum_sgd)
    moved = {"d": [], "g": []}

    def watched(player, objective):
        def compute(batch):
            before = [b.clone() for b in D.buffers()]
            loss = objective(batch)
            moved[player] += [
                not torch.equal(a, b) for a, b in zip(before, D.buffers(), strict=True)
            ]
            return loss

        return compute

    gan.d_objective, gan.g_objective = (
        watched("d", gan.d_objective), watched("g", gan.g_objective),
    )  # fmt: skip
    trainer(tmp_path, max_steps=2).fit(gan, Batches(2))
    assert len(moved["d"]) == len(moved["g"]) == 2 * 6  # u and v of three layers
    assert sum(moved["d"]) >= 8  # those of a layer with one row have nowhere to go
    assert not any(moved["g"])


def test_a_copy_and_a_checkpoint_score_the_same():
    D = SpectrallyNormalized(DCGANDiscriminator([1, 28, 28], width=2))
    x = torch.randn(4, 1, 28, 28)
    D(x)
    expected = D.eval()(x)
    torch.testing.assert_close(copy.deepcopy(D)(x), expected, rtol=0, atol=0)
    again = SpectrallyNormalized(DCGANDiscriminator([1, 28, 28], width=2)).eval()
    again.load_state_dict(D.state_dict())
    torch.testing.assert_close(again(x), expected, rtol=0, atol=0)


def test_a_unit_that_takes_the_last_ones_place_is_normalised_too():
    D = ClassLogitsDiscriminator(SpectrallyNormalized(PlainDiscriminator([4], widths=[8])), 3)
    assert all(is_parametrized(w, "weight") for w in weights(D))
    assert D.logits(torch.randn(5, 4)).shape == (5, 3)


# packs


def test_neighbours_are_packed_behind_one_another():
    inner = PlainDiscriminator([6, 2], widths=[8])
    D = Packed(inner, 3)
    assert D.data_shape == (2, 2)
    x = torch.randn(6, 2, 2)
    by_hand = inner(torch.stack([torch.cat([x[0], x[1], x[2]]), torch.cat([x[3], x[4], x[5]])]))
    torch.testing.assert_close(D(x), by_hand)
    assert D.features(x).shape == (2, 8)


def test_points_are_packed_into_longer_ones():
    inner = MaxoutDiscriminator([4], widths=[6], pieces=2, input_dropout=0.0, dropout=0.0)
    x = torch.randn(4, 2)
    torch.testing.assert_close(Packed(inner, 2)(x), inner(x.reshape(2, 4)))


def test_packs_of_one_are_d_itself():
    inner = PlainDiscriminator([3], widths=[8])
    x = torch.randn(5, 3)
    torch.testing.assert_close(Packed(inner, 1)(x), inner(x))


@pytest.mark.parametrize(("m", "filled"), [(5, [0, 1, 2, 3, 4, 0]), (1, [0, 0, 0]), (3, [0, 1, 2])])
def test_in_evaluation_mode_the_last_pack_is_filled_with_the_first_examples(m, filled):
    inner = PlainDiscriminator([6], widths=[8])
    D = Packed(inner, 3).eval()
    x = torch.randn(m, 2)
    torch.testing.assert_close(D(x), inner(x[filled].reshape(-1, 6)))


def test_a_packed_game_is_played_and_its_gradient_reaches_every_sample(tmp_path):
    torch.manual_seed(0)
    D = Packed(PlainDiscriminator([2, 2, 2], widths=[8]), 2)
    gan = GAN(MLPGenerator(SHAPE, z_dim=3, widths=[8]), D, NonSaturating(), Uniform())
    run = trainer(tmp_path, max_steps=2, limit_val_batches=1)
    run.fit(gan, Batches(2, m=4), Batches(1, m=3))
    assert gan.g_updates == 2
    x = torch.randn(4, *SHAPE).requires_grad_()
    D.train()(x).sum().backward()
    assert x.grad.flatten(1).any(1).all()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda D: ClassHeadDiscriminator(D, 3),
        lambda D: ClassLogitsDiscriminator(D, 3),
        lambda D: MinibatchDiscriminated(D, 3, 2),
        lambda D: Packed(D, 2),
    ],
)
def test_what_hands_no_condition_on_goes_inside_what_reads_one(wrap):
    with pytest.raises(ValueError, match="ProjectionDiscriminator reads a condition, which"):
        wrap(ProjectionDiscriminator(PlainDiscriminator([4]), 3))


@pytest.mark.parametrize(
    "wrap", [lambda D: ClassHeadDiscriminator(D, 3), lambda D: MinibatchDiscriminated(D, 3, 2)]
)
def test_a_projection_goes_around_other_wrappers(wrap):
    D = ProjectionDiscriminator(wrap(PlainDiscriminator([4])), 3)
    x, c = torch.randn(6, 4), torch.eye(3).repeat(2, 1)
    f = D.features(x)
    torch.testing.assert_close(D(x, c), D.unit(f)[:, 0] + (D.V(c) * f).sum(1))


def test_a_condition_is_packed_beside_its_example():
    D = ConditionalDiscriminator(Packed(PlainDiscriminator([14]), 2), SHAPE, 3)
    assert D(torch.randn(4, *SHAPE), torch.eye(3)[[0, 1, 2, 0]]).shape == (2,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Packed(PlainDiscriminator([4]), 2)(torch.zeros(7, 2)),
            "minibatch of 7 examples came to a D that judges packs of 2: .* multiple of 2",
        ),
        (
            lambda: Packed(PlainDiscriminator([4]), 3),
            r"Packs of 3 for .* \[4\].* that 3 divides it",
        ),
        (lambda: Packed(PlainDiscriminator([4]), 0), "Packs of 0"),
        (
            lambda: Packed(ConditionalDiscriminator(PlainDiscriminator([7]), [4], 3), 2),
            "reads a condition, which Packed has not: put Packed inside Conditional",
        ),
        (lambda: SpectrallyNormalized(PlainDiscriminator([2]), 0), "with 0 iterations"),
    ],
)
def test_what_does_not_fit_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


NESTED = {  # packs of augmented pictures make no paper's sense; that each level is understood is what is asked
    "class_path": "DiffAugmented",
    "init_args": {
        "augmentations": [
            {"class_path": "Translation", "init_args": {"ratio": 0.125}},
            {"class_path": "Cutout"},
        ],
        "discriminator": {
            "class_path": "Packed",
            "init_args": {
                "pack": 2,
                "discriminator": {
                    "class_path": "MinibatchDiscriminated",
                    "init_args": {
                        "kernels": 3,
                        "kernel_dim": 2,
                        "discriminator": {
                            "class_path": "SpectrallyNormalized",
                            "init_args": {
                                "discriminator": {
                                    "class_path": "MaxoutDiscriminator",
                                    "init_args": {"data_shape": [2, 28, 28], "widths": [4]},
                                }
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_wrappers_in_wrappers_are_a_config_that_trains_and_is_built_again(command):
    command.write("wrapped.yaml", {"model": {"init_args": {"discriminator": NESTED}}})
    short = ["--trainer.callbacks", "[]", "--trainer.max_steps", "2"]
    ended = command("fit", "--config", "small.yaml", "--config", "wrapped.yaml", *short)
    assert ended.status == 0, ended.err
    last = "runs/small+wrapped/version_0/checkpoints/last.ckpt"
    ended = command("sample", "--ckpt_path", last, "--num", "2", "--out", "samples")
    assert ended.status == 0, ended.err
