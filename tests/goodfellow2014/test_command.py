"""Command `reproduce`: choice of claims, output, and stored findings."""

import json
from pathlib import Path

import pytest
from command import Command

from datamodules import Ring
from lightning_gan.cli.actions import reproduce as module
from lightning_gan.studies.goodfellow2014.claim import Claim, Finding, Verdict, format_over_seeds


def counts(setting):
    image = setting.make_folder("counts") / "a.png"
    return [
        Finding(
            "seeds",
            "3",
            format_over_seeds([float(s) for s in setting.seeds], 1),
            Verdict.HOLDS,
            image,
        ),
        Finding("quick", "", str(setting.quick), Verdict.FAILS, note="a note"),
    ]


def refuses(setting):
    return [Finding("nothing", "", str(Ring(modes=0)), Verdict.HOLDS)]


def breaks(setting):
    return [1 // 0]


MADE = (
    Claim(
        "counts", "sec. 1", "seeds are counted", counts, seconds=100.0, quick_seconds=2.0, seeds=3
    ),
    Claim("refuses", "sec. 2", "a file is needed", refuses, seconds=7200.0),
)


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(module, "CLAIMS", MADE)
    return Command(tmp_path, monkeypatch, capfd)


def test_all_claims_run_and_are_tabulated(command):
    ended = command("reproduce")
    assert ended.status == 0
    assert "2 claims, about 2.1 h on one core" in ended.out
    row = next(line for line in ended.out.splitlines() if line.split()[:2] == ["counts", "seeds"])
    assert "1.0 ± 0.6 (3 seeds)" in row
    assert "holds" in row
    assert str(Path("paper/counts/a.png")) in row
    assert "not run: nothing\n    Ring: modes is 0" in ended.out
    assert "a note" in ended.out


def test_dry_run_prints_the_cost_and_writes_nothing(command):
    ended = command("reproduce", "--dry_run")
    assert "counts" in ended.out
    assert "5 min" in ended.out
    assert "2.0 h" in ended.out
    assert not Path("paper").exists()


def test_one_claim_with_a_number_of_seeds(command):
    for words in (("counts", "--seeds", "2"), ("--seeds", "2", "counts")):
        ended = command("reproduce", *words)
        assert ended.status == 0
        assert "0.5 ± 0.5 (2 seeds)" in ended.out
        assert "refuses" not in ended.out


def test_findings_of_other_claims_remain(command):
    command("reproduce", "refuses")
    command("reproduce", "counts", "--quick")
    stored = json.loads(Path("paper/findings.json").read_text())
    assert set(stored) == {"format", "refuses", "counts (quick)"}
    assert stored["counts (quick)"][0]["result"] == "0.0 (1 seed)"
    assert stored["refuses"][0]["verdict"] == "not run"


def test_quick_skips_claims_without_a_short_version(command):
    ended = command("reproduce", "--quick")
    assert "skipped, without a short version: refuses" in ended.out
    assert "quick: True" in ended.out


def test_errors_are_one_sentence(command, subtests):
    for words, message in [
        (("count",), "No claim 'count': did you mean counts?"),
        (("zzz",), "No claim 'zzz': there are counts, refuses."),
        (("--seeds", "0"), "seeds is 0; give a whole number"),
        (("--seeds", "2", "--quick"), "--seeds 2 --quick: leave --seeds out"),
        (("refuses",), "No claim could be run"),
        (("--out", "small.yaml"), "--out small.yaml is a file: give a folder."),
        (("refuses", "--quick"), "There is no short version of refuses"),
    ]:
        with subtests.test(words=words, message=message):
            ended = command("reproduce", *words)
            assert ended.status == 1
            assert ended.err.splitlines()[-1].startswith("error: ")
            assert message in ended.err


def test_a_bug_in_a_claim_has_a_traceback(command, monkeypatch):
    monkeypatch.setattr(module, "CLAIMS", (Claim("breaks", "", "nothing", breaks, seconds=1.0),))
    with pytest.raises(ZeroDivisionError):
        command("reproduce")


def test_claims_by_name(command, subtests):
    for words in [
        ("counts", "refuses"),
        ("counts", "--dry_run", "refuses"),
        ("counts,refuses",),
    ]:
        with subtests.test(words=words):
            ended = command("reproduce", *words, "--dry_run")
            assert "2 claims, about" in ended.out


def test_a_damaged_file_of_findings_is_refused_before_any_run(command):
    Path("paper").mkdir()
    Path("paper/findings.json").write_text("{")
    ended = command("reproduce", "counts")
    assert ended.status == 1
    assert "findings.json is damaged" in ended.err
    assert "counts ..." not in ended.out
    assert Path("paper/findings.json").read_text() == "{"


def test_findings_are_written_before_the_next_claim_runs(command, monkeypatch):
    broken = Claim("breaks", "", "nothing", breaks, seconds=1.0)
    monkeypatch.setattr(module, "CLAIMS", (MADE[0], broken))
    with pytest.raises(ZeroDivisionError):
        command("reproduce")
    assert set(json.loads(Path("paper/findings.json").read_text())) == {"format", "counts"}


def test_a_long_cell_is_wrapped():
    quantity = "the share of samples that are nearer to the training data than held-out images are"
    rows = module.fold_text(("claim", quantity, "", "1.0", "holds", "a/b.png"))
    assert len(rows) > 1
    assert " ".join(row[1] for row in rows) == quantity
    assert all(len(row[1]) <= 36 for row in rows)
    assert rows[0][0::4] == ("claim", "holds")
    assert rows[1][0::4] == ("", "")
