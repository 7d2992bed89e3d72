"""The sbatch file: what it says, that bash reads it as it was meant, and what is refused."""

import os
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from lightning_gan.cli.actions import slurm
from lightning_gan.cli.main import main
from lightning_gan.cli.parser import parse
from lightning_gan.slurm.resources import JobResources, parse_seconds
from lightning_gan.slurm.sbatch import JobContext, format_sbatch, quote_word

PLACE = JobContext(
    experiment="mnist", root="runs", folder="/home/me/work", python="/opt/venv/bin/python",
    fit=["--config", "mnist.yaml", "--trainer.max_steps", "50"], exports={"WANDB_MODE": "offline"},
    download="python -m lightning_gan download --data MNIST --root data", written_by="python -m lightning_gan slurm",
    file="mnist.sbatch",
)  # fmt: skip


def options(text: str) -> list[str]:
    return [
        line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")
    ]


def test_the_file_asks_for_a_process_for_each_gpu_and_a_signal_before_the_end():
    asked = options(
        format_sbatch(JobResources(nodes=2, gpus=8, time="1-12:00:00", signal_seconds=300), PLACE)
    )
    wanted = {
        "job-name=mnist", "nodes=2", "ntasks-per-node=8", "gres=gpu:8", "cpus-per-task=4", "time=1-12:00:00",
        "signal=SIGUSR1@300", "requeue", "open-mode=append", 'chdir="/home/me/work"',
        'output="runs/mnist/logs/%x-%j.out"',
    }  # fmt: skip
    assert set(asked) == wanted
    assert len(asked) == len(wanted)


def test_without_gpus_nothing_is_asked_of_them():
    text = format_sbatch(JobResources(gpus=0, tasks=3), PLACE)
    assert not [line for line in options(text) if "gpu" in line]
    assert "ntasks-per-node=3" in options(text)
    assert "--trainer.accelerator cpu --trainer.devices 3 --trainer.num_nodes 1" in text


def test_more_options_of_sbatch_are_handed_on():
    asked = options(format_sbatch(JobResources(sbatch=["partition=gpu", "exclusive"]), PLACE))
    assert {"partition=gpu", "exclusive"} <= set(asked)


# What a file does, with an srun that says what it was given

