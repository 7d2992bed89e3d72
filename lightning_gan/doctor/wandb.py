"""Check of the W&B mode and key; the key itself is never printed."""

import netrc
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.tracking.wandb_mode import WandbMode

MODES = (*(m for m in get_args(WandbMode) if m != "auto"), "dryrun", "run")
SERVER = "https://api.wandb.ai"


def check_account(env: Environment) -> list[DoctorFinding]:
    """Check that WANDB_MODE is a mode and that online mode has a key."""
    key, mode = has_key(env), env.get("WANDB_MODE")
    state = "a key is present" if key else "no key"
    if not mode:
        effect = "online" if key else "offline"
        return [DoctorFinding("W&B", f"{state}, WANDB_MODE is not set: runs are {effect}")]
    if mode not in MODES:
        advice = "set it to online, offline or disabled, or unset it"
        return [DoctorFinding("W&B", f"{state}, WANDB_MODE={mode}, which is not a mode", advice)]
    if mode in ("online", "run") and not key:
        advice = "wandb login, or export WANDB_API_KEY, or set WANDB_MODE=offline"
        return [DoctorFinding("W&B", f"{state}, WANDB_MODE={mode}", advice)]
    return [DoctorFinding("W&B", f"{state}, WANDB_MODE={mode}")]


def has_key(env: Environment) -> bool:
    """Return whether there is a key in WANDB_API_KEY or in the file of `wandb login`.

    W&B's own check returns False in offline mode even if there is a key.
    """
    if env.get("WANDB_API_KEY"):
        return True
    path = Path(env.get("NETRC") or Path.home() / ".netrc").expanduser()
    host = urlsplit(env.get("WANDB_BASE_URL") or SERVER).hostname or ""
    try:
        known = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError):  # missing or unreadable file
        return False
    return bool(known and known[2])
