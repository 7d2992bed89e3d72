"""What two runs of one recipe share: the config without its seed, and without where a run is written and watched."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

NO_PART = {
    "seed_everything", "run", "checkpoint", "ckpt_path", "weights_only", "verbose", "data.init_args.seed",
    "data.init_args.root", "trainer.logger", "trainer.default_root_dir", "trainer.enable_progress_bar",
}  # fmt: skip


def select_recipe_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are part of it, by their dotted keys."""
    return {key: value for key, value in flatten_config(config) if not _is_no_part(key)}


def hash_config(config: Mapping[str, Any]) -> str:
    """Eight letters that all seeds of a recipe share, and no other recipe."""
    text = json.dumps(select_recipe_settings(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_no_part(key: str) -> bool:
    return any(key == other or key.startswith(f"{other}.") for other in NO_PART)


def flatten_config(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf under its dotted key; lists are leaves."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flatten_config(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
