"""Command `estimate`: its measurement, its sums, and that it leaves no files."""

import re
import time
from pathlib import Path
from types import SimpleNamespace

from model_factory import Batches, make_model, trainer
from pytorch_lightning import Callback

from lightning_gan.cli.actions import estimate
from lightning_gan.cli.actions.stopwatch import Stopwatch


def test_an_estimate_is_the_sum_of_steps_intervals_and_overhead():
    measured = estimate.Measurement(
        0.5, 0.4, 0.6, [("images", 3.0, 7), ("validation", 11.0, 2)], 13.0
    )
    assert measured.compute_total(1000, 0.5) == 500 + 21 + 22 + 13
    assert measured.compute_total(1000, measured.low) == 456


def test_durations_are_formatted(subtests):
    for seconds, said in [(3.21, "3.2 s"), (61, "1:01 min"), (3 * 3600 + 125, "3:02:05 h")]:
        with subtests.test(seconds=seconds, said=said):
            assert estimate.format_clock(seconds) == said


class Slow(Callback):
    """Callback that takes 0.2 s at its interval."""

    def __init__(self, every_n_steps):
        self.every_n_steps, self.steps = every_n_steps, []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        step = trainer.global_step
        if step and step % self.every_n_steps == 0 and step not in self.steps:
            self.steps.append(step)
            time.sleep(0.2)


def test_work_at_long_intervals_is_done_once_and_is_not_part_of_a_step(tmp_path_factory, subtests):
    for k in [1, 2]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            rare, often = Slow(1000), Slow(3)
            watch = Stopwatch(warm=2, timed=6)
            run = trainer(tmp_path, max_steps=8, callbacks=[rare, often, watch])
            run.fit(make_model(k=k), Batches(40))
            assert rare.steps == [5]
            assert often.steps == [3, 6]
            assert set(watch.intervals) == {"Slow"}
            seconds, every = watch.intervals["Slow"]
            assert every == 1000
            assert seconds >= 0.2
            assert len(watch.steps) == 6
            slow = [
                seconds >= 0.2 for seconds in watch.steps
            ]  # steps 3 to 8; `often` works in the third and the sixth
            assert slow[0]
            assert slow[3]


def test_the_estimate_is_printed_and_no_files_are_left(command):
    before = {p for p in Path().rglob("*")}
    ended = command("estimate", "--config", "small.yaml", "--steps", "2", "--target", "700")
    assert ended.status == 0, ended.err
    assert {p for p in Path().rglob("*")} == before
    assert re.search(
        r"^estimate +small: 2 steps measured after 5, on cpu, \d+ threads?$", ended.out, re.M
    )
    assert re.search(r"^step +[\d.]+ ms +700$", ended.out, re.M)
    assert re.search(r"^SampleGrid +[\d.e-]+ s +140$", ended.out, re.M)  # every 5 steps
    assert re.search(
        r"^validation +[\d.e-]+ s +140$", ended.out, re.M
    )  # every epoch, of 5 minibatches
    assert re.search(r"^time +.* for 700 steps \(.* to .*\)", ended.out, re.M)
    assert re.search(r"^memory +[\d.]+ [MG]B at most", ended.out, re.M)
    assert re.search(r"^disk +[\d.]+ MB for checkpoints: [12] of [\d.]+ MB$", ended.out, re.M)


def test_only_the_first_process_prints(monkeypatch, capsys):
    monkeypatch.setattr(estimate, "shorten", lambda *_: int)
    monkeypatch.setattr(estimate, "format_estimate", lambda *_: "the estimate")
    for rank in range(2):
        run = SimpleNamespace(
            max_steps=7, fast_dev_run=False, _val_check_time_interval=None, callbacks=[], fit=lambda *_: None,
            is_global_zero=rank == 0,
        )  # fmt: skip
        estimate.measure(estimate.EstimateOptions(2, quick=True), run, None, None, "x")
    assert capsys.readouterr().out == "the estimate\n"


def test_quick_names_what_it_omits(command):
    line = ("--config", "small.yaml", "--steps", "2", "--quick", "--run.threads", "1")
    ended = command("estimate", *line)
    assert ended.status == 0, ended.err
    assert "for 10 steps" in ended.out
    assert "on cpu, 1 thread\n" in ended.out
    assert "not included: validation and the final evaluation" in ended.out
    assert not re.search(r"^validation", ended.out, re.M)


def test_wrong_arguments_are_one_sentence(command, subtests):
    for arguments, said in [
        (["--steps", "1"], "--steps is 1; give"),
        (["--steps", "many"], "--steps must be a whole number; got 'many'."),
        (["--config", "mnsit.yaml"], "did you mean mnist.yaml"),
        (["--config", "small.yaml", "--trainer.max_steps", "-1"], "give --trainer.max_steps"),
        (
            ["--config", "small.yaml", "--ckpt_path=last"],
            "estimate measures the first steps of a new run",
        ),
    ]:
        with subtests.test(arguments=arguments, said=said):
            ended = command("estimate", *arguments)
            assert ended.status != 0
            assert said in ended.err
            assert len([line for line in ended.err.splitlines() if line.startswith("error: ")]) == 1
