import warnings

import pytest
import torch
from tiny_features import TinyNetwork, image_bytes

from lightning_gan.evaluation import (
    EvaluationContext,
    FIDMetric,
    ImageSet,
    InceptionScoreMetric,
    KIDMetric,
    PrecisionRecallMetric,
    ReferenceImages,
    score_over_seeds,
    score_samples,
)
from lightning_gan.evaluation import reference as real_module
from lightning_gan.metrics import (
    GaussianStatistics,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)

METRICS = [
    FIDMetric(),
    InceptionScoreMetric(splits=4),
    KIDMetric(subsets=5, subset_size=50),
    PrecisionRecallMetric(),
]


def moments(x):
    x = x.double()
    return GaussianStatistics(len(x), x.mean(0), x.T.cov())


def real(n=300, seed=1, name="noise", split="test"):
    return ReferenceImages(name, split, image_bytes(n, seed))


@pytest.fixture
def against(tmp_path):
    return EvaluationContext(real(), TinyNetwork(), "_tiny", cache=tmp_path)


def test_every_score_is_the_pure_functions_value_in_one_pass(against):
    sample_set = ImageSet(image_bytes(260, seed=2, low=30), "files")
    found = score_samples(sample_set, against, METRICS)
    network = TinyNetwork()
    ours, logits = network(sample_set.uint8_images)
    theirs = network(against.real.uint8_images).vectors
    kid = kernel_distance(ours, theirs, 5, 50)
    inception = inception_score(logits, 4)
    neighbours = precision_recall(ours, theirs)
    expected = {
        "fid_tiny": (frechet_distance(moments(ours), moments(theirs)), None),
        "is_tiny": (inception.mean, inception.sd),
        "kid_tiny": (kid.mean, kid.sd),
    } | {f"{n}_tiny": (getattr(neighbours, n), None) for n in PrecisionRecallMetric.names}
    assert [s.name for s in found.scores] == list(expected)
    for one in found.scores:
        value, sd = expected[one.name]
        assert one.value == pytest.approx(float(value), rel=1e-6, abs=1e-9)
        assert one.sd == (None if sd is None else pytest.approx(float(sd), rel=1e-6, abs=1e-9))
    assert against.network.seen == 260 + 300  # one pass each


def test_a_second_evaluation_makes_no_real_pass(against):
    sample_set = ImageSet(image_bytes(100, seed=2))
    first = score_samples(sample_set, against, METRICS)
    before = against.network.seen
    second = score_samples(sample_set, against, METRICS)
    assert against.network.seen == before + 100
    assert [s.value for s in second.scores] == [s.value for s in first.scores]
    score_samples(
        sample_set, against, [FIDMetric()]
    )  # the entry with the vectors also has the moments
    assert against.network.seen == before + 200


def test_the_inception_score_needs_no_real_images(against):
    score_samples(ImageSet(image_bytes(100, seed=2)), against, [InceptionScoreMetric(splits=2)])
    assert against.network.seen == 100


def test_without_a_last_layer_the_inception_score_is_refused_and_the_others_are_not(tmp_path):
    against = EvaluationContext(real(), TinyNetwork(classes=None), "", cache=tmp_path)
    found = score_samples(ImageSet(image_bytes(100, seed=2)), against, METRICS)
    assert [s.name for s in found.scores] == ["fid", "kid", *PrecisionRecallMetric.names]
    assert "no last layer" in found.refused["inception_score"]


def test_a_changed_byte_or_name_is_another_entry(against, tmp_path, subtests):
    changed = image_bytes(300, seed=1).index_fill(0, torch.tensor([299]), 7)
    for change in ({"uint8_images": changed}, {"name": "other"}, {"split": "train"}):
        with subtests.test(change=next(iter(change))):
            score_samples(ImageSet(image_bytes(100, seed=2)), against, [FIDMetric()])
            before = len(list((tmp_path / "statistics").iterdir()))
            values = {
                "name": "noise",
                "split": "test",
                "uint8_images": against.real.uint8_images,
            } | change
            other = EvaluationContext(ReferenceImages(**values), TinyNetwork(), "", cache=tmp_path)
            score_samples(ImageSet(image_bytes(100, seed=2)), other, [FIDMetric()])
            assert other.network.seen == 400
            assert len(list((tmp_path / "statistics").iterdir())) == before + 1


def test_other_weights_and_another_resize_are_other_entries(against, tmp_path):
    score_samples(ImageSet(image_bytes(100, seed=2)), against, [FIDMetric()])
    resized = TinyNetwork()
    resized.resize = "another"
    for network in (TinyNetwork(seed=1), resized):
        score_samples(
            ImageSet(image_bytes(100, seed=2)),
            EvaluationContext(real(), network, "", cache=tmp_path),
            [FIDMetric()],
        )
        assert network.seen == 400


