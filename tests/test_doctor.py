"""`doctor` on simulated machines: it reports every problem with its remedy, and nothing else."""

import os
from pathlib import Path

import pytest
import torch

from lightning_gan.doctor import machine, paths, slurm, wandb
from lightning_gan.doctor.finding import DoctorFinding

JOB = {
    "SLURM_JOB_ID": "42", "SLURM_JOB_NAME": "gan", "SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_NNODES": "2", "SLURM_STEP_ID": "0", "SLURM_PROCID": "3", "SLURM_JOB_NODELIST": "localhost",
    "SLURM_CPUS_PER_TASK": "4",
}  # fmt: skip


def list_problems(found: list[DoctorFinding]) -> dict[str, str]:
    return {finding.what: finding.advice for finding in found if finding.advice}


def test_a_machine_without_slurm_is_fine():
    assert list_problems(slurm.check_slurm({})) == {}


def test_a_consistent_job_is_fine(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    found = slurm.check_slurm(JOB)
    assert list_problems(found) == {}
    assert "job 42 'gan': 2 nodes" in found[0].observed
    assert "--trainer.devices 2" in str(found)


def test_inconsistent_job_settings_are_reported(subtests):
    for changed, gpus, what, advice in [
        ({"SLURM_STEP_ID": None}, 2, "srun", "write srun before python"),
        ({"SLURM_NTASKS_PER_NODE": None}, 0, "tasks", "--ntasks-per-node instead of --ntasks=4"),
        ({"SLURM_NTASKS": "3"}, 2, "tasks", "leave out --ntasks"),
        ({}, 1, "GPUs and tasks", "--gres=gpu:2"),
        ({"SLURM_JOB_NODELIST": "no-such-host.invalid"}, 2, "first node", "MASTER_ADDR"),
    ]:
        with (
            subtests.test(changed=changed, gpus=gpus, what=what),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
            env = {key: value for key, value in (JOB | changed).items() if value is not None}
            message = list_problems(slurm.check_slurm(env))
            assert list(message) == [what]
            assert advice in message[what]


def test_a_terminal_inside_an_allocation_is_one_process():
    found = slurm.check_slurm({**JOB, "SLURM_JOB_NAME": "interactive"})
    assert list_problems(found) == {}
    assert "one process" in found[0].observed


def test_a_missing_network_interface_is_reported_with_the_existing_ones():
    message = list_problems(
        slurm.check_network({"NCCL_SOCKET_IFNAME": "ib7", "GLOO_SOCKET_IFNAME": "lo"})
    )
    assert "lo" in message["network"]
    assert "unset NCCL_SOCKET_IFNAME" in message["network"]
    assert list_problems(slurm.check_network({"NCCL_SOCKET_IFNAME": "^docker0"})) == {}


def test_wandb_needs_a_valid_mode_and_a_key_for_online_mode(subtests):
    for key, mode, advice in [
        (False, None, None),
        (True, None, None),
        (False, "offline", None),
        (True, "online", None),
        (False, "online", "wandb login"),
        (True, "onlin", "set it to online, offline or disabled"),
    ]:
        with subtests.test(key=key, mode=mode, advice=advice):
            secret = "c0ffee" * 6 + "beef"
            env = {"NETRC": os.devnull} | ({"WANDB_API_KEY": secret} if key else {})
            (found,) = wandb.check_account(env | ({} if mode is None else {"WANDB_MODE": mode}))
            assert ("a key is present" in found.observed) is key
            assert secret not in str(found)
            assert found.advice == "" if advice is None else advice in found.advice


def test_a_key_in_netrc_is_found_for_its_server_only(tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine api.wandb.ai\n  login user\n  password c0ffee\n")
    env = {"NETRC": str(path)}
    assert wandb.has_key(env)
    assert not wandb.has_key(env | {"WANDB_BASE_URL": "https://wandb.my.org"})
    assert not wandb.has_key({"NETRC": str(tmp_path / "none")})
    path.write_text("machine api.wandb.ai password")
    assert not wandb.has_key(env)


def test_versions_are_compared_with_the_required_ones():
    assert ">=2.11" in machine.read_required_versions("torch")
    assert ">=4" in machine.read_required_versions("jsonargparse")
    assert machine.read_required_versions("no-such-package") == ""
    old = machine.compare_versions("torch", "1.13.1+cu117", ">=2.11,<2.16")
    assert "pip install 'torch>=2.11,<2.16'" in old.advice
    assert machine.compare_versions("torch", "2.14.1+cpu", ">=2.11,<2.16").advice == ""


def test_a_driver_without_a_gpu_in_torch_is_reported(tmp_path_factory, subtests):
    for built, env, advice in [
        (None, {}, "install torch with CUDA"),
        ("12.8", {}, "driver may be too old"),
        ("12.8", {"CUDA_VISIBLE_DEVICES": ""}, None),
    ]:
        with (
            subtests.test(built=built, env=env, advice=advice),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
            (tmp_path / "nvidia-smi").chmod(0o755)
            monkeypatch.setenv("PATH", str(tmp_path))
            monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
            monkeypatch.setattr(torch.version, "cuda", built)
            (found,) = machine.check_accelerator(env)
            assert found.advice == "" if advice is None else advice in found.advice


def test_gpu_memory_is_reported_and_a_full_gpu_is_a_problem(monkeypatch):
    class Known:
        name, major, minor = "H100", 9, 0

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: Known)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda i: (79 * 2**30, 80 * 2**30))
    (found,) = machine.check_accelerator({})
    assert "79.0 of 80.0 GiB free" in found.observed
    assert "with bfloat16" in found.observed
    assert not found.advice
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda i: (2**20, 80 * 2**30))
    assert "nvidia-smi" in machine.check_accelerator({})[0].advice


def test_more_threads_than_cores_are_a_problem():
    assert "--cpus 999" in machine.check_cores({"OMP_NUM_THREADS": "999"}).advice
    assert machine.check_cores({"OMP_NUM_THREADS": "1"}).advice == ""


def test_a_missing_folder_is_fine_but_a_file_or_a_full_disk_is_not(tmp_path, monkeypatch):
    assert paths.check_folder("runs", tmp_path / "not" / "yet").advice == ""
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert "another folder" in paths.check_folder("runs", tmp_path / "file" / "runs").advice
    monkeypatch.setattr(paths, "LEAST", 1e12)
    assert "free disk space" in paths.check_folder("runs", tmp_path).advice


def test_a_folder_that_is_not_writable_is_a_problem(tmp_path, monkeypatch):
    def full(dir):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths.tempfile, "TemporaryFile", full)
    assert "not writable" in paths.check_folder("runs", tmp_path).observed


