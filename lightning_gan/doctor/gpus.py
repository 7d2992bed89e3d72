"""GPUs of this machine. torch is imported only where an NVIDIA driver is here: that takes longer than all the rest."""

import runpy
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path


def driver_is_here() -> bool:
    """Return whether this machine has an NVIDIA driver."""
    return Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None


def device_count() -> int:
    """Return the number of GPUs that torch finds."""
    if "torch" not in sys.modules and not driver_is_here():
        return 0
    import torch

    return torch.cuda.device_count()


def cuda_of_torch() -> str | None:
    """Return the version of CUDA that torch was built for; None without CUDA, or without torch."""
    if "torch" in sys.modules:
        import torch

        return torch.version.cuda
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    version: str | None = runpy.run_path(str(Path(spec.origin).with_name("version.py")))["cuda"]
    return version
