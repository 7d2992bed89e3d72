"""Load reference data from a data set, files, a config, or the run of a checkpoint."""

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

CHOOSING = 1_000  # number of images that choose sigma, as in Goodfellow et al. (2014)
CONFIGS = (".yaml", ".yml")
ACCEPT = "--accept_changed_data"


def load_data_of_run(ckpt_path: str | None, accept: bool) -> datamodules.ImageData:
    """Load the data that the run of a checkpoint was trained on, and check their digest.

    Args:
        ckpt_path: Checkpoint in a run folder.
        accept: Whether to score against data that have changed.

    Raises:
        UserError: The checkpoint is not in a run folder, or the data have changed and `accept` is false.
    """
    folder = find_run_folder(ckpt_path) if ckpt_path else None
    if folder is None:
        where = (
            f"{ckpt_path} is not in a run folder"
            if ckpt_path
            else "Image files do not say which data they belong to"
        )
        raise UserError(
            f"{where}: give the real images with --data, such as --data MNIST or --data FOLDER."
        )
    path = str(ckpt_path)
    record = read_full_record(read_checkpoint(path), folder, in_place=False)
    module = (
        _make_datamodule(record.settings["data"], path)
        if record.settings.get("data")
        else _load_from_config(folder / "config.yaml")
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
    """Load real images from a data set, a config, a folder or an array file.

    Args:
        data: Name of a data set, path of a config, folder or array file, or a data module.
        root: Folder of the data set's files; a config contains its own.
        split: Split of the data set.
        num: Number of images, always the same ones; all if it is None.
        with_window: Whether a Parzen score needs the images.

    Raises:
        UserError: `data` is neither a known name nor a path, or a config names no images.
    """
    if isinstance(data, datamodules.ImageData):
        return _load_from_module(data, split, num, with_window)
    kinds = {
        name.lower(): getattr(datamodules, name)
        for name in datamodules.__all__
        if issubclass(getattr(datamodules, name), datamodules.ImageData)
    }
    kind: Any = kinds.get(data.lower())
    if kind is None and Path(data).suffix in CONFIGS:
        return _load_from_module(_load_from_config(Path(data)), split, num, with_window)
    if kind is None:
        if not Path(data).exists():
            known = ", ".join(k.__name__ for k in kinds.values() if k is not datamodules.ImageData)
            raise UserError(
                f"{data} is no data set ({known}), and there is no folder or file of that name."
            )
        read = read_images(data)
        for note in read.notes:
            print(f"{to_printable(data)}: {note}.")
        real = ReferenceImages(to_printable(Path(data).name), "all", read.uint8_images).select(num)
        return ReferenceData(
            real, None, make_parzen_split_of_files(real, CHOOSING) if with_window else None
        )
    files = (
        "root" in inspect.signature(kind).parameters
    )  # data sets made by a program have no files
    return _load_from_module(kind(root=root) if files else kind(), split, num, with_window)


def _load_from_module(module: Any, split: str, num: int | None, with_window: bool) -> ReferenceData:
    module.prepare_data()
    module.setup()
    real = ReferenceImages(module.name, split, module.uint8_images(split)).select(num)
    train = module.uint8_images("train").float() / 255
    # contrast-normalized values are unbounded, so nats of pixels in [0, 1] are not defined
    with_window = with_window and all(map(isfinite, module.value_range))
    scored = make_parzen_split(module, split, CHOOSING).select(num) if with_window else None
    return ReferenceData(real, train, scored, module.display_range)


def _load_from_config(path: Path) -> datamodules.ImageData:
    """Make the data module of a config."""
    if not path.is_file():
        raise UserError(f"There is no config {path}: give one that names data, or --data FOLDER.")
    config_files.check_config(path)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _make_datamodule(content.get("data") if isinstance(content, dict) else None, str(path))


def _make_datamodule(section: Any, path: str) -> datamodules.ImageData:
    """Make a data module from its settings.

    Args:
        section: Section `data` of a config, as plain values.
        path: File with the config.
    """
    trusted_classes.restrict_imports()
    trusted_classes.check_names(section, path)
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(datamodules.InMemory, "data", subclass_mode=True)
    made = section and parser.instantiate_classes(parser.parse_object({"data": section})).data
    if not isinstance(made, datamodules.ImageData):
        raise UserError(f"{path} names no data set of images under `data`: give --data.")
    return made
