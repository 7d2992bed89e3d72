"""fit, validate and test: LightningCLI with this suite's run folders, loggers and score table. Knows every room."""

import sys
from typing import Any

import torch
from jsonargparse import Namespace
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

import callbacks
import datamodules
from callbacks.pictures import run_folder
from lightning_gan import (
    config_files,
    losses,
    masks,
    networks,
    optimizers,
    priors,
    regularizers,
    trust,
    variants,
)
from lightning_gan.checks import check_data
from lightning_gan.gan import GAN  # noqa: F401
from lightning_gan.parser import Parser
from lightning_gan.players import TwoPlayers
from lightning_gan.report import describe, next_steps, pictures, score_table
from lightning_gan.runs import Run, checked, last_checkpoint, run_folder_of
from lightning_gan.tabular import table
from lightning_gan.tracking import loggers

ROOMS = (
    losses, regularizers, networks, priors, masks, variants, optimizers, datamodules, callbacks,
)  # fmt: skip
Parser.classes = [name for room in ROOMS for name in room.__all__]
ABOUT = "Generative adversarial networks, beginning with Goodfellow et al. 2014."
HELP = (
    "What a run will take: plan, with the flags of fit. "
    "Commands without a config: sample, evaluate, fetch, inspect, replay, paper, bench. "
    "See: python -m lightning_gan sample --help"
)
say = rank_zero_only(print)


class SaveConfig(SaveConfigCallback):
    """config.yaml in the run folder: the run again, from its start."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave out which checkpoint was resumed."""
        self.config = self.config.clone()
        self.config.ckpt_path = None
        super().setup(trainer, pl_module, stage)


