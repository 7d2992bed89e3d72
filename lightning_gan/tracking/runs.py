"""Settings `run` of the command line, and the run folder runs/<experiment>/version_N."""

from dataclasses import dataclass
from pathlib import Path

from lightning_gan.arguments import Minutes, Threads, check_arguments
from lightning_gan.tracking.loggers import WandbMode
from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError


@check_arguments(prefix="run.")
@dataclass
class Run:
    """Name, folder and environment of a run.

    Args:
        name: Name of the experiment; by default the name of the config.
        root: Folder of all runs.
        threads: CPU threads, at most the cores that this process may use. By default torch decides, and the last
            digits of the results depend on the machine.
        wandb: Mode of W&B; auto is online with a key and offline without one. WANDB_MODE overrides it.
        timeout_minutes: Longest time that a process waits for the others, in minutes, above 0 and at most 1,000,000.
        accept_changed_data: Whether a checkpoint may be resumed or scored although its data have changed since. Applies
            to this command only; run.json and the report record the change.
    """

    name: str
    root: str = "runs"
    threads: Threads | None = None
    wandb: WandbMode = "auto"
    timeout_minutes: Minutes = 10.0
    accept_changed_data: bool = False

    def __post_init__(self) -> None:
        """Expand `~` in the root, and check that the name stays below it."""
        self.root = home_folder.expand_home(self.root)
        parts = Path(self.name).parts
        if not parts or Path(self.name).is_absolute() or ".." in parts:
            raise UserError(
                f"run.name is {self.name!r}: give a name or a relative path, such as mnist/first."
            )


def find_run_folder(checkpoint: str | Path) -> Path | None:
    """Return the run folder of a checkpoint; None if it is not in a run folder."""
    folder = Path(checkpoint).resolve().parent.parent
    return folder if (folder / "config.yaml").is_file() else None


def rename_for_data(run: str, declared: str, actual: str) -> str:
    """Return the run name for the data that were loaded.

    Args:
        run: Name of the run.
        declared: Name of the data in the configuration.
        actual: Name of the data that were loaded.
    """
    return run.replace(declared, actual) if declared in run else f"{run}_{actual}"