def test_a_data_folder_from_the_environment_must_exist(tmp_path):
    assert paths.check_data_folder(tmp_path, True).advice == ""
    assert paths.check_data_folder(tmp_path / "no", False).advice == ""
    assert "lightning_gan download" in paths.check_data_folder(tmp_path / "no", True).advice


def test_weights_may_be_missing_unless_the_environment_names_them(tmp_path, monkeypatch):
    assert paths.check_inception().advice == ""
    assert "download --weights" in paths.check_inception().observed
    monkeypatch.setenv("LIGHTNING_GAN_WEIGHTS", str(tmp_path / "none.pth"))
    assert "leave it out" in paths.check_inception().advice
    Path(tmp_path / "none.pth").write_bytes(b"half")
    assert "damaged" in str(paths.check_inception())
    assert paths.check_inception().advice


def test_classifiers_are_listed(tmp_path, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(tmp_path))
    assert "--classifier mnist" in paths.check_classifiers().observed
    (tmp_path / "classifier-mnist.pt").touch()
    assert paths.check_classifiers().observed == "classifier-mnist"


def test_the_exit_status_is_one_if_there_is_a_problem(command, monkeypatch):
    for name in [n for n in os.environ if n.startswith(("SLURM_", "LIGHTNING_GAN_DATA", "OMP_"))]:
        monkeypatch.delenv(name)
    ended = command("doctor")
    assert ended.status == 0, ended.out
    assert ended.out.splitlines()[-1] == "nothing is wrong"
    lines = {line.split()[1] for line in ended.out.splitlines()[:-1]}
    assert {
        "torch",
        "devices",
        "strategy",
        "SLURM",
        "network",
        "W&B",
        "data",
        "runs",
        "cache",
    } <= lines
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "nowhere")
    ended = command("doctor")
    assert ended.status == 1
    assert "1 wrong" in ended.out
    assert "wrong data" in ended.out
