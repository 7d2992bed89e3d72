"""Hostile configs, checkpoints and archives; secrets of the environment."""

import ast
import hashlib
import io
import sys
import tarfile
from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from command import SMALL

from datamodules.cifar_files import FOLDER, RECORD, Archive, BatchFile, read_members
from lightning_gan.losses import NonSaturating
from lightning_gan.utils import trusted_classes

ROOT = Path(__file__).parents[1]
EVIL = "from pathlib import Path\nPath('it_ran').touch()\nclass Loss: pass\ndef new(params): ...\n"
SECRET = "not-for-anyones-eyes-0123456789abcdef0123456"  # as long as a key of W&B

BRIEF = ("--trainer.max_steps", "2", "--trainer.callbacks", "[]")


def changed(path, value):
    """Make the small config with one changed value."""
    config = yaml.safe_load(yaml.safe_dump(SMALL))
    *way, last = path.split(".")
    section = config
    for key in way:
        section = section[key]
    section[last] = value
    return config


def made_of(name, **arguments):
    return {"class_path": name, "init_args": arguments}


PLACES = {
    "the model": "model",
    "an objective": "model.init_args.loss",
    "a network": "model.init_args.generator",
    "an optimizer": "model.init_args.d_optimizer",
    "a schedule": "model.init_args.g_scheduler",
    "the data": "data",
    "a logger": "trainer.logger",
    "a strategy": "trainer.strategy",
}
NAMES = (
    "os.system",
    "subprocess.Popen",
    "builtins.eval",
    "evil.Loss",
    "pytorch_lightning.cli.os.system",
)


def test_a_config_with_an_untrusted_class_is_refused(command, subtests):
    for place in PLACES:
        with subtests.test(place=place):
            Path("evil.py").write_text(EVIL)
            command.monkeypatch.syspath_prepend(command.folder)
            for name in NAMES:
                command.write(
                    "hostile.yaml", changed(PLACES[place], made_of(name, command="touch it_ran"))
                )
                ended = command("fit", "--config", "hostile.yaml")
                assert ended.status != 0, name
                (error,) = [line for line in ended.err.splitlines() if line.startswith("error: ")]
                assert f"'{name}' was refused" in error or "'posix.system' was refused" in error
                assert "hostile.yaml" in error
                assert "--trust" in error
            assert not Path("it_ran").exists()
            assert "evil" not in sys.modules


def test_an_untrusted_class_is_refused_in_every_notation(command, subtests):
    for wrapped in [
        lambda name: changed(
            "trainer.callbacks", [{"class_path": "TrainingCurves"}, made_of(name)]
        ),
        lambda name: changed("model.init_args.regularizers", [made_of(name)]),
        lambda name: changed("model.init_args.loss", name),
        lambda name: changed("model.init_args.d_optimizer", name.replace("Loss", "new")),
        lambda name: changed("data", name),
        lambda name: changed(
            "trainer.callbacks", made_of("ModeCollapseMonitor", response=made_of(name))
        ),
    ]:
        with subtests.test(wrapped=wrapped):
            Path("evil.py").write_text(EVIL)
            command.monkeypatch.syspath_prepend(command.folder)
            command.write("hostile.yaml", wrapped("evil.Loss"))
            ended = command("fit", "--config", "hostile.yaml")
            assert ended.status != 0
            assert "'evil." in ended.err
            assert "was refused" in ended.err
            assert not Path("it_ran").exists()


def test_an_untrusted_class_is_refused_on_the_command_line(command, subtests):
    for flags in [
        ["--model.loss", "evil.Loss"],
        ["--model.d_optimizer", "evil.new"],
        ["--model.loss.class_path=evil.Loss"],
        ["--data", "evil.Loss"],
        ["--trainer.callbacks+=evil.Loss"],
    ]:
        with subtests.test(flags=flags):
            Path("evil.py").write_text(EVIL)
            command.monkeypatch.syspath_prepend(command.folder)
            ended = command("fit", "--config", "small.yaml", *flags)
            assert ended.status != 0
            assert "was refused" in ended.err
            assert not Path("it_ran").exists()


def test_an_alias_does_not_hide_an_untrusted_class(command):
    Path("evil.py").write_text(EVIL)
    command.monkeypatch.syspath_prepend(command.folder)
    text = yaml.safe_dump(SMALL).replace("loss: NonSaturating", "loss: *it")
    command.write("hostile.yaml", f"run: {{name: &it evil.Loss}}\n{text}")
    ended = command("fit", "--config", "hostile.yaml")
    assert "'evil.Loss' was refused" in ended.err
    assert not Path("it_ran").exists()


