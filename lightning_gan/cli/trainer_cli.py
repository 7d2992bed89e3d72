"""LightningCLI that prepares the Trainer's callbacks and the user's loggers."""

from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.cli import LightningCLI
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from lightning_gan.cli.optional_packages import explain_named_packages
from lightning_gan.cli.trainer_callbacks import (
    choose_callbacks,
    describe_interval,
    find_kept_checkpoints,
    prepare_callbacks,
)
from lightning_gan.cli.trainer_checks import check_settings
from lightning_gan.tracking import external_loggers
from lightning_gan.tracking.loggers import WandbMode
from lightning_gan.tracking.runs import Run
from lightning_gan.utils.errors import UserError


class TrainerCLI(LightningCLI):
    """LightningCLI that constructs the user's loggers after the run folder, and omits replaced callbacks."""

    external: list[Any] | None = None
    """Settings of the user's loggers: empty for `trainer.logger: false`, None for the default."""

    def _plain(self) -> dict[str, Any]:
        """Return the settings of the subcommand as plain values."""
        options = {"skip_link_targets": False, "skip_none": False, "skip_validation": True}
        text = self.parser.dump(self.config, format="yaml", **options)
        plain: dict[str, Any] = yaml.safe_load(text)[self.config.subcommand]
        return plain

    def _dump_config(self) -> None:
        """Dump the settings without validating them again."""
        if not hasattr(self, "config_dump"):
            self.config_dump = self._plain()

    @property
    def settings(self) -> Namespace:
        """Settings of the subcommand."""
        return self.config[self.config.subcommand]

    @property
    def run(self) -> Run:
        """Settings `run.*`."""
        return Run(**self.settings.run.as_dict())

    def before_instantiate_classes(self) -> None:
        """Check the settings of the Trainer before anything is written."""
        check_settings(self.settings.trainer)

    def after_instantiate_classes(self) -> None:
        """Suppress Lightning's score table."""
        if "verbose" in self.config_init[self.subcommand]:
            self.config_init[self.subcommand].verbose = False

    def instantiate_classes(self) -> None:
        """Construct model, data and Trainer; the user's loggers follow once the run has a folder."""
        config = self.config.clone()
        trainer = config[config.subcommand].trainer
        self.external = external_loggers.read_logger_settings(trainer.logger)
        trainer.logger = False
        with explain_named_packages():
            self.config_init = self.parser.instantiate_classes(config)
            self.datamodule = self._get(self.config_init, "data")
            self.model = self._get(self.config_init, "model")
            self.trainer = self.instantiate_trainer()

    def _instantiate_trainer(self, config: dict[str, Any], added: list[Callback]) -> Trainer:
        """Construct the Trainer without the default callbacks that the settings replace or disable.

        Raises:
            UserError: Lightning rejected the settings.
        """
        chosen = choose_callbacks(config, self.trainer_defaults["callbacks"])
        self.trainer_defaults["callbacks"] = chosen
        prepare_callbacks(config)
        try:
            return super()._instantiate_trainer(config, find_kept_checkpoints(config, added))
        except MisconfigurationException:
            raise
        except (TypeError, ValueError, RuntimeError, ImportError) as error:
            why = " ".join(str(error).split())
            raise UserError(f"Lightning's Trainer rejected its settings: {why}") from error

    def choose_wandb_mode(self, mode: WandbMode) -> WandbMode | None:
        """Return the mode of the suite's W&B logger; None if the settings name other loggers, or none."""
        return mode if self.external is None else None

    def add_external_loggers(self, own: list[Logger]) -> list[Logger]:
        """Return the suite's loggers, followed on rank 0 by the user's."""
        folder = Path(str(own[0].log_dir))
        others = [] if rank_zero_only.rank else self.external or []  # type: ignore[attr-defined]
        made = list(own)
        for settings in others:
            with explain_named_packages(settings["class_path"].split(".")[-1]):
                made.append(external_loggers.make_external_logger(settings, folder))
        return made

    def _run_subcommand(self, subcommand: str) -> None:
        """Run the subcommand; explain missing packages and a val_check_interval longer than an epoch."""
        with explain_named_packages(), describe_interval():
            super()._run_subcommand(subcommand)
