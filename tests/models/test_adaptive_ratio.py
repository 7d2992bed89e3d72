"""G waits until D is ahead."""

import math

import pytest
import torch
from model_factory import Batches, make_model, trainer
from torch.nn.functional import softplus

from lightning_gan import GAN
from lightning_gan.models import AdaptiveRatioGAN


def moves_of(gan, tmp_path, batches):
    """D and G, in the order in which they moved, and D's lead after each of D's updates."""
    journal, leads, descend = [], [], gan.minimize

    def watch(network, objective, batch):
        journal.append("DG"[network])
        descend(network, objective, batch)
        if network == 0:
            leads.append(gan.lead)

    gan.minimize = watch
    trainer(tmp_path, max_epochs=1).fit(gan, Batches(batches))
    return "".join(journal), leads


def test_a_d_that_is_never_ahead_moves_so_many_times_and_no_more(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=3)
    moves, _ = moves_of(gan, tmp_path, 9)
    assert moves == "DDDG" * 3


def test_a_d_that_is_always_ahead_moves_once(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.3, most=3, memory=0.0)
    note = gan.statistics.add_d
    gan.statistics.add_d = lambda loss, real, fake: note(loss, real.abs() + 10, -fake.abs() - 10)
    assert moves_of(gan, tmp_path, 4)[0] == "DGDGDGDG"


def test_the_lead_is_v_plus_log_4_averaged(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=100, memory=0.5)
    seen, note = [], gan.statistics.add_d

    def watch(loss, real, fake):
        seen.append(math.log(4) - float((softplus(-real).mean() + softplus(fake).mean()).detach()))
        note(loss, real, fake)

    gan.statistics.add_d = watch
    _, leads = moves_of(gan, tmp_path, 3)
    expected, lead = [], 0.0
    for now in seen:
        lead = 0.5 * lead + 0.5 * now
        expected.append(lead)
    assert leads == pytest.approx(expected, rel=1e-6)


def test_with_most_1_it_is_the_game_with_k_1(tmp_path):
    torch.manual_seed(0)
    one = make_model(AdaptiveRatioGAN, most=1)
    other = make_model(GAN)
    for gan in (one, other):
        torch.manual_seed(1)
        trainer(tmp_path, max_epochs=1).fit(gan, Batches(4))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_where_it_stands_is_in_the_checkpoint(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=5)
    fitted = trainer(tmp_path, max_epochs=1)
    fitted.fit(gan, Batches(3))
    fitted.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    stored = torch.load(tmp_path / "a.ckpt", weights_only=True)
    again = make_model(AdaptiveRatioGAN, lead=1.38, most=5)
    again.on_load_checkpoint(stored)
    assert (again.waited, again.lead, again.d_updates) == (3, gan.lead, 3)


def test_impossible_settings_are_refused(subtests):
    for bad in [{"lead": 0.0}, {"lead": 1.4}, {"most": 0}, {"memory": 1.0}, {"memory": -0.1}]:
        with subtests.test(bad=bad):
            with pytest.raises(ValueError, match="; give a "):
                make_model(AdaptiveRatioGAN, **bad)
