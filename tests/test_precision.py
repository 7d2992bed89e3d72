"""Mixed precision: every model trains in bfloat16; in float16 both networks share one loss scale."""

import copy
import itertools
from functools import partial

import pytest
import torch
from model_factory import Batches, make_model, trainer
from process_group import MODELS, fit, sgd
from pytorch_lightning.plugins import MixedPrecision
from torch.optim import SGD

from lightning_gan import GAN
from lightning_gan.models import SimultaneousGAN

plain_sgd = partial(SGD, lr=1.0)
fused_sgd = partial(SGD, lr=1.0, fused=True)  # divides by the scale inside of its step
rules = pytest.mark.parametrize("rule", [plain_sgd, fused_sgd], ids=["plain", "fused"])


IN_64 = {  # one model for each kind of weight and buffer; objectives have none
    "GAN, dropout and noise", "BatchNorm told a condition", "spectral norm", "minibatch discrimination",
    "weight norm", "masked", "ACGAN", "semi-supervised",
}  # fmt: skip


def test_every_model_trains_in_every_precision_with_weights_of_one_dtype(subtests):
    runs = [(name, "bf16-mixed", torch.float32) for name in MODELS]
    for name, precision, dtype in runs + [
        (name, "64-true", torch.float64) for name in sorted(IN_64)
    ]:
        with subtests.test(name, precision=precision):
            torch.manual_seed(0)
            gan = MODELS[name](d_optimizer=sgd, g_optimizer=sgd)
            before = copy.deepcopy(gan).to(dtype)
            fit(gan, 1, 2, precision=precision, log_every_n_steps=1)
            for network in ("generator", "discriminator"):
                now, then = (list(getattr(g, network).parameters()) for g in (gan, before))
                assert all(p.dtype == dtype and p.isfinite().all() for p in now)
                assert any(not torch.equal(a, b) for a, b in zip(now, then, strict=True)), network


class Overflowing:
    """Mixin with an infinite gradient of D at its second update."""

    def penalty(self, judged):
        added = super().penalty(judged)
        infinite = self.d_updates == 1 and torch.inf
        return added + infinite * next(self.discriminator.parameters()).sum() if infinite else added


class OverflowingGAN(Overflowing, GAN):
    pass


class OverflowingSimultaneousGAN(Overflowing, SimultaneousGAN):
    pass


def fit_float16(
    folder, kind, steps, scale=2.0**10, growth_interval=1000, rule=plain_sgd, **arguments
):
    """Train in float16; return model, Trainer, and networks and loss scale after each step."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=growth_interval)
    gan = make_model(kind, d_optimizer=rule, g_optimizer=rule, **arguments)
    run = trainer(
        folder, max_steps=steps, plugins=[MixedPrecision("16-mixed", "cpu", scaler=scaler)]
    )
    scales, networks = [], []
    end = gan.on_train_batch_end

    def record(*args):
        end(*args)
        scales.append(scaler.get_scale())
        networks.append([copy.deepcopy(p) for p in (gan.discriminator, gan.generator)])

    gan.on_train_batch_end = record
    run.fit(gan, Batches(steps * arguments.get("k", 1), m=4))
    return gan, run, networks, scales


def have_changed(a, b):
    return any(not torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


@rules
@pytest.mark.parametrize("kind", [OverflowingGAN, OverflowingSimultaneousGAN])
@pytest.mark.parametrize("clips", [{}, {"d_clip": 1.0, "g_clip": 1.0}], ids=["free", "clipped"])
def test_an_overflow_of_d_skips_its_update_only(kind, rule, clips, tmp_path):
    gan, run, networks, scales = fit_float16(tmp_path, kind, 4, rule=rule, **clips)
    changed = [
        [have_changed(a, b) for a, b in zip(*two, strict=True)]
        for two in itertools.pairwise(networks)
    ]
    assert changed == [[False, True], [True, True], [True, True]]
    assert scales == [2**10, 2**9, 2**9, 2**9]  # halved once, after the updates of both
    assert run.global_step == gan.g_updates == gan.d_updates == 4


def test_gradients_of_g_are_divided_by_the_scale_of_their_backward_pass(tmp_path):
    after = []
    for kind in (SimultaneousGAN, OverflowingSimultaneousGAN):
        _, _, networks, _ = fit_float16(tmp_path, kind, 2)
        after.append(networks[1][1].state_dict())
    torch.testing.assert_close(*after, rtol=0, atol=0)


@pytest.mark.parametrize("k", [1, 3])
def test_the_scale_grows_with_minibatches_whatever_k_is(k, tmp_path):
    scales = fit_float16(tmp_path, GAN, 4, growth_interval=2, k=k)[-1]
    assert scales == [2.0 ** (10 + n // 2) for n in range(1, 4 * k + 1)]


@rules
@pytest.mark.parametrize("scale", [1.0, 2.0**12])
def test_clipping_uses_the_norm_of_the_unscaled_gradient(scale, rule, tmp_path):
    clips = {"d_clip": 0.01, "g_clip": 0.02}
    _, _, networks, _ = fit_float16(tmp_path, GAN, 2, scale=scale, rule=rule, **clips)
    for network, largest in ((0, 0.01), (1, 0.02)):
        before, after = (list(both[network].parameters()) for both in networks)
        steps = [(a - b).flatten() for a, b in zip(after, before, strict=True)]
        assert torch.cat(steps).norm().item() == pytest.approx(largest, rel=1e-3)
