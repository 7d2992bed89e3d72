"""Classifiers from few labels: features, the linear head, and a new last layer."""

import copy

import pytest
import torch
from sklearn.linear_model import Ridge
from stroke_images import strokes
from torch import nn

from lightning_gan.analysis.few_labels import (
    DECAYS,
    extract_features_by_layer,
    extract_hidden_layers,
    fit_classifier,
    fit_linear_head,
    make_classifier,
    reinitialize,
)
from lightning_gan.models.labels import draw_labelled_indices
from lightning_gan.networks import (
    DCGANDiscriminator,
    Encoder,
    MaxoutDiscriminator,
    MLPDiscriminator,
)


def make_small_d(**more):
    torch.manual_seed(0)
    return MaxoutDiscriminator([1, 28, 28], widths=[12, 9], pieces=2, irange=None, **more)


def make_images(n, seed=0):
    return strokes(n, seed).view(n, 1, 28, 28)


def test_hidden_layers_are_the_inputs_of_later_linear_layers():
    D = make_small_d(dropout=0.0, input_dropout=0.0)
    first, second = extract_hidden_layers(D, make_images(5))
    x = make_images(5).flatten(1)
    torch.testing.assert_close(first, D.network[2](x))
    torch.testing.assert_close(second, D.network[4](D.network[2](x)))
    torch.testing.assert_close(D.network[-1](second).squeeze(1), D(make_images(5)))


def test_features_of_every_architecture_do_not_depend_on_the_batch(subtests):
    for network, widths in [
        (make_small_d(), [12, 9]),
        (MLPDiscriminator([1, 28, 28], [7]), [7]),
        (Encoder([1, 28, 28], z_dim=2, widths=[6, 5]), [6, 5]),
        (DCGANDiscriminator([1, 28, 28], width=2), [2 * 14 * 14, 4 * 7 * 7]),
    ]:
        with subtests.test(network=network, widths=widths):
            network.train()
            x = make_images(6)
            layers = extract_hidden_layers(network, x, batch_size=4)
            assert [tuple(a.shape) for a in layers] == [(6, w) for w in widths]
            for a, b in zip(layers, extract_hidden_layers(network, x, batch_size=6), strict=True):
                torch.testing.assert_close(a, b)
            assert network.training
            assert not any(m._forward_pre_hooks for m in network.modules())


def test_features_are_without_dropout_and_noise_and_each_layer_has_length_1():
    D = make_small_d(noise=1.0).train()
    a = extract_features_by_layer(D, make_images(4))
    assert torch.equal(a, extract_features_by_layer(D, make_images(4)))
    assert a.shape == (4, 21)
    torch.testing.assert_close(a[:, :12].norm(dim=1), torch.ones(4))
    torch.testing.assert_close(a[:, 12:].norm(dim=1), torch.ones(4))


def test_a_network_without_hidden_layers_has_no_features():
    with pytest.raises(ValueError, match="MLPDiscriminator has 1 layers with weights"):
        extract_hidden_layers(MLPDiscriminator([1, 28, 28], []), make_images(2))


def make_examples(n, width, seed=0):
    rng = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    x = torch.randn(n, width, generator=rng) + 2 * torch.randn(3, width, generator=rng)[y]
    return x, y


def fit_ridge(x, y, decay):
    """Fit the same head with scikit-learn, whose penalty has no scale."""
    scale = (x - x.mean(0)).square().sum(1).mean()
    return Ridge(alpha=float(decay * scale)).fit(
        x.numpy(), nn.functional.one_hot(y, 3).double().numpy()
    )


def test_the_head_is_ridge_regression(subtests):
    for width in [4, 50]:
        with subtests.test(width=width):
            x, y = make_examples(20, width)
            head = fit_linear_head(x, y, 3)
            by_hand = fit_ridge(x.double(), y, head.decay)
            torch.testing.assert_close(
                head.weight, torch.from_numpy(by_hand.coef_.T).contiguous(), atol=1e-8, rtol=1e-6
            )
            torch.testing.assert_close(
                head.bias, torch.from_numpy(by_hand.intercept_), atol=1e-8, rtol=1e-6
            )


