"""sha256 digests of the training, validation and test data, and their comparison when a run is resumed."""

import hashlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lightning_gan.utils.errors import UserError

SPLITS = ("train", "val", "test")
Digest = dict[str, dict[str, Any]]
"""For each split: `examples`, the number of examples; `sha256` of their shape and bytes, as in protocols; `labels`,
sha256 of the labels; for images of two domains, `sources` instead, sha256 of the images of A."""


class ChangedDataError(UserError):
    """Error for data that differ from those a checkpoint was trained on."""


def hash_data(data: Any) -> Digest:
    """Hash the examples and labels of every split.

    Args:
        data: Data module after `setup`.

    Returns:
        An entry for each split. Empty if the data module has no `images`, or draws its examples from a seed (`drawn`):
        the last bits of drawn examples depend on the processor.
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
        if hasattr(data, "input_shape"):  # two domains, which have no labels
            found[split]["sources"] = hash_tensor(data.uint8_images(split, "a"))
        elif hasattr(data, "labels"):
            found[split]["labels"] = hash_tensor(data.labels(split))
    return found


def hash_tensor(x: Tensor) -> str:
    """Return the sha256 of a tensor's shape and bytes."""
    sha = hashlib.sha256(f"{tuple(x.shape)}".encode())
    values: Any = x.contiguous().numpy()
    sha.update(values)
    return sha.hexdigest()


def describe_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe the differences between two digests.

    Args:
        before: Earlier digest.
        now: Later digest.

    Returns:
        One text for each split that differs. An entry that one of the digests lacks is not compared.
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
            found.append(f"the {split} examples differ ({change})")
        else:
            parts = [p for p in ("labels", "sources") if old.get(p) and new.get(p)]
            found += [f"the {split} {part} differ" for part in parts if old[part] != new[part]]
    return found


def make_data_record(data: Any, found: Digest) -> dict[str, Any]:
    """Return the entry `data` of run.json.

    Args:
        data: Data module after `setup`.
        found: Digest of the data.
    """
    sha256 = found.get("train", {}).get("sha256", "")
    if not sha256 and hasattr(data, "images"):  # drawn data: recorded, never compared
        sha256 = hash_tensor(data.images("train"))
    return {
        "name": getattr(data, "name", type(data).__name__),
        "provenance": getattr(data, "provenance", ""),
        "sha256": sha256,
        "splits": found,
        "changes": [],
    }


def find_latest_digest(record: Mapping[str, Any]) -> Digest:
    """Return the digest of the data that a run used last.

    Args:
        record: Entry `data` of run.json or of a checkpoint.
    """
    latest = [record, *(record.get("changes") or ())][-1]
    found: Digest = latest.get("splits") or {}
    return found or ({"train": {"sha256": latest["sha256"]}} if latest.get("sha256") else {})


def check_data_digest(
    path: str, record: Mapping[str, Any], name: str, now: Digest, accept: bool, flag: str
) -> list[str]:
    """Compare the present data with those that a checkpoint was trained on.

    Args:
        path: Checkpoint path, for the message.
        record: Entry `data` of the checkpoint's run; may be empty.
        name: Name of the present data.
        now: Digest of the present data; may be empty.
        accept: Whether changed data are accepted.
        flag: Command-line flag that accepts changed data.

    Returns:
        One text for each split that differs.

    Raises:
        ChangedDataError: The data differ and `accept` is false.
    """
    found = describe_differences(find_latest_digest(record), now)
    if found and not accept:
        raise ChangedDataError(
            f"The data {name} have changed since {path} was trained on them: {'; '.join(found)}. Held-out examples may "
            f"now be in the training set, and scores would not be comparable. Restore the old data, start a new run, "
            f"or add {flag} true to continue with the new data."
        )
    return found


def add_change(
    record: dict[str, Any], entry: Mapping[str, Any], found: list[str], step: int, when: str
) -> dict[str, Any]:
    """Return a copy of a record with one more change of the data.

    Args:
        record: Entry `data` of run.json.
        entry: Entry for the present data.
        found: Differences, from `describe_differences`.
        step: Updates of G in the resumed checkpoint.
        when: Date and time, ISO 8601.
    """
    new = {key: entry[key] for key in ("provenance", "sha256", "splits")}
    change = {"step": step, "when": when, "differences": found} | new
    return record | {"changes": [*(record.get("changes") or ()), change]}