def test_a_damaged_entry_is_computed_again(against, tmp_path):
    sample_set = ImageSet(image_bytes(100, seed=2))
    value = score_samples(sample_set, against, [FIDMetric()]).scores[0].value
    (entry,) = (tmp_path / "statistics").iterdir()
    whole = entry.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (b"", whole[:100], bytes(flipped), b"no archive"):
        entry.write_bytes(damaged)
        before = against.network.seen
        assert score_samples(sample_set, against, [FIDMetric()]).scores[0].value == value
        assert against.network.seen == before + 400
        assert entry.read_bytes() != damaged


def test_two_jobs_that_write_one_entry_leave_a_whole_one(against, tmp_path, monkeypatch):
    written = []
    save = torch.save

    def save_as_two(entry, path):
        other = path.with_name(f"{path.name}.other")
        save(entry, other)
        other.rename(path.with_name(path.name[1:].split(".pt")[0] + ".pt"))  # the other was faster
        written.append(path)
        save(entry, path)

    monkeypatch.setattr(real_module.torch, "save", save_as_two)
    score_samples(ImageSet(image_bytes(100, seed=2)), against, [FIDMetric()])
    assert len(written) == 1
    assert len(list((tmp_path / "statistics").iterdir())) == 1
    score_samples(ImageSet(image_bytes(100, seed=2)), against, [FIDMetric()])
    assert len(written) == 1  # the entry was read


def test_a_cache_that_cannot_be_written_costs_no_score(against, tmp_path, capsys):
    (tmp_path / "statistics").write_text("a file in its place")
    assert score_samples(ImageSet(image_bytes(100, seed=2)), against, [FIDMetric()]).scores
    assert "were not cached" in capsys.readouterr().out


def test_degenerate_images_give_a_value_with_a_note_or_a_reason(against):
    same = ImageSet(image_bytes(1, seed=3).expand(60, -1, -1, -1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = score_samples(same, against, METRICS)
    assert against.network.seen == 300 + 1  # the network sees one of sixty equal images
    by_name = {s.name: s for s in found.scores}
    assert by_name["fid_tiny"].notes
    assert by_name["is_tiny"].value == pytest.approx(1.0)
    assert by_name["is_tiny"].notes
    assert all(s.value == s.value for s in found.scores)  # no NaN
    one = score_samples(ImageSet(image_bytes(1, seed=3)), against, METRICS)
    assert "fid_tiny" in one.refused
    assert "precision_tiny" in one.refused
    assert all(s.value == s.value for s in one.scores)


def test_several_sample_sets_give_mean_and_standard_deviation(against):
    runs = [
        score_samples(ImageSet(image_bytes(100, seed), "G", seed), against, [FIDMetric()])
        for seed in (4, 5, 6)
    ]
    values = torch.tensor([run.scores[0].value for run in runs])
    (both,) = score_over_seeds(runs).scores
    assert both.value == pytest.approx(values.mean().item())
    assert both.sd == pytest.approx(values.std().item(), rel=1e-4)
    assert both.protocol.error == "sd over 3 sample sets, seeds 4 to 6"
    assert score_over_seeds(runs[:1]) is runs[0]


def test_the_protocol_holds_what_the_value_depends_on(against):
    (one,) = score_samples(
        ImageSet(image_bytes(100, seed=2), "files"), against, [FIDMetric()]
    ).scores
    score_protocol = one.protocol
    assert (score_protocol.features, score_protocol.resize, score_protocol.weights) == (
        "tiny",
        TinyNetwork.resize,
        TinyNetwork().weights,
    )
    assert (
        score_protocol.real,
        score_protocol.split,
        score_protocol.n_real,
        score_protocol.n_generated,
    ) == ("noise", "test", 300, 100)
    assert score_protocol.real_hash == real().digest
    assert {"torch", "torchmetrics", "lightning-gan"} <= set(score_protocol.versions)
    assert (score_protocol.generated, score_protocol.seed, score_protocol.value_range) == (
        "files",
        None,
        "bytes 0..255",
    )


def test_some_real_images_are_always_the_same_in_their_order_and_no_more_than_there_are():
    torch.manual_seed(0)
    order = ReferenceImages("n", "", torch.arange(200, dtype=torch.uint8).view(-1, 1, 1, 1))
    places = order.select(50).uint8_images.flatten().tolist()
    assert places == sorted(places) == order.select(50).uint8_images.flatten().tolist()
    assert places[-1] > 150  # from the whole set
    assert len(set(places)) == 50
    assert real().select(None).digest == real().digest
    with pytest.raises(ValueError, match=r"301 real images were requested, but noise test has 300"):
        real().select(301)
