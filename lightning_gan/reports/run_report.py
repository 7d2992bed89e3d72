"""report.html of a run: images over steps, curves, scores with their protocol, config, machine."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from lightning_gan.reports import changes, curves, scores
from lightning_gan.reports.embedded_images import Png, compress_png, make_image, make_slider
from lightning_gan.reports.html import (
    Markup,
    make_details,
    make_facts,
    make_page,
    make_section,
    make_tag,
)
from lightning_gan.reports.run_reader import RunFiles, read_run
from lightning_gan.tracking import metric_keys
from lightning_gan.utils.atomic_files import atomic_write

FILE = "report.html"
SAID = {
    "samples": "samples, always of the same noise: only G changes",
    "points": "samples over held-out data, always of the same noise",
    "densities": "p_data, p_g and D on the line",
    "nearest_neighbours": "the last column is the training example nearest to the sample on its left",
}
ANIMATED = {"training": "samples"}  # a GIF's own name, where its frames have another
LARGEST_GIF = 4_000_000  # bytes
IN_HEAD = 4  # scores
PROBABILITIES = ("Minimax", "NonSaturating", "LabelSmoothing", "")


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Make the page of a run folder; it is there whole, or the one before it is.

    Args:
        folder: of the run.
        out: file; report.html in the folder if it is not given.

    Raises:
        ValueError: if it is no run folder.
    """
    path = out or folder / FILE
    text = make_run_page(read_run(folder))
    with atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return path


def write_report_or_warn(folder: Path) -> str:
    """What a run says of its page at its end; a full disk costs the page, not the run."""
    if not (folder / "config.yaml").is_file():  # a fast_dev_run leaves nothing
        return ""
    try:
        return f"report      {write_report(folder)}"
    except OSError as error:
        return f"report      was not written ({error.strerror}): make room for it"


def make_run_page(run: RunFiles) -> str:
    """The document."""
    name = f"{run.experiment} {run.folder.resolve().name}"
    found = curves.draw_run(run.curves)
    return make_page(
        name,
        _header(run),
        _images(run),
        changes.write_section(run),
        make_section("Scores", scores.make_score_table(run), _score_notes(run)),
        make_section("Curves", found),
        make_section("How to read this", _reading(run)),
        make_section("The run", _facts(run), _config(run)),
    )


def _header(run: RunFiles) -> Markup:
    """Name, one line of what it is, and its first scores."""
    said = run.about
    what = (said.get("model"), said.get("objective"), (said.get("data") or {}).get("name"))
    words = [str(word) for word in (*what, changes.changed_data(run)) if word]
    words += [f"{run.step:,} steps", f"seed {run.seed}"]
    words += [str(said["started"])[:10]] if "started" in said else []
    title = make_tag("h1", run.experiment, " ", make_tag("small", run.folder.resolve().name))
    first = list(run.latest(run.stage).items())[:IN_HEAD]
    boxes = [
        make_tag(
            "div",
            make_tag("span", scores.format_metric_title(name)),
            make_tag("strong", str(score)),
            make_tag("span", _beneath(run, name)),
        )
        for name, score in first
    ]
    headline = make_tag("div", boxes, class_="headline") if boxes else ""
    return make_tag("header", title, make_tag("p", " · ".join(words)), headline)


def _beneath(run: RunFiles, name: str) -> str:
    """What a score is to be compared with."""
    own = run.latest(run.stage)[name]
    for baseline, other in run.baseline_scores(name).items():
        if not other.protocol.differences(own.protocol):
            return f"{baseline}: {other}"
    return scores.describe_better_direction(name)


def _images(run: RunFiles) -> Markup:
    """A slider for each kind of image that there are several of; the newest of every other kind."""
    kinds = {kind: frames for kind, frames in run.image_bytes().items() if kind != "curves"}
    parts = [
        make_tag(
            "div",
            make_tag("h3", _title(kind)),
            make_slider(frames, SAID.get(kind, kind)),
            _caption(kind, len(frames)),
        )
        for kind, frames in kinds.items()
        if len(frames) > 1
    ]
    parts += [
        make_tag("div", make_tag("h3", _title(kind)), _still(frames[-1], kind))
        for kind, frames in kinds.items()
        if len(frames) == 1
    ]
    parts += list(_animations(run, kinds))
    return make_section("Samples", make_tag("div", parts, class_="pair")) if parts else Markup("")


