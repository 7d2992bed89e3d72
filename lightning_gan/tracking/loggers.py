"""Loggers of a run: metrics.csv and W&B."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import yaml
from pytorch_lightning.loggers import Logger, WandbLogger
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from lightning_gan.tracking import config_hash, run_info
from lightning_gan.tracking.metrics_csv import MetricsLogger
from lightning_gan.tracking.wandb_mode import WandbMode
from lightning_gan.tracking.wandb_server import find_unreachable_reason
from lightning_gan.utils.errors import UserError


def make_loggers(
    root: str,
    name: str,
    wandb: WandbMode | None,
    config: dict[str, Any],
    version: str | None = None,
    keep: int = 0,
    facts: dict[str, Any] | None = None,
) -> list[Logger]:
    """Construct the loggers of a run and create its folder.

    Args:
        root: Folder of all runs.
        name: Name of the experiment.
        wandb: Requested mode of W&B; the environment variable WANDB_MODE overrides it. None disables W&B, whatever
            WANDB_MODE is.
        config: Configuration of the run, for W&B.
        version: Name of the folder of a resumed run; a new folder if None.
        keep: Number of rows of an existing metrics.csv to keep.
        facts: Content of run.json, from `collect_run_info`; without it, no run.json is written.

    Returns:
        The CSV logger, whose folder is the run folder, then W&B unless it is disabled.
    """
    first = not rank_zero_only.rank  # type: ignore[attr-defined]
    mode = choose_wandb_mode(wandb) if first and wandb is not None else "disabled"
    if mode != "disabled":
        check_project()
    csv = MetricsLogger(root, name, version, keep)
    _ = csv.experiment  # creates the folder before anything else is written there
    facts = run_info.write_run_info(Path(csv.log_dir), facts) if first and facts else {}
    return (
        [csv]
        if mode == "disabled"
        else [csv, make_wandb_logger(name, mode, csv.log_dir, config, facts)]
    )


def choose_wandb_mode(asked: WandbMode) -> WandbMode:
    """Choose the mode of W&B.

    Args:
        asked: Requested mode; `auto` is online with a key and offline without one. WANDB_MODE overrides it.

    Raises:
        UserError: WANDB_MODE is not a mode of W&B.
    """
    mode = os.environ.get("WANDB_MODE") or asked
    if mode == "auto" and "WANDB_MODE" not in os.environ:
        import wandb

        try:
            return "online" if wandb.login(prompt=False, verify=False) else "offline"
        except (wandb.Error, ValueError) as error:
            print(f"W&B: {' '.join(str(error).split())}. Continuing offline.")
            return "offline"
    modes: dict[str, WandbMode] = {"dryrun": "offline", "run": "online"}
    modes |= {name: name for name in get_args(WandbMode) if name != "auto"}
    if mode not in modes:
        raise UserError(
            f"WANDB_MODE is {mode!r}: set it to online, offline or disabled, or unset it."
        )
    return modes[mode]


class TolerantWandbLogger(WandbLogger):
    """W&B logger that stops logging, without an error, when the W&B service has ended.

    SLURM signals every process of a job before its time limit. The W&B service ends then, before the run has logged
    its last metrics.
    """

    gone = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics; print one line if the service has ended."""
        self._tolerate(super().log_metrics, metrics, step)

    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        """Log images; print one line if the service has ended."""
        self._tolerate(super().log_image, key, images, step, **kwargs)

    def _tolerate(self, log: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        try:
            if not self.gone:
                log(*args, **kwargs)
        except OSError as error:
            self.gone = True
            print(f"W&B: the service has ended ({error}); training continues without it.")


def make_wandb_logger(
    name: str, mode: WandbMode, folder: str, config: dict[str, Any], facts: dict[str, Any]
) -> WandbLogger:
    """Construct a W&B logger in the run folder; it is offline if the server does not answer.

    Args:
        name: Name of the experiment.
        mode: online or offline.
        folder: Run folder.
        config: Configuration of the run.
        facts: Content of run.json.
    """
    import wandb

    if mode == "online" and (problem := find_unreachable_reason(wandb.setup().settings.base_url)):
        print(f"W&B: {problem}. Continuing offline.")
        mode = "offline"
    try:
        logger = _wandb_logger(name, mode, folder, config, facts)
    except (wandb.Error, ValueError) as error:
        if mode == "offline":
            raise
        print(f"W&B: {' '.join(str(error).split())}. Continuing offline.")
        wandb.teardown()  # otherwise the service still holds the run's id
        mode = "offline"
        logger = _wandb_logger(name, mode, folder, config, facts)
    if mode == "offline":
        print(f"W&B: offline; to upload later, wandb sync {logger.experiment.settings.sync_dir}")
    return logger


def check_project() -> None:
    """Check WANDB_PROJECT before the run folder is created.

    Raises:
        UserError: The name holds characters that W&B does not allow.
    """
    project = os.environ.get("WANDB_PROJECT", "")
    if refused := sorted(set(project) & set("/\\#?%:")):
        raise UserError(
            f"WANDB_PROJECT is {project!r}, but W&B does not allow {' '.join(refused)} in a project name: choose "
            f"another name (the team is set by WANDB_ENTITY)."
        )


def _wandb_logger(
    name: str, mode: WandbMode, folder: str, config: dict[str, Any], facts: dict[str, Any]
) -> WandbLogger:
    import wandb

    environment = os.environ
    about_run = {key: value for key, value in facts.items() if key != "wandb_id"}
    logger = TolerantWandbLogger(
        name=environment.get("WANDB_NAME", f"{name}-{Path(folder).name}"),
        project=environment.get("WANDB_PROJECT", "lightning-gan"),
        group=environment.get("WANDB_RUN_GROUP", name),
        job_type=environment.get("WANDB_JOB_TYPE", "fit"),
        id=environment.get("WANDB_RUN_ID") or facts.get("wandb_id"),  # a sweep's agent sets the id
        resume=environment.get("WANDB_RESUME", "allow"),
        save_dir=environment.get("WANDB_DIR", str(Path(folder).resolve())),
        mode=mode,
        settings=wandb.Settings(
            silent=True, init_timeout=8, login_timeout=8
        ),  # silent: `make_wandb_logger` prints the one line that the user needs
        config=yaml.safe_load(yaml.safe_dump(config))
        | {"about": about_run, "recipe": config_hash.hash_config(config)},
        tags=make_tags(facts),
    )
    logger._wandb_init.pop("anonymous", None)  # Lightning always passes it, and wandb warns
    _ = logger.experiment  # starts wandb here, where the caller handles its errors
    return logger


def make_tags(facts: dict[str, Any]) -> list[str]:
    """Return the tags of a run: WANDB_TAGS if set, else data set, objective and model.

    W&B allows 64 characters in a tag.
    """
    if given := os.environ.get("WANDB_TAGS"):
        return given.split(",")
    words = (facts.get("data", {}).get("name"), facts.get("objective"), facts.get("model"))
    return [str(word)[:64] for word in words if word]


def log_score_table(
    loggers: Sequence[Logger], stage: str, rows: Sequence[tuple[str, str, str]], step: int
) -> None:
    """Log the table of scores that the console shows to W&B.

    Args:
        loggers: Loggers of the run; only W&B loggers are used.
        stage: Stage, such as test.
        rows: Score, value and protocol of each line.
        step: Updates of G.
    """
    for logger in loggers:
        if isinstance(logger, WandbLogger) and rows:
            columns = ["score", "value", "protocol"]
            data = [list(row) for row in rows]
            logger.log_table(f"scores/{stage}", columns=columns, data=data, step=step)


def finish_wandb(seconds: float = 20) -> None:
    """Finish the W&B run, and wait at most some seconds for its server."""
    wandb = sys.modules.get("wandb")
    if wandb is None or wandb.run is None:
        return

    def finish() -> None:
        with suppress(OSError):  # the service has ended already
            wandb.finish()

    ending = Thread(target=finish, daemon=True)
    ending.start()
    ending.join(seconds)
