"""EMA: formula, half-life in images, number of updates."""

import pytest
import torch
from model_factory import Batches, make_model, trainer
from torch import nn

from lightning_gan.training.ema import EMA


def test_weight_of_an_old_value_is_halved_after_the_half_life():
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    ema = EMA(network, half_life=1000)
    nn.init.ones_(network.weight)
    for update in range(100_000, 100_010):  # far from the start
        ema.step(network, images=100, update=update)
    assert ema.module.weight.item() == pytest.approx(0.5)


def test_decay_is_capped_early_in_training():
    ema = EMA(nn.Linear(1, 1), half_life=1e9)
    assert [ema.decay(100, t) for t in (1, 8)] == [2 / 11, 9 / 18]


def test_batchnorm_statistics_are_averaged_and_other_buffers_copied():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2))
    network[1].register_buffer("other", torch.zeros(1))
    ema = EMA(network, half_life=100)
    network[0].running_mean.fill_(1.0)
    network[0].num_batches_tracked.fill_(7)
    network[1].other.fill_(5.0)
    ema.step(network, images=100, update=1000)
    assert ema.module[0].running_mean.tolist() == [0.5, 0.5]
    assert ema.module[0].num_batches_tracked == 7
    assert ema.module[1].other == 5


def test_average_follows_its_formula_at_updates_of_g(tmp_path_factory, subtests):
    for k in [1, 3]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = make_model(k=k, ema_half_life=20.0)
            weight, history = gan.generator.output.weight, []
            expected = weight.detach().clone()
            step = gan.ema.step

            def watched(generator, images, update):
                history.append((images, update))
                decay = min(0.5 ** (images / 20.0), (1 + update) / (10 + update))
                expected.mul_(decay).add_(weight.detach(), alpha=1 - decay)
                step(generator, images, update)

            gan.ema.step = watched
            trainer(tmp_path, max_steps=4).fit(gan, Batches(5))
            assert history == [(2, 1), (2, 2), (2, 3), (2, 4)]
            torch.testing.assert_close(gan.ema.module.output.weight, expected)
            assert not torch.equal(expected, weight)


def test_average_is_saved_and_sampled(tmp_path):
    gan = make_model(ema_half_life=20.0)
    run = trainer(tmp_path, max_steps=3)
    run.fit(gan, Batches(4))
    run.save_checkpoint(tmp_path / "x.ckpt")
    state = torch.load(tmp_path / "x.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(state["ema.module.output.weight"], gan.ema.module.output.weight)
    z = torch.randn(4, 3)
    gan.ema.module.eval()
    torch.testing.assert_close(gan.generate(z), gan.ema.module(z))
    assert not torch.allclose(gan.generate(z), gan.generator.eval()(z))


def test_only_g_is_averaged():
    assert not [
        n for n, _ in make_model(ema_half_life=20.0).ema.named_parameters() if "network" in n
    ]


def test_half_life_0_is_an_error():
    with pytest.raises(ValueError, match="half_life is 0; give"):
        EMA(nn.Linear(1, 1), half_life=0)
