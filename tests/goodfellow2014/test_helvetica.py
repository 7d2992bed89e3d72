"""The Helvetica scenario: what is judged, and by what."""

from dataclasses import replace

import pytest
import torch

from callbacks import WarnOnCollapse
from lightning_gan.metrics.collapse import CollapseIndicators
from lightning_gan.studies.goodfellow2014 import helvetica, helvetica_plot, helvetica_training
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.helvetica import (
    collapse,
    delay,
    detection,
    first_collapse,
    returns,
    wilson,
)
from lightning_gan.studies.goodfellow2014.helvetica_training import (
    HEALTHY,
    PROVOKED,
    ROLLED_BACK,
    Judge,
    make_row_key,
    read_row,
    ring,
)
from lightning_gan.studies.results_cache import read_cached_rows
from lightning_gan.utils import images

SHORT = replace(ring(steps=8, provoked=4), start=2)


def run_of(end, alarms=(), modes=(8, 8), steps=(4, 6)):
    return {"end": end, "alarms": list(alarms), "modes": list(modes), "steps": list(steps)}


def test_wilsons_interval_is_the_set_of_probabilities_that_a_test_does_not_refuse():
    for k, n in ((0, 20), (3, 20), (20, 20)):
        for p in wilson(k, n):
            if 0 < p < 1:  # at its ends, |k / n - p| is 1.96 standard errors under p
                assert (k / n - p) ** 2 == pytest.approx(1.959964**2 * p * (1 - p) / n)
    assert wilson(20, 20)[1] == pytest.approx(1)
    assert wilson(0, 20)[0] == 0
    assert wilson(0, 0) == (0, 1)


def test_half_of_the_modes_are_a_collapse(subtests):
    for provoked, healthy, verdict in [
        ([1, 4], [8, 5], Verdict.HOLDS),
        ([1, 5], [8, 8], Verdict.FAILS),
        ([1, 1], [8, 4], Verdict.FAILS),
    ]:
        with subtests.test(provoked=provoked, healthy=healthy, verdict=verdict):
            found = collapse(SHORT, [run_of(e) for e in healthy], [run_of(e) for e in provoked])
            assert found.verdict is verdict


def test_a_game_that_was_ill_before_tells_nothing_of_the_provocation():
    ill = run_of(0, modes=[4, 0])
    found = collapse(SHORT, [run_of(8), ill], [run_of(1), ill])
    assert found.ours.startswith("1/1 (")
    assert "left out: 1 models" in found.note
    assert collapse(SHORT, [ill], [ill]).verdict is Verdict.FAILS


def test_alarms_count_where_g_collapsed_and_where_it_did_not(subtests):
    for seen, false, verdict in [
        (10, 0, Verdict.HOLDS),
        (9, 1, Verdict.HOLDS),
        (8, 0, Verdict.FAILS),
        (10, 2, Verdict.FAILS),
    ]:
        with subtests.test(seen=seen, false=false, verdict=verdict):
            provoked = [run_of(1, [6] if i < seen else []) for i in range(10)]
            not_collapsed = [run_of(8, [])]  # provoked in vain: nothing to detect
            healthy = [run_of(8, [2] if i < false else []) for i in range(10)]
            found = detection(SHORT, healthy, provoked + not_collapsed)
            assert found.verdict is verdict
            assert found.ours.startswith(f"{seen}/10 (")
            assert f"false alarms {false}/10 (" in found.ours


def test_a_run_that_collapses_by_itself_is_no_false_alarm():
    found = detection(SHORT, [run_of(8), run_of(0, [2])], [run_of(1, [6])])
    assert found.ours.startswith("2/2 (")
    assert "false alarms 0/1 (" in found.ours
    assert "1 of the collapsed runs were not provoked" in found.note


def test_the_delay_counts_from_the_provocation_where_g_was_healthy_before():
    at = {"steps": [4, 6, 8, 10]}
    late = run_of(1, [10], modes=[8, 8, 2, 1], **at)
    before = run_of(0, [2], modes=[0, 0, 0, 0], **at)
    assert delay(SHORT, [late, before]).ours == (
        "6 after the provocation (1 seed); 2 after the first look at a true collapse (1 seed)"
    )
    assert delay(SHORT, [before]).ours == "no alarm"


def test_without_a_collapse_nothing_was_detected():
    assert detection(SHORT, [run_of(8)], [run_of(8)]).verdict is Verdict.FAILS


