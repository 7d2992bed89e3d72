"""Number of GPUs and CUDA version; torch, which takes seconds, is imported only if there is an NVIDIA driver."""

import runpy
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path


def has_driver() -> bool:
    """Return whether this machine has an NVIDIA driver."""
    return Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None


def count_gpus() -> int:
    """Return the number of GPUs that torch finds."""
    if "torch" not in sys.modules and not has_driver():
        return 0
    import torch

    return torch.cuda.device_count()


def read_cuda_version() -> str | None:
    """Return the CUDA version that torch was built for; None without CUDA or without torch."""
    if "torch" in sys.modules:
        import torch

        return torch.version.cuda
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    version: str | None = runpy.run_path(str(Path(spec.origin).with_name("version.py")))["cuda"]
    return version
