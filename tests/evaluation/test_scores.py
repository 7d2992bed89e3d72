import warnings

import pytest
import torch
from tiny_features import TinyNetwork, pictures

from lightning_gan.evaluation import (
    Against,
    Frechet,
    Inception,
    Kernel,
    Neighbours,
    Pictures,
    RealSet,
    over_banks,
    score,
)
from lightning_gan.evaluation import real as real_module
from lightning_gan.metrics import (
    Gaussian,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)

MEASURES = [Frechet(), Inception(splits=4), Kernel(subsets=5, subset_size=50), Neighbours()]


def moments(x):
    x = x.double()
    return Gaussian(len(x), x.mean(0), x.T.cov())


def real(n=300, seed=1, name="noise", split="test"):
    return RealSet(name, split, pictures(n, seed))


@pytest.fixture
def against(tmp_path):
    return Against(real(), TinyNetwork(), "_tiny", cache=tmp_path)


def test_every_score_is_the_pure_functions_value_in_one_pass(against):
    bank = Pictures(pictures(260, seed=2, low=30), "files")
    found = score(bank, against, MEASURES)
    network = TinyNetwork()
    ours, logits = network(bank.pictures)
    theirs = network(against.real.pictures).vectors
    kid = kernel_distance(ours, theirs, 5, 50)
    inception = inception_score(logits, 4)
    neighbours = precision_recall(ours, theirs)
    expected = {
        "fid_tiny": (frechet_distance(moments(ours), moments(theirs)), None),
        "is_tiny": (inception.mean, inception.sd),
        "kid_tiny": (kid.mean, kid.sd),
    } | {f"{n}_tiny": (getattr(neighbours, n), None) for n in Neighbours.names}
    assert [s.name for s in found.scores] == list(expected)
    for one in found.scores:
        value, sd = expected[one.name]
        assert one.value == pytest.approx(float(value), rel=1e-6, abs=1e-9)
        assert one.sd == (None if sd is None else pytest.approx(float(sd), rel=1e-6, abs=1e-9))
    assert against.network.seen == 260 + 300  # one pass each


def test_a_second_evaluation_makes_no_real_pass(against):
    bank = Pictures(pictures(100, seed=2))
    first = score(bank, against, MEASURES)
    before = against.network.seen
    second = score(bank, against, MEASURES)
    assert against.network.seen == before + 100
    assert [s.value for s in second.scores] == [s.value for s in first.scores]
    score(bank, against, [Frechet()])  # moments are in the entry that holds the vectors
    assert against.network.seen == before + 200


def test_the_inception_score_needs_no_real_pictures(against):
    score(Pictures(pictures(100, seed=2)), against, [Inception(splits=2)])
    assert against.network.seen == 100


def test_without_a_last_layer_the_inception_score_is_refused_and_the_others_are_not(tmp_path):
    against = Against(real(), TinyNetwork(classes=None), "", cache=tmp_path)
    found = score(Pictures(pictures(100, seed=2)), against, MEASURES)
    assert [s.name for s in found.scores] == ["fid", "kid", *Neighbours.names]
    assert "no last layer" in found.refused["inception_score"]


def test_a_changed_byte_or_name_is_another_entry(against, tmp_path, subtests):
    changed = pictures(300, seed=1).index_fill(0, torch.tensor([299]), 7)
    for change in ({"pictures": changed}, {"name": "other"}, {"split": "train"}):
        with subtests.test(change=next(iter(change))):
            score(Pictures(pictures(100, seed=2)), against, [Frechet()])
            before = len(list((tmp_path / "statistics").iterdir()))
            values = {"name": "noise", "split": "test", "pictures": against.real.pictures} | change
            other = Against(RealSet(**values), TinyNetwork(), "", cache=tmp_path)
            score(Pictures(pictures(100, seed=2)), other, [Frechet()])
            assert other.network.seen == 400
            assert len(list((tmp_path / "statistics").iterdir())) == before + 1


