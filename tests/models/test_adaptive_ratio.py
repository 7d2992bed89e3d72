"""AdaptiveRatioGAN: D's lead and the number of D's updates."""

import math

import pytest
import torch
from model_factory import Batches, make_model, trainer
from torch.nn.functional import softplus

from lightning_gan import GAN
from lightning_gan.models import AdaptiveRatioGAN


def record_updates(gan, tmp_path, batches):
    """Train and return the order of the updates and D's lead after each update of D."""
    journal, leads, descend = [], [], gan.minimize

    def watch(network, objective, batch):
        journal.append("DG"[network])
        descend(network, objective, batch)
        if network == 0:
            leads.append(gan.lead)

    gan.minimize = watch
    trainer(tmp_path, max_epochs=1).fit(gan, Batches(batches))
    return "".join(journal), leads


def test_d_without_a_lead_is_updated_most_times(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=3)
    moves, _ = record_updates(gan, tmp_path, 9)
    assert moves == "DDDG" * 3


def test_d_with_a_lead_is_updated_once(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.3, most=3, memory=0.0)
    note = gan.statistics.add_d
    gan.statistics.add_d = lambda loss, real, fake: note(loss, real.abs() + 10, -fake.abs() - 10)
    assert record_updates(gan, tmp_path, 4)[0] == "DGDGDGDG"


def test_lead_is_the_running_mean_of_v_plus_log_4(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=100, memory=0.5)
    seen, note = [], gan.statistics.add_d

    def watch(loss, real, fake):
        seen.append(math.log(4) - float((softplus(-real).mean() + softplus(fake).mean()).detach()))
        note(loss, real, fake)

    gan.statistics.add_d = watch
    _, leads = record_updates(gan, tmp_path, 3)
    expected, lead = [], 0.0
    for now in seen:
        lead = 0.5 * lead + 0.5 * now
        expected.append(lead)
    assert leads == pytest.approx(expected, rel=1e-6)


def test_most_1_equals_gan_with_k_1(tmp_path):
    torch.manual_seed(0)
    one = make_model(AdaptiveRatioGAN, most=1)
    other = make_model(GAN)
    for gan in (one, other):
        torch.manual_seed(1)
        trainer(tmp_path, max_epochs=1).fit(gan, Batches(4))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_checkpoint_holds_the_lead(tmp_path):
    gan = make_model(AdaptiveRatioGAN, lead=1.38, most=5)
    fitted = trainer(tmp_path, max_epochs=1)
    fitted.fit(gan, Batches(3))
    fitted.save_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    stored = torch.load(tmp_path / "a.ckpt", weights_only=True)
    again = make_model(AdaptiveRatioGAN, lead=1.38, most=5)
    again.on_load_checkpoint(stored)
    assert (again.waited, again.lead, again.d_updates) == (3, gan.lead, 3)


def test_invalid_arguments_are_an_error(subtests):
    for bad in [{"lead": 0.0}, {"lead": 1.4}, {"most": 0}, {"memory": 1.0}, {"memory": -0.1}]:
        with subtests.test(bad=bad):
            with pytest.raises(ValueError, match="; give a "):
                make_model(AdaptiveRatioGAN, **bad)
