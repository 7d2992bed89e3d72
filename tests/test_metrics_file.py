"""metrics.csv holds each row once, also after a resume, an incomplete line or a full disk."""

import resource
from contextlib import contextmanager

import pytest

from lightning_gan.tracking.metrics_csv import MetricsLogger, read_metric_rows


@contextmanager
def limit_file_size(most):
    """Limit the size of files, in bytes, through the operating system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def logger(folder, steps=(), version="version_0", keep=0):
    made = MetricsLogger(str(folder), "run", version, keep)
    assert made.experiment.rows == keep
    return log(made, steps)


def log(run, steps):
    for step in steps:
        run.log_metrics({"loss": step / 3} | ({"score": step} if step % 4 == 0 else {}), step)
        run.save()
    return run


def path(folder):
    return folder / "run" / "version_0" / "metrics.csv"


def test_a_resumed_run_writes_the_file_of_an_uninterrupted_one(tmp_path):
    logger(tmp_path / "whole", range(1, 10))
    for kept in range(10):
        parted = tmp_path / str(kept)
        stopped = logger(parted, range(1, kept + 1))
        assert stopped.flush_rows() == kept
        for late in (kept + 1, kept + 2):
            stopped.log_metrics({"loss": -1.0, "never": 1.0}, late)
            stopped.save()
        logger(parted, range(kept + 1, 10), keep=kept)
        assert path(parted).read_bytes() == path(tmp_path / "whole").read_bytes()


def test_an_incomplete_row_is_dropped(tmp_path_factory, subtests):
    for cut in [1, 7]:
        with subtests.test(cut=cut):
            tmp_path = tmp_path_factory.mktemp("row")
            logger(tmp_path, [1, 2, 3])
            path(tmp_path).write_bytes(path(tmp_path).read_bytes()[:-cut])
            assert [row["step"] for row in read_metric_rows(path(tmp_path))] == ["1", "2"]
            logger(tmp_path, [3], keep=2)
            assert [row["step"] for row in read_metric_rows(path(tmp_path))] == ["1", "2", "3"]


def test_rows_wait_in_memory_on_a_full_disk(tmp_path):
    run = logger(tmp_path, [1, 2])
    before = path(tmp_path).read_bytes()
    with (
        limit_file_size(len(before) + 5),
        pytest.warns(UserWarning, match="was not written") as said,
    ):
        log(run, [3, 5])
    assert len(said) == 1
    assert path(tmp_path).read_bytes() == before
    assert run.flush_rows() == 4
    assert [row["step"] for row in read_metric_rows(path(tmp_path))] == ["1", "2", "3", "5"]


def test_a_new_column_waits_in_memory_on_a_full_disk(tmp_path):
    run = logger(tmp_path, [1, 2])
    before = path(tmp_path).read_bytes()
    run.log_metrics({"score": 1.0}, 4)
    with limit_file_size(10), pytest.warns(UserWarning, match="was not written"):
        run.save()
    assert path(tmp_path).read_bytes() == before
    assert run.flush_rows() == 3
    assert [row["score"] for row in read_metric_rows(path(tmp_path))] == ["", "", "1.0"]
