"""report.html of a run: images over steps, scores with their protocol, curves, config and machine."""

from pathlib import Path

from lightning_gan.reports import changes, curves, score_table
from lightning_gan.reports.html import (
    Markup,
    make_details,
    make_facts,
    make_note,
    make_page,
    make_section,
    make_tag,
)
from lightning_gan.reports.image_section import make_image_section
from lightning_gan.reports.run_facts import describe_speed, make_run_facts
from lightning_gan.reports.run_reader import RunFiles, read_run
from lightning_gan.tracking import metric_keys
from lightning_gan.utils.atomic_files import atomic_write

FILE = "report.html"
MAX_IN_HEADER = 4  # scores


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the page of a run in one step.

    Args:
        folder: Run folder.
        out: File to write; report.html in the run folder if it is None.

    Returns:
        Path of the file.

    Raises:
        UserError: The folder is not a run folder.
    """
    path = out or folder / FILE
    text = make_run_page(read_run(folder))
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def write_report_or_warn(folder: Path) -> str:
    """Write the page at the end of a run, and return a line for the log.

    Returns:
        Where the page is, or why it was not written; empty if the folder has no config.yaml, as after fast_dev_run.
    """
    if not (folder / "config.yaml").is_file():
        return ""
    try:
        return f"report      {write_report(folder)}"
    except OSError as error:
        return f"report      was not written ({error.strerror}): free disk space, and run `report`"


def make_run_page(run: RunFiles) -> str:
    """Make the HTML page of a run."""
    return make_page(
        f"{run.experiment} {run.name}",
        _make_header(run),
        make_image_section(run),
        changes.make_changes_section(run),
        make_section("Scores", score_table.make_score_table(run), _make_score_notes(run)),
        make_section("Curves", curves.draw_run(run.curves, run.objective)),
        make_section("How to read this page", _make_explanations(run)),
        make_section("The run", make_run_facts(run)),
    )


def _make_header(run: RunFiles) -> Markup:
    """Make the title, a line about the run, and its first scores."""
    info = run.info
    steps = f"{run.step:,} steps"
    speed = describe_speed(run)
    parts = [
        info.get("model"),
        info.get("objective"),
        run.data_name,
        changes.describe_data_changes(run),
        f"{steps} in {speed}" if speed else steps,
        f"seed {run.seed}",
        str(info.get("started", ""))[:10],
    ]
    title = make_tag("h1", run.experiment, " ", make_tag("small", run.name))
    boxes = [
        make_tag(
            "div",
            make_tag("span", score_table.format_metric_title(name)),
            make_tag("strong", str(score)),
            make_tag("span", _describe_baseline(run, name)),
        )
        for name, score in list(run.reported_scores.items())[:MAX_IN_HEADER]
    ]
    headline = make_tag("div", boxes, class_="headline") if boxes else ""
    line = " · ".join(str(part) for part in parts if part)
    return make_tag("header", title, make_tag("p", line), headline)


def _describe_baseline(run: RunFiles, name: str) -> str:
    """Return the first baseline under the protocol of a score; without one, whether lower or higher is better."""
    own = run.reported_scores[name]
    for baseline, other in run.get_baselines(name).items():
        if not other.protocol.differences(own.protocol):
            return f"{baseline}: {other}"
    return score_table.describe_better_direction(name)


def _make_score_notes(run: RunFiles) -> list[Markup]:
    notes = score_table.list_score_notes(run)
    if run.unreadable:
        notes.append(
            f"{run.unreadable} scores are left out because this version cannot read their protocol."
        )
    return [make_note(note) for note in notes]


def _make_explanations(run: RunFiles) -> list[Markup]:
    """Explain curves, scores and keys."""
    paragraphs = [
        "A step is one update of G. Training curves are means over all updates since the previous row. Held-out curves "
        "are computed in evaluation mode, where V is higher.",
        _explain_outputs(run.objective),
        "Two values of a score are comparable only if their protocols agree. The protocol also defines the ±. The "
        "rows below a score are baselines: images that need no model, scored under the same protocol.",
    ]
    known = {metric_keys.find_key(key) for key in run.curves}
    rows = [
        (make_tag("code", _format_key(key)), _describe_key(key, run.objective))
        for key in metric_keys.KEYS
        if key in known
    ]
    keys = make_details("Meaning of each key", make_facts(rows)) if rows else Markup("")
    return [*(make_tag("p", text) for text in paragraphs), keys]


def _explain_outputs(objective: str) -> str:
    """Explain V, D(x) and D(G(z)) under a loss."""
    if not curves.returns_probabilities(objective):
        return (
            f"Under {objective} the outputs of D are not logits. V, D(x) and D(G(z)) are computed as if they were: "
            f"they show directions, not probabilities, and have no equilibrium value."
        )
    text = (
        "At the equilibrium of Goodfellow et al. (2014) V(D, G) is -log 4 = -1.386 nats and D(x) is 1/2 everywhere: "
        "the dashed lines. These values do not show that G has learned the data: a constant D gives them as well."
    )
    if objective == "OneSidedLabelSmoothing":
        text += " With label smoothing s, D(x) at the equilibrium is (1 - s)/2."
    return text


def _format_key(key: metric_keys.Key) -> str:
    return key.name.replace("{stage}", "val, test").replace("{space}", "")


def _describe_key(key: metric_keys.Key, objective: str) -> str:
    """Return the meaning of a key, without its equilibrium value if D returns no probabilities."""
    meaning = key.meaning
    if key.panel in curves.CRITIC_TITLES and not curves.returns_probabilities(objective):
        meaning = meaning.partition(";")[0]
    unit = f" ({key.unit})" if key.unit else ""
    return f"{meaning}{unit}{f'; {key.better} is better' if key.better else ''}"
