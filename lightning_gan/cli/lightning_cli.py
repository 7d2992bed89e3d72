"""LightningCLI for fit, validate and test, with run folders, loggers and a score table."""

import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.loggers import Logger
from pytorch_lightning.loggers.logger import DummyLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

import callbacks
from callbacks.image_logging import find_run_folder_of_trainer
from lightning_gan.checkpoints import find, verify
from lightning_gan.checkpoints.finish import finish_without_training
from lightning_gan.cli import class_names
from lightning_gan.cli.console import (
    describe_early_stop,
    describe_end_of_fast_run,
    describe_end_of_fit,
    describe_resumption,
    describe_run,
    format_score_table,
    have_rates_ended,
    read_score_rows,
    suggest_next_steps,
)
from lightning_gan.cli.lightning_parser import make_parser_class
from lightning_gan.cli.resumption import OVERRIDE, ResumingCLI, add_config_of_checkpoint, print_once
from lightning_gan.cli.signal_exit import end_from_thread, exit_evaluation
from lightning_gan.cli.trainer_callbacks import make_device_arguments
from lightning_gan.distributed import failures
from lightning_gan.models.accumulation import set_microbatches
from lightning_gan.models.base import AdversarialModel
from lightning_gan.models.checks import check_data, check_trainer
from lightning_gan.models.translation import TranslationModel
from lightning_gan.reports.run_report import write_report_or_warn
from lightning_gan.slurm import current_job
from lightning_gan.tracking import run_lock, run_record, runs
from lightning_gan.tracking.loggers import WandbMode, log_score_table, make_loggers
from lightning_gan.tracking.run_info import collect_run_info
from lightning_gan.tracking.runs import Run, find_run_folder
from lightning_gan.tracking.saved_config import SaveConfig
from lightning_gan.utils import config_files, trusted_classes
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.interrupts import EvaluationInterrupted
from lightning_gan.utils.shell_text import format_command

write_page = rank_zero_only(write_report_or_warn)


