"""Links, commands, configs, keys and images of every page exist; each system and claim has a page."""

import inspect
import re
import runpy
from pathlib import Path

from lightning_gan import models, networks, regularizers
from lightning_gan.cli.registry import COMMANDS
from lightning_gan.studies import benchmarks
from lightning_gan.studies.goodfellow2014 import CLAIMS
from lightning_gan.tracking import metric_keys
from lightning_gan.utils.config_files import CONFIGS

ROOT = Path(__file__).parents[1]
PAGES = {
    path: path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
}
PAPER, SYSTEMS = ROOT / "docs" / "paper", ROOT / "docs" / "systems"
KOREAN = ".ko.md"  # the suffix of a Korean page: figure1.md, figure1.ko.md
PAPER_PAGES = {
    path: text
    for path, text in PAGES.items()
    if path.parent == PAPER and not path.name.endswith(KOREAN)
}
SYSTEM_PAGES = {p: t for p, t in PAGES.items() if p.parent == SYSTEMS and p.name != "README.md"}
HANGUL = re.compile("[\uac00-\ud7a3]")
OWN_FILES = {  # that a reader writes
    "pictures.yaml", "my_images.yaml", "mine.yaml", "changes.yaml",
    "small_digits.yaml", "objectives/total_variation.yaml", "theirs.yaml",
}  # fmt: skip
OF_2014 = {"AdaptiveRatioGAN", "InpaintingGAN", "SimultaneousGAN"}  # on the pages of docs/paper
BASES = {"Regularizer"}


def test_the_pages_are_found():
    assert len(PAGES) > 50
    assert len(PAPER_PAGES) > 15
    assert len(SYSTEM_PAGES) > 10


def test_everything_that_a_page_links_to_is_there():
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, text in PAGES.items()
        for target in re.findall(r"\]\((?!http|mailto)([^)#\s]+)(?:#[^)]*)?\)", text)
        if not (page.parent / target).exists()
    ]
    assert not missing, "\n".join(missing)


def wrong_words(command, rest):
    """Names behind a command that do not exist: configs, claims, and the models of a benchmark."""
    words = rest.split("#")[0].split("`")[0].split()
    for name in re.findall(r"--config (\S+\.yaml)", rest):
        if name not in OWN_FILES and not (CONFIGS / name).is_file():
            yield name
    if command == "reproduce":
        yield from {w for w in words[:1] if w.isidentifier()} - {c.name for c in CLAIMS}
    if command == "benchmark" and words:
        gans = [{g.name for g in b.models} for b in benchmarks.BENCHMARKS if b.name == words[0]]
        named = ",".join(re.findall(r"--models (\S+)", rest))
        yield from [words[0]] if not gans else set(filter(None, named.split(","))) - gans[0]


def test_every_command_of_a_page_exists():
    wrong, count = [], 0
    for page, text in PAGES.items():
        for command, rest in re.findall(r"python3? -m lightning_gan ([\w-]+)(.*)", text):
            count += 1
            names = [command] if command not in COMMANDS else list(wrong_words(command, rest))
            wrong += [f"{page.relative_to(ROOT)}: {name} in {command}{rest}" for name in names]
    assert count > 100
    assert not wrong, "\n".join(wrong)


def test_every_key_that_a_page_names_is_in_the_table():
    key = re.compile(r"`((?:train|val|test|lr|collapse|progress)/\w+)`")
    named = {(page.name, name) for page, text in PAGES.items() for name in key.findall(text)}
    assert len(named) > 50
    assert [found for found in named if not metric_keys.find_key(found[1])] == []


def test_the_table_of_metric_keys_is_the_generated_one():
    script = ROOT / "docs" / "generate_metric_keys.py"
    page = PAGES[ROOT / "docs" / "metrics.md"]
    assert runpy.run_path(str(script))["insert_table"](page) == page, (
        f"The table of docs/metrics.md is not that of metric_keys.py: run python {script.relative_to(ROOT)}."
    )


def find_images(text):
    return sorted(re.findall(r"!\[[^]]*\]\((?:\.\./)*([^)]+)\)", text))


