"""Errors of the user: one sentence, an exit status, no traceback, and no file overwritten.

Each row: a change of the folder, arguments after `fit --config small.yaml`, and a part of the sentence.
"""

from pathlib import Path

import pytest
import torch
from command import SMALL

import datamodules

RAW = Path("pixels/MNIST/raw")
BINARY = bytes(range(256))


def write(name, content):
    def make():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def damage(name, change):
    def make():
        path = RAW / name
        path.write_bytes(change(path.read_bytes()))

    return make


def gone():
    (RAW / "train-images-idx3-ubyte").rename("elsewhere")


def hostile():
    class Hostile:
        def __reduce__(self):
            return (Path.touch, (Path("it_ran"),))

    torch.save({"state_dict": Hostile()}, "hostile.ckpt")


def nothing():
    pass


def both(first, second):
    def make():
        first()
        second()

    return make


MODEL, G, D = "--model.", "--model.generator.init_args.", "--model.discriminator.init_args."
EIGHT = [f"{G}data_shape", "[1,8,8]", f"{D}data_shape", "[1,8,8]"]
SIX = write(
    "six.yaml", "model:\n  init_args:\n    generator:\n      init_args:\n        z_dmi: 3\n"
)
WHOLE = {
    "unknown flag": (
        nothing,
        ["--trainer.max_stepz", "2"],
        "'trainer.max_stepz'. Did you mean 'trainer.max_steps'?",
    ),
    "wrong type in a file": (
        write("w.yaml", "data:\n  init_args:\n    batch_size: many"),
        ["--config", "w.yaml"],
        "'batch_size' must be a whole number; got 'many'. (In w.yaml, line 3.)",
    ),
    "missing data": (gone, [], "train-images-idx3-ubyte not found under pixels"),
    "a file for the data's folder": (
        write("afile", "x"),
        ["--data.root", "afile"],
        "data.root is afile, a file",
    ),
    "a web page for data": (
        damage("train-labels-idx1-ubyte", lambda b: b"<html>"),
        [],
        "train-labels-idx1-ubyte",
    ),
    "shape that no network is made for": (
        nothing,
        EIGHT,
        "The data are [1, 28, 28] but G makes [1, 8, 8]",
    ),
    "nothing to resume": (nothing, ["--ckpt_path", "last"], "Nothing to resume"),
    "checkpoint that runs code": (
        hostile,
        ["--ckpt_path", "hostile.ckpt"],
        "is not a complete checkpoint",
    ),
    "run folder that cannot be": (write("afile", "x"), ["--run.root", "afile"], "Not a directory"),
    "no such device": (nothing, ["--trainer.accelerator", "gpu"], "gpu"),
    "a loss that is not finite": (
        nothing,
        [f"{MODEL}d_optimizer", "torch.optim.SGD", f"{MODEL}d_optimizer.lr", "1e30"],
        "loss became nan at step ",
    ),
}
SETTINGS = {
    "beginning of a flag": (
        nothing,
        ["--trainer.max_step", "2"],
        "Did you mean 'trainer.max_steps'?",
    ),
    "unknown key of the model": (nothing, [f"{MODEL}kk", "2"], "There is no setting 'kk'"),
    "unknown key of a network": (nothing, [f"{G}widht", "[2]"], "'widht'. Did you mean 'widths'?"),
    "unknown key deep in a file": (
        SIX,
        ["--config", "six.yaml"],
        "'z_dmi'. Did you mean 'z_dim'? (In six.yaml, line 5.)",
    ),
    "unknown section": (
        write("t.yaml", "modle: {k: 3}"),
        ["--config", "t.yaml"],
        "t.yaml, line 1: unknown section",
    ),
    "empty section": (
        write("e.yaml", "model:\n  init_args:\n    genrator: {}"),
        ["--config", "e.yaml"],
        "e.yaml, line 3: 'genrator' is empty",
    ),
    "wrong value in another folder": (
        write("y/a.yaml", "trainer:\n  max_epochs: 3\n  max_steps: abc\n"),
        ["--config", "y/a.yaml"],
        "'trainer.max_steps' must be a whole number; got 'abc'. (In y/a.yaml, line 3.)",
    ),
    "wrong class in another folder": (
        write("y/a.yaml", "model:\n  init_args:\n    loss: Hingee\n"),
        ["--config", "y/a.yaml"],
        "No class 'Hingee'. Did you mean 'Hinge'? (In y/a.yaml, line 3.)",
    ),
    "wrong value in a file that a config names": (
        both(
            write("y/a.yaml", "model: b.yaml"),
            write("y/b.yaml", "class_path: GAN\ninit_args:\n  k: two\n"),
        ),
        ["--config", "y/a.yaml"],
        "'k' must be a whole number; got 'two'. (In y/b.yaml, line 3.)",
    ),
    "a file that a config names is missing": (
        write("y/a.yaml", "model: gone.yaml"),
        ["--config", "y/a.yaml"],
        "or in the working folder. (In y/a.yaml, line 1.)",
    ),
    "wrong value in the last of two": (
        both(
            write("y/a.yaml", "trainer: {max_steps: 3}"),
            write("y/b.yaml", "# b\ntrainer: {max_steps: x}"),
        ),
        ["--config", "y/a.yaml", "--config", "y/b.yaml"],
        "(In y/b.yaml, line 2.)",
    ),
    "wrong flag beside a right config": (
        write("y/a.yaml", "trainer: {max_steps: 3}"),
        ["--config", "y/a.yaml", "--trainer.max_steps", "x"],
        "'trainer.max_steps' must be a whole number; got 'x'.",
    ),
    "one of several words": (
        write("y/a.yaml", "run: {wandb: onlin}"),
        ["--config", "y/a.yaml"],
        "'run.wandb' must be one of auto, online, offline, disabled; got 'onlin'. (In y/a.yaml, line 1.)",
    ),
    "the learning rate of both": (
        nothing,
        ["--model.lr", "1"],
        "Did you mean 'model.d_optimizer.lr' or 'model.g_optimizer.lr'?",
    ),
    "a setting without its section": (
        nothing,
        ["--batch_size", "3"],
        "Did you mean 'data.batch_size'?",
    ),
    "a setting of a network": (
        nothing,
        ["--model.zdim", "3"],
        "Did you mean 'model.generator.z_dim'?",
    ),
    "an objective that is a config": (
        nothing,
        ["--model.loss", "WGANGP"],
        "No class 'WGANGP'. Did you mean --config objectives/wgan_gp.yaml?",
    ),
    "a class in small letters": (
        nothing,
        ["--data", "mnist"],
        "No class 'mnist'. Did you mean 'MNIST'?",
    ),
    "a schedule of torch": (
        nothing,
        ["--model.d_scheduler", "StepLRR"],
        "Did you mean 'torch.optim.lr_scheduler.StepLR'?",
    ),
    "no value": (nothing, ["--model.k"], "--model.k needs a value."),
    "half of JSON": (
        nothing,
        ["--trainer.callbacks+={class_path: TrainingCurves"],
        "'trainer.callbacks' must be the name of a class, or a mapping with class_path and init_args",
    ),
    "a config of the same folder": (
        write("shapes.yaml", "run: {name: x}"),
        ["--config", "shape.yaml"],
        "did you mean shapes.yaml",
    ),
    "key given twice": (
        write("d.yaml", "trainer:\n  max_steps: 1\n  max_steps: 2"),
        ["--config", "d.yaml"],
        "twice",
    ),
    "wrong type": (nothing, [f"{MODEL}k", "two"], "'k' must be a whole number; got 'two'."),
    "no list": (
        write(
            "f.yaml", "model:\n  init_args:\n    generator:\n      init_args:\n        z_dim: 12"
        ),
        ["--config", "f.yaml", f"{MODEL}generator.init_args.widths", "12"],
        "'widths' must be a list, such as [128, 128]; got '12'.",
    ),
    "no number": (
        nothing,
        [f"{MODEL}d_optimizer", "torch.optim.SGD", f"{MODEL}d_optimizer.lr", "fast"],
        "'lr' must be a number; got 'fast'.",
    ),
    "unknown class": (
        nothing,
        [f"{MODEL}loss", "Minimaks"],
        "No class 'Minimaks'. Did you mean 'Minimax'?",
    ),
    "rows never": (
        nothing,
        ["--trainer.log_every_n_steps", "0"],
        "trainer.log_every_n_steps is 0; give a whole number from 1",
    ),
    "validations never": (
        nothing,
        ["--trainer.val_check_interval", "0"],
        "trainer.val_check_interval is 0; give a number above 0 and at most 1 or a whole number",
    ),
    "a seed below zero": (
        nothing,
        ["--seed_everything", "-1"],
        "seed_everything is -1; give a whole number from 0",
    ),
    "a rate below zero": (
        nothing,
        [f"{MODEL}d_optimizer", "torch.optim.SGD", f"{MODEL}d_optimizer.lr", "-0.1"],
        "Invalid learning rate: -0.1",
    ),
    "a run elsewhere": (
        nothing,
        ["--run.name", "../escape"],
        "run.name is '../escape': give a name",
    ),
    "a run without a name": (nothing, ["--run.name", ""], "run.name is '': give a name"),
    "a folder for a config": (
        nothing,
        ["--config", "pixels"],
        "pixels is a folder: give a YAML file",
    ),
    "missing config": (nothing, ["--config", "mnsit.yaml"], "did you mean mnist.yaml"),
    "not YAML": (
        write("b.yaml", "a: [1,\nb: }"),
        ["--config", "b.yaml"],
        "b.yaml, line 2: this is not YAML",
    ),
    "empty config": (write("n.yaml", ""), ["--config", "n.yaml"], "n.yaml has no settings"),
    "list for a config": (
        write("l.yaml", "- 1"),
        ["--config", "l.yaml"],
        "l.yaml has no settings",
    ),
    "binary config": (write("x.yaml", BINARY), ["--config", "x.yaml"], "x.yaml is not a text file"),
    "a NUL character in a config": (
        write("nul.yaml", 'run: {root: "a\\0b"}'),
        ["--config", "nul.yaml"],
        "nul.yaml, line 1: 'a\\x00b' contains a NUL character",
    ),
    "an error of a constructor": (
        nothing,
        ["--trainer.callbacks+={class_path: EarlyStopping, init_args: {monitor: x, mode: up}}"],
        "`mode` can be min, max, got up",
    ),
    "unknown key of a section": (
        write("y/a.yaml", "trainer:\n  max_stepz: 3\n"),
        ["--config", "y/a.yaml"],
        "'trainer.max_stepz'. Did you mean 'trainer.max_steps'? (In y/a.yaml, line 2.)",
    ),
    "a flag of another command": (
        nothing,
        ["--xyzzy", "3"],
        "There is no setting 'xyzzy'. Run python -m lightning_gan fit --help.",
    ),
    "one word too many": (nothing, ["10"], "'10' is one argument too many"),
    "one dash": (nothing, ["-model.k", "3"], "no setting '-model.k'. Did you mean '--model.k'?"),
    "an empty value": (nothing, [f"{MODEL}k="], "'k' must be a whole number; got ''."),
    "no data at all": (nothing, ["--data.root", "nowhere"], "nowhere/MNIST/raw"),
}


