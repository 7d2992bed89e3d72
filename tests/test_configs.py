"""Every config that comes with the suite builds, says where it comes from, and trains a step."""

import pytest

from lightning_gan.config_files import CONFIGS

EXPERIMENTS = sorted(p.name for p in CONFIGS.glob("*.yaml") if p.name != "defaults.yaml")


def test_there_are_experiments():
    assert {"mnist.yaml", "mnist_2014.yaml"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_trains_a_step_and_scores_it(name, command):
    ended = command(
        "fit", "--config", name, "--data.root", "pixels", "--data.batch_size", "10", "--trainer.max_steps", "1",
        "--trainer.accelerator", "cpu",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "test/parzen_nats" in ended.out
    assert "step 1/1" in ended.out


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_first_line_says_what_it_is(name):
    first = (CONFIGS / name).read_text().splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 20


def test_every_setting_of_2014_names_its_source():
    text = (CONFIGS / "mnist_2014.yaml").read_text()
    model = text.split("model:")[1].split("data:")[0]
    numbers = [
        line
        for line in model.splitlines()
        if any(c.isdigit() for c in line.split("#")[0].split(":")[-1])
    ]
    assert len(numbers) > 15
    unsourced = [line for line in numbers if "[yaml]" not in line and "[paper]" not in line]
    # what is not a choice: the shape of the data, how many minibatches are an epoch, and what is said just above
    assert all(any(n in line for n in ("data_shape", "updates_per_epoch", "decay", "min_lr", "momentum", "saturate"))
               for line in unsourced), unsourced  # fmt: skip
