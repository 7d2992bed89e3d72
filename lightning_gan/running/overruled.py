"""Where a checkpoint's hyper-parameters go before those that were asked for."""

from typing import Any

from jsonargparse import Namespace

from lightning_gan.tabular import table


def flat(model: Namespace) -> dict[str, Any]:
    """Every leaf of a model's configuration under its dotted key."""
    return {key: value for key, value in model.items() if not isinstance(value, Namespace)}


def overruled(asked: dict[str, Any], used: dict[str, Any]) -> str:
    """A table of what differs; empty where nothing does."""
    rows = [(k, str(asked.get(k)), str(used.get(k))) for k in used if asked.get(k) != used[k]]
    if not rows:
        return ""
    return (
        "The checkpoint's hyper-parameters are used where they differ from what was asked:\n"
        + table(rows, ("model", "asked", "stored and used"))
    )
