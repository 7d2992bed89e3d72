"""Claim about mode collapse: criteria, runs and images."""

from dataclasses import replace

import pytest
import torch

from callbacks import WarnOnCollapse
from lightning_gan.metrics.collapse import CollapseIndicators
from lightning_gan.studies.goodfellow2014 import helvetica, helvetica_plot, helvetica_training
from lightning_gan.studies.goodfellow2014.claim import Setting, Verdict
from lightning_gan.studies.goodfellow2014.helvetica import (
    compute_wilson_interval,
    find_first_collapse,
    judge_collapse,
    judge_detection,
    judge_rollback,
    measure_delay,
)
from lightning_gan.studies.goodfellow2014.helvetica_training import (
    HEALTHY,
    PROVOKED,
    ROLLED_BACK,
    ModeCounter,
    make_ring_scenario,
    make_row_key,
    run_or_read,
)
from lightning_gan.studies.results_cache import read_cached_rows

SHORT = replace(make_ring_scenario(steps=8, provoked=4), start=2)


def run_of(end, alarms=(), modes=(8, 8), steps=(4, 6)):
    return {"end": end, "alarms": list(alarms), "modes": list(modes), "steps": list(steps)}


def test_wilsons_interval_satisfies_its_equation():
    for k, n in ((0, 20), (3, 20), (20, 20)):
        for p in compute_wilson_interval(k, n):
            if 0 < p < 1:  # at its ends, |k / n - p| is 1.96 standard errors under p
                assert (k / n - p) ** 2 == pytest.approx(1.959964**2 * p * (1 - p) / n)
    assert compute_wilson_interval(20, 20)[1] == pytest.approx(1)
    assert compute_wilson_interval(0, 20)[0] == 0
    assert compute_wilson_interval(0, 0) == (0, 1)


def test_half_of_the_modes_is_a_collapse(subtests):
    for provoked, healthy, verdict in [
        ([1, 4], [8, 5], Verdict.HOLDS),
        ([1, 5], [8, 8], Verdict.FAILS),
        ([1, 1], [8, 4], Verdict.FAILS),
    ]:
        with subtests.test(provoked=provoked, healthy=healthy, verdict=verdict):
            found = judge_collapse(
                SHORT, [run_of(e) for e in healthy], [run_of(e) for e in provoked]
            )
            assert found.verdict is verdict


def test_a_model_that_had_collapsed_before_is_excluded():
    collapsed = run_of(0, modes=[4, 0])
    found = judge_collapse(SHORT, [run_of(8), collapsed], [run_of(1), collapsed])
    assert found.result.startswith("1/1 (")
    assert "excluded: 1 models" in found.note
    assert judge_collapse(SHORT, [collapsed], [collapsed]).verdict is Verdict.FAILS


def test_alarms_are_counted_in_collapsed_and_healthy_runs(subtests):
    for detected, false, verdict in [
        (10, 0, Verdict.HOLDS),
        (9, 1, Verdict.HOLDS),
        (8, 0, Verdict.FAILS),
        (10, 2, Verdict.FAILS),
    ]:
        with subtests.test(detected=detected, false=false, verdict=verdict):
            provoked = [run_of(1, [6] if i < detected else []) for i in range(10)]
            not_collapsed = [run_of(8, [])]  # nothing to detect
            healthy = [run_of(8, [2] if i < false else []) for i in range(10)]
            found = judge_detection(SHORT, healthy, provoked + not_collapsed)
            assert found.verdict is verdict
            assert found.result.startswith(f"{detected}/10 (")
            assert f"false alarms {false}/10 (" in found.result


def test_an_alarm_in_an_unprovoked_collapse_is_not_false():
    found = judge_detection(SHORT, [run_of(8), run_of(0, [2])], [run_of(1, [6])])
    assert found.result.startswith("2/2 (")
    assert "false alarms 0/1 (" in found.result
    assert "1 of the collapsed runs were not provoked" in found.note


def test_the_delay_is_measured_from_the_provocation():
    at = {"steps": [4, 6, 8, 10]}
    late = run_of(1, [10], modes=[8, 8, 2, 1], **at)
    before = run_of(0, [2], modes=[0, 0, 0, 0], **at)
    assert measure_delay(SHORT, [late, before]).result == (
        "6 after the provocation (1 seed); 2 after the first collapsed measurement (1 seed)"
    )
    assert measure_delay(SHORT, [before]).result == "no alarm"


def test_without_a_collapse_detection_fails():
    assert judge_detection(SHORT, [run_of(8)], [run_of(8)]).verdict is Verdict.FAILS


