"""What W&B will do; a key is never shown."""

import contextlib
import io
from typing import get_args

from lightning_gan.doctor.finding import Environment, Finding
from lightning_gan.tracking import WandbMode

MODES = (*(m for m in get_args(WandbMode) if m != "auto"), "dryrun", "run")


def account(env: Environment) -> list[Finding]:
    """Mode and key."""
    key, mode = has_key(), env.get("WANDB_MODE")
    there = "a key is present" if key else "no key"
    if mode is None:
        effect = "online" if key else "offline"
        return [Finding("W&B", f"{there}, WANDB_MODE is not set: runs are {effect}")]
    if mode not in MODES:
        advice = "set it to online, offline or disabled, or leave it out"
        return [Finding("W&B", f"{there}, WANDB_MODE={mode}, which is no mode", advice)]
    if mode in ("online", "run") and not key:
        advice = "wandb login, or export WANDB_API_KEY, or set WANDB_MODE=offline"
        return [Finding("W&B", f"{there}, WANDB_MODE={mode}", advice)]
    return [Finding("W&B", f"{there}, WANDB_MODE={mode}")]


def has_key() -> bool:
    """Whether W&B finds a key, in the environment or where `wandb login` keeps it; nobody is asked for one."""
    import wandb

    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        try:
            return bool(wandb.login(prompt=False, verify=False))
        except (wandb.Error, ValueError):  # something is there, and it is no key
            return False