def test_a_user_can_trust_a_package_and_a_config_cannot(command):
    own = "from lightning_gan.losses import NonSaturating\nclass Mine(NonSaturating): pass\n"
    Path("mine_alone.py").write_text(own)
    command.monkeypatch.syspath_prepend(command.folder)
    line = ("fit", "--config", "small.yaml", *BRIEF, "--model.loss", "mine_alone.Mine")
    assert "was refused" in command(*line).err
    command.write("selfish.yaml", SMALL | {"trust": "mine_alone"})
    assert "unknown section 'trust'" in command("fit", "--config", "selfish.yaml").err
    ended = command(*line, "--trust", "mine_alone")
    assert ended.status == 0, ended.err
    assert "Mine; alternating updates" in ended.out
    ended = command("sample", "--ckpt_path", "runs/small/version_0/checkpoints/last.ckpt")
    assert ended.status == 0, ended.err
    command.monkeypatch.delenv(trusted_classes.VARIABLE)
    ended = command("sample", "--ckpt_path", "runs/small/version_0/checkpoints/last.ckpt")
    assert "names 'mine_alone.Mine'" in ended.err


@pytest.fixture
def trained(command):
    """Checkpoint of a complete run."""
    command(
        "fit", "--config", "small.yaml", "--trainer.max_steps", "2", "--trainer.callbacks", "[]"
    )
    return torch.load("runs/small/version_0/checkpoints/last.ckpt", weights_only=True)


def bomb():
    value = ["boom"] * 9
    for _ in range(8):
        value = [value] * 9
    return value


def inside_itself():
    value = []
    value.append(value)
    return value


TAMPERED = {
    "the model": ("_class_path", "evil.Loss", "names 'evil.Loss'"),
    "what builds it": ("_instantiator", "os.system", "names 'os.system'"),
    "an objective": ("loss", made_of("subprocess.Popen", args="touch it_ran"), "names 'subprocess.Popen'"),
    "one in a list": ("regularizers", [made_of("evil.Loss")], "names 'evil.Loss'"),
    "as a word": ("loss", "evil.Loss", "'evil.Loss' was refused"),
    "a bomb": ("widths", bomb(), "more than 20,000 values"),
    "a value that contains itself": ("widths", inside_itself(), "more than 20,000 values"),
}  # fmt: skip


def test_a_checkpoint_with_an_untrusted_class_is_refused(trained, command):
    Path("evil.py").write_text(EVIL)
    command.monkeypatch.syspath_prepend(command.folder)
    for key, value, said in TAMPERED.values():
        hostile = trained | {"hyper_parameters": trained["hyper_parameters"] | {key: value}}
        torch.save(hostile, "hostile.ckpt")
        ended = command("sample", "--ckpt_path", "hostile.ckpt")
        assert ended.status != 0, key
        assert said in ended.err, key
        assert "Traceback" not in ended.err
    assert not Path("it_ran").exists()


@pytest.mark.parametrize("case", ["an objective", "as a word"])
def test_a_checkpoint_with_an_untrusted_class_is_not_resumed(case, trained, command):
    Path("evil.py").write_text(EVIL)
    command.monkeypatch.syspath_prepend(command.folder)
    key, value, said = TAMPERED[case]
    hostile = trained | {"hyper_parameters": trained["hyper_parameters"] | {key: value}}
    torch.save(hostile, "hostile.ckpt")
    line = ("--ckpt_path", "hostile.ckpt", "--trainer.max_steps", "4")
    ended = command("fit", "--config", "small.yaml", *line)
    assert ended.status != 0
    assert said in ended.err
    assert not Path("it_ran").exists()


BOMBS = pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"{n}: &{n} [{', '.join([f'*{p}'] * 9)}]\n" for p, n in zip("abcdef", "bcdefg", strict=True)),
            "has more than 20,000 values",
        ),
        ("model: &m {init_args: *m}\n", "a value that contains itself"),
        ("model: " + "[" * 1500, "nested too deeply"),
        ("model: {k: 1}\n" + "# nothing\n" * 30_000, "bytes: give a config of at most 200,000"),
        ("model: !!python/object/apply:os.system ['touch it_ran']\n", "hostile.yaml"),
    ],
    ids=["bomb", "inside itself", "deep", "huge", "tag"],
)  # fmt: skip


@BOMBS
def test_an_alias_bomb_in_a_config_is_refused(text, said, command):
    command.write("hostile.yaml", text)
    ended = command("fit", "--config", "hostile.yaml")
    assert ended.status != 0
    assert said in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("error: ")]) == 1
    assert not Path("it_ran").exists()


@BOMBS
def test_an_alias_bomb_in_an_included_file_is_refused(text, said, command):
    command.write("hostile.yaml", text)
    command.write("around.yaml", {"model": "hostile.yaml"})
    line = ["--config", "around.yaml"] if "k: 1" in text else ["--model=hostile.yaml"]
    ended = command("fit", "--config", "small.yaml", *line)
    assert ended.status != 0
    assert said in ended.err
    assert not Path("it_ran").exists()


