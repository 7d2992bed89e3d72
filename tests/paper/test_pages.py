"""The pages on the paper: in two languages, with pictures that are there and commands that exist."""

import re
from pathlib import Path

import pytest

from lightning_gan.cli.config_files import CONFIGS
from lightning_gan.cli.registry import COMMANDS
from lightning_gan.paper import CLAIMS

FOLDER = Path(__file__).parents[2] / "docs" / "paper"
PAGES = sorted(FOLDER.glob("*.md"))
KOREAN = [FOLDER / "ko" / page.name for page in PAGES]
IDS = [f"{page.parent.name}/{page.stem}" for page in PAGES + KOREAN]
HANGUL = re.compile("[\uac00-\ud7a3]")


@pytest.mark.parametrize("page", PAGES + KOREAN, ids=IDS)
def test_everything_that_a_page_links_to_is_there(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!http)([^)#\s]+)(?:#[^)]*)?\)", text)
    assert targets
    for target in targets:
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES + KOREAN, ids=IDS)
def test_every_command_of_a_page_exists(page):
    text = page.read_text(encoding="utf-8")
    for command, rest in re.findall(r"python3? -m lightning_gan ([\w-]+)(.*)", text):
        assert command in COMMANDS
        for name in re.findall(r"--config (\S+\.yaml)", rest):
            assert (CONFIGS / name).is_file(), name
        if command == "reproduce":
            words = rest.split("#")[0].split("`")[0].split()
            named = [w for w in words[:1] if w.isidentifier()]
            assert set(named) <= {c.name for c in CLAIMS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_twin_in_korean_and_both_say_so(page):
    twin = page.parent / "ko" / page.name
    assert f"(ko/{page.name})" in page.read_text(encoding="utf-8")
    korean = twin.read_text(encoding="utf-8")
    assert f"(../{page.name})" in korean
    assert len(HANGUL.findall(korean)) > 200
    pictures = [
        sorted(re.findall(r"!\[[^]]*\]\((?:\.\./)*([^)]+)\)", p.read_text(encoding="utf-8")))
        for p in (page, twin)
    ]
    assert pictures[0] == pictures[1]


def test_every_claim_has_its_page_and_the_first_page_names_them_all():
    first = (FOLDER / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert page.name == "README.md" or f"({page.name})" in first, page.name
    texts = {page.stem: page.read_text(encoding="utf-8") for page in PAGES}
    for claim in CLAIMS:
        assert any(re.search(rf"paper {claim.name}\b", text) for text in texts.values()), claim.name
