"""Resuming in LightningCLI: find the checkpoint, restore its settings, and compare its data."""

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities.rank_zero import rank_zero_only

from lightning_gan.checkpoints import branch, resume, resumed_settings
from lightning_gan.checkpoints.verify import read_checkpoint
from lightning_gan.cli.trainer_cli import TrainerCLI
from lightning_gan.models.checks import check_seed
from lightning_gan.tracking import data_digest, overrides, run_record, stored_settings
from lightning_gan.tracking.runs import find_run_folder
from lightning_gan.utils import config_files, trusted_classes
from lightning_gan.utils.errors import UserError

ACCEPT = "--run.accept_changed_data"
OVERRIDE = (
    "Change a setting of the run that --ckpt_path resumes, such as model.d_optimizer.lr=1e-5; may be repeated. Plain "
    "flags do not change the model, the data or the seed of a resumed run."
)
print_once = rank_zero_only(print)


class ResumingCLI(TrainerCLI):
    """LightningCLI whose --ckpt_path restores the settings of the run, except those that are overridden."""

    stored: dict[str, Any]
    """Content of the checkpoint; empty if none was given."""
    run_folder: Path | None
    """Folder of a run that continues in its own folder; None for a new one."""
    is_complete: bool
    """Whether the checkpoint has all steps."""
    exit_stack: ExitStack
    """Holds the lock of the run folder until the end."""
    recorder: run_record.RunRecordCallback
    """Callback that writes the record of the run into checkpoints."""

    @property
    def is_fit(self) -> bool:
        """Whether the subcommand is `fit`."""
        return bool(self.config.subcommand == "fit")

    def _apply_settings(self, sections: dict[str, Any]) -> None:
        """Replace settings of the configuration; the parser checks their types."""
        self.config = self.parser.parse_object({self.config.subcommand: sections}, self.config)

    def _parse_ckpt_path(self) -> None:
        """Find and verify the checkpoint, restore its settings, and apply overrides."""
        settings, asked = self.settings, self.settings.ckpt_path
        check_seed(settings.seed_everything)
        typed = overrides.parse_override(settings.pop("override", None) or ())
        if typed and not self.is_fit:
            raise UserError("--override changes a run that is resumed by fit: leave it out.")
        if typed and not asked:
            raise UserError(
                "--override changes a run that is resumed: give --ckpt_path as well, or use plain flags, such as "
                "--model.k 2."
            )
        if asked in ("last", "auto"):
            self._find_checkpoint(asked)
        if not settings.ckpt_path:
            if typed:  # `auto` starts a new run with these settings
                self._apply_settings(
                    resumed_settings.merge_settings(self._plain(), {}, [], typed, 0).sections
                )
            return
        self.stored = read_checkpoint(settings.ckpt_path)
        trusted_classes.check_names(self.stored["hyper_parameters"], settings.ckpt_path)
        resume.check_experiment(settings.ckpt_path, self.stored, settings.data)
        if self.is_fit and asked not in ("last", "auto"):
            step = self.stored["counts"]["g_updates"]
            names = resume.list_experiment_names(self.run, settings.data or {})
            arguments = Path(asked), step, self.run, names, resume.find_requeue_timeout()
            self.run_folder = branch.choose_run_folder(*arguments, print_once, self.exit_stack)
        settings.weights_only = True
        self._restore_settings(typed)
        self._check_steps(asked)

    def _find_checkpoint(self, which: str) -> None:
        """Replace `last` or `auto` in the settings by the path of a checkpoint."""
        settings = self.settings
        search = partial(resume.find_checkpoint, which, self.run, settings.data or {}, self.is_fit)
        path = (
            resume.lock_checkpoint_run(search, print_once, self.exit_stack)
            if self.is_fit
            else search(print_once)
        )
        self.run_folder = path.parents[1] if path and self.is_fit else None
        settings.ckpt_path = str(path) if path else None

    def _restore_settings(self, typed: dict[str, Any]) -> None:
        """Restore the settings of the run, and print where they differ from the given ones."""
        path, asked = self.settings.ckpt_path, self._plain()
        folder = find_run_folder(path)
        record = stored_settings.read_full_record(
            self.stored, folder, in_place=self.run_folder is not None
        )
        config = stored_settings.read_config(folder) if folder else {}
        own = stored_settings.read_own_settings(self.stored, record, config, self.is_fit)
        trusted_classes.check_names(own, path)
        step = self.stored["counts"]["g_updates"]
        taken = resumed_settings.merge_settings(asked, own, record.overrides, typed, step)
        self._apply_settings(taken.sections)
        record.overrides = taken.overrides
        self.recorder.record, self.recorder.changed = record, taken.changed
        notes = resumed_settings.describe_settings(
            asked, self._plain(), config, taken.overrides, self.is_fit
        )
        if notes:
            print_once(notes)

    def _check_steps(self, asked: str) -> None:
        """Refuse a run that has all of its steps, unless `auto` or an outstanding validation completes it."""
        step, steps = self.stored["counts"]["g_updates"], self.settings.trainer.max_steps
        self.is_complete = self.is_fit and 0 < steps <= step
        due = "validation_due" in self.stored and self.run_folder is not None
        if self.is_complete and asked != "auto" and not due:
            flag = self.steps_flag.replace("=", "=N, N").strip()
            raise UserError(
                f"{self.settings.ckpt_path} is at step {step} already: give {flag} above {step} to train further, or "
                f"--ckpt_path auto to repeat the final evaluation."
            )

    @property
    def steps_flag(self) -> str:
        """Flag that makes the run longer. Once max_steps is overridden, only an override changes it."""
        overridden = any(one.key == "trainer.max_steps" for one in self.recorder.record.overrides)
        return "--override trainer.max_steps=" if overridden else "--trainer.max_steps "

    def check_digest(self) -> None:
        """Compare the data with those of the checkpoint's run, and record them.

        Raises:
            ChangedDataError: The data differ, and --run.accept_changed_data is not set.
        """
        record, path = self.recorder.record, str(self.settings.ckpt_path)
        found = data_digest.hash_data(self.datamodule)
        entry = data_digest.make_data_record(self.datamodule, found)
        if not self.stored or not record.data:
            record.data = entry
            return
        saved_with = data_digest.find_latest_digest(
            run_record.read_run_record(self.stored.get(run_record.KEY)).data
        )
        self.recorder.data_changed = bool(data_digest.describe_differences(saved_with, found))
        accept = self.run.accept_changed_data
        changes = data_digest.check_data_digest(
            path, record.data, entry["name"], found, accept, ACCEPT
        )
        if changes:
            print_once(f"NOTE     the data {entry['name']} have changed: {'; '.join(changes)}")
            step, now = self.stored["counts"]["g_updates"], datetime.now(UTC)
            when = now.isoformat(timespec="seconds")
            record.data = data_digest.add_change(record.data, entry, changes, step, when)
        elif not record.data.get("splits"):  # written by an older version, which hashed less
            record.data = {**record.data, "splits": found, "changes": []}

    def keep_record(self) -> None:
        """Record the initial and the current settings in checkpoints and in config.yaml."""
        self._dump_config()
        record = self.recorder.record
        record.settings = {name: self.config_dump.get(name) for name in ("data", "seed_everything")}
        original = None
        if record.overrides:
            plain = overrides.restore_original_values(self.config_dump, record.overrides)
            original = self._parser(self.config.subcommand).parse_object(plain)
        self.save_config_kwargs = {"original": original}


def add_config_of_checkpoint(words: list[str]) -> list[str]:
    """Add the config of the checkpoint's run to the words, unless they name a config."""
    if "--ckpt_path" not in words[:-1] or not {"--config", "-c"}.isdisjoint(words):
        return words
    path = words[words.index("--ckpt_path") + 1]
    if path in ("last", "auto"):
        return words
    read_checkpoint(path)
    folder = find_run_folder(path)
    if folder is None:
        return words
    return [words[0], "--config", config_files.find_config(str(folder / "config.yaml")), *words[1:]]
