"""Atomic writes, and the removal of partial files."""

import os
import platform
import subprocess
import sys

import pytest

from lightning_gan.utils.atomic_files import atomic_write, remove_partial_files


def test_a_file_exists_once_it_is_complete_and_folders_are_created(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_write(path) as partial:
        partial.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_no_partial_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def half():
        with atomic_write(path) as partial:
            partial.write_text("ha")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_partial_files_of_killed_processes_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "deep").mkdir()
    node = platform.node()
    left = tmp_path / "deep" / f".a.txt.{node}.{dead.pid}.part"
    others = [
        tmp_path / f".a.txt.{node}.{os.getppid()}.part",  # of a running process
        tmp_path / f".a.txt.elsewhere.{dead.pid}.part",  # of another machine
        tmp_path / "a.part",
        tmp_path / "a.txt",
    ]
    for path in (left, *others):
        path.write_text("half")
    assert remove_partial_files(tmp_path) == [left]
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(others)