def test_a_file_that_includes_itself_is_refused(command):
    command.write("hostile.yaml", {"class_path": "GAN", "init_args": {"loss": "hostile.yaml"}})
    ended = command("fit", "--config", "small.yaml", "--model", "hostile.yaml")
    assert "hostile.yaml includes itself: give the values instead." in ended.err


# what the source does not say


@cache
def calls():
    return list(_calls())


def _calls():
    for folder in ("lightning_gan", "datamodules", "callbacks"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    yield (
                        file,
                        node,
                        ast.unparse(node.func),
                        {k.arg: ast.unparse(k.value) for k in node.keywords},
                    )


BANNED = {
    "eval", "exec", "pickle.load", "pickle.loads", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "torch.jit.load", "torch.hub.load", "joblib.load", "marshal.loads", "dill.load",
}  # fmt: skip


def test_no_downloaded_file_is_executed():
    seen = 0
    for file, node, name, given in calls():
        place = f"{file.relative_to(ROOT)}:{node.lineno}"
        assert name not in BANNED, place
        assert given.get("shell", "False") == "False", place
        assert given.get("allow_pickle", "False") == "False", place
        assert name != "yaml.compose" or given["Loader"] == "yaml.SafeLoader", place
        if name == "torch.load":
            seen += 1
            assert given.get("weights_only") == "True", place
        if name.endswith("load_from_checkpoint"):
            seen += 1
            assert given.get("weights_only") == "True", place
    assert seen > 2


def test_unpicklers_accept_known_names_only():
    readers = [
        file
        for folder in ("lightning_gan", "datamodules", "callbacks")
        for file in (ROOT / folder).rglob("*.py")
        if "pickle.Unpickler" in file.read_text()
    ]
    assert {f.name for f in readers} == {
        "torchscript_archive.py",
        "cifar_pickle.py",
    }  # their tests feed them hostile pickles


def test_no_archive_is_unpacked_to_disk():
    """Members are read by name into memory, so that ../ and links have no effect."""
    for file, node, name, _ in calls():
        last = name.rpartition(".")[2]
        assert last not in ("extractall", "extract", "unpack_archive"), f"{file}:{node.lineno}"


def hostile_tar(content):
    """Make an archive with members outside the folder, and a link in place of a required file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        for name in (
            "../it_ran",
            "/tmp/it_ran_too",
            f"{FOLDER}/../../it_ran",
            f"{FOLDER}/good.bin",
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            member = tarfile.TarInfo(f"{FOLDER}/linked.bin")
            member.type, member.linkname = kind, "/etc/passwd"
            members.addfile(member)
    return packed.getvalue()


def test_members_of_an_archive_write_no_files(tmp_path, monkeypatch):
    """The archive of CIFAR-10 has members ../x and /x and links: the valid file is read, and nothing is written."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    good = bytes(RECORD)
    hashes = hashlib.sha1(good).hexdigest(), hashlib.md5(good).hexdigest()
    specs = [BatchFile(name, *hashes, n=1) for name in ("good", "linked")]
    data = hostile_tar(good)
    archive = Archive("x/y.tar.gz", len(data), hashlib.md5(data).hexdigest())
    assert read_members(io.BytesIO(data), specs, archive) == {"good": good}
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert not Path("/tmp/it_ran_too").exists()


# what never leaves the environment


def test_secrets_of_the_environment_are_not_in_the_files_of_a_run(command):
    """Crash a run with W&B offline, so that there are a crash file and files of W&B."""
    for name in ("WANDB_API_KEY", "HF_TOKEN", "MY_SECRET"):
        command.monkeypatch.setenv(name, SECRET)
    command.monkeypatch.setenv("WANDB_MODE", "offline")
    right, calls = NonSaturating.g_loss, []

    def wrong_in_the_end(self, fake, real=None):
        calls.append(fake)
        return right(self, fake) * (torch.nan if len(calls) == 4 else 1)

    command.monkeypatch.setattr(NonSaturating, "g_loss", wrong_in_the_end)
    ended = command("fit", "--config", "small.yaml", "--trainer.callbacks", "[]")
    assert "python -m lightning_gan replay runs/small/version_0/crash/step=" in ended.err
    files = [p for p in Path().rglob("*") if p.is_file() and "pixels" not in p.parts]
    kinds = {p.name for p in files} | {p.suffix for p in files}
    assert {"config.yaml", "metrics.csv", "hparams.yaml", ".pt", ".wandb"} <= kinds
    for path in files:
        assert SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in ended.out + ended.err
