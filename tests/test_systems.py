"""The pages of the systems: complete, with links, commands, files and keys that are there."""

import inspect
import re
from pathlib import Path

import pytest

from lightning_gan import bench, losses, networks, regularizers, variants
from lightning_gan.cli.config_files import CONFIGS
from lightning_gan.cli.registry import COMMANDS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "systems"
PAGES = sorted(p for p in FOLDER.glob("*.md") if p.name != "README.md")
EVERYTHING = [*PAGES, FOLDER / "README.md", ROOT / "docs" / "gallery.md"]
OF_2014 = {
    "AdversarialLoss",
    "Minimax",
    "NonSaturating",
    "CoordinatedGAN",
    "MaskedGAN",
    "SimultaneousGAN",
}


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda p: p.name)
def test_what_it_links_to_is_there(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda p: p.name)
def test_its_commands_name_what_there_is(page):
    for line in re.findall(
        r"^python -m lightning_gan (.+?)(?:\s+#.*)?$", page.read_text(), re.MULTILINE
    ):
        command, *words = line.split()
        assert command in COMMANDS, line
        for name in re.findall(r"--config (\S+)", line):
            assert name in ("pictures.yaml", "changes.yaml") or (CONFIGS / name).is_file(), line
        if command == "benchmark":
            (one,) = [b for b in bench.BENCHMARKS if b.name == words[0]]
            for games in re.findall(r"--games (\S+)", line):
                assert set(games.split(",")) <= {g.name for g in one.games}, line


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_it_has_an_equation_files_deviations_keys_and_numbers(page):
    text = page.read_text()
    assert text.startswith("# ")
    assert re.search(r"\(\d{4}\)", text)
    assert "../../lightning_gan/" in text
    assert page.name == "dcgan.md" or "$$" in text  # an architecture, and the objective of 2014
    assert "python -m lightning_gan " in text
    for heading in ("eviations", "logged", "easured"):
        assert re.search(rf"^(## |\*\*).*{heading}", text, re.MULTILINE), heading


def test_the_index_names_every_page():
    index = (FOLDER / "README.md").read_text()
    assert set(re.findall(r"\]\((\w+\.md)\)", index)) == {p.name for p in PAGES}


def test_every_objective_regulariser_and_variant_has_a_page():
    text = "\n".join(p.read_text() for p in PAGES)
    for room in (losses, regularizers, variants):
        for name, kind in inspect.getmembers(room, inspect.isclass):
            if not inspect.isabstract(kind) and name not in OF_2014 | {"Regularizer"}:
                module = inspect.getmodule(kind).__name__.split(".")[-1]
                assert name in text or f"{module}.py" in text, name


def test_the_parts_of_a_discriminator_have_a_page():
    text = "\n".join(p.read_text() for p in PAGES)
    for kind in networks.WrappedDiscriminator.__subclasses__():
        module = kind.__module__.split(".")[-1]
        assert kind.__name__ in text or f"{module}.py" in text, kind
