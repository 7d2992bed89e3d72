"""Checks of versions, devices and CPU cores."""

import os
import platform
import re
from importlib import metadata
from pathlib import Path

from lightning_gan import __version__
from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.doctor.gpus import count_gpus, has_driver, read_cuda_version

NAMES = (
    "torch", "torchvision", "pytorch-lightning", "torchmetrics", "torch-fidelity", "jsonargparse", "wandb", "numpy",
)  # fmt: skip
GIB = 2**30


def check_machine(env: Environment) -> list[DoctorFinding]:
    """Check versions, devices and cores."""
    return [
        *check_versions(),
        *check_accelerator(env),
        describe_chosen_devices(count_gpus()),
        check_cores(env),
    ]


def check_versions() -> list[DoctorFinding]:
    """Compare installed packages with the versions that this suite requires."""
    own = f"{__version__}, Python {platform.python_version()}, {platform.node()}"
    found = [DoctorFinding("lightning_gan", own)]
    for name in NAMES:
        try:
            found.append(
                compare_versions(name, metadata.version(name), read_required_versions(name))
            )
        except metadata.PackageNotFoundError:
            found.append(
                DoctorFinding(
                    name,
                    "is not installed",
                    f"python3 -m pip install '{name}{read_required_versions(name)}'",
                )
            )
    return found


def read_required_versions(name: str) -> str:
    """Return the version bounds of a package, from this suite's metadata or setup.cfg; empty if there are none."""
    try:
        lines = metadata.requires("lightning-gan") or []
    except metadata.PackageNotFoundError:
        beside = Path(__file__).parents[2] / "setup.cfg"
        lines = beside.read_text(encoding="utf-8").splitlines() if beside.is_file() else []
    for line in lines:
        match = re.fullmatch(rf"\s*{re.escape(name)}(?:\[\w+\])?\s*([<>=!~][^;\s]*)\s*", line)
        if match:
            return match[1]
    return ""


def compare_versions(name: str, version: str, bounds: str) -> DoctorFinding:
    """Compare a version with its bounds.

    Args:
        name: Package.
        version: Installed version.
        bounds: Version specifier, such as >=2.11,<2.16; may be empty.
    """
    from packaging.specifiers import SpecifierSet

    if bounds and not SpecifierSet(bounds, prereleases=True).contains(version.partition("+")[0]):
        return DoctorFinding(
            name, f"{version}, requires {bounds}", f"python3 -m pip install '{name}{bounds}'"
        )
    return DoctorFinding(name, version)


def check_accelerator(env: Environment) -> list[DoctorFinding]:
    """Check each GPU; without one, report why there is none although a driver is installed."""
    visible = env.get("CUDA_VISIBLE_DEVICES")
    masked = f"; CUDA_VISIBLE_DEVICES={visible}" if visible is not None else ""
    found = [check_gpu(i) for i in range(count_gpus())]
    if found:
        return found
    built, here = read_cuda_version(), has_driver()
    if visible in ("", "-1", "NoDevFiles"):
        return [DoctorFinding("devices", f"no GPU is visible{masked}: runs use the CPU")]
    if here and built is None:
        return [
            DoctorFinding(
                "devices",
                f"this machine has an NVIDIA driver, but torch {metadata.version('torch')} was built without CUDA",
                "install torch with CUDA for this driver, see pytorch.org",
            )
        ]
    if here:
        return [
            DoctorFinding(
                "devices",
                f"this machine has an NVIDIA driver, but CUDA {built} finds no GPU{masked}",
                "run nvidia-smi: the driver may be too old for this torch, or the job requested no GPU",
            )
        ]
    return [
        DoctorFinding(
            "devices",
            f"no GPU: runs use the CPU (torch was built {f'for CUDA {built}' if built else 'without CUDA'})",
        )
    ]


def check_gpu(index: int) -> DoctorFinding:
    """Check the memory of one GPU and its support of bfloat16."""
    import torch  # only where there is a GPU

    known = torch.cuda.get_device_properties(index)
    free, whole = torch.cuda.mem_get_info(index)
    bfloat = "with" if known.major >= 8 else "without"
    memory = f"{free / GIB:.1f} of {whole / GIB:.1f} GiB free"
    seen = f"{known.name}, {memory}, compute capability {known.major}.{known.minor}"
    advice = "" if free > GIB else "less than 1 GiB is free: nvidia-smi lists other processes"
    return DoctorFinding(f"cuda:{index}", f"{seen}, {bfloat} bfloat16", advice)


def describe_chosen_devices(gpus: int) -> DoctorFinding:
    """Describe what `--trainer.devices auto` and `--trainer.strategy auto` select."""
    number = max(gpus, 1)
    how = "one process" if number == 1 else "one process for each device (DDP)"
    return DoctorFinding("strategy", f"{how} on {number} x {'cuda' if gpus else 'cpu'}")


def check_cores(env: Environment) -> DoctorFinding:
    """Compare OMP_NUM_THREADS with the cores that this process may use."""
    usable = len(os.sched_getaffinity(0))
    asked = env.get("OMP_NUM_THREADS", "")
    seen = f"{usable} of {os.cpu_count()} cores, {asked or usable} threads"
    if asked.isdecimal() and int(asked) > usable:
        return DoctorFinding(
            "CPU",
            f"{seen}, OMP_NUM_THREADS={asked}",
            f"set OMP_NUM_THREADS to at most {usable}, or request more cores (slurm --cpus {asked})",
        )
    return DoctorFinding("CPU", seen)