class GANCLI(ResumingCLI):
    """LightningCLI with run folders, loggers, a score table and errors of one sentence.

    Args:
        words: Name of the subcommand and its settings. `sys.argv` is not read.
    """

    def __init__(self, words: Sequence[str]) -> None:
        trusted_classes.restrict_imports()
        self.experiment = config_files.make_experiment_name(words)
        self.words = add_config_of_checkpoint(config_files.resolve_arguments(words))
        self.stored: dict[str, Any] = {}
        self.run_folder: Path | None = None
        self.is_complete = False
        self.recorder = run_record.RunRecordCallback()
        job = current_job.find_current_job()
        self.requeue = callbacks.SlurmRequeue(job) if job else None
        self.interruption = self.requeue or callbacks.GracefulShutdown()
        files = [str(config_files.CONFIGS / "defaults.yaml")]
        defaults = {"default_config_files": files, "allow_abbrev": False}
        kwargs = {words[0]: defaults, "prog": "python -m lightning_gan", "allow_abbrev": False}
        with ExitStack() as self.exit_stack:
            super().__init__(
                AdversarialModel, args=self.words, subclass_mode_model=True, subclass_mode_data=True,
                parser_class=make_parser_class(class_names.CLASSES, self.words), parser_kwargs=kwargs,
                save_config_callback=SaveConfig, auto_configure_optimizers=False,
                trainer_defaults={"callbacks": [
                    callbacks.Progress(), callbacks.RNGState(), self.interruption, callbacks.FlightRecorder(),
                    callbacks.GradientNorms(), self.recorder,
                ]},
            )  # fmt: skip

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """Return the requested subcommand only: each takes a second to set up."""
        return {self.words[0]: LightningCLI.subcommands()[self.words[0]]}

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse the words without Lightning's warning about `sys.argv`."""
        self.config = parser.parse_args(args)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the settings `run.*` and `checkpoint.*`, and --override."""
        parser.add_class_arguments(Run, "run")
        parser.add_argument(
            "--override", action="append", default=SUPPRESS, metavar="KEY=VALUE", help=OVERRIDE
        )
        parser.set_defaults({"run.name": self.experiment})
        parser.add_lightning_class_args(callbacks.Checkpoints, "checkpoint")

    def before_instantiate_classes(self) -> None:
        """Set the number of threads, and check the Trainer's settings."""
        if (threads := self.run.threads) is not None:
            torch.set_num_threads(threads)
        super().before_instantiate_classes()
        check_trainer(self.settings.trainer)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Prepare the data before the Trainer, because the run folder is named after the data that were found."""
        if self.datamodule is None:
            raise UserError("No data were given: give a data set, such as --data MNIST.")
        check_data(self.datamodule, self.model.generator)
        declared = self.datamodule.name
        self.datamodule.prepare_data()
        run, actual = self.run, self.datamodule.name
        verify.check_weights(self.settings.ckpt_path, self.stored, self.model)
        verify.check_data_name(self.settings.ckpt_path, self.stored, actual)
        self.check_digest()
        if declared != actual:
            run.name = self.settings.run.name = runs.rename_for_data(run.name, declared, actual)
            self.settings.data.init_args.source = "embedded"
            del self.config_dump  # Lightning made it before the run was renamed
            self._dump_config()
        self.keep_record()
        trainer = self.settings.trainer
        if trainer.fast_dev_run:  # writes no file
            kwargs["logger"] = DummyLogger()
            kwargs["default_root_dir"] = self.exit_stack.enter_context(TemporaryDirectory())
        else:
            kwargs["logger"] = self.add_external_loggers(
                self.make_run_loggers(run, self.choose_wandb_mode(run.wandb))
            )
        kwargs["accumulate_grad_batches"] = 1
        set_microbatches(self.model, self.datamodule, trainer.accumulate_grad_batches)
        return super().instantiate_trainer(
            **kwargs, **make_device_arguments(trainer, run.timeout_minutes)
        )

    def make_run_loggers(self, run: Run, wandb: WandbMode | None) -> list[Logger]:
        """Make loggers in a new run folder for `fit`, or in a folder inside the checkpoint's run."""
        step = self.stored["counts"]["g_updates"] if self.stored else 0
        facts = partial(
            collect_run_info, self.model, self.recorder.record, self.settings.ckpt_path, step
        )
        if self.run_folder:
            rows = rank_zero_only(find.truncate_run_files)(self.run_folder, self.stored) or 0
            parents = str(self.run_folder.parents[1]), self.run_folder.parent.name
            return make_loggers(
                *parents, wandb, self.config_dump, self.run_folder.name, rows, facts()
            )
        if self.subcommand == "fit":
            made = make_loggers(run.root, run.name, wandb, self.config_dump, facts=facts())
            folder = Path(str(made[0].log_dir))
            self.exit_stack.push(partial(rank_zero_only(run_lock.remove_empty_run), folder, self))
            self.exit_stack.enter_context(run_lock.run_lock(folder, print_once))
            return made
        folder_of_run = self.settings.ckpt_path and find_run_folder(self.settings.ckpt_path)
        root, parent = (folder_of_run, "") if folder_of_run else (run.root, f"{run.name}/")
        mode: WandbMode | None = "disabled" if wandb else None
        return make_loggers(str(root), f"{parent}{self.subcommand}", mode, self.config_dump)

    def _run_subcommand(self, subcommand: str) -> None:
        """Run the subcommand; if a signal ends an evaluation, print what is saved and exit with its status."""
        arguments = self.trainer, self.subcommand == "fit", self.requeue
        self.interruption.on_timeout = partial(end_from_thread, *arguments)
        try:
            super()._run_subcommand(subcommand)
        except EvaluationInterrupted as stop:
            exit_evaluation(*arguments, stop.number)
        except RuntimeError as error:
            if number := failures.find_peer_signal(error):
                exit_evaluation(*arguments, number)
            raise

    def before_fit(self) -> None:
        """Print what is about to run."""
        if self.stored:
            print_once(
                describe_resumption(str(self.settings.ckpt_path), self.stored, self.is_complete)
            )
        if self.is_complete:
            finish_without_training(self.trainer)
        folder, devices = str(find_run_folder_of_trainer(self.trainer)), self.trainer.world_size
        fast = self.settings.trainer.fast_dev_run
        shown = "nothing is written: trainer.fast_dev_run" if fast else folder
        print_once(describe_run(self.model, self.datamodule, shown, devices))

    def after_fit(self) -> None:
        """Evaluate on the test split, and print the scores, the paths and the next commands."""
        if self.requeue:
            self.requeue.leave(self.trainer)
        rates_ended = have_rates_ended([o.state_dict() for o in self.trainer.optimizers])
        if reason := describe_early_stop(self.trainer):
            print_once(reason)
        self.trainer.test(self.model, self.datamodule, verbose=False, weights_only=True)
        if self.settings.trainer.fast_dev_run:
            print_once(describe_end_of_fast_run(self.trainer))
        else:
            self.print_end(rates_ended)
        if self.interruption.received:
            sys.exit(128 + self.interruption.received)

    def print_end(self, rates_ended: bool) -> None:
        """Log the score table, write the report page, and print the paths and the next commands.

        Args:
            rates_ended: Whether all learning rates are 0, so that more steps would change nothing.
        """
        folder, step = find_run_folder_of_trainer(self.trainer), self.trainer.global_step
        log_score_table(self.trainer.loggers, "test", read_score_rows(self.trainer, "test"), step)
        images = "translate" if isinstance(self.model, TranslationModel) else "sample"
        images = images if len(self.model.generator.data_shape) == 3 else ""  # points
        longer = "" if rates_ended or self.interruption.received else f"{self.steps_flag}{2 * step}"
        notes = run_record.describe_run_record(self.recorder.record)
        next_ = suggest_next_steps(folder, images, longer)
        print_once(describe_end_of_fit(self.trainer, folder, str(write_page(folder)), next_, notes))
        last = folder / "checkpoints" / "last.ckpt"
        if self.interruption.received and last.is_file():
            print_once(f"to resume\n  {format_command('fit', '--ckpt_path', last)}")

    def before_validate(self) -> None:
        """Check that a checkpoint was given."""
        if not self.stored:
            raise UserError(f"{self.subcommand} evaluates a checkpoint: give --ckpt_path.")

    before_test = before_validate

    def after_validate(self) -> None:
        """Print the scores."""
        print_once(format_score_table(self.trainer, "val"))

    def after_test(self) -> None:
        """Print the scores."""
        print_once(format_score_table(self.trainer, "test"))
