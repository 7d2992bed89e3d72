"""What W&B will do; a key is never shown."""

import netrc
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.tracking.wandb_mode import WandbMode

MODES = (*(m for m in get_args(WandbMode) if m != "auto"), "dryrun", "run")
SERVER = "https://api.wandb.ai"


def check_account(env: Environment) -> list[DoctorFinding]:
    """Mode and key."""
    key, mode = has_key(env), env.get("WANDB_MODE")
    there = "a key is present" if key else "no key"
    if not mode:
        effect = "online" if key else "offline"
        return [DoctorFinding("W&B", f"{there}, WANDB_MODE is not set: runs are {effect}")]
    if mode not in MODES:
        advice = "set it to online, offline or disabled, or leave it out"
        return [DoctorFinding("W&B", f"{there}, WANDB_MODE={mode}, which is no mode", advice)]
    if mode in ("online", "run") and not key:
        advice = "wandb login, or export WANDB_API_KEY, or set WANDB_MODE=offline"
        return [DoctorFinding("W&B", f"{there}, WANDB_MODE={mode}", advice)]
    return [DoctorFinding("W&B", f"{there}, WANDB_MODE={mode}")]


def has_key(env: Environment) -> bool:
    """Whether W&B will find a key: in WANDB_API_KEY, or where `wandb login` keeps it.

    W&B's own login answers no in offline mode, whatever is there.
    """
    if env.get("WANDB_API_KEY"):
        return True
    path = Path(env.get("NETRC") or Path.home() / ".netrc").expanduser()
    host = urlsplit(env.get("WANDB_BASE_URL") or SERVER).hostname or ""
    try:
        known = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError):  # no such file, or one that nobody can read
        return False
    return bool(known and known[2])
