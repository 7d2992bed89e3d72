"""Folders, room on their disks, weights and classifiers."""

import os
import shutil
import tempfile
from pathlib import Path

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.feature_extractors.cache import cache_folder, find_weights_file

GIB = 2**30
LEAST = 1  # GiB


def check_paths(env: Environment, root: str) -> list[DoctorFinding]:
    """Where a run reads and writes.

    Args:
        env: variables.
        root: of all runs.
    """
    data = Path(env.get("LIGHTNING_GAN_DATA", "data"))
    found = [check_data_folder(data, "LIGHTNING_GAN_DATA" in env)]
    wanted = {"runs": Path(root), "cache": cache_folder(), "temporary": Path(tempfile.gettempdir())}
    if "WANDB_DIR" in env:
        wanted["WANDB_DIR"] = Path(env["WANDB_DIR"])
    found += [check_folder(name, path) for name, path in wanted.items()]
    return [*found, check_inception(), check_classifiers()]


def check_data_folder(path: Path, named: bool) -> DoctorFinding:
    """Data may be read only; a folder that was named must be there."""
    if path.is_dir():
        return DoctorFinding("data", f"{path.absolute()}: {len(list(path.iterdir()))} entries")
    if named:
        return DoctorFinding(
            "data",
            f"LIGHTNING_GAN_DATA is {path}, which is no folder",
            "correct it, or bring the data there: python -m lightning_gan download",
        )
    return DoctorFinding("data", f"{path.absolute()} is not there yet: fit fetches data into it")


def check_folder(name: str, path: Path) -> DoctorFinding:
    """Whether a folder, or the nearest that exists above it, can be written to, and how much room there is."""
    near = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not near.is_dir():
        return DoctorFinding(name, f"{path}: {near} is a file", "name another folder")
    free = shutil.disk_usage(near).free / GIB
    seen = f"{path.absolute()}, {free:.1f} GiB free{'' if near == path.absolute() else ', made when needed'}"
    if not is_writable(near):
        return DoctorFinding(
            name, f"{seen}, not writable", "name another folder, or ask for permission"
        )
    if free < LEAST:
        return DoctorFinding(name, seen, f"make room: less than {LEAST} GiB is free")
    return DoctorFinding(name, seen)


def is_writable(path: Path) -> bool:
    """Whether a file can be made there: rights alone say nothing of a disk that is read-only or full."""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def check_inception() -> DoctorFinding:
    """The weights for FID and its kin: none are needed before a score asks for them; damaged ones are wrong."""
    asked = bool(os.environ.get("LIGHTNING_GAN_WEIGHTS"))
    if not asked and not find_weights_file(cache_folder()).is_file():
        return DoctorFinding(
            "Inception", "no weights; for FID: python -m lightning_gan download --weights"
        )
    from lightning_gan.feature_extractors import WeightsError  # reading weights takes torch
    from lightning_gan.feature_extractors.weights import load_inception

    try:
        path = load_inception(None)[1]
    except WeightsError as error:
        text = str(error).rstrip(".")
        what, _, advice = text.partition(": ")
        return DoctorFinding(
            "Inception", what, advice or "python -m lightning_gan download --weights"
        )
    return DoctorFinding("Inception", f"{path}, whole")


def check_classifiers() -> DoctorFinding:
    """Those for scores of grey digits."""
    found = sorted(path.stem for path in cache_folder().glob("classifier-*.pt"))
    none = "none; for scores of grey digits: python -m lightning_gan download --classifier mnist"
    return DoctorFinding("classifiers", ", ".join(found) or none)
