"""The commands and Python examples of the README and of docs/examples.md run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = (ROOT / "docs/examples.md").read_text(encoding="utf-8")
OWN = {"pictures.yaml", "changes.yaml"}
COMMAND = re.compile(r"^python -m lightning_gan (.+?)(?:\s+#.*)?$", re.MULTILINE)


def python_blocks(text):
    return re.findall(r"```python\n(.+?)```", text, flags=re.DOTALL)


def test_the_fit_examples_parse(command, subtests):
    """Those with a flag or a second config: an experiment alone is trained in test_configs."""
    lines = [line for line in COMMAND.findall(README + EXAMPLES) if line.startswith("fit")]
    lines = [line for line in lines if line.count(" --") > 1 and "ckpt" not in line]
    lines = [line for line in lines if not OWN & set(line.split())]
    assert len(lines) > 5
    for line in lines:
        with subtests.test(line=line):
            ended = command(*line.replace("--print_config", "").split(), "--print_config")
            assert ended.status == 0, ended.err


def test_the_python_examples_run(command, monkeypatch):
    monkeypatch.setenv("LIGHTNING_GAN_DATA", "pixels")
    (train,) = python_blocks((ROOT / "docs/models.md").read_text(encoding="utf-8"))[1:]
    names = {}
    exec(train.replace("MNIST())", "MNIST(batch_size=5))"), names)  # the tiny MNIST of the tests
    assert names["x"].shape == (64, 1, 28, 28)
    assert names["gan"].g_updates == 20
    assert command("fit", "--config", "small.yaml").status == 0
    (read,) = python_blocks(README)
    exec(read.replace("runs/mnist/", "runs/small/"), names)
    assert not names["model"].training
    assert names["images"].shape == (64, 1, 28, 28)