def test_a_run_is_saved_if_it_ends_healthy_and_would_not_have_otherwise():
    ill, well = run_of(2), run_of(7)
    assert returns(SHORT, [ill, ill], [well, well]).verdict is Verdict.HOLDS
    assert returns(SHORT, [well, well], [well, well]).verdict is Verdict.FAILS
    assert returns(SHORT, [ill, ill], [well, ill]).verdict is Verdict.FAILS


def test_the_first_true_collapse_is_after_the_provocation():
    found = run_of(1, modes=[2, 8, 5, 4, 1], steps=[2, 4, 6, 8, 10])
    assert first_collapse(SHORT, found) == 8
    assert first_collapse(SHORT, run_of(8, modes=[8], steps=[8])) is None


@pytest.fixture
def coarse(monkeypatch):
    """A look is cheap, and sees a collapse after the provocation."""

    def seen(self, trainer, pl_module):
        rates = [o.param_groups[0]["lr"] for o in trainer.optimizers]
        found = CollapseIndicators(1.0, rates[0] / rates[1], 1.0)
        return found, {}

    monkeypatch.setattr(helvetica_training.ModeCollapseMonitor, "compute_indicators", seen)
    for module in (helvetica_training, helvetica_plot):
        monkeypatch.setattr(module, "EVERY", 2)


def test_a_provoked_run_changes_both_rates_and_a_return_undoes_gs(coarse, tmp_path):
    healthy, provoked, back = (
        read_row(tmp_path, SHORT, arm, 0) for arm in (HEALTHY, PROVOKED, ROLLED_BACK)
    )
    assert healthy["steps"] == [2, 4, 6, 8]
    assert healthy["alarms"] == []
    assert healthy["spread"] == [1, 1, 1, 1]
    # the schedules have made their step after update 4
    assert provoked["spread"] == pytest.approx([1, 0.001, 0.001, 0.001])
    assert provoked["alarms"] == back["alarms"][:1] == [6]
    assert back["steps"][:4] == [2, 4, 6, 4]
    assert healthy["modes"][0] == provoked["modes"][0]
    assert len(back["modes"]) == len(back["steps"])


def test_a_finished_run_is_not_played_again(coarse, tmp_path, monkeypatch):
    first = read_row(tmp_path, SHORT, HEALTHY, 0)
    monkeypatch.setattr(helvetica_training, "train_in_memory", None)
    assert read_row(tmp_path, SHORT, HEALTHY, 0) == first
    with pytest.raises(TypeError):
        read_row(tmp_path, SHORT, HEALTHY, 1)


def test_a_run_is_known_by_everything_that_it_depends_on():
    keys = {
        make_row_key(scenario, arm, seed)
        for scenario in (SHORT, ring(steps=300, provoked=100))
        for arm in (HEALTHY, PROVOKED, ROLLED_BACK)
        for seed in (0, 1)
    }
    assert len(keys) == 12
    assert "0x" not in "".join(keys)  # no address of an object, which would differ from run to run


def test_the_judge_asks_before_anyone_goes_back():
    model, data = ring().model(0)
    judge = Judge(ring().covers(data), 5)

    class AtStep:
        global_step = 50

    judge.on_train_batch_end(AtStep(), model, None, None, 0)
    assert judge.modes == [ring().covers(data)(model)]
    torch.testing.assert_close(judge.samples[0], model.sample(5, seed=2))


def test_the_short_version_judges_the_ring_and_draws_it(coarse, tmp_path, monkeypatch):
    monkeypatch.setattr(helvetica, "ring", lambda steps, provoked: SHORT)
    found = helvetica.run(Setting(out=tmp_path, quick=True))
    assert [f.what for f in found] == [
        "ring: models that collapse", "ring: alarms", "ring: updates of G until the alarm",
    ]  # fmt: skip
    assert all(f.image == tmp_path / "helvetica" / "helvetica_ring.png" for f in found)
    assert found[0].image.stat().st_size > 10_000
    assert len(read_cached_rows(tmp_path / "helvetica" / "rows.json")) == 4


@pytest.mark.slow
def test_the_ring_collapses_and_is_saved(tmp_path):
    found = helvetica.findings(
        Setting(out=tmp_path, seeds=range(3)), tmp_path, ring(), [HEALTHY, PROVOKED, ROLLED_BACK]
    )
    assert [f.verdict for f in found] == [
        Verdict.HOLDS,
        Verdict.HOLDS,
        Verdict.SHOWN,
        Verdict.HOLDS,
    ]


def test_arms_differ_in_what_is_done_about_a_collapse():
    assert isinstance(PROVOKED.response(), WarnOnCollapse)
    assert images.__name__
    assert ROLLED_BACK.response().slower < 1