@pytest.mark.parametrize("row", WHOLE)
def test_an_error_is_one_sentence_and_changes_no_file(row, command):
    make, arguments, said = WHOLE[row]
    make()
    before = {p: p.read_bytes() for p in Path().rglob("*") if p.is_file()}
    ended = command("fit", "--config", "small.yaml", *arguments)
    check(ended, said)
    assert {p: p.read_bytes() for p in before if p.exists()} == before
    assert not Path("it_ran").exists()


def test_a_wrong_setting_is_one_sentence(command, subtests):
    for row, (make, arguments, said) in SETTINGS.items():
        with subtests.test(row):
            make()
            check(command("fit", "--config", "small.yaml", *arguments), said)


def check(ended, said):
    assert ended.status != 0
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, ended.err
    assert said in errors[0]
    assert "Traceback" not in ended.err
    assert ended.err.strip().endswith(errors[0])


def test_no_data(command):
    command.write("model.yaml", {k: SMALL[k] for k in ("model", "trainer")})
    ended = command("fit", "--config", "model.yaml")
    assert ended.status == 1
    assert "error: No data were given: give a data set, such as --data MNIST." in ended.err


def test_a_value_range_that_does_not_fit_the_generator(command):
    ended = command("fit", "--config", "small.yaml", "--data.value_range", "[-1, 1]")
    assert ended.status == 1
    assert "error: The data lie in [-1, 1] but MLPGenerator makes values in [0, 1]" in ended.err