def find_commands(text):
    lines = [line for line in text.splitlines() if line.startswith("python -m lightning_gan")]
    return [line.split("#")[0].split() for line in lines]


def test_a_page_of_the_paper_has_a_korean_twin_of_the_same_structure():
    korean = {path.name.removesuffix(KOREAN) for path in PAPER.glob(f"*{KOREAN}")}
    assert {page.stem for page in PAPER_PAGES} == korean
    for page, text in PAPER_PAGES.items():
        twin = PAGES[page.with_suffix(KOREAN)]
        assert f"({page.stem}{KOREAN})" in text, page
        assert f"({page.name})" in twin, page
        assert len(HANGUL.findall(twin)) > 200, page
        assert find_images(text) == find_images(twin), page
        assert find_commands(text) == find_commands(twin), page
        levels = [re.findall(r"^(#+|\|)", one, re.MULTILINE) for one in (text, twin)]
        assert levels[0] == levels[1], page


def test_every_claim_has_its_page_and_the_first_page_names_them_all():
    first = PAPER_PAGES[PAPER / "README.md"]
    for page in PAPER_PAGES:
        assert page.name == "README.md" or f"({page.name})" in first, page.name
    together = "\n".join(PAPER_PAGES.values())
    for claim in CLAIMS:
        assert re.search(rf"reproduce {claim.name}\b", together), claim.name


def test_a_system_has_an_equation_files_deviations_keys_and_numbers():
    for page, text in SYSTEM_PAGES.items():
        assert text.startswith("# "), page
        assert re.search(r"\(\d{4}\)", text), page
        assert "../../lightning_gan/" in text, page
        assert page.name == "dcgan.md" or "$$" in text, page  # an architecture has no equation
        assert "python -m lightning_gan " in text, page
        for heading in ("eviations", "logged", "easured"):
            assert re.search(rf"^(## |\*\*).*{heading}", text, re.MULTILINE), (page, heading)


def test_the_index_of_the_systems_names_every_page():
    index = PAGES[SYSTEMS / "README.md"]
    assert set(re.findall(r"\]\((\w+\.md)\)", index)) == {p.name for p in SYSTEM_PAGES}


def test_every_regulariser_variant_and_part_of_d_has_a_page():
    """An objective has its equation and paper in its file and overlay: tests/losses, tests/test_objectives.py.

    A class counts where a page names it as code, or names a config of the class in one of its commands.
    """
    text = "\n".join(SYSTEM_PAGES.values())
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    configs = {CONFIGS / name for name in re.findall(r"[\w/]+\.yaml", " ".join(code))}
    code += [config.read_text() for config in configs if config.is_file()]
    named = set(re.findall(r"\w+", " ".join(code)))
    kinds = [
        kind
        for folder in (regularizers, models)
        for _, kind in inspect.getmembers(folder, inspect.isclass)
    ]
    kinds += networks.DiscriminatorWrapper.__subclasses__()
    names = {k.__name__ for k in kinds if not inspect.isabstract(k)} - OF_2014 - BASES
    assert names - named == set()


def test_nothing_is_left_to_fill_in():
    assert [page for page, text in PAGES.items() if re.search(r"@\w+@", text)] == []


UNBREAKABLE = re.compile(r"^(\||!\[|#.*\]\(|<!--|    |\S+$)|https?://\S{40}")
"""Lines that may be long: tables, images, headings with links, comments, code, single words, bare URLs."""


def find_long_lines(text, longest=100):
    """Numbers of the lines of prose that are longer."""
    prose = re.sub(
        r"^(```|~~~|\$\$).*?\1", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S
    )
    lines = enumerate(prose.splitlines(), 1)
    return [n for n, line in lines if len(line) > longest and not UNBREAKABLE.search(line)]


def test_lines_of_prose_have_at_most_100_columns():
    pages = [page.relative_to(ROOT) for page in PAGES]
    long = {page: find_long_lines(PAGES[ROOT / page]) for page in pages}
    assert not any(long.values()), "\n".join(f"{page}: {n}" for page, n in long.items() if n)
    assert find_long_lines("a " * 51) == [1]
