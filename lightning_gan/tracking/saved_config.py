"""Callback that saves config.yaml in the run folder."""

from pathlib import Path

from jsonargparse import Namespace
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import LightningArgumentParser, SaveConfigCallback

from lightning_gan.utils.atomic_files import atomic_write


class SaveConfig(SaveConfigCallback):
    """Callback that saves config.yaml, which repeats the run from its start.

    Args:
        parser: Parser of the subcommand.
        config: Present configuration.
        original: Configuration without the overrides of resumed runs, which run.json lists; None if there are none.
    """

    def __init__(
        self, parser: LightningArgumentParser, config: Namespace, original: Namespace | None = None
    ) -> None:
        super().__init__(parser, original or config)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Save without the checkpoint path; a resumed run replaces its file atomically."""
        resumed = bool(self.config.ckpt_path)
        self.config = self.config.clone()
        self.config.ckpt_path = self.config.weights_only = None
        if "run" in self.config:  # holds for one command only
            self.config.run.accept_changed_data = False
        path = Path(trainer.log_dir or "") / self.config_filename  # log_dir is a collective call
        if resumed and trainer.is_global_zero and path.is_file():
            with atomic_write(path) as beside:
                self.parser.save(self.config, beside, skip_none=False)
            self.already_saved = True
        self.already_saved = trainer.strategy.broadcast(self.already_saved)
        super().setup(trainer, pl_module, stage)