def test_rollback_holds_if_runs_collapse_only_without_it():
    bad, good = run_of(2), run_of(7)
    assert judge_rollback(SHORT, [bad, bad], [good, good]).verdict is Verdict.HOLDS
    assert judge_rollback(SHORT, [good, good], [good, good]).verdict is Verdict.FAILS
    assert judge_rollback(SHORT, [bad, bad], [good, bad]).verdict is Verdict.FAILS


def test_the_first_collapse_is_after_the_provocation():
    found = run_of(1, modes=[2, 8, 5, 4, 1], steps=[2, 4, 6, 8, 10])
    assert find_first_collapse(SHORT, found) == 8
    assert find_first_collapse(SHORT, run_of(8, modes=[8], steps=[8])) is None


@pytest.fixture
def coarse(monkeypatch):
    """Replace the indicators by the ratio of the learning rates."""

    def measure(self, trainer, pl_module):
        rates = [o.param_groups[0]["lr"] for o in trainer.optimizers]
        found = CollapseIndicators(1.0, rates[0] / rates[1], 1.0)
        return found, {}

    monkeypatch.setattr(helvetica_training.ModeCollapseMonitor, "compute_indicators", measure)
    for module in (helvetica_training, helvetica_plot):
        monkeypatch.setattr(module, "EVERY", 2)


def test_a_provoked_run_changes_both_rates_and_a_rollback_restores_the_state(coarse, tmp_path):
    healthy, provoked, back = (
        run_or_read(tmp_path, SHORT, arm, 0) for arm in (HEALTHY, PROVOKED, ROLLED_BACK)
    )
    assert healthy["steps"] == [2, 4, 6, 8]
    assert healthy["alarms"] == []
    assert healthy["spread"] == [1, 1, 1, 1]
    # the schedules change the rates after update 4
    assert provoked["spread"] == pytest.approx([1, 0.001, 0.001, 0.001])
    assert provoked["alarms"] == back["alarms"][:1] == [6]
    assert back["steps"][:4] == [2, 4, 6, 4]
    assert healthy["modes"][0] == provoked["modes"][0]
    assert len(back["modes"]) == len(back["steps"])


def test_a_finished_run_is_cached(coarse, tmp_path, monkeypatch):
    first = run_or_read(tmp_path, SHORT, HEALTHY, 0)
    monkeypatch.setattr(helvetica_training, "train_in_memory", None)
    assert run_or_read(tmp_path, SHORT, HEALTHY, 0) == first
    with pytest.raises(TypeError):
        run_or_read(tmp_path, SHORT, HEALTHY, 1)


def test_the_key_of_a_run_has_everything_that_it_depends_on():
    keys = {
        make_row_key(scenario, arm, seed)
        for scenario in (SHORT, make_ring_scenario(steps=300, provoked=100))
        for arm in (HEALTHY, PROVOKED, ROLLED_BACK)
        for seed in (0, 1)
    }
    assert len(keys) == 12
    assert "0x" not in "".join(keys)  # no object address, which differs between processes


def test_modes_are_counted_before_a_rollback():
    model, data = make_ring_scenario().make_model(0)
    counter = ModeCounter(make_ring_scenario().make_counter(data), 5)

    class AtStep:
        global_step = 50

    counter.on_train_batch_end(AtStep(), model, None, None, 0)
    assert counter.modes == [make_ring_scenario().make_counter(data)(model)]
    torch.testing.assert_close(counter.samples[0], model.sample(5, seed=2))


def test_the_short_version_judges_the_ring_and_draws_it(coarse, tmp_path, monkeypatch):
    monkeypatch.setattr(helvetica, "make_ring_scenario", lambda steps, provoked: SHORT)
    found = helvetica.run(Setting(out=tmp_path, quick=True))
    assert [f.quantity for f in found] == [
        "ring: models that collapse", "ring: alarms", "ring: updates of G until the alarm",
    ]  # fmt: skip
    assert all(f.image == tmp_path / "helvetica" / "helvetica_ring.png" for f in found)
    assert found[0].image.stat().st_size > 10_000
    assert len(read_cached_rows(tmp_path / "helvetica" / "rows.json")) == 4


@pytest.mark.slow
def test_the_ring_collapses_and_recovers_by_rollback(tmp_path):
    found = helvetica.judge_scenario(
        Setting(out=tmp_path, seeds=range(3)),
        tmp_path,
        make_ring_scenario(),
        [HEALTHY, PROVOKED, ROLLED_BACK],
    )
    assert [f.verdict for f in found] == [
        Verdict.HOLDS,
        Verdict.HOLDS,
        Verdict.SHOWN,
        Verdict.HOLDS,
    ]


def test_arms_have_different_responses_to_a_collapse():
    assert isinstance(PROVOKED.response(), WarnOnCollapse)
    assert ROLLED_BACK.response().slower < 1
