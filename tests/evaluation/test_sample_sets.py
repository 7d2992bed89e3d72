import pytest
import torch
from model_factory import make_model
from tiny_features import image_bytes
from torch import nn

from lightning_gan.evaluation import (
    ImageSet,
    ModelSamples,
    describe_generator,
    progress,
    sample_sets,
)
from lightning_gan.evaluation.baselines import OneImage
from lightning_gan.utils.images import to_uint8


def whole(sample_set):
    parts = list(sample_set.batches())
    return torch.cat([p.uint8_images for p in parts]), torch.cat([p.indices for p in parts])


def test_samples_are_the_models_own_as_bytes_in_parts_and_again():
    model = make_model()
    sample_set = ModelSamples(model, 700, 3, (0.0, 1.0), describe_generator(model))
    seen, index = whole(sample_set)
    assert torch.equal(seen, to_uint8(model.sample(700, seed=3), (0.0, 1.0)))
    assert torch.equal(index, torch.arange(700))
    assert torch.equal(whole(sample_set)[0], seen)
    assert max(len(p.indices) for p in sample_set.batches()) == sample_sets.BATCH_SIZE


def test_samples_in_parts_and_at_once_are_the_same():
    model = make_model()
    streamed = whole(ModelSamples(model, 300, 1, (0.0, 1.0), ""))[0]
    kept = ModelSamples(model, 300, 1, (0.0, 1.0), "")
    assert kept.all().shape == (300, 1, 2, 2)
    model.generate = None  # the samples are not drawn again
    assert torch.equal(whole(kept)[0], streamed)


def test_shares_of_processes_cover_the_sample_set_once(subtests):
    for n in [1, 2, 5, 601]:
        with subtests.test(n=n):
            sample_set = ImageSet(image_bytes(n, seed=0))
            parts = [part for rank in range(3) for part in sample_set.batches(rank, 3)]
            assert torch.equal(torch.cat([p.indices for p in parts]), torch.arange(n))
            assert torch.equal(torch.cat([p.uint8_images for p in parts]), sample_set.uint8_images)


def test_a_model_that_only_samples_is_asked_once():
    asked = []

    class Other:
        def sample(self, n, seed):
            asked.append((n, seed))
            return torch.full((n, 1, 2, 2), 0.5)

    sample_set = ModelSamples(Other(), 9, 4, (0.0, 1.0), "other")
    for _ in range(2):
        assert whole(sample_set)[0].unique().tolist() == [128]
    assert asked == [(9, 4)]


def test_the_global_noise_is_not_touched():
    state = torch.random.get_rng_state()
    whole(ModelSamples(make_model(), 20, 0, (0.0, 1.0), ""))
    model = make_model()  # sets the global seed, so compare after it
    state = torch.random.get_rng_state()
    whole(ModelSamples(model, 20, 0, (0.0, 1.0), ""))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_batch_norm_and_the_average_are_named():
    model = make_model()
    assert ModelSamples(model, 1, 0, (0.0, 1.0), "").batch_norm == "running averages"
    assert ModelSamples(OneImage(torch.zeros(1, 2, 2)), 1, 0, (0.0, 1.0), "").batch_norm == ""
    assert describe_generator(model) == "G"
    model.ema = nn.Identity()
    assert describe_generator(model) == "average of G"


def test_invalid_sample_sets_are_refused():
    with pytest.raises(ValueError, match=r"float32, \[2, 1, 4, 4\]: give bytes"):
        ImageSet(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match="n is 0; give"):
        ModelSamples(make_model(), 0, 0, (0.0, 1.0), "")
    with pytest.raises(ValueError, match="NaN, because the generator has diverged"):
        whole(ModelSamples(OneImage(torch.full((1, 2, 2), torch.nan)), 1, 0, (0.0, 1.0), ""))


def test_a_long_pass_says_how_far_it_is(monkeypatch, capsys):
    sample_set = ImageSet(image_bytes(600, seed=0))
    assert len(list(progress.report_progress(sample_set.batches(), 600, "samples"))) == 3
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    list(progress.report_progress(sample_set.batches(), 600, "samples"))
    assert "features of 250 of 600 samples, about 0 min left" in capsys.readouterr().err
    list(progress.report_progress(sample_set.batches(), 600, "samples", rank=1))
    assert capsys.readouterr().err == ""
