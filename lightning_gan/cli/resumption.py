"""What LightningCLI does with a checkpoint here: where a run goes on, with which settings, and on which data."""

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
    "flags do not change its model, data and seed."
)
say = rank_zero_only(print)


class ResumingCLI(TrainerCLI):
    """A command line whose --ckpt_path restores the run's own settings, apart from those that are overridden."""

    stored: dict[str, Any]
    """Content of the checkpoint; empty without one."""
    home: Path | None
    """Folder of a run that goes on in its own folder."""
    ended: bool
    """Whether the checkpoint has all steps."""
    holds: ExitStack
    """Holds the run's folder until the end."""
    keeper: run_record.RunRecordCallback
    """Callback with the run's record."""

    @property
    def fits(self) -> bool:
        """Whether the subcommand trains."""
        return bool(self.config.subcommand == "fit")

    def _lay_over(self, sections: dict[str, Any]) -> None:
        """Replace settings of the configuration; the parser checks their types."""
        self.config = self.parser.parse_object({self.config.subcommand: sections}, self.config)

    def _parse_ckpt_path(self) -> None:
        """Find and verify the checkpoint; restore the run's settings; apply overrides."""
        settings, asked = self.settings, self.settings.ckpt_path
        check_seed(settings.seed_everything)
        typed = overrides.parse_override(settings.pop("override", None) or ())
        if typed and not self.fits:
            raise UserError("--override changes a run that is trained further: it belongs to fit.")
        if typed and not asked:
            raise UserError(
                "--override changes settings of a run that is resumed: give --ckpt_path as well, or set them by their "
                "own flags, such as --model.k 2."
            )
        if asked in ("last", "auto"):
            self._find(asked)
        if not settings.ckpt_path:
            if typed:  # `auto` begins a run: they are its settings from the start
                self._lay_over(
                    resumed_settings.merge_settings(self._plain(), {}, [], typed, 0).sections
                )
            return
        self.stored = read_checkpoint(settings.ckpt_path)
        trusted_classes.check_names(self.stored["hyper_parameters"], settings.ckpt_path)
        resume.check_experiment(settings.ckpt_path, self.stored, settings.data)
        if self.fits and asked not in ("last", "auto"):
            step = self.stored["counts"]["g_updates"]
            names = resume.list_experiment_names(self.run, settings.data or {})
            place = Path(asked), step, self.run, names, resume.find_requeue_timeout()
            self.home = branch.choose_run_folder(*place, say, self.holds)
        settings.weights_only = True
        self._restore_settings(typed)
        self._check_steps(asked)

    def _find(self, which: str) -> None:
        """Replace `last` or `auto` by a file."""
        settings = self.settings
        look = partial(resume.find_checkpoint, which, self.run, settings.data or {}, self.fits)
        path = resume.lock_checkpoint_run(look, say, self.holds) if self.fits else look(say)
        self.home = path.parents[1] if path and self.fits else None
        settings.ckpt_path = str(path) if path else None

    def _restore_settings(self, typed: dict[str, Any]) -> None:
        """Take the run's own settings, and say where they differ from what was asked."""
        path, asked = self.settings.ckpt_path, self._plain()
        folder = find_run_folder(path)
        record = stored_settings.read_full_record(
            self.stored, folder, in_place=self.home is not None
        )
        config = stored_settings.read_config(folder) if folder else {}
        own = stored_settings.read_own_settings(self.stored, record, config, self.fits)
        trusted_classes.check_names(own, path)
        step = self.stored["counts"]["g_updates"]
        taken = resumed_settings.merge_settings(asked, own, record.overrides, typed, step)
        self._lay_over(taken.sections)
        record.overrides = taken.overrides
        self.keeper.record, self.keeper.changed = record, taken.changed
        said = resumed_settings.describe_settings(
            asked, self._plain(), config, taken.overrides, self.fits
        )
        if said:
            say(said)

    def _check_steps(self, asked: str) -> None:
        """Refuse a run that has all of its steps; `auto` ends it once more, and so does a validation that is due."""
        step, steps = self.stored["counts"]["g_updates"], self.settings.trainer.max_steps
        self.ended = self.fits and 0 < steps <= step
        due = "validation_due" in self.stored and self.home is not None
        if self.ended and asked != "auto" and not due:
            flag = self.steps_flag.replace("=", "=N, N").strip()
            raise UserError(
                f"{self.settings.ckpt_path} is at step {step} already: give {flag} above {step} to go on, or "
                f"--ckpt_path auto to make its last images and scores again."
            )

    @property
    def steps_flag(self) -> str:
        """The flag that makes the run longer: once overridden, max_steps follows overrides alone."""
        overridden = any(one.key == "trainer.max_steps" for one in self.keeper.record.overrides)
        return "--override trainer.max_steps=" if overridden else "--trainer.max_steps "

    def check_digest(self) -> None:
        """Compare the data at hand with those of the checkpoint's run; write down what they are.

        Raises:
            ChangedDataError: They differ, and nobody accepted that.
        """
        record, path = self.keeper.record, str(self.settings.ckpt_path)
        found = data_digest.hash_data(self.datamodule)
        entry = data_digest.make_data_record(self.datamodule, found)
        if not self.stored or not record.data:
            record.data = entry
            return
        saved_with = data_digest.find_latest_digest(
            run_record.read_run_record(self.stored.get(run_record.KEY)).data
        )
        self.keeper.data_changed = bool(data_digest.describe_differences(saved_with, found))
        accept = self.run.accept_changed_data
        said = data_digest.check_data_digest(
            path, record.data, entry["name"], found, accept, ACCEPT
        )
        if said:
            say(f"NOTE     the data {entry['name']} have changed: {'; '.join(said)}")
            step, now = self.stored["counts"]["g_updates"], datetime.now(UTC)
            when = now.isoformat(timespec="seconds")
            record.data = data_digest.add_change(record.data, entry, said, step, when)
        elif not record.data.get("splits"):  # of an older version, which hashed less
            record.data = {**record.data, "splits": found, "changes": []}

    def keep_record(self) -> None:
        """Let checkpoints and config.yaml say with which settings the run began, and what is in force."""
        self._dump_config()
        record = self.keeper.record
        record.settings = {name: self.config_dump.get(name) for name in ("data", "seed_everything")}
        original = None
        if record.overrides:
            plain = overrides.restore_original_values(self.config_dump, record.overrides)
            original = self._parser(self.config.subcommand).parse_object(plain)
        self.save_config_kwargs = {"original": original}


def with_config_of_checkpoint(words: list[str]) -> list[str]:
    """Where only a checkpoint was given, add the config that its run was started with."""
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
