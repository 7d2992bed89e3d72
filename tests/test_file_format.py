"""Format number of the files of runs and caches, and the errors of older formats."""

import json

import pytest
import torch
from run_fixtures import make_run

from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.evaluation.tables import read_scores
from lightning_gan.reports.run_reader import read_run
from lightning_gan.studies.results_cache import cached_result
from lightning_gan.tracking import run_info, scores_json
from lightning_gan.utils.file_format import FORMAT, KEY, READ_BY, FormatError, check_format


def test_every_older_format_has_a_commit_that_reads_it():
    assert set(READ_BY) == set(range(FORMAT))
    for number, commit in READ_BY.items():
        with pytest.raises(FormatError, match=rf"^a has format {number}, .*with commit {commit}"):
            check_format({KEY: number} if number else {}, "a")
    with pytest.raises(FormatError, match=rf"format {FORMAT + 1}, .* update lightning_gan"):
        check_format({KEY: FORMAT + 1}, "a")
    check_format({KEY: FORMAT}, "a")


def without_number(path):
    """Rewrite a JSON file in the format without a number."""
    content = json.loads(path.read_text())
    for part in content if isinstance(content, list) else [content]:
        part.pop(KEY)
    path.write_text(json.dumps(content))


def test_a_run_of_an_older_version_is_refused(tmp_path):
    from run_fixtures import score_protocol

    from lightning_gan.evaluation import Score

    folder = make_run(tmp_path / "a", scores=(Score("fid", 1.0, None, score_protocol()),))
    without_number(folder / "scores.json")
    for read in (scores_json.read, read_scores):
        with pytest.raises(FormatError, match=r"scores.json has format 0"):
            read(folder / "scores.json")
    with pytest.raises(FormatError, match=r"scores.json has format 0"):
        read_run(folder)
    without_number(folder / "run.json")
    with pytest.raises(FormatError, match=r"run.json has format 0"):
        run_info.read_run_info(folder)


def test_cached_results_of_an_older_version_are_refused_and_not_deleted(tmp_path):
    path = tmp_path / "rows.json"
    cached_result(path, "a", lambda: {"modes": 8})
    without_number(path)
    before = path.read_bytes()
    with pytest.raises(FormatError, match=r"rows.json has format 0"):
        cached_result(path, "b", lambda: {"modes": 8})
    assert path.read_bytes() == before


def test_a_checkpoint_of_an_older_version_is_refused_before_a_run_starts(command):
    assert command("fit", "--config", "small.yaml").status == 0
    path = "runs/small/version_0/checkpoints/last.ckpt"
    content = read_checkpoint(path)
    assert content.pop(KEY) == FORMAT
    for file in (command.folder / path).parent.glob("*.ckpt"):
        torch.save(content, file)
    for line in (
        ("sample", "--ckpt_path", path),
        ("fit", "--config", "small.yaml", "--ckpt_path", "auto"),
    ):
        ended = command(*line)
        assert ended.status == 1
        assert f"has format 0, but this version reads format {FORMAT}" in ended.err
        assert f"read it with commit {READ_BY[0]}" in ended.err
    assert not (command.folder / "runs/small/version_1").exists()
