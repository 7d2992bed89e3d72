"""Hash of a config without its seed, output paths and loggers; equal for all seeds of one recipe."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

EXCLUDED = {
    "seed_everything", "run", "checkpoint", "ckpt_path", "weights_only", "verbose", "data.init_args.seed",
    "data.init_args.root", "trainer.logger", "trainer.default_root_dir", "trainer.enable_progress_bar",
}  # fmt: skip


def select_recipe_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that decide the result of a run, by dotted key."""
    return {key: value for key, value in flatten_config(config) if not _is_excluded(key)}


def hash_config(config: Mapping[str, Any]) -> str:
    """Hash the recipe of a config.

    Returns:
        First 8 hexadecimal digits of the sha256; the same for all seeds of a recipe.
    """
    text = json.dumps(select_recipe_settings(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_excluded(key: str) -> bool:
    return any(key == other or key.startswith(f"{other}.") for other in EXCLUDED)


def flatten_config(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf with its dotted key; a list is a leaf."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flatten_config(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
