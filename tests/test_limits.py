"""Checks of memory, disk space and cores."""

from pathlib import Path

import pytest

from lightning_gan.utils import machine_limits


def test_too_much_memory_is_refused_with_both_amounts(monkeypatch):
    monkeypatch.setattr(machine_limits, "read_memory", lambda: 10**9)
    machine_limits.check_memory(10**9, "3 samples", "give fewer")
    with pytest.raises(ValueError, match=r"^3 samples take 2\.0 GB .* has 1\.0 GB: give fewer\.$"):
        machine_limits.check_memory(2 * 10**9, "3 samples", "give fewer")
    monkeypatch.setattr(machine_limits, "read_memory", lambda: 0)  # a system that does not say
    machine_limits.check_memory(10**30, "3 samples", "give fewer")


def test_the_memory_limit_of_a_container_is_read(tmp_path, monkeypatch):
    whole = machine_limits.read_memory()
    for text, found in (("1000000\n", 10**6), ("max\n", whole)):
        (tmp_path / "memory.max").write_text(text)
        monkeypatch.setattr(machine_limits, "CGROUP_LIMITS", (str(tmp_path / "memory.max"),))
        assert machine_limits.read_memory() == found


def test_too_much_disk_space_is_refused_for_a_folder_that_does_not_exist(tmp_path):
    machine_limits.check_disk(1, tmp_path / "a" / "b", "3 images", "give fewer")
    with pytest.raises(ValueError, match=r"^3 images take 1,000,000,000\.0 GB in .* are free: "):
        machine_limits.check_disk(10**18, Path("a/b"), "3 images", "give fewer")


def test_the_cores_of_the_process_are_counted():
    assert machine_limits.count_cpus() >= 1
