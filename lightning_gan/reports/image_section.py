"""Images of a run: samples over steps, real images, and all other kinds."""

from collections.abc import Iterator
from pathlib import Path

from lightning_gan.reports.embedded_images import Png, compress_png, make_image, make_slider
from lightning_gan.reports.html import Markup, make_note, make_section, make_tag
from lightning_gan.reports.run_reader import RunFiles

CAPTIONS = {
    "samples": "samples from the same noise at every step",
    "points": "samples over held-out data, from the same noise at every step",
    "densities": "p_data, p_g and D on the line",
    "nearest_neighbours": "samples; the last column shows the nearest training image of the sample on its left",
}
SOURCES = {"training": "samples"}  # animation: kind of its frames, if the names differ
MAX_GIF_BYTES = 4_000_000
NOT_SHOWN = "curves"  # the page draws them itself


def make_image_section(run: RunFiles) -> Markup:
    """Make the section with all images of a run; empty if it has none."""
    kinds = {kind: files for kind, files in run.image_files.items() if kind != NOT_SHOWN}
    first = ("samples",) if "samples" in kinds else ()
    blocks = [_make_block(kind, kinds[kind]) for kind in first]
    blocks += [_make_real_images(run.real_images)] if run.real_images else []
    others = sorted((kind for kind in kinds if kind not in first), key=lambda k: len(kinds[k]) < 2)
    blocks += [_make_block(kind, kinds[kind]) for kind in others]
    blocks += _make_animations(run, kinds)
    return make_section("Images", make_tag("div", blocks, class_="pair")) if blocks else Markup("")


def _make_block(kind: str, files: list[tuple[int, Path]]) -> Markup:
    """Make a slider if there are several images of a kind, and a figure for a single one."""
    title, caption = kind.replace("_", " ").capitalize(), CAPTIONS.get(kind, kind)
    if len(files) > 1:
        note = make_note(f"{caption}; {len(files)} images in the run folder")
        return _make_titled(title, make_slider(files, caption), note)
    ((step, path),) = files
    image = make_image(compress_png(path), f"{kind}, step {step}")
    return _make_titled(title, _make_figure(image, f"step {step:,}: {caption}"))


def _make_real_images(path: Path) -> Markup:
    image = make_image(compress_png(path), "real images")
    return _make_titled("Real images", _make_figure(image, "images of the validation split"))


def _make_animations(run: RunFiles, kinds: dict[str, list[tuple[int, Path]]]) -> Iterator[Markup]:
    """Yield the animations whose frames are not in the run folder."""
    for path in sorted((run.folder / "images").glob("*.gif")):
        kind = SOURCES.get(path.stem, path.stem)
        if kind not in kinds and path.stat().st_size <= MAX_GIF_BYTES:
            image = make_image(Png(path.read_bytes(), False), CAPTIONS.get(kind, kind), "gif")
            yield _make_titled(kind.replace("_", " ").capitalize(), _make_figure(image))


def _make_figure(image: Markup, caption: str = "") -> Markup:
    text = make_tag("figcaption", caption) if caption else ""
    return make_tag("figure", image, text, class_="image")


def _make_titled(title: str, *content: Markup) -> Markup:
    return make_tag("div", make_tag("h3", title), *content)