class GANCLI(LightningCLI):
    """Lightning's command line, with run folders, loggers, a score table and short errors."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        self.stored: dict[str, Any] = {}  # the checkpoint that was asked for
        self.interruption = callbacks.Interruption()
        own = {
            "prog": "python -m lightning_gan",
            "description": ABOUT,
            "epilog": HELP,
            "allow_abbrev": False,
        }
        defaults = {
            "default_config_files": [str(config_files.CONFIGS / "defaults.yaml")],
            "allow_abbrev": False,
        }
        kwargs = {command: dict(defaults) for command in self.subcommands()} | own
        super().__init__(
            TwoPlayers, subclass_mode_model=True, subclass_mode_data=True,
            parser_class=Parser, parser_kwargs=kwargs,
            save_config_callback=SaveConfig, auto_configure_optimizers=False,
            trainer_defaults={"callbacks": [
                callbacks.Progress(), callbacks.Randomness(), self.interruption, callbacks.FlightRecorder(),
            ]},
        )  # fmt: skip

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Training and scoring; sampling needs no Trainer."""
        return {name: LightningCLI.subcommands()[name] for name in ("fit", "validate", "test")}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add --run.* and --checkpoint.*: where a run is written, and what is kept of it."""
        parser.add_class_arguments(Run, "run")
        parser.set_defaults({"run.name": self.experiment})
        parser.add_lightning_class_args(callbacks.Checkpoints, "checkpoint")

    @property
    def settings(self) -> Namespace:
        """The configuration of the subcommand."""
        return self.config[self.config.subcommand]

    @property
    def run(self) -> Run:
        """Where it is written."""
        return Run(**self.settings.run.as_dict())

    def _parse_ckpt_path(self) -> None:
        """Find `last`, verify the file, and say where its hyper-parameters overrule what was asked."""
        settings = self.settings
        if settings.ckpt_path == "last":
            settings.ckpt_path = str(last_checkpoint(self.run))
        if not settings.ckpt_path:
            return
        self.stored = checked(settings.ckpt_path)
        trust.check(self.stored["hyper_parameters"], settings.ckpt_path)
        settings.weights_only = True
        step, asked_steps = self.stored["counts"]["g_updates"], settings.trainer.max_steps
        if self.config.subcommand == "fit" and 0 < asked_steps <= step:
            raise ValueError(
                f"{settings.ckpt_path} is at step {step} already: give --trainer.max_steps above {step} to go on."
            )
        asked = flat(settings.model)
        super()._parse_ckpt_path()
        used = flat(self.settings.model)
        if rows := [
            (k, str(asked.get(k)), str(used.get(k))) for k in used if asked.get(k) != used[k]
        ]:
            say("The checkpoint's hyper-parameters are used where they differ from what was asked:")
            say(table(rows, ("model", "asked", "stored and used")))

    def before_instantiate_classes(self) -> None:
        """Settle the threads; several devices need a strategy that allows a player to wait."""
        if (threads := self.run.threads) is not None:
            torch.set_num_threads(threads)
        trainer = self.settings.trainer
        alone = trainer.devices in (1, "1") or (
            trainer.devices == "auto" and torch.cuda.device_count() < 2
        )
        if not alone and trainer.strategy in ("auto", "ddp"):
            trainer.strategy = "ddp_find_unused_parameters_true"

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Find the data first: a run is named after what it really learns from."""
        if self.datamodule is None:
            raise ValueError("No data were given: name them, such as --data MNIST.")
        check_data(self.datamodule, self.model.generator)
        declared = self.datamodule.name
        self.datamodule.prepare_data()
        run, actual = self.run, self.datamodule.name
        learned = self.stored.get("data") or actual
        if learned != actual:
            raise ValueError(
                f"{self.settings.ckpt_path} learned from {learned}, but the data here are {actual}: their scores do "
                f"not compare. Bring {learned} back, or start a new run."
            )
        if declared != actual:
            run.name = self.settings.run.name = renamed(run.name, declared, actual)
            self.settings.data.init_args.source = "embedded"
        if self.settings.trainer.logger in (None, True):
            kwargs["logger"] = self.loggers(run)
        return super().instantiate_trainer(**kwargs)

    def loggers(self, run: Run) -> list[Logger]:
        """A new run folder for `fit`; for a checkpoint's scores, a folder inside its run's."""
        del self.config_dump  # Lightning's was made before the run had its name
        self._dump_config()
        if self.subcommand == "fit":
            return loggers(run.root, run.name, run.wandb, self.config_dump)
        home = self.settings.ckpt_path and run_folder_of(self.settings.ckpt_path)
        root, name = (
            (str(home), self.subcommand) if home else (run.root, f"{run.name}/{self.subcommand}")
        )
        return loggers(root, str(name), "disabled", self.config_dump)

    def after_instantiate_classes(self) -> None:
        """The score table is ours."""
        if "verbose" in self.config_init[self.subcommand]:
            self.config_init[self.subcommand].verbose = False

    def before_fit(self) -> None:
        """Say what is about to run."""
        if self.stored:
            say(f"resume   {self.settings.ckpt_path}, step {self.stored['counts']['g_updates']}")
        provenance = getattr(self.datamodule, "provenance", type(self.datamodule).__name__)
        say(describe(self.model, provenance, str(run_folder(self.trainer))))

    def after_fit(self) -> None:
        """Score the result on the test split; say where everything is and what to type next."""
        self.trainer.test(self.model, self.datamodule, verbose=False, weights_only=True)
        folder = run_folder(self.trainer)
        say(f"\n{score_table(self.trainer, 'test')}\n\nrun folder  {folder}")
        say("\n".join(f"picture     {path}" for path in pictures(folder)))
        draws = len(self.model.generator.data_shape) == 3  # points are no pictures
        say(f"next\n{next_steps(folder, self.trainer.global_step, draws)}")
        if received := self.interruption.received:
            sys.exit(128 + received)

    def before_validate(self) -> None:
        """There must be something to score."""
        if not self.stored:
            raise ValueError(f"{self.subcommand} scores a checkpoint: give --ckpt_path.")

    before_test = before_validate

    def after_validate(self) -> None:
        """Print the scores."""
        say(score_table(self.trainer, "val"))

    def after_test(self) -> None:
        """Print the scores."""
        say(score_table(self.trainer, "test"))


def flat(model: Namespace) -> dict[str, Any]:
    """Every leaf of a model's configuration under its dotted key."""
    return {key: value for key, value in model.items() if not isinstance(value, Namespace)}


def renamed(run: str, declared: str, actual: str) -> str:
    """A run's name that says what it learned from."""
    return run.replace(declared, actual) if declared in run else f"{run}_{actual}"
