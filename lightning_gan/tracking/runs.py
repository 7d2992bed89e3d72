"""Where a run lives, runs/<experiment>/version_N, and what can be resumed from it."""

from dataclasses import dataclass
from pathlib import Path

from lightning_gan.arguments import Minutes, Threads, check_arguments
from lightning_gan.tracking.loggers import WandbMode
from lightning_gan.utils import home_folder
from lightning_gan.utils.errors import UserError


@check_arguments(prefix="run.")
@dataclass
class Run:
    """Where a run is written.

    Args:
        name: of the experiment; the config's name if it is not given.
        root: folder of all runs.
        threads: of the CPU, at most the cores that this process may use; torch decides if it is not given, and then
            the last digits depend on the machine.
        wandb: online with a key and offline without (auto), or as named; WANDB_MODE goes first.
        timeout_minutes: time that one of several processes waits for the others, in minutes, above 0 and at most
            1,000,000.
        accept_changed_data: Whether a checkpoint's run goes on, or is scored, with data that are not the same any more.
            Applies to this command only; run.json and the report then name the change.
    """

    name: str
    root: str = "runs"
    threads: Threads | None = None
    wandb: WandbMode = "auto"
    timeout_minutes: Minutes = 10.0
    accept_changed_data: bool = False

    def __post_init__(self) -> None:
        """Replace `~` in the root by the home folder; refuse names that lead elsewhere."""
        self.root = home_folder.expand_home(self.root)
        parts = Path(self.name).parts
        if not parts or Path(self.name).is_absolute() or ".." in parts:
            raise UserError(
                f"run.name is {self.name!r}: give a name, or one below another, such as mnist/first."
            )


def find_run_folder(checkpoint: str | Path) -> Path | None:
    """The run folder that a checkpoint lies in, if it lies in one."""
    folder = Path(checkpoint).resolve().parent.parent
    return folder if (folder / "config.yaml").is_file() else None


def rename_for_data(run: str, declared: str, actual: str) -> str:
    """A run's name that says what it learned from."""
    return run.replace(declared, actual) if declared in run else f"{run}_{actual}"
