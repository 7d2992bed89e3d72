"""One flag changes a network's learning rate in every experiment."""

import pytest
import yaml
from pytorch_lightning.cli import LightningArgumentParser

from lightning_gan.cli.actions.inspect import CONFIG
from lightning_gan.models.base import AdversarialModel
from lightning_gan.utils.config_files import CONFIGS

INSPECTED = CONFIG.format(
    n=9, folder="f", name="n", root='"r"', size=32, channels=3, enlarge="true", batch=32, gamma=1.0,
    gamma_source="s", z_dim=100, width=64, lr_d="5.0e-4", lr_g="1.0e-3", source="s",
)  # fmt: skip
EXPERIMENTS = {
    path.name: path.read_text()
    for path in sorted(CONFIGS.glob("*.yaml"))
    if "class_path" in (yaml.safe_load(path.read_text()).get("model") or {})
} | {"inspect": INSPECTED}


@pytest.fixture(scope="module")
def parser():
    import lightning_gan.cli.class_names  # noqa: F401

    parser = LightningArgumentParser()
    parser.add_argument("--config", action="config")
    parser.add_lightning_class_args(AdversarialModel, "model", subclass_mode=True)
    return parser


def test_one_flag_changes_a_learning_rate(parser, tmp_path, subtests):
    lines = ["--model.d_optimizer.lr", "1e-4", "--model.g_optimizer.lr", "3e-4"]
    for name, text in EXPERIMENTS.items():
        with subtests.test(name):
            config = tmp_path / "x.yaml"
            config.write_text(yaml.safe_dump({"model": yaml.safe_load(text)["model"]}))
            asked = parser.parse_args(["--config", str(config), *lines]).model.init_args
            assert asked.d_optimizer.init_args.lr == 1e-4
            assert asked.g_optimizer.init_args.lr == 3e-4


SHIPPED = [pytest.param(n, marks=pytest.mark.slow) for n in EXPERIMENTS if n != "inspect"]


@pytest.mark.parametrize("name", ["small.yaml", "mine.yaml", *SHIPPED])  # small.yaml names none
def test_command_line_accepts_the_flag(name, command):
    command.write("mine.yaml", INSPECTED)
    lines = ["--model.d_optimizer.lr", "1e-4", "--model.g_optimizer.lr=3e-4"]
    ended = command("fit", "--config", name, *lines, "--print_config")
    assert ended.status == 0, ended.err
    asked = yaml.safe_load(ended.out)["model"]["init_args"]
    rates = [asked[p]["init_args"]["lr"] for p in ("d_optimizer", "g_optimizer")]
    assert rates == [1e-4, 3e-4]