def _title(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _caption(kind: str, count: int) -> Markup:
    return make_tag("p", f"{SAID.get(kind, kind)}; {count} images in the run folder", class_="note")


def _still(frame: tuple[int, Path], kind: str) -> Markup:
    step, path = frame
    caption = make_tag("figcaption", f"step {step:,}: {SAID.get(kind, kind)}")
    return make_tag(
        "figure", make_image(compress_png(path), f"{kind}, step {step}"), caption, class_="picture"
    )


def _animations(run: RunFiles, kinds: dict[str, list[tuple[int, Path]]]) -> Iterator[Markup]:
    """GIFs whose frames are not there as images."""
    for path in sorted((run.folder / "images").glob("*.gif")):
        kind = ANIMATED.get(path.stem, path.stem)
        if kind not in kinds and path.stat().st_size <= LARGEST_GIF:
            image = make_image(Png(path.read_bytes(), False), SAID.get(kind, kind), "gif")
            yield make_tag(
                "div", make_tag("h3", _title(kind)), make_tag("figure", image, class_="picture")
            )


def _score_notes(run: RunFiles) -> list[Markup]:
    """What must be known before a value is believed."""
    said = scores.make_notes(run)
    if run.unread:
        said.append(
            f"{run.unread} scores were left out: they have no protocol that this version can read."
        )
    return [make_tag("p", text, class_="note") for text in said]


def _reading(run: RunFiles) -> list[Markup]:
    """What the curves and scores mean, from the table of keys."""
    objective = run.about.get("objective", "")
    text = [
        "A step is one update of G. Training curves are means over all updates since the row before; held-out ones are "
        "taken in evaluation mode, so that V lies higher there.",
        "At the equilibrium of Goodfellow et al. (2014) V(D, G) is -log 4 = -1.386 nats and D answers 1/2 everywhere: "
        "the dashed lines. A run that stands there has not thereby learned the data: a constant D does so as well.",
        "Two values of a score compare only where their protocols agree; the ± says what it is in its own "
        "protocol. Rows "
        "below a score are models that need no training, by the same protocol: a score says little without them.",
    ]  # fmt: skip
    if objective not in PROBABILITIES:
        text.append(
            f"{objective} does not make D's scores logits: V, D(x) and D(G(z)) read them as if they were, and show "
            f"directions, not probabilities."
        )
    known = {metric_keys.find_key(key): key for key in sorted(run.curves)}
    rows = [
        (
            make_tag("code", key.name.replace("{stage}", "val, test").replace("{space}", "")),
            _meaning(key),
        )
        for key in metric_keys.KEYS
        if key in known
    ]
    return [
        *(make_tag("p", one) for one in text),
        make_details("What each key means", make_facts(rows)) if rows else Markup(""),
    ]


def _meaning(key: metric_keys.Key) -> str:
    return f"{key.meaning}{f' ({key.unit})' if key.unit else ''}{f'; {key.better} is better' if key.better else ''}"


def _facts(run: RunFiles) -> Markup:
    """Data, code and machine."""
    said = run.about
    data, code = said.get("data") or {}, said.get("code") or {}
    pairs = [("folder", str(run.folder.resolve())), ("seed", run.seed), ("steps", f"{run.step:,}")]
    for message, key in (
        ("examples shown to D", "progress/images_seen"),
        ("examples in an update", "progress/batch_size"),
    ):
        seen = run.curves.get(key)
        pairs += [(message, f"{int(seen[-1][1]):,}")] if seen else []
    pairs += [
        ("started", said.get("started")),
        ("data", data.get("provenance")),
        ("sha256 of its training examples", data.get("sha256")),
    ]
    if before := said.get("continues"):
        pairs.append(("goes on from", f"{before.get('checkpoint')}, step {before.get('step')}"))
    pairs += [
        (
            "lightning-gan",
            " ".join(str(code[k]) for k in ("lightning-gan", "commit") if code.get(k)),
        )
    ]
    pairs += list((said.get("environment") or {}).items())
    written = [(name, value) for name, value in pairs if value not in (None, "")]
    older = (
        ""
        if said
        else make_tag(
            "p", "This run has no run.json: its code and machine are not known.", class_="note"
        )
    )
    return Markup(make_facts(written) + older)


def _config(run: RunFiles) -> Markup:
    text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True, width=100)
    return make_details("config.yaml: the run again", make_tag("pre", text))
