"""HTML elements from Python values: escaping, tables, and a page that may only run its own script."""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape

FOLDER = Path(__file__).parent
LONG_NAME = 24  # letters
VOID = ("br", "img", "input", "meta", "link")


def make_tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Make an element; children and attributes are escaped unless they are `Markup`.

    Args:
        name: Name of the element.
        children: Markup, text, or iterables of both.
        attributes: Attributes of the element. Underscores become hyphens and a trailing one is dropped (class_). True
            writes the name alone; False and None omit the attribute.

    Example:
        >>> str(make_tag("p", "a < b", class_="x", hidden=True))
        '<p class="x" hidden>a &lt; b</p>'
    """
    written = "".join(_format_attribute(key, value) for key, value in attributes.items())
    closing = "" if name in VOID else f"{_escape_child(children)}</{name}>"
    return Markup(f"<{name}{written}>{closing}")


def _format_attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def _escape_child(child: object) -> str:
    if isinstance(child, str) or not isinstance(child, Iterable):
        return escape(child)
    return "".join(map(_escape_child, child))


def join_markup(parts: Iterable[object]) -> Markup:
    """Join markup and text into one `Markup`; text is escaped."""
    return Markup(_escape_child(parts))


def allow_breaks(text: str) -> Markup:
    """Escape a text, and let a long dotted name break after its dots."""
    parts = re.split(r"(?<=\.)(?=[A-Za-z_])", text) if len(text) > LONG_NAME else [text]
    return Markup("<wbr>").join(parts)


def make_section(title: str, *children: object) -> Markup:
    """Make a section with a heading; empty if the section would be empty."""
    inner = join_markup(children)
    heading = make_tag("h2", title)
    return make_tag("section", heading, inner, id=make_anchor(title)) if inner else Markup("")


def make_anchor(title: str) -> str:
    """Return the id of the section with a title."""
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def make_note(text: object) -> Markup:
    """Make a paragraph in small type."""
    return make_tag("p", text, class_="note")


class TableRow(NamedTuple):
    """A row of a table.

    Attributes:
        cells: Heading of the row and its other cells.
        css_class: Value of the attribute `class`, or None.
    """

    cells: tuple[object, ...]
    css_class: str | None = None


def make_table(header: Iterable[object], rows: Iterable[TableRow], **attributes: object) -> Markup:
    """Make a table that scrolls sideways on a wide screen and stacks its cells on a narrow one.

    Args:
        header: Title of each column. On a narrow screen it precedes each cell of the column.
        rows: Rows of the table.
        attributes: Attributes of the element `table`.
    """
    titles = [escape(title) for title in header]
    labels = [Markup(title.partition("<small")[0]).striptags() for title in titles]
    head = make_tag("thead", make_tag("tr", [make_tag("th", t, scope="col") for t in titles]))
    body = make_tag("tbody", [_make_row(row, labels) for row in rows])
    table = make_tag("table", head, body, **attributes)
    return make_tag("div", table, class_="scroll", tabindex="0")


def _make_row(row: TableRow, labels: list[str]) -> Markup:
    first, *rest = row.cells
    cells = [
        make_tag("td", cell, data_label=label) for cell, label in zip(rest, labels[1:], strict=True)
    ]
    return make_tag("tr", make_tag("th", first, scope="row"), cells, class_=row.css_class)


def make_facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Make a description list from (name, value) pairs."""
    return make_tag("dl", [(make_tag("dt", name), make_tag("dd", value)) for name, value in pairs])


def make_details(summary: object, *children: object) -> Markup:
    """Make an element that shows its children when the user clicks on the summary."""
    return make_tag("details", make_tag("summary", summary), *children)


def make_page(title: str, *body: object) -> str:
    """Make an HTML document with inlined style and script.

    Its Content-Security-Policy blocks every request, and every script and style except its own.

    Args:
        title: Title of the browser window.
        body: Content of the page.
    """
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
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
    content = make_tag("body", make_tag("main", *body), Markup(f"<script>{script}</script>"))
    return f"<!DOCTYPE html>\n{make_tag('html', head, content, lang='en')}\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
