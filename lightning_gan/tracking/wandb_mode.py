"""Modes of W&B."""

from typing import Literal

WandbMode = Literal["auto", "online", "offline", "disabled"]
"""`auto` is online with a key and offline without one."""
