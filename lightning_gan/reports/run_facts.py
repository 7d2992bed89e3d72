"""Facts about a run: settings, time, data, code, machine and config."""

from collections.abc import Iterator

import yaml

from lightning_gan.reports.html import Markup, make_details, make_facts, make_note, make_tag
from lightning_gan.reports.run_reader import RunFiles
from lightning_gan.reports.run_time import RunTime, measure_run_time
from lightning_gan.utils.text_table import format_duration

COUNTS = {
    "images shown to D": "progress/images_seen",
    "images in an update": "progress/batch_size",
}


def make_run_facts(run: RunFiles) -> Markup:
    """Make a list of the facts, without unknown ones, followed by the config."""
    facts = [(name, value) for name, value in _list_facts(run) if value not in (None, "")]
    unknown = (
        "" if run.info else make_note("This run has no run.json: its code and machine are unknown.")
    )
    text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True, width=100)
    config = make_details("config.yaml, which starts this run again", make_tag("pre", text))
    return make_facts(facts) + unknown + config


def _list_facts(run: RunFiles) -> Iterator[tuple[str, object]]:
    info = run.info
    data, code = info.get("data") or {}, info.get("code") or {}
    yield "folder", str(run.folder.resolve())
    yield "seed", run.seed
    yield "steps", f"{run.step:,}"
    for name, key in COUNTS.items():
        if curve := run.curves.get(key):
            yield name, f"{int(curve[-1][1]):,}"
    yield "started", info.get("started")
    time = measure_run_time(run)
    yield (
        "training time with validation",
        format_time(time) if time else "unknown: file times are later than the run",
    )
    if time and time.steps_per_second:
        yield "steps per second", format_speed(time.steps_per_second)
    yield "data", data.get("provenance")
    yield "sha256 of its training images", data.get("sha256")
    if source := info.get("continues"):
        yield "continues", f"{source.get('checkpoint')}, step {source.get('step')}"
    versions = (str(code[key]) for key in ("lightning-gan", "commit") if code.get(key))
    yield "lightning-gan", " ".join(versions)
    yield from (info.get("environment") or {}).items()


def describe_speed(run: RunFiles) -> str:
    """Return the training time and the steps per second of a run; empty if they are unknown."""
    time = measure_run_time(run)
    if time is None:
        return ""
    speed = time.steps_per_second
    return format_time(time) + (f" ({format_speed(speed)} steps per second)" if speed else "")


def format_time(time: RunTime) -> str:
    """Return the training time in words."""
    return format_duration(time.seconds)


def format_speed(speed: float) -> str:
    """Return a number of steps per second with three digits."""
    return f"{speed:,.0f}" if speed >= 100 else f"{speed:.3g}"
