"""HTML from values: what is not markup already is escaped, and the page allows its own script and style alone."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup, escape

HERE = Path(__file__).parent


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
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


def section(title: str, *children: object) -> Markup:
    """A part of a page under its heading; nothing where it would be empty."""
    inner = "".join(map(_escaped, children))
    name = "".join(c if c.isalnum() else "-" for c in title.lower())
    return tag("section", tag("h2", title), Markup(inner), id=name) if inner else Markup("")


def row(first: object, *rest: object, **attributes: object) -> Markup:
    """Of a table: its heading and its cells."""
    cells = [tag("td", cell) for cell in rest]
    return tag("tr", tag("th", first, scope="row"), cells, **attributes)


def table(header: Iterable[object], rows: Iterable[Markup], **attributes: object) -> Markup:
    """Rows under a header; wide ones can be scrolled."""
    head = tag("thead", tag("tr", [tag("th", cell, scope="col") for cell in header]))
    inner = tag("table", head, tag("tbody", rows), **attributes)
    return tag("div", inner, class_="scroll", tabindex="0")


def facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Names and what they stand for."""
    return tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in pairs])


def details(summary: object, *children: object) -> Markup:
    """What opens on a click."""
    return tag("details", tag("summary", summary), *children)


def page(title: str, *body: object) -> str:
    """A whole document. Its policy forbids every request, and every script and style but its own.

    Args:
        title: of the window.
        body: of the page.
    """
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = (HERE / "page.js").read_text(encoding="utf-8")
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    written = tag(
        "html",
        head,
        tag("body", tag("main", *body), Markup(f"<script>{script}</script>")),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{written}\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
