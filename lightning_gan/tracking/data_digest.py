"""The bytes that a run learns from: their digest, and what differs when they are not the same any more."""

import hashlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lightning_gan.utils.errors import UserError

SPLITS = ("train", "val", "test")
Digest = dict[str, dict[str, Any]]
"""For each split: `examples`, their number; `sha256` of shape and bytes, as in protocols; `labels`, of labels."""


class ChangedDataError(UserError):
    """The data differ from those that a checkpoint's run learned from."""


def hash_data(data: Any) -> Digest:
    """Hash the examples and labels of every split.

    Args:
        data: Data module, prepared.

    Returns:
        An entry for each split. Empty where the bytes mean nothing: the data module has no `images`, or it draws its
        examples from a seed (`drawn`), so that their last bits depend on the processor.
    """
    if not hasattr(data, "images") or getattr(data, "drawn", False):
        return {}
    found: Digest = {}
    for split in SPLITS:
        try:
            x = data.uint8_images(split) if hasattr(data, "uint8_images") else data.images(split)
        except (ValueError, KeyError):  # the data module has no such split
            continue
        found[split] = {"examples": len(x), "sha256": hash_tensor(x)}
        if hasattr(data, "labels"):
            found[split]["labels"] = hash_tensor(data.labels(split))
    return found


def hash_tensor(x: Tensor) -> str:
    """Return the sha256 of a tensor's shape and bytes."""
    sha = hashlib.sha256(f"{tuple(x.shape)}".encode())
    values: Any = x.contiguous().numpy()
    sha.update(values)
    return sha.hexdigest()


def describe_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name what differs between two digests, split by split; empty where nothing does.

    What one of the digests does not say (older runs hashed the training examples alone) is not compared.
    """
    found = []
    for split in SPLITS:
        old, new = before.get(split), now.get(split)
        if not old or not new:
            continue
        counts = old.get("examples"), new.get("examples")
        if None not in counts and counts[0] != counts[1]:
            found.append(f"{split} had {counts[0]:,} examples and has {counts[1]:,}")
        elif old["sha256"] != new["sha256"]:
            change = f"sha256 {old['sha256'][:8]} became {new['sha256'][:8]}"
            found.append(f"the examples of {split} are others ({change})")
        elif old.get("labels") and new.get("labels") and old["labels"] != new["labels"]:
            found.append(f"the labels of {split} are others")
    return found


def new_record(data: Any, found: Digest) -> dict[str, Any]:
    """Return the entry `data` of run.json for data whose digest is known.

    Args:
        data: Data module, prepared.
        found: Its digest.
    """
    sha256 = found.get("train", {}).get("sha256", "")
    if not sha256 and hasattr(data, "images"):  # drawn: noted, and never compared
        sha256 = hash_tensor(data.images("train"))
    return {
        "name": getattr(data, "name", type(data).__name__),
        "provenance": getattr(data, "provenance", ""),
        "sha256": sha256,
        "splits": found,
        "changes": [],
    }


def find_latest_digest(record: Mapping[str, Any]) -> Digest:
    """Return the digest that a run has now, by its record: the last change's, or the first one.

    Args:
        record: Entry `data` of run.json, or of a checkpoint; runs of older versions know one sha256 only.
    """
    known = [record, *(record.get("changes") or ())][-1]
    found: Digest = known.get("splits") or {}
    return found or ({"train": {"sha256": known["sha256"]}} if known.get("sha256") else {})


def check_data_digest(
    path: str, record: Mapping[str, Any], name: str, now: Digest, accept: bool, flag: str
) -> list[str]:
    """Compare data with those of a checkpoint's run.

    Args:
        path: Checkpoint, for the message.
        record: What its run knows of its data; may be empty.
        name: Name of the data at hand.
        now: Digest of the data at hand; may be empty.
        accept: Whether to go on with other data.
        flag: Command-line flag that accepts them.

    Returns:
        What differs.

    Raises:
        ChangedDataError: The data differ and `accept` is false.
    """
    found = describe_differences(find_latest_digest(record), now)
    if found and not accept:
        raise ChangedDataError(
            f"The data {name} have changed since the run of {path} read them: {'; '.join(found)}. Examples that were "
            f"held out may now be trained on, and scores would not compare. Bring the old data back, begin a new run, "
            f"or add {flag} true to go on with the new data."
        )
    return found


def add_change(
    record: dict[str, Any], entry: Mapping[str, Any], found: list[str], step: int, when: str
) -> dict[str, Any]:
    """Return a record with one more change at its end.

    Args:
        record: Entry `data` of run.json.
        entry: The same for the data at hand.
        found: What differs.
        step: Updates of G in the checkpoint that the run goes on from.
        when: Date and time, ISO 8601.
    """
    new = {key: entry[key] for key in ("provenance", "sha256", "splits")}
    change = {"step": step, "when": when, "differences": found} | new
    return record | {"changes": [*(record.get("changes") or ()), change]}
