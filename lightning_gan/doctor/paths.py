"""Checks of folders, free disk space, Inception weights and classifiers."""

import os
import shutil
import tempfile
from pathlib import Path

from lightning_gan.doctor.finding import DoctorFinding, Environment
from lightning_gan.feature_extractors.cache import cache_folder, find_weights_file

GIB = 2**30
LEAST = 1  # GiB of free disk space


def check_paths(env: Environment, root: str) -> list[DoctorFinding]:
    """Check the folders that a run reads and writes.

    Args:
        env: Environment variables.
        root: Folder of all runs.
    """
    data = Path(env.get("LIGHTNING_GAN_DATA", "data"))
    found = [check_data_folder(data, "LIGHTNING_GAN_DATA" in env)]
    wanted = {"runs": Path(root), "cache": cache_folder(), "temporary": Path(tempfile.gettempdir())}
    if "WANDB_DIR" in env:
        wanted["WANDB_DIR"] = Path(env["WANDB_DIR"])
    found += [check_folder(name, path) for name, path in wanted.items()]
    return [*found, check_inception(), check_classifiers()]


def check_data_folder(path: Path, named: bool) -> DoctorFinding:
    """Check the data folder, which may be read-only.

    Args:
        path: Data folder.
        named: Whether LIGHTNING_GAN_DATA names it; then it must exist.
    """
    if path.is_dir():
        return DoctorFinding("data", f"{path.absolute()}: {len(list(path.iterdir()))} entries")
    if named:
        return DoctorFinding(
            "data",
            f"LIGHTNING_GAN_DATA is {path}, which is not a folder",
            "correct it, or download the data: python -m lightning_gan download",
        )
    return DoctorFinding(
        "data", f"{path.absolute()} does not exist yet: fit downloads data into it"
    )


def check_folder(name: str, path: Path) -> DoctorFinding:
    """Check that a folder, or its nearest existing parent, is writable and has free space."""
    near = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not near.is_dir():
        return DoctorFinding(name, f"{path}: {near} is a file", "name another folder")
    free = shutil.disk_usage(near).free / GIB
    seen = f"{path.absolute()}, {free:.1f} GiB free{'' if near == path.absolute() else ', created when needed'}"
    if not is_writable(near):
        return DoctorFinding(
            name, f"{seen}, not writable", "name another folder, or change its permissions"
        )
    if free < LEAST:
        return DoctorFinding(name, seen, f"free disk space: less than {LEAST} GiB is left")
    return DoctorFinding(name, seen)


def is_writable(path: Path) -> bool:
    """Return whether a file can be written; permissions do not tell whether the disk is read-only or full."""
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def check_inception() -> DoctorFinding:
    """Check the Inception weights: they may be missing, but not damaged."""
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
    return DoctorFinding("Inception", f"{path}, checksum verified")


def check_classifiers() -> DoctorFinding:
    """List the classifiers, which scores of greyscale digits need."""
    found = sorted(path.stem for path in cache_folder().glob("classifier-*.pt"))
    none = (
        "none; for scores of greyscale digits: python -m lightning_gan download --classifier mnist"
    )
    return DoctorFinding("classifiers", ", ".join(found) or none)
