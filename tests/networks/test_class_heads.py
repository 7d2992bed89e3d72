"""Discriminators with class logits."""

import copy
import itertools

import pytest
import torch
from model_factory import NormedDiscriminator
from torch.nn.functional import cross_entropy

from lightning_gan.networks import (
    AuxiliaryClassifierDiscriminator,
    DCGANDiscriminator,
    KPlusOneDiscriminator,
    MLPDiscriminator,
)
from lightning_gan.networks.wrappers import DiscriminatorWrapper

INNER = {
    "points": lambda: MLPDiscriminator([2], widths=[6]),
    "images": lambda: DCGANDiscriminator([1, 28, 28], width=2),
    "wrapped": lambda: DiscriminatorWrapper(MLPDiscriminator([2], widths=[6])),
}


def test_one_forward_pass_gives_logits_and_class_logits(subtests):
    for kind in INNER:
        with subtests.test(kind=kind):
            inner = INNER[kind]()
            x = torch.randn(5, *inner.data_shape)
            expected, f = inner(x), inner.features(x)
            D = AuxiliaryClassifierDiscriminator(inner, classes=3)
            passes, features = [], inner.features
            inner.features = lambda x: (passes.append(len(x)), features(x))[1]
            scores, logits = D.logits_and_classes(x)
            assert passes == [5]
            torch.testing.assert_close(scores, expected)
            torch.testing.assert_close(D(x), expected)
            torch.testing.assert_close(logits, f @ D.head.weight.T + D.head.bias)
            assert logits.shape == (5, 3)
            assert D.data_shape == inner.data_shape


def test_probability_of_real_is_z_over_z_plus_1(subtests):
    for kind in INNER:
        with subtests.test(kind=kind):
            inner = INNER[kind]()
            dim, x = inner.feature_dim, torch.randn(5, *inner.data_shape)
            f = inner.features(x)
            D = KPlusOneDiscriminator(inner, classes=4)
            logits = D.logits(x)
            torch.testing.assert_close(D.features(x), f)
            torch.testing.assert_close(logits, f @ D.last_layer.weight.T + D.last_layer.bias)
            assert logits.shape == (5, 4)
            assert D.feature_dim == dim
            Z = logits.exp().sum(1)
            torch.testing.assert_close(D(x).sigmoid(), Z / (Z + 1))


def test_equals_a_k_plus_1_classifier_with_one_logit_fixed_at_0():
    D = KPlusOneDiscriminator(MLPDiscriminator([2], widths=[6]), classes=3).double()
    x, y = torch.randn(7, 2).double(), torch.arange(7) % 3
    all_classes = torch.cat([D.logits(x), torch.zeros(7, 1)], 1).softmax(1)
    torch.testing.assert_close(1 - D(x).sigmoid(), all_classes[:, 3])
    given_true = all_classes[:, :3] / all_classes[:, :3].sum(1, keepdim=True)
    own = given_true[torch.arange(7), y].log().mean()
    torch.testing.assert_close(cross_entropy(D.logits(x), y), -own)


def test_every_weight_has_a_gradient(subtests):
    for head, kind in itertools.product(
        [AuxiliaryClassifierDiscriminator, KPlusOneDiscriminator], INNER
    ):
        with subtests.test(kind=kind, head=head):
            D = head(INNER[kind](), 3)
            x = torch.randn(5, *D.data_shape)
            logits = (
                D.logits_and_classes(x)[1]
                if head is AuxiliaryClassifierDiscriminator
                else D.logits(x)
            )
            (D(x).square().sum() + cross_entropy(logits, torch.tensor([0, 1, 2, 0, 1]))).backward()
            assert all(p.grad is not None and p.grad.any() for p in D.parameters())
            again = head(INNER[kind](), 3)
            again.load_state_dict(D.state_dict())
            torch.testing.assert_close(again.eval()(x), copy.deepcopy(D).eval()(x))


def test_discriminators_without_features_are_an_error(subtests):
    for head in [AuxiliaryClassifierDiscriminator, KPlusOneDiscriminator]:
        with subtests.test(head=head):
            with pytest.raises(ValueError, match="; give a whole number from 1 to 1,048,576"):
                head(MLPDiscriminator([2]), 0)
            with pytest.raises(ValueError, match=r"NormedDiscriminator has no features f\(x\)"):
                head(NormedDiscriminator(), 3)
