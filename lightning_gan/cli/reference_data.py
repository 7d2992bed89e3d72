"""The real side by what a person calls it: a data set, files, a config, or what a checkpoint's run learned from."""

import inspect
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from pytorch_lightning.cli import LightningArgumentParser

import datamodules
from lightning_gan import trust
from lightning_gan.cli import config_files
from lightning_gan.errors import UserError
from lightning_gan.evaluation import RealSet
from lightning_gan.evaluation.door import RealData
from lightning_gan.evaluation.files import read_pictures
from lightning_gan.evaluation.parzen import window, window_of_files
from lightning_gan.picture_files import printable
from lightning_gan.running import data_digest
from lightning_gan.running.known import known_record
from lightning_gan.running.runs import checked, run_folder_of

CHOOSING = 1_000  # images that choose sigma, as in 2014
CONFIGS = (".yaml", ".yml")
ACCEPT = "--accept_changed_data"


def data_of_run(ckpt_path: str | None, accept: bool) -> datamodules.ImageData:
    """Make the data that the run of a checkpoint learned from, and compare their digest with the run's.

    Args:
        ckpt_path: Checkpoint in a run's folder.
        accept: Whether to score against data that have changed.

    Raises:
        ValueError: The checkpoint lies in no run's folder, or the data have changed and `accept` is false.
    """
    folder = run_folder_of(ckpt_path) if ckpt_path else None
    if folder is None:
        where = f"{ckpt_path} lies in no run's folder" if ckpt_path else "Files name no data"
        raise UserError(
            f"{where}: give the real images with --data, such as --data MNIST or --data FOLDER."
        )
    path = str(ckpt_path)
    record = known_record(checked(path), folder, goes_on=False)
    module = (
        _made(record.settings["data"], path)
        if record.settings.get("data")
        else _of_config(folder / "config.yaml")
    )
    module.prepare_data()
    found = data_digest.digest(module)
    check = data_digest.check(path, record.data, module.name, found, accept, ACCEPT)
    if check:
        print(f"NOTE: the data {module.name} have changed: {'; '.join(check)}.")
    return module


def real_data(
    data: str | datamodules.ImageData, root: str, split: str, num: int | None, with_window: bool
) -> RealData:
    """Real images by the name of a data set, from a config, from a folder or an array file.

    Args:
        data: which; or a data module.
        root: folder of a data set's files; a config says where its own are.
        split: of a data set.
        num: so many of the images, always the same; or all.
        with_window: whether a Parzen window will be asked of them.

    Raises:
        ValueError: if nothing of that name is known or here, or a config names no pictures.
    """
    if isinstance(data, datamodules.ImageData):
        return _of_module(data, split, num, with_window)
    kinds = {
        name.lower(): getattr(datamodules, name)
        for name in datamodules.__all__
        if issubclass(getattr(datamodules, name), datamodules.ImageData)
    }
    kind: Any = kinds.get(data.lower())
    if kind is None and Path(data).suffix in CONFIGS:
        return _of_module(_of_config(Path(data)), split, num, with_window)
    if kind is None:
        if not Path(data).exists():
            known = ", ".join(k.__name__ for k in kinds.values() if k is not datamodules.ImageData)
            raise UserError(
                f"{data} is no data set ({known}), and no folder or file of that name is here."
            )
        read = read_pictures(data)
        for note in read.notes:
            print(f"{printable(data)}: {note}.")
        real = RealSet(printable(Path(data).name), "all", read.pictures).drawn(num)
        return RealData(real, None, window_of_files(real, CHOOSING) if with_window else None)
    files = "root" in inspect.signature(kind).parameters  # pictures that are drawn need none
    return _of_module(kind(root=root) if files else kind(), split, num, with_window)


def _of_module(module: Any, split: str, num: int | None, with_window: bool) -> RealData:
    module.prepare_data()
    module.setup()
    real = RealSet(module.name, split, module.pictures(split)).drawn(num)
    train = module.pictures("train").float() / 255
    # contrast-normalised values have no ends: nats of pixels in [0, 1] say nothing of them
    with_window = with_window and all(map(isfinite, module.value_range))
    scored = window(module, split, CHOOSING).drawn(num) if with_window else None
    return RealData(real, train, scored, module.shown_range)


def _of_config(path: Path) -> datamodules.ImageData:
    """The data module that a config names, with the config's own settings."""
    if not path.is_file():
        raise UserError(f"There is no config {path}: give one that names data, or --data FOLDER.")
    config_files.check(path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _made(content.get("data") if isinstance(content, dict) else None, str(path))


def _made(asked: Any, path: str) -> datamodules.ImageData:
    """Make a data module from its settings.

    Args:
        asked: Section `data` of a config, as plain values.
        path: File that it comes from.
    """
    trust.settle()
    trust.check(asked, path)
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(datamodules.InMemory, "data", subclass_mode=True)
    made = asked and parser.instantiate_classes(parser.parse_object({"data": asked})).data
    if not isinstance(made, datamodules.ImageData):
        raise UserError(f"{path} names no data set of pictures under `data`: give --data.")
    return made
