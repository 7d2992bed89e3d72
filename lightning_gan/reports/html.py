"""HTML from values: what is not markup already is escaped, and the page allows its own script and style alone."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup, escape

HERE = Path(__file__).parent


def make_tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element; children and attributes are escaped unless they are markup.

    Args:
        name: of the element.
        children: markup, text, or iterables of both.
        attributes: an underscore in a name is a hyphen, a last one is dropped (class_); True stands alone, and False
            and None leave it out.

    Example:
        >>> str(tag("p", "a < b", class_="x", hidden=True))
        '<p class="x" hidden>a &lt; b</p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    inner = "".join(map(_escaped, children))
    closed = "" if name in VOID else f"{inner}</{name}>"
    return Markup(f"<{name}{written}>{closed}")


VOID = ("br", "img", "input", "meta", "link")


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def _escaped(child: object) -> str:
    if isinstance(child, str) or not isinstance(child, Iterable):
        return escape(child)
    return "".join(map(_escaped, child))


def make_section(title: str, *children: object) -> Markup:
    """A part of a page under its heading; nothing where it would be empty."""
    inner = "".join(map(_escaped, children))
    name = "".join(c if c.isalnum() else "-" for c in title.lower())
    return (
        make_tag("section", make_tag("h2", title), Markup(inner), id=name) if inner else Markup("")
    )


def make_row(first: object, *rest: object, **attributes: object) -> Markup:
    """Of a table: its heading and its cells."""
    cells = [make_tag("td", cell) for cell in rest]
    return make_tag("tr", make_tag("th", first, scope="row"), cells, **attributes)


def make_table(header: Iterable[object], rows: Iterable[Markup], **attributes: object) -> Markup:
    """Rows under a header; wide ones can be scrolled."""
    head = make_tag("thead", make_tag("tr", [make_tag("th", cell, scope="col") for cell in header]))
    inner = make_tag("table", head, make_tag("tbody", rows), **attributes)
    return make_tag("div", inner, class_="scroll", tabindex="0")


def make_facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Names and what they stand for."""
    return make_tag("dl", [(make_tag("dt", name), make_tag("dd", value)) for name, value in pairs])


def make_details(summary: object, *children: object) -> Markup:
    """What opens on a click."""
    return make_tag("details", make_tag("summary", summary), *children)


def make_page(title: str, *body: object) -> str:
    """A whole document. Its policy forbids every request, and every script and style but its own.

    Args:
        title: of the window.
        body: of the page.
    """
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    head = make_tag(
        "head",
        make_tag("meta", charset="utf-8"),
        make_tag("meta", http_equiv="Content-Security-Policy", content=policy),
        make_tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        make_tag("meta", name="color-scheme", content="light dark"),
        make_tag("link", rel="icon", href="data:,"),
        make_tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    written = make_tag(
        "html",
        head,
        make_tag("body", make_tag("main", *body), Markup(f"<script>{script}</script>")),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{written}\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
