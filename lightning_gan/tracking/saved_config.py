"""config.yaml of a run."""

from pathlib import Path

from jsonargparse import Namespace
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import LightningArgumentParser, SaveConfigCallback

from lightning_gan.utils.atomic_files import atomic_write


class SaveConfig(SaveConfigCallback):
    """config.yaml in the run folder: the run again, from its start.

    Args:
        parser: Parser of the subcommand.
        config: Configuration in force.
        original: Configuration without the overrides of resumed runs, which run.json lists; None if there are none.
    """

    def __init__(
        self, parser: LightningArgumentParser, config: Namespace, original: Namespace | None = None
    ) -> None:
        super().__init__(parser, original or config)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave out which checkpoint was resumed; a run that goes on replaces its file, in one step."""
        goes_on = bool(self.config.ckpt_path)
        self.config = self.config.clone()
        self.config.ckpt_path = self.config.weights_only = None
        if "run" in self.config:  # changed data are accepted once, not by every later command
            self.config.run.accept_changed_data = False
        path = Path(trainer.log_dir or "") / self.config_filename  # a matter of all processes
        if goes_on and trainer.is_global_zero and path.is_file():
            with atomic_write(path) as beside:
                self.parser.save(self.config, beside, skip_none=False)
            self.already_saved = True
        self.already_saved = trainer.strategy.broadcast(self.already_saved)
        super().setup(trainer, pl_module, stage)
