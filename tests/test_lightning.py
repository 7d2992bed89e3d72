"""Lightning's own settings, callbacks and loggers, as docs/lightning.md lists them: each works, or is refused by name.

Every row is a whole command of three steps on eight Gaussians, in this process.
"""

import csv
import json
import os
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from jsonargparse import Namespace
from pytorch_lightning.accelerators import CUDAAccelerator, MPSAccelerator
from torch import nn

from callbacks.image_logging import find_run_folder_of_trainer
from datamodules import toy
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.cli.optional_packages import explain_named_packages
from lightning_gan.cli.trainer_checks import check_settings
from lightning_gan.models import optimizer_checks
from lightning_gan.training.optimizers import Constant, dcgan_adam

RUN = Path("runs/three/version_0")
FILES = {"config.yaml", "run.json", "metrics.csv", "report.html", "scores.json", "hparams.yaml"}
G = D = {"init_args": {"widths": [4]}}
THREE = {
    "model": {"init_args": {"generator": G, "discriminator": D}},
    "data": {"init_args": {"batch_size": 32}},
    "run": {"name": "three"},
    "trainer": {
        "accelerator": "cpu", "devices": 1, "max_steps": 3, "log_every_n_steps": 1, "val_check_interval": 2,
        "callbacks": [{"class_path": "ModeCoverage", "init_args": {"num_samples": 20}}],
    },
}  # fmt: skip


@pytest.fixture
def fit(command, monkeypatch):
    """`fit` on a ring of a few points; settings that Lightning makes for the whole process are taken back."""
    for split, size in (("train", 320), ("val", 32), ("test", 32)):
        monkeypatch.setitem(toy.SIZES, split, size)
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    command.write("three.yaml", THREE)
    lines = ("--config", "ring.yaml", "--config", "three.yaml")
    yield lambda *arguments: command("fit", *lines, *arguments)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False