def test_the_leave_one_out_error_equals_refits_and_selects_the_decay(subtests):
    for width in [4, 50]:
        with subtests.test(width=width):
            x, y = make_examples(12, width)
            x = x.double()
            scale = (x - x.mean(0)).square().sum(1).mean()
            targets = nn.functional.one_hot(y, 3).double().numpy()
            errors = {}
            for decay in DECAYS:
                total = 0.0
                for i in range(12):
                    rest = [j for j in range(12) if j != i]
                    refit = Ridge(alpha=float(decay * scale)).fit(x[rest].numpy(), targets[rest])
                    total += ((refit.predict(x[i : i + 1].numpy()) - targets[i]) ** 2).mean()
                errors[decay] = total / 12
            head = fit_linear_head(x, y, 3)
            assert head.decay == min(errors, key=errors.get)
            assert head.left_out == pytest.approx(errors[head.decay], rel=1e-6)


def test_separated_classes_are_learned_and_shuffled_labels_are_not():
    x, y = make_examples(300, 10)
    assert (fit_linear_head(x[:30], y[:30], 3)(x[30:]) == y[30:]).float().mean() > 0.95
    shuffled = y[torch.randperm(300, generator=torch.Generator().manual_seed(0))]
    head = fit_linear_head(x[:150], shuffled[:150], 3)
    assert (head(x[150:]) == shuffled[150:]).float().mean() < 0.5
    assert head.decay > 1


def test_constant_features_give_the_most_frequent_class():
    head = fit_linear_head(torch.ones(5, 4), torch.tensor([0, 1, 1, 1, 2]), 3)
    assert head(torch.rand(2, 4)).tolist() == [1, 1]


def test_a_head_needs_two_examples_and_a_label_for_each(subtests):
    for n, m in [(1, 1), (3, 2)]:
        with subtests.test(n=n, m=m):
            with pytest.raises(ValueError, match=f"{n} feature vectors with {m} labels"):
                fit_linear_head(torch.rand(n, 4), torch.zeros(m, dtype=torch.long), 3)


def test_labelled_examples_are_balanced_distinct_and_follow_the_seed():
    labels = torch.arange(60) % 3
    pick = draw_labelled_indices(labels, 5, seed=1)
    assert labels[pick].bincount().tolist() == [5, 5, 5]
    assert len(pick.unique()) == 15
    assert torch.equal(pick, draw_labelled_indices(labels, 5, seed=1))
    assert not torch.equal(pick, draw_labelled_indices(labels, 5, seed=2))


def test_too_many_labels_are_an_error(subtests):
    for per_class in [0, 3]:
        with subtests.test(per_class=per_class):
            with pytest.raises(
                ValueError, match=f"{per_class} labels of each class were requested"
            ):
                draw_labelled_indices(torch.tensor([0, 0, 0, 1, 1]), per_class, seed=0)


def test_reinitialization_depends_on_the_seed_only():
    E = Encoder([1, 28, 28], z_dim=2, widths=[6])
    E(make_images(8))  # changes BatchNorm's statistics
    before, state = torch.get_rng_state(), copy.deepcopy(E.state_dict())
    a, b, c = (reinitialize(E, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(E.state_dict()[k], v) for k, v in state.items())
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not torch.equal(a["network.1.weight"], c["network.1.weight"])
    assert a["network.2.running_mean"].abs().sum() == 0


def test_a_classifier_copies_all_weights_except_the_last_layer():
    D = make_small_d()
    state = copy.deepcopy(D.state_dict())
    net = make_classifier(D, 3, seed=0)
    assert net(make_images(4)).shape == (4, 3)
    assert all(torch.equal(D.state_dict()[k], v) for k, v in state.items())
    same = {
        k
        for k, v in net.state_dict().items()
        if v.shape == state[k].shape and torch.equal(v, state[k])
    }
    assert set(state) - same == {"network.6.weight", "network.6.bias"}


def test_a_classifier_needs_two_classes_and_a_linear_layer(subtests):
    for network, classes in [(make_small_d(), 1), (nn.Flatten(), 3)]:
        with subtests.test(network=network, classes=classes):
            with pytest.raises(ValueError, match=f"No classifier of {classes} classes"):
                make_classifier(network, classes, seed=0)


def test_a_classifier_learns_its_labels_and_depends_on_its_seed():
    x, y, D = make_images(30), torch.arange(30) % 3, make_small_d()
    before = torch.get_rng_state()
    fitted = [
        fit_classifier(make_classifier(D, 3, 0), x, y, steps=40, rate=0.02, seed=s)
        for s in (0, 0, 1)
    ]
    assert torch.equal(torch.get_rng_state(), before)
    a, b, c = (net(x) for net in fitted)
    assert not fitted[0].training
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert (a.argmax(1) == y).float().mean() > 0.9