def test_other_weights_and_another_resize_are_other_entries(against, tmp_path):
    score(Pictures(pictures(100, seed=2)), against, [Frechet()])
    resized = TinyNetwork()
    resized.resize = "another"
    for network in (TinyNetwork(seed=1), resized):
        score(
            Pictures(pictures(100, seed=2)),
            Against(real(), network, "", cache=tmp_path),
            [Frechet()],
        )
        assert network.seen == 400


def test_a_damaged_entry_is_computed_again(against, tmp_path):
    bank = Pictures(pictures(100, seed=2))
    value = score(bank, against, [Frechet()]).scores[0].value
    (entry,) = (tmp_path / "statistics").iterdir()
    whole = entry.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (b"", whole[:100], bytes(flipped), b"no archive"):
        entry.write_bytes(damaged)
        before = against.network.seen
        assert score(bank, against, [Frechet()]).scores[0].value == value
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
    score(Pictures(pictures(100, seed=2)), against, [Frechet()])
    assert len(written) == 1
    assert len(list((tmp_path / "statistics").iterdir())) == 1
    score(Pictures(pictures(100, seed=2)), against, [Frechet()])
    assert len(written) == 1  # it was read


def test_a_cache_that_cannot_be_written_costs_no_score(against, tmp_path, capsys):
    (tmp_path / "statistics").write_text("a file in its place")
    assert score(Pictures(pictures(100, seed=2)), against, [Frechet()]).scores
    assert "were not kept" in capsys.readouterr().out


def test_degenerate_pictures_give_a_number_with_a_note_or_a_reason(against):
    same = Pictures(pictures(1, seed=3).expand(60, -1, -1, -1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = score(same, against, MEASURES)
    assert against.network.seen == 300 + 1  # sixty times one picture is one picture
    by_name = {s.name: s for s in found.scores}
    assert by_name["fid_tiny"].notes
    assert by_name["is_tiny"].value == pytest.approx(1.0)
    assert by_name["is_tiny"].notes
    assert all(s.value == s.value for s in found.scores)  # no NaN
    one = score(Pictures(pictures(1, seed=3)), against, MEASURES)
    assert "fid_tiny" in one.refused
    assert "precision_tiny" in one.refused
    assert all(s.value == s.value for s in one.scores)


def test_several_banks_give_mean_and_standard_deviation(against):
    runs = [
        score(Pictures(pictures(100, seed), "G", seed), against, [Frechet()]) for seed in (4, 5, 6)
    ]
    values = torch.tensor([run.scores[0].value for run in runs])
    (both,) = over_banks(runs).scores
    assert both.value == pytest.approx(values.mean().item())
    assert both.sd == pytest.approx(values.std().item(), rel=1e-4)
    assert both.card.error == "sd over 3 banks, seeds 4 to 6"
    assert over_banks(runs[:1]) is runs[0]


def test_the_card_holds_what_the_value_depends_on(against):
    (one,) = score(Pictures(pictures(100, seed=2), "files"), against, [Frechet()]).scores
    card = one.card
    assert (card.features, card.resize, card.weights) == (
        "tiny",
        TinyNetwork.resize,
        TinyNetwork().weights,
    )
    assert (card.real, card.split, card.n_real, card.n_generated) == ("noise", "test", 300, 100)
    assert card.real_hash == real().digest
    assert {"torch", "torchmetrics", "lightning-gan"} <= set(card.versions)
    assert (card.generated, card.seed, card.value_range) == ("files", None, "bytes 0..255")


def test_some_real_images_are_always_the_same_in_their_order_and_no_more_than_there_are():
    torch.manual_seed(0)
    order = RealSet("n", "", torch.arange(200, dtype=torch.uint8).view(-1, 1, 1, 1))
    places = order.drawn(50).pictures.flatten().tolist()
    assert places == sorted(places) == order.drawn(50).pictures.flatten().tolist()
    assert places[-1] > 150  # from the whole set
    assert len(set(places)) == 50
    assert real().drawn(None).digest == real().digest
    with pytest.raises(ValueError, match=r"301 real images were asked of 300 \(noise test\)"):
        real().drawn(301)