def rows():
    with (RUN / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def flag(name, value):
    return [f"--trainer.{name}", str(value)]


def callback(name, **arguments):
    return [
        "--trainer.callbacks+",
        json.dumps({"class_path": name, "init_args": arguments} if arguments else {"class_path": name}),
    ]  # fmt: skip


def logger(*named):
    made = [{"class_path": name, "init_args": arguments} for name, arguments in named]
    return ["--trainer.logger", json.dumps(made)]


def schedule(name, **arguments):
    made = {"class_path": f"torch.optim.lr_scheduler.{name}", "init_args": arguments}
    return ["--model.d_scheduler", json.dumps(made)]


WORK = {  # several settings in a row, where one does not hide another
    "logger: false": flag("logger", "false"),
    "CSVLogger": logger(("CSVLogger", {"save_dir": "asked"})),
    "EarlyStopping on a curve before its first row": [
        *callback("EarlyStopping", monitor="train/d_loss", patience=9), *flag("log_every_n_steps", 50),
    ],
    "EarlyStopping at epochs, on a learning rate": [
        *callback("EarlyStopping", monitor="lr/g", patience=9, check_on_train_epoch_end=True),
        *flag("limit_train_batches", 1),
    ],
    "EarlyStopping and ModelCheckpoint on a score": [
        *callback("EarlyStopping", monitor="val/modes", patience=9),
        *callback("ModelCheckpoint", monitor="val/modes", mode="max", save_last=True),
    ],
    "Timer, ModelSummary, logger: true": [
        *callback("Timer", duration="00:00:10:00"), *callback("ModelSummary"), *flag("logger", "true"),
    ],
    "max_time, enable_model_summary": [*flag("max_time", "00:00:10:00"), *flag("enable_model_summary", "true")],
    "RichProgressBar, RichModelSummary": [*callback("RichProgressBar"), *callback("RichModelSummary")],
    "DeviceStatsMonitor": callback("DeviceStatsMonitor"),
    "val_check_interval as time": flag("val_check_interval", "00:00:00:01"),
    "check_val_every_n_epoch, limit_train_batches": [
        *flag("check_val_every_n_epoch", 1), *flag("val_check_interval", 1.0), *flag("limit_train_batches", 2),
    ],
    "overfit_batches, reload_dataloaders_every_n_epochs": [
        *flag("overfit_batches", 1), *flag("reload_dataloaders_every_n_epochs", 1),
    ],
    "limit_val_batches, limit_test_batches, num_sanity_val_steps": [
        *flag("limit_val_batches", 0), *flag("limit_test_batches", 1), *flag("num_sanity_val_steps", 1),
    ],
    "max_epochs, min_steps, min_epochs": [
        *flag("max_epochs", 1), *flag("min_steps", 2), *flag("min_epochs", 1),
    ],
    "accumulate_grad_batches, simple profiler": [
        *flag("accumulate_grad_batches", 2), *flag("profiler", "simple"),
    ],
    "advanced profiler": flag("profiler", "advanced"),
    "bf16-mixed, benchmark": [*flag("precision", "bf16-mixed"), *flag("benchmark", "true")],
    "16-mixed on a CPU": flag("precision", "16-mixed"),
    "64-true, accelerator auto, devices auto": [
        *flag("precision", "64-true"), *flag("accelerator", "auto"), *flag("devices", "auto"),
    ],
    "deterministic, inference_mode, use_distributed_sampler, detect_anomaly, sync_batchnorm": [
        *flag("deterministic", "true"), *flag("inference_mode", "false"), *flag("use_distributed_sampler", "false"),
        *flag("detect_anomaly", "true"), *flag("sync_batchnorm", "true"),
    ],
    "an optimizer and a schedule of torch": [
        *schedule("CosineAnnealingLR", T_max=3), "--model.g_optimizer", "torch.optim.RMSprop",
    ],
}  # fmt: skip
NEED = {"RichProgressBar, RichModelSummary": "rich", "DeviceStatsMonitor": "psutil"}


@pytest.mark.filterwarnings("ignore:You passed .Trainer.accelerator='cpu', precision='16-mixed'")
@pytest.mark.filterwarnings("ignore:Running in .overfit_batches. mode")
@pytest.mark.parametrize("name", WORK)
def test_it_works_and_the_run_has_all_its_files(name, fit):
    if name in NEED:
        pytest.importorskip(NEED[name])
    ended = fit(*WORK[name])
    assert ended.status == 0, ended.err
    assert {path.name for path in RUN.iterdir()} >= FILES
    assert read_checkpoint(RUN / "checkpoints" / "last.ckpt")["counts"]["g_updates"] == 3
    assert rows()[-1]["test/modes"] != ""
    assert "ModelCheckpoint with manual optimization" not in ended.err
    made = {path.name for path in Path().iterdir()}
    assert made - {"asked"} == {"runs", "pixels", "small.yaml", "three.yaml"}


CPU_DEVICES = "on cpu: give auto, or the number of processes that share the CPU, 1 or more"
REFUSED = {
    "StochasticWeightAveraging": (
        callback("StochasticWeightAveraging", swa_lrs=0.1), "a GAN has two optimizers: set --model.ema_half_life",
    ),
    "two progress bars": ([*callback("TQDMProgressBar"), *callback("TQDMProgressBar")], "only one progress bar"),
    "a callback twice": (
        [*callback("EarlyStopping", monitor="val/modes"), *callback("EarlyStopping", monitor="val/modes")],
        "Trainer rejected its settings: Found more than one stateful callback of type `EarlyStopping`",
    ),
    "ModelCheckpoint, enable_checkpointing: false": (
        [*flag("enable_checkpointing", "false"), *callback("ModelCheckpoint")], "`enable_checkpointing=False`",
    ),
    "EarlyStopping on no key": (
        callback("EarlyStopping", monitor="val_loss"),
        "EarlyStopping monitors 'val_loss', which this run does not compute",
    ),
    "ModelCheckpoint on a near key": (callback("ModelCheckpoint", monitor="val/fod"), "did you mean val/fid or "),
    "gradient_clip_val": (flag("gradient_clip_val", 1), "set --model.d_clip and --model.g_clip"),
    "an unknown profiler": (flag("profiler", "fast"), "['simple', 'advanced', 'pytorch', 'xla']"),
    "max_time as a number": (flag("max_time", "5"), "DD:HH:MM:SS"),
    "val_check_interval longer than an epoch": (
        [*flag("check_val_every_n_epoch", 1), *flag("val_check_interval", 11)],
        "trainer.val_check_interval is 11, but an epoch has 10 minibatches: give 10 or fewer",
    ),
    "devices -1": (flag("devices", -1), f"trainer.devices is -1 {CPU_DEVICES}"),
    "fsdp": (flag("strategy", "fsdp"), "trainer.strategy is fsdp, but"),
    "ReduceLROnPlateau": (schedule("ReduceLROnPlateau"), "is ReduceLROnPlateau, which cannot be stepped"),
    "LBFGS": (["--model.d_optimizer", "torch.optim.LBFGS"], "model.d_optimizer is LBFGS, which cannot"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_name_and_nothing_is_left(name, fit):
    arguments, sentence = REFUSED[name]
    ended = fit(*arguments)
    assert ended.status == 1
    assert sentence in ended.err
    assert ended.err.count("error: ") == 1
    assert not list(Path("runs").rglob("*"))
    assert {path.name for path in Path().iterdir()} - {"runs"} == {
        "pixels",
        "small.yaml",
        "three.yaml",
    }


def test_a_score_that_is_not_computed_is_named_at_the_first_validation(fit):
    ended = fit(*callback("EarlyStopping", monitor="val/fid"))
    assert ended.status == 1
    assert (
        "EarlyStopping monitors val/fid, which has no value at step 2: add the callback"
        in ended.err
    )


DEFAULTS = {
    "barebones": False, "gradient_clip_algorithm": None, "default_root_dir": None, "profiler": None,
    "val_check_interval": 1000, "precision": None, "strategy": "auto", "accelerator": "cpu", "devices": "auto",
    "num_nodes": 1, "callbacks": None,
}  # fmt: skip
NAMED = {
    **{name: "--model.ema_half_life" for name in ("WeightAveraging", "EMAWeightAveraging")},
    "GradientAccumulationScheduler": "set --trainer.accumulate_grad_batches",
    "LearningRateFinder": "set lr in --model.d_optimizer",
    "BatchSizeFinder": "set --data.batch_size",
    "BackboneFinetuning": "needs a network with a `backbone`",
    "OnExceptionCheckpoint": "use --checkpoint.every_n_steps",
    "SpikeDetection": "callbacks/recovery.yaml",
    "ModelPruning": "masks that checkpoints do not contain",
}
SETTINGS = [
    ("barebones", True, "trainer.barebones is true, but a run writes curves"),
    ("gradient_clip_algorithm", "value", "set --model.d_clip and --model.g_clip"),
    ("default_root_dir", "here", "give --run.root here"),
    ("profiler", "xla", "give simple, advanced or pytorch"),
    *[("precision", name, "give 32-true, bf16-mixed") for name in ("bf16-true", "16-true", "transformer-engine")],
    ("val_check_interval", "00:00:05", "a time as DD:HH:MM:SS"),
    ("accelerator", "tpu", "'tpu', which this suite does not support: give auto, cpu, gpu"),
    ("accelerator", "hpu", "'hpu', which this suite does not support"),
    *[("devices", value, f"trainer.devices is {value} {CPU_DEVICES}") for value in (0, "0", -1, [0], [0, 1], "all")],
    ("num_nodes", 0, "trainer.num_nodes is 0: give 1 or more"),
    ("num_nodes", 2, "with srun or torchrun, or set MASTER_ADDR"),
    *[
        ("strategy", name, f"trainer.strategy is {name}, but")
        for name in (
            "ddp_spawn", "ddp_fork", "ddp_notebook", "spawn", "fsdp", "deepspeed", "deepspeed_stage_2", "xla",
            "single_device", "ddp_find_unused_parameters_false",
        )
    ],
    ("strategy", Namespace(class_path="pytorch_lightning.strategies.FSDPStrategy"), "FSDPStrategy, but"),
    *[("callbacks", [Namespace(class_path=f"pytorch_lightning.callbacks.{n}")], s) for n, s in NAMED.items()],
    (
        "callbacks",
        [Namespace(class_path="x.ModelCheckpoint", init_args=Namespace(train_time_interval="0:01:00"))],
        "set its every_n_train_steps",
    ),
]  # fmt: skip


@pytest.fixture
def alone(monkeypatch):
    """No sign of other nodes in the environment."""
    for name in ("MASTER_ADDR", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


def test_a_setting_is_refused_with_what_to_give_instead(alone, subtests):
    for name, value, sentence in SETTINGS:
        with subtests.test(name=name, value=value, sentence=sentence):
            check_settings(Namespace(DEFAULTS))
            with pytest.raises(ValueError, match=re.escape(sentence)):
                check_settings(Namespace(DEFAULTS | {name: value}))


def test_an_accelerator_that_is_not_there_is_refused(alone, subtests):
    for name in ["gpu", "cuda", "mps"]:
        with subtests.test(name=name), pytest.MonkeyPatch.context() as monkeypatch:
            for kind in (CUDAAccelerator, MPSAccelerator):
                monkeypatch.setattr(kind, "is_available", staticmethod(lambda: False))
            sentence = f"{name}, but torch finds none on this machine: give cpu or auto"
            with pytest.raises(ValueError, match=sentence):
                check_settings(Namespace(DEFAULTS | {"accelerator": name}))


def test_settings_that_work_pass(alone, subtests):
    for given in [
        {"val_check_interval": "00:00:00:05"},
        {"val_check_interval": 0.5},
        {"precision": "bf16-mixed"},
        {"precision": 64},
        {"strategy": "ddp"},
        {"devices": 2},
        {"devices": "2"},
        {"accelerator": "auto"},
        {"strategy": Namespace(class_path="mine.Strategy")},
        {"profiler": "simple"},
        {"callbacks": [Namespace(class_path="callbacks.SampleGrid", init_args=Namespace(num=4))]},
    ]:
        with subtests.test(given=given):
            check_settings(Namespace(DEFAULTS | given))


def test_a_schedule_shorter_than_the_run_is_refused():
    network = nn.Linear(2, 2)
    short = partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.1, total_steps=2)
    optimizer_checks.check_optimizer("d", dcgan_adam, short, network, 2)
    sentence = "OneCycleLR of total_steps 2, but the run has 3 updates of D: give"
    with pytest.raises(ValueError, match=sentence):
        optimizer_checks.check_optimizer("d", dcgan_adam, short, network, 3)


def test_external_loggers_get_scalars_and_pictures_beside_the_runs_own(fit):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    named = (("CSVLogger", {"save_dir": "c"}), ("TensorBoardLogger", {"save_dir": "t"}))
    cloud = callback("SampleScatter", num=10, every_n_steps=2)
    assert fit(*logger(*named), *cloud).status == 0
    own = (RUN / "metrics.csv").read_text()
    assert Path("c/lightning_logs/version_0/metrics.csv").read_text() == own
    (folder,) = Path("t/lightning_logs").iterdir()
    read = accumulator.EventAccumulator(str(folder))
    read.Reload()
    assert [event.step for event in read.Scalars("train/d_loss")] == [1, 2, 3]
    assert [event.step for event in read.Images("images/points")] == [0, 2, 3]
    assert sorted(path.name for path in (RUN / "images" / "points").iterdir())[1:] == [
        "step_0000002.png",
        "step_0000003.png",
    ]


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    with (
        pytest.raises(
            ValueError, match=r"^MLFlowLogger needs the package mlflow.*pip install mlflow$"
        ),
        explain_named_packages("MLFlowLogger"),
    ):
        raise ModuleNotFoundError(
            "Requirement 'mlflow>=1.0' not met. HINT: `pip install -U 'mlflow>=1.0'`"
        )
    with (
        pytest.raises(
            ValueError, match=r"^RichProgressBar needs the package rich, .*pip install rich$"
        ),
        explain_named_packages(),
    ):
        raise ValueError(
            "`RichProgressBar` requires `rich`. Install it by running `pip install -U rich`."
        )
    with pytest.raises(ModuleNotFoundError, match="no module"), explain_named_packages():
        raise ModuleNotFoundError("no module")


def test_the_end_by_early_stopping_says_why_and_the_run_can_go_on(fit):
    stopping = callback("EarlyStopping", monitor="train/d_loss", stopping_threshold=9.0)
    watching = [*stopping, *callback("Timer"), *callback("ModelCheckpoint", every_n_train_steps=1)]
    ended = fit(*watching)
    assert ended.status == 0, ended.err
    line = (
        "stopped     at step 2 of 3 by EarlyStopping: Stopping threshold reached: train/d_loss = "
    )
    assert ended.out.count(line) == 2  # before the last scores, and in the last lines
    assert "< 9.0" in ended.out
    assert f"--ckpt_path {RUN}/checkpoints/last.ckpt --trainer.max_steps 4" in ended.out
    again = fit(*watching, "--ckpt_path", "last", "--trainer.log_every_n_steps", "2")
    assert again.status == 0, again.err
    assert read_checkpoint(RUN / "checkpoints" / "last.ckpt")["counts"]["g_updates"] == 3


def test_a_timer_says_that_time_was_up(fit):
    ended = fit(*flag("max_time", "00:00:00:00"))
    assert ended.status == 0
    assert "no step was made" in ended.out
    assert "stopped     at step 0 of 3 by Timer: the time limit of 0 s was reached" in ended.out
    assert "next" not in ended.out


def test_callbacks_of_lightning_count_updates_of_g(fit):
    saving = callback("ModelCheckpoint", every_n_train_steps=2, save_top_k=-1, save_last=True)
    rates = callback("LearningRateMonitor", logging_interval="step")
    assert fit(*saving, *rates, "--model.k", "2", *flag("max_steps", 5)).status == 0
    names = {path.name for path in (RUN / "model_checkpoints").iterdir()}
    assert names == {"epoch=0-step=2.ckpt", "epoch=0-step=4.ckpt", "last.ckpt"}
    assert {path.name for path in (RUN / "checkpoints").iterdir()} == {"step=5.ckpt", "last.ckpt"}
    assert (
        read_checkpoint(RUN / "model_checkpoints" / "epoch=0-step=4.ckpt")["counts"]["g_updates"]
        == 4
    )
    at = {int(row["step"]) for row in rows() if row["lr-Adam"]}
    assert at == {0, 1, 2, 3, 4}  # the start of each minibatch: updates of G so far
    assert max(int(row["step"]) for row in rows()) == 5


def test_fast_dev_run_leaves_nothing_and_names_no_file(fit):
    before = set(Path().rglob("*"))
    watching = callback("BestCheckpoint", score="val/modes") + callback("LearningRateMonitor")
    ended = fit(*flag("fast_dev_run", 2), *watching)
    assert ended.status == 0, ended.err
    assert set(Path().rglob("*")) == before
    assert "2 minibatches each of training, validation and test" in ended.out
    assert not any(word in ended.out for word in ("ckpt", "/tmp", "report.html", "next"))


@pytest.mark.parametrize(
    "arguments",
    [flag("enable_checkpointing", "false"), flag("max_epochs", 0)],
    ids=" ".join,
)
def test_a_run_without_checkpoints_names_none(arguments, fit):
    ended = fit(*arguments)
    assert ended.status == 0, ended.err
    assert {path.name for path in RUN.iterdir()} >= FILES
    assert not list(RUN.rglob("*.ckpt"))
    assert "ckpt" not in ended.out
    assert "--trainer.max_steps" not in ended.out


def test_the_suites_own_progress_goes_where_another_bar_or_none_is_asked(fit):
    assert "trained for" in fit().out
    assert "trained for" not in fit(*flag("enable_progress_bar", "false")).out
    assert "trained for" not in fit(*callback("TQDMProgressBar")).out


def test_a_check_of_scores_takes_external_loggers_too(fit, command):
    fit()
    lines = (
        "--ckpt_path",
        f"{RUN}/checkpoints/last.ckpt",
        *logger(("CSVLogger", {"save_dir": "c"})),
    )
    assert command("validate", *lines).status == 0
    assert (RUN / "validate/version_0/metrics.csv").is_file()
    assert Path("c/lightning_logs/version_0/metrics.csv").is_file()


def test_wandb_is_not_started_where_another_logger_or_none_is_named(fit, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert fit(*flag("logger", "false")).status == 0
    assert not (RUN / "wandb").exists()


def test_a_plan_takes_no_settings_that_it_cannot_measure(fit, command):
    lines = ("--config", "ring.yaml", "--config", "three.yaml")
    for setting in (flag("fast_dev_run", "true"), flag("val_check_interval", "00:00:00:05")):
        ended = command("estimate", *lines, *setting)
        assert ended.status == 1
        assert "estimate needs steps" in ended.err
    named = logger(("CSVLogger", {"save_dir": "asked"}))
    assert command("estimate", *lines, "--steps", "2", "--quick", *named).status == 0
    assert not Path("asked").exists()


KINDS = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "SGD",
]


def test_optimizers_of_torch_pass_their_trial(subtests):
    for kind in KINDS:
        with subtests.test(kind=kind):
            network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 2))
            before = {name: value.clone() for name, value in network.state_dict().items()}
            optimizer_checks.check_optimizer("d", getattr(torch.optim, kind), Constant, network, 10)
            assert all(
                torch.equal(value, before[name]) for name, value in network.state_dict().items()
            )


def test_a_trial_names_the_setting_and_the_class():
    network = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"model.g_optimizer is SparseAdam, .*dense"):
        optimizer_checks.check_optimizer("g", torch.optim.SparseAdam, Constant, network, -1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    with pytest.raises(ValueError, match=r"model.d_scheduler is ReduceLROnPlateau, .*LinearDecay"):
        optimizer_checks.check_optimizer("d", dcgan_adam, plateau, network, -1)


def test_a_trainer_made_in_python_has_the_folder_of_its_logger_or_its_root(tmp_path):
    from pytorch_lightning import Trainer
    from pytorch_lightning.loggers import CSVLogger

    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    plain = Trainer(logger=False, default_root_dir=str(tmp_path), **quiet)
    assert find_run_folder_of_trainer(plain) == tmp_path
    named = Trainer(logger=CSVLogger(tmp_path, name="a"), **quiet)
    assert find_run_folder_of_trainer(named) == Path(os.path.join(tmp_path, "a", "version_0"))


def test_every_kind_of_key_that_the_readme_lists_can_be_monitored(command):
    keys = (
        "train/g_loss", "train/d_grad_norm", "lr/d", "progress/images_seen", "val/parzen_nats", "val/d_x",
        "val/fid_tiny",
    )  # fmt: skip
    tiny = {"num_samples": 20, "features": {"class_path": "tiny_features.TinySpace"}}
    asked = [word for key in keys for word in callback("EarlyStopping", monitor=key, patience=9)]
    best = callback("BestCheckpoint", score="val/parzen_nats", lower_is_better=False)
    ended = command("fit", "--config", "small.yaml", *callback("FID", **tiny), *asked, *best)
    assert ended.status == 0, ended.err
    state = read_checkpoint("runs/small/version_0/checkpoints/last.ckpt")["callbacks"]
    scores = {
        s: v["best_score"].isfinite() for s, v in state.items() if s.startswith("EarlyStopping")
    }
    assert len(scores) == len(keys)
    assert all(scores.values())
