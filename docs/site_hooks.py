"""MkDocs hooks: pages for linked files of the repository, links between languages, equations as MathML."""

import html
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:)([^)#\s]+)")
TWIN = re.compile(r"^\[(한국어|English)\]\((\w+?)(\.ko)?\.md\)$", re.MULTILINE)
EQUATION = re.compile(r'<(span|div) class="arithmatex">\s*\\[(\[](.*?)\\[)\]]\s*</\1>', re.DOTALL)
LANGUAGES = {".py": "python", ".yaml": "yaml", ".css": "css", ".js": "javascript", ".cfg": "ini"}
DIRECTIVE = ".. math:: "
DISPLAYS = {"span": "inline", "div": "block"}
OPTIMAL_D = r"(?<![\w*])D\*(?!\*)"
LIMITS = {"min", "max", "sup", "inf", "argmin", "argmax"}

log = get_plugin_logger(__name__)
repository_files: dict[str, Path] = {}
"""File of the repository that a generated page shows, by the page's URI."""


class MathDirectives(Preprocessor):
    """Preprocessor that turns the `.. math::` directives of docstrings into display equations."""

    def run(self, lines: list[str]) -> list[str]:
        """Replace each directive, up to the next empty line, by an equation between $$."""
        replaced: list[str] = []
        inside = False
        for line in [*lines, ""]:
            if line.startswith(DIRECTIVE):
                inside = True
                line = "$$" + line.removeprefix(DIRECTIVE)
            elif inside and not line.strip():
                inside = False
                replaced[-1] += "$$"
            replaced.append(line.strip() if inside else line)
        return replaced[:-1]


class PlainAsterisks(InlineProcessor):
    """Processor that leaves the asterisk of D*, the optimal discriminator, as it is: it begins no emphasis."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:  # noqa: N802
        """Return the text as it stands."""
        return m[0], m.start(), m.end()


class SiteExtension(Extension):
    """Markdown extension for equations in docstrings and for D*."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the preprocessor before those that read code, the processor after them."""
        md.preprocessors.register(MathDirectives(md), "math_directives", 40)
        md.inlinePatterns.register(PlainAsterisks(OPTIMAL_D, md), "plain_asterisks", 185)


def on_config(config: MkDocsConfig) -> None:
    """Add the Markdown extension of this file."""
    extensions: list[Any] = config.markdown_extensions
    if not any(isinstance(extension, SiteExtension) for extension in extensions):
        extensions.append(SiteExtension())


@event_priority(-200)  # after the i18n plugin, which copies files and would lose generated content
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that a page links to."""
    found = [DOCS / file.src_uri for file in files if file.src_uri.endswith(".md")]
    for page in found:
        text = page.read_text(encoding="utf-8")
        for link in LINK.findall(text):
            target = Path(os.path.normpath(page.parent / link))
            if target.is_relative_to(DOCS) or not target.is_file() or target in found:
                continue
            if target.suffix == ".md":
                found.append(target)
            uri = page_uri(target)
            if uri not in repository_files or not files.get_file_from_path(uri):
                repository_files[uri] = target
                file = File.generated(config, uri, content=render_source(target))
                if config.theme["language"] != "en":
                    file.dest_uri = f"{config.theme['language']}/{file.dest_uri}"
                files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links of a page to pages of the site."""
    uri = page.file.src_uri
    original = repository_files.get(uri, DOCS / uri)

    def point_to_page(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(original.parent / match[1]))
        if not target.exists():
            return match[0]
        inside = (
            target.relative_to(DOCS).as_posix() if target.is_relative_to(DOCS) else page_uri(target)
        )
        return Path(os.path.relpath(inside, Path(uri).parent)).as_posix()

    def link_languages(match: re.Match[str]) -> str:
        folder = Path(uri).parent.as_posix()
        name = "" if match[2] == "README" else f"{match[2]}/"
        korean = "ko/" if match[3] else ""
        up = "../" * page.url.strip("/").count("/") + "../"
        return f'<a href="{up}{korean}{folder}/{name}">{match[1]}</a>'

    if original.suffix != ".md":
        return markdown
    return LINK.sub(point_to_page, TWIN.sub(link_languages, markdown))


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace each equation by MathML."""

    def to_mathml(match: re.Match[str]) -> str:
        latex = html.unescape(match[2]).replace(r"\arg", r"\operatorname{arg}")
        equation = convert_to_element(latex, display=DISPLAYS[match[1]])
        for part in equation.iter():
            part.text = html.unescape(part.text or "")
            if part.text.startswith("\\"):
                log.warning(f"{page.file.src_uri}: {part.text} is not known to latex2mathml")
            if match[1] == "div" and part.tag == "msub" and part[0].text in LIMITS:
                part.tag = "munder"
        text = ElementTree.tostring(equation, encoding="unicode")
        return text if match[1] == "span" else f'<div class="equation">{text}</div>'

    return EQUATION.sub(to_mathml, content)


def page_uri(target: Path) -> str:
    """Return the URI of the generated page for a file of the repository."""
    name = target.relative_to(ROOT).as_posix().replace(".", "_")
    return f"source/{name}.md"


def render_source(target: Path) -> str:
    """Return a file as Markdown: as it is, or as a code block under its path."""
    text = target.read_text(encoding="utf-8")
    if target.suffix == ".md":
        return text
    language = LANGUAGES.get(target.suffix, "text")
    return f"# {target.relative_to(ROOT)}\n\n~~~~~~{language}\n{text.rstrip()}\n~~~~~~\n"