COMMANDS = [
    ([], "No command was given: give one of fit, validate, test, sample"),
    (["validate", "--ckpt_path", "nope.ckpt"], "No checkpoint at nope.ckpt"),
    (["validate", "--config", "small.yaml"], "validate evaluates a checkpoint: give --ckpt_path."),
    (["fti"], "Unknown command 'fti': did you mean 'fit'?"),
    (["xyz"], "Unknown command 'xyz': give one of fit, validate"),
    (["fit"], "No model was given: name an experiment, such as --config mnist.yaml."),
    (["sample"], "ckpt_path"),
    (["sample", "--ckpt_pth", "x"], "'ckpt_pth'. Did you mean 'ckpt_path'?"),
    (["sample", "--ckpt_path", "nope.ckpt"], "No checkpoint at nope.ckpt"),
]


def test_a_wrong_command_is_one_sentence(command, subtests):
    for arguments, said in COMMANDS:
        with subtests.test(" ".join(arguments)):
            check(command(*arguments), said)


def test_a_bug_keeps_its_traceback(command, monkeypatch):
    def broken(self, stage):
        return [].index(0)

    monkeypatch.setattr(datamodules.MNIST, "setup", broken)
    with pytest.raises(ValueError, match="0 is not in list"):
        command("fit", "--config", "small.yaml")