SAY = '#!/bin/bash\nprintf "%s\\n" "$@" > said\nenv > seen\nexit ${STATUS:-0}\n'


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A folder in which bash runs a file, with a made srun and a job's variables."""
    (tmp_path / "srun").write_text(SAY)
    (tmp_path / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith(("SLURM_", "WANDB_", "LIGHTNING_GAN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")

    def run(text: str, **variables: str) -> subprocess.CompletedProcess:
        Path("file.sbatch").write_text(text)
        subprocess.run(["bash", "-n", "file.sbatch"], check=True)
        return subprocess.run(
            ["bash", "file.sbatch"], env=os.environ | variables, capture_output=True, text=True
        )

    return run


def said() -> list[str]:
    return Path("said").read_text().splitlines()


def seen() -> dict[str, str]:
    lines = Path("seen").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_bash_gives_fit_its_flags_and_the_folder_of_the_job(node):
    node(format_sbatch(JobResources(nodes=2, gpus=8), PLACE), SLURM_JOB_ID="42")
    assert said() == [
        "--cpus-per-task=4", "--kill-on-bad-exit=1", "/opt/venv/bin/python", "-m", "lightning_gan", "fit",
        "--config", "mnist.yaml", "--trainer.max_steps", "50",
        "--trainer.accelerator", "gpu", "--trainer.devices", "8", "--trainer.num_nodes", "2",
        "--run.root", "runs", "--run.name", "mnist/job_42", "--ckpt_path", "auto",
    ]  # fmt: skip


def test_w_and_b_sees_one_run_in_all_turns_and_the_nodes_see_what_was_exported(node):
    node(format_sbatch(JobResources(cpus=4), PLACE), SLURM_JOB_ID="42", SLURM_RESTART_COUNT="3")
    expected = {
        "WANDB_MODE": "offline", "WANDB_RUN_ID": "mnist-job_42", "WANDB_RESUME": "allow", "OMP_NUM_THREADS": "4",
    }  # fmt: skip
    assert expected.items() <= seen().items()


def test_each_task_of_an_array_has_its_seed_and_its_folder(node):
    text = format_sbatch(JobResources(array="3-4%1"), PLACE)
    assert "array=3-4%1" in options(text)
    assert 'output="runs/mnist/logs/%x-%A_%a.out"' in options(text)
    node(text, SLURM_JOB_ID="77", SLURM_ARRAY_JOB_ID="76", SLURM_ARRAY_TASK_ID="4")
    words = said()
    assert words[words.index("--seed_everything") + 1] == "4"
    assert words[words.index("--run.name") + 1] == "mnist/job_76_4"


NASTY = [
    "$(touch hurt)",
    "`touch hurt`",
    "it's",
    'a "b"',
    "c;d&e|f",
    "*",
    "g  h",
    "\\n",
    "-x=$HOME",
    "é",
    "",
]


def test_no_flag_and_no_value_is_read_by_bash_as_anything_but_itself(node):
    flags = [word for i, text in enumerate(NASTY) for word in (f"--flag{i}", text)]
    place = PLACE._replace(
        fit=flags, exports={"A": "$(touch hurt) 'x'"}, python="/opt/my env/python"
    )
    assert node(format_sbatch(JobResources(), place), SLURM_JOB_ID="1").returncode == 0
    words = said()
    assert words[words.index("/opt/my env/python") :][4 : 4 + len(flags)] == flags
    assert seen()["A"] == "$(touch hurt) 'x'"
    assert not Path("hurt").exists()


def test_a_first_turn_leaves_the_folder_of_another_job_alone_and_later_ones_go_on(node):
    text = format_sbatch(JobResources(), PLACE)
    Path("runs/mnist/job_42").mkdir(parents=True)
    ended = node(text, SLURM_JOB_ID="42")
    assert ended.returncode == 1
    assert "mnist/job_42 exists already" in ended.stderr
    assert not Path("said").exists()
    assert node(text, SLURM_JOB_ID="42", SLURM_RESTART_COUNT="1").returncode == 0
    assert node(text, SLURM_JOB_ID="43", LIGHTNING_GAN_RUN="mnist/job_42").returncode == 0
    assert "mnist/job_42" in said()


def test_the_status_of_the_job_is_that_of_its_tasks(node):
    assert (
        node(format_sbatch(JobResources(), PLACE), SLURM_JOB_ID="1", STATUS="138").returncode == 138
    )


def test_a_line_break_is_refused_wherever_it_stands(subtests):
    for text in ["--config\nrm -rf", "a\rb"]:
        with subtests.test(text=text):
            for place in (
                PLACE._replace(fit=[text]), PLACE._replace(folder=text), PLACE._replace(file=text),
                PLACE._replace(exports={"A": text}), PLACE._replace(written_by=text),
                PLACE._replace(experiment=text),
            ):  # fmt: skip
                with pytest.raises(ValueError, match="line break"):
                    format_sbatch(JobResources(), place)


def test_names_are_words_and_never_those_of_a_terminal():
    assert [quote_word(name) for name in ("mnist+small", "a b/c", "bash", "interactive", "!")] == [
        "mnist+small", "a-b-c", "gan-bash", "gan-interactive", "gan",
    ]  # fmt: skip


def test_times_are_read_as_slurm_reads_them(subtests):
    for time, expected in [
        ("90", 5400),
        ("5:30", 330),
        ("4:00:00", 14400),
        ("1-12", 129600),
        ("1-0:30", 88200),
        ("2-01:00:01", 176401),
    ]:
        with subtests.test(time=time, expected=expected):
            assert parse_seconds(time) == expected


def test_what_slurm_would_refuse_or_misread_gets_one_sentence(subtests):
    for changed, said in [
        ({"time": "4h"}, "--time is '4h'"),
        ({"time": "0"}, "--time is '0'"),
        ({"time": "1:00:00 --partition=x"}, "--time is"),
        ({"time": "1", "signal_seconds": 120}, "smaller --signal_seconds"),
        ({"nodes": 0}, "nodes is 0; give"),
        ({"gpus": -1}, "gpus is -1; give"),
        ({"cpus": 0}, "cpus is 0; give"),
        ({"gpus": 0, "tasks": 0}, "tasks is 0; give"),
        ({"gpus": 2, "tasks": 2}, "with --gpus 0"),
        ({"array": "0-4;x"}, "--array is"),
        ({"sbatch": ["partition=a b"]}, "--sbatch is"),
        ({"sbatch": ["--partition=gpu"]}, "--sbatch is"),
        ({"sbatch": ["time=5"]}, "sets itself"),
    ]:
        with subtests.test(changed=changed, said=said):
            with pytest.raises(ValueError, match=said):
                replace(JobResources(), **changed).check()


def test_flags_of_slurm_and_flags_of_fit_are_told_apart():
    typed = [
        "--config",
        "a.yaml",
        "--nodes=2",
        "--submit",
        "--data",
        "MNIST",
        "--sbatch",
        "a=1,b",
        "--sbatch=c=2",
        "--k",
    ]
    _, own, fit = parse(["slurm", *typed])
    assert (own.nodes, own.submit, own.sbatch) == (2, True, ["a=1", "b", "c=2"])
    assert own.typed == typed
    assert fit == ["--config", "a.yaml", "--data", "MNIST", "--k"]


def test_what_the_file_decides_is_no_flag(subtests):
    for flag in ["--ckpt_path", "--trainer.devices=2", "--trainer.num_nodes"]:
        with subtests.test(flag=flag):
            with pytest.raises(ValueError, match="leave it out"):
                slurm.check_slurm_arguments(["--config", "a.yaml", flag, "1"])


# The command as a whole


def test_the_command_writes_a_file_once_and_a_changed_one_is_left_alone(command, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "pixels")
    words = [
        "slurm",
        "--config",
        "small.yaml",
        "--nodes",
        "2",
        "--time",
        "30",
        "--out",
        "jobs/a.sbatch",
    ]
    ended = command(*words)
    assert ended.status == 0, ended.err
    text = Path("jobs/a.sbatch").read_text()
    assert f"export LIGHTNING_GAN_DATA={command.folder / 'pixels'}" in text
    assert "export WANDB_MODE=offline" in text
    assert "lightning_gan download --data MNIST --root pixels" in text
    assert Path("runs/small/logs").is_dir()
    assert command(*words).status == 0
    Path("jobs/a.sbatch").write_text(text + "# mine\n")
    ended = command(*words)
    assert ended.status == 1
    assert "with other content" in ended.err


def test_scores_in_a_config_need_weights_which_the_file_names(command):
    command.write("fid.yaml", {"trainer": {"callbacks": [{"class_path": "FID"}]}})
    ended = command("slurm", "--config", "small.yaml", "--config", "fid.yaml")
    assert "lightning_gan download --data MNIST --root pixels --classifier mnist" in ended.out
    ended = command("slurm", "--config", "cifar10_smoke.yaml", "--config", "fid.yaml")
    assert "lightning_gan download --data CIFAR10 --root data --weights" in ended.out


def test_a_flag_that_fit_would_refuse_is_refused_before_the_job_waits(command, subtests):
    for flags, said in [
        (["--config", "smal.yaml"], "No config 'smal.yaml'"),
        (["--config", "small.yaml", "--model.kk", "2"], "There is no setting 'kk'"),
        (
            ["--config", "small.yaml", "--nodes", "two"],
            "--nodes must be a whole number; got 'two'.",
        ),
        (
            ["--config", "small.yaml", "--array", "0-2", "--seed_everything", "1"],
            "--array sets the seeds",
        ),
    ]:
        with subtests.test(flags=flags, said=said):
            ended = command("slurm", *flags)
            assert ended.status != 0
            assert said in ended.err
            assert len(ended.err.splitlines()) == 1
            assert not ended.out


def test_submitting_hands_the_file_to_sbatch_and_says_the_number(command, monkeypatch):
    monkeypatch.setenv("PATH", str(command.folder))
    words = ["slurm", "--config", "small.yaml", "--submit"]
    ended = command(*words)
    assert ended.status == 1
    assert "sbatch was not found on this machine" in ended.err
    made = command.folder / "sbatch"
    made.write_text(
        f"#!{shutil.which('bash', path='/bin:/usr/bin')}\necho \"$@\" > handed\necho '42;c'\n"
    )
    made.chmod(0o755)
    ended = command(*words)
    assert "job 42 of small.sbatch is submitted" in ended.out
    assert Path("handed").read_text() == "--parsable small.sbatch\n"
    made.write_text(
        f"#!{shutil.which('bash', path='/bin:/usr/bin')}\necho 'no such partition' >&2\nexit 1\n"
    )
    ended = command(*words)
    assert ended.status == 1
    assert "sbatch refused small.sbatch: no such partition" in ended.err


def test_help_is_one_page_of_its_own_flags(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lightning_gan", "slurm", "--help"])
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    assert "--nodes" in out
    assert "--signal_seconds" in out


def test_the_page_shows_the_file_as_it_is_written():
    page = (Path(__file__).parents[1] / "docs" / "slurm.md").read_text()
    shown = page.split("```bash\n")[1].split("```")[0]
    (typed,) = (
        line[4:]
        for line in shown.splitlines()
        if line.startswith("#   python -m lightning_gan slurm")
    )
    _, own, fit = parse(typed.split()[3:])
    lines = [
        line.removeprefix("export ") for line in shown.splitlines() if line.startswith("export ")
    ]
    exported = dict(line.split("=", 1) for line in lines if "$" not in line)
    names = [field.name for field in fields(slurm.SlurmJob)]
    asked = slurm.SlurmJob(**{name: getattr(own, name) for name in names})
    place = PLACE._replace(
        experiment="cifar10_dcgan", folder="/home/me/gans", python="/home/me/venv/bin/python", fit=fit,
        exports=exported, download="python -m lightning_gan download --data CIFAR10 --root data --weights",
        written_by=typed, file="dcgan.sbatch",
    )  # fmt: skip
    assert shown == format_sbatch(asked, place)


def test_a_job_trusts_what_the_person_who_wrote_it_trusts(monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_TRUST", "mine theirs")
    assert slurm.list_exports("offline", "mnist")["LIGHTNING_GAN_TRUST"] == "mine theirs"
    monkeypatch.delenv("LIGHTNING_GAN_TRUST")
    assert "LIGHTNING_GAN_TRUST" not in slurm.list_exports("offline", "mnist")
