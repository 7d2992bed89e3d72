"""The real side by what the user calls it: a data set, files, a config, or what a checkpoint's run learned from."""

import inspect
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from pytorch_lightning.cli import LightningArgumentParser

import datamodules
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.evaluation import ReferenceImages
from lightning_gan.evaluation.evaluator import ReferenceData
from lightning_gan.evaluation.image_sources import read_images
from lightning_gan.evaluation.parzen import make_parzen_split, make_parzen_split_of_files
from lightning_gan.image_files import to_printable
from lightning_gan.tracking import data_digest
from lightning_gan.tracking.runs import find_run_folder
from lightning_gan.tracking.stored_settings import read_full_record
from lightning_gan.utils import config_files, trusted_classes
from lightning_gan.utils.errors import UserError

CHOOSING = 1_000  # images that choose sigma, as in 2014
CONFIGS = (".yaml", ".yml")
ACCEPT = "--accept_changed_data"


def load_data_of_run(ckpt_path: str | None, accept: bool) -> datamodules.ImageData:
    """Make the data that the run of a checkpoint learned from, and compare their digest with the run's.

    Args:
        ckpt_path: Checkpoint in a run's folder.
        accept: Whether to score against data that have changed.

    Raises:
        ValueError: The checkpoint lies in no run's folder, or the data have changed and `accept` is false.
    """
    folder = find_run_folder(ckpt_path) if ckpt_path else None
    if folder is None:
        where = f"{ckpt_path} lies in no run's folder" if ckpt_path else "Files name no data"
        raise UserError(
            f"{where}: give the real images with --data, such as --data MNIST or --data FOLDER."
        )
    path = str(ckpt_path)
    record = read_full_record(read_checkpoint(path), folder, in_place=False)
    module = (
        _made(record.settings["data"], path)
        if record.settings.get("data")
        else _of_config(folder / "config.yaml")
    )
    module.prepare_data()
    found = data_digest.hash_data(module)
    check = data_digest.check_data_digest(path, record.data, module.name, found, accept, ACCEPT)
    if check:
        print(f"NOTE: the data {module.name} have changed: {'; '.join(check)}.")
    return module


def load_reference_data(
    data: str | datamodules.ImageData, root: str, split: str, num: int | None, with_window: bool
) -> ReferenceData:
    """Real images by the name of a data set, from a config, from a folder or an array file.

    Args:
        data: which; or a data module.
        root: folder of a data set's files; a config says where its own are.
        split: of a data set.
        num: so many of the images, always the same; or all.
        with_window: whether a Parzen window will be asked of them.

    Raises:
        ValueError: if nothing of that name is known or here, or a config names no images.
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
        read = read_images(data)
        for note in read.notes:
            print(f"{to_printable(data)}: {note}.")
        real = ReferenceImages(to_printable(Path(data).name), "all", read.uint8_images).select(num)
        return ReferenceData(
            real, None, make_parzen_split_of_files(real, CHOOSING) if with_window else None
        )
    files = "root" in inspect.signature(kind).parameters  # images that are drawn need none
    return _of_module(kind(root=root) if files else kind(), split, num, with_window)


def _of_module(module: Any, split: str, num: int | None, with_window: bool) -> ReferenceData:
    module.prepare_data()
    module.setup()
    real = ReferenceImages(module.name, split, module.uint8_images(split)).select(num)
    train = module.uint8_images("train").float() / 255
    # contrast-normalised values have no ends: nats of pixels in [0, 1] say nothing of them
    with_window = with_window and all(map(isfinite, module.value_range))
    scored = make_parzen_split(module, split, CHOOSING).select(num) if with_window else None
    return ReferenceData(real, train, scored, module.display_range)


def _of_config(path: Path) -> datamodules.ImageData:
    """The data module that a config names, with the config's own settings."""
    if not path.is_file():
        raise UserError(f"There is no config {path}: give one that names data, or --data FOLDER.")
    config_files.check_config(path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _made(content.get("data") if isinstance(content, dict) else None, str(path))


def _made(asked: Any, path: str) -> datamodules.ImageData:
    """Make a data module from its settings.

    Args:
        asked: Section `data` of a config, as plain values.
        path: File that it comes from.
    """
    trusted_classes.restrict_imports()
    trusted_classes.check_names(asked, path)
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(datamodules.InMemory, "data", subclass_mode=True)
    made = asked and parser.instantiate_classes(parser.parse_object({"data": asked})).data
    if not isinstance(made, datamodules.ImageData):
        raise UserError(f"{path} names no data set of images under `data`: give --data.")
    return made
