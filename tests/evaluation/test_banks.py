import pytest
import torch
from games import game
from tiny_features import pictures
from torch import nn

from lightning_gan.baselines import OneImage
from lightning_gan.evaluation import Pictures, Samples, banks, described, patience
from lightning_gan.images import to_uint8


def whole(bank):
    parts = list(bank.parts())
    return torch.cat([p.pictures for p in parts]), torch.cat([p.places for p in parts])


def test_samples_are_the_models_own_as_bytes_in_parts_and_again():
    model = game()
    bank = Samples(model, 700, 3, (0.0, 1.0), described(model))
    seen, index = whole(bank)
    assert torch.equal(seen, to_uint8(model.sample(700, seed=3), (0.0, 1.0)))
    assert torch.equal(index, torch.arange(700))
    assert torch.equal(whole(bank)[0], seen)
    assert max(len(p.places) for p in bank.parts()) == banks.PART


def test_samples_in_parts_and_at_once_are_the_same():
    model = game()
    streamed = whole(Samples(model, 300, 1, (0.0, 1.0), ""))[0]
    kept = Samples(model, 300, 1, (0.0, 1.0), "")
    assert kept.all().shape == (300, 1, 2, 2)
    model.generate = None  # nobody draws again
    assert torch.equal(whole(kept)[0], streamed)


def test_shares_of_processes_are_the_bank_once(subtests):
    for n in [1, 2, 5, 601]:
        with subtests.test(n=n):
            bank = Pictures(pictures(n, seed=0))
            parts = [part for rank in range(3) for part in bank.parts(rank, 3)]
            assert torch.equal(torch.cat([p.places for p in parts]), torch.arange(n))
            assert torch.equal(torch.cat([p.pictures for p in parts]), bank.pictures)


def test_a_model_that_only_samples_is_asked_once():
    asked = []

    class Other:
        def sample(self, n, seed):
            asked.append((n, seed))
            return torch.full((n, 1, 2, 2), 0.5)

    bank = Samples(Other(), 9, 4, (0.0, 1.0), "other")
    for _ in range(2):
        assert whole(bank)[0].unique().tolist() == [128]
    assert asked == [(9, 4)]


def test_the_global_noise_is_not_touched():
    state = torch.random.get_rng_state()
    whole(Samples(game(), 20, 0, (0.0, 1.0), ""))
    model = game()  # sets the global seed, so compare after it
    state = torch.random.get_rng_state()
    whole(Samples(model, 20, 0, (0.0, 1.0), ""))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_batch_norm_and_the_average_are_named():
    model = game()
    assert Samples(model, 1, 0, (0.0, 1.0), "").batch_norm == "running averages"
    assert Samples(OneImage(torch.zeros(1, 2, 2)), 1, 0, (0.0, 1.0), "").batch_norm == ""
    assert described(model) == "G"
    model.ema = nn.Identity()
    assert described(model) == "average of G"


def test_what_is_no_bank_is_named():
    with pytest.raises(ValueError, match=r"float32, \[2, 1, 4, 4\], came: give bytes"):
        Pictures(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match="n is 0; give"):
        Samples(game(), 0, 0, (0.0, 1.0), "")
    with pytest.raises(ValueError, match="NaN: the generator has diverged"):
        whole(Samples(OneImage(torch.full((1, 2, 2), torch.nan)), 1, 0, (0.0, 1.0), ""))


def test_a_long_pass_says_how_far_it_is(monkeypatch, capsys):
    bank = Pictures(pictures(600, seed=0))
    assert len(list(patience.told(bank.parts(), 600, "samples"))) == 3
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(patience, "SILENCE", -1.0)
    list(patience.told(bank.parts(), 600, "samples"))
    assert "features of 250 of 600 samples, about 0 min left" in capsys.readouterr().err
    list(patience.told(bank.parts(), 600, "samples", rank=1))
    assert capsys.readouterr().err == ""
