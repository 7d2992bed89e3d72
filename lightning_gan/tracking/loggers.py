"""A run's loggers: metrics.csv always, W&B beside it."""

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
    """CSV first, because the first logger's folder is the run folder; then W&B unless it is disabled.

    Args:
        root: of all runs.
        name: of the experiment.
        wandb: what was asked, where WANDB_MODE goes before it; None for no W&B, whatever WANDB_MODE is.
        config: of the run, for W&B.
        version: of a run that goes on; a new one if it is not given.
        keep: rows of its metrics.csv that it goes on from.
        facts: that `about` gathers, for run.json and W&B; without them there is no such file.
    """
    first = not rank_zero_only.rank  # type: ignore[attr-defined]
    mode = choose_wandb_mode(wandb) if first and wandb is not None else "disabled"
    if mode != "disabled":
        check_project()
    csv = MetricsLogger(root, name, version, keep)
    _ = csv.experiment  # makes the folder, before anything else is written there
    facts = run_info.write_run_info(Path(csv.log_dir), facts) if first and facts else {}
    return (
        [csv]
        if mode == "disabled"
        else [csv, make_wandb_logger(name, mode, csv.log_dir, config, facts)]
    )


def choose_wandb_mode(asked: WandbMode) -> WandbMode:
    """WANDB_MODE if it is set; else as asked, where auto is online with a key and offline without.

    Raises:
        ValueError: if WANDB_MODE is no mode.
    """
    mode = os.environ.get("WANDB_MODE") or asked
    if mode == "auto" and "WANDB_MODE" not in os.environ:
        import wandb

        try:
            return "online" if wandb.login(prompt=False, verify=False) else "offline"
        except (wandb.Error, ValueError) as error:
            print(f"W&B: {' '.join(str(error).split())}. Going on offline.")
            return "offline"
    modes: dict[str, WandbMode] = {"dryrun": "offline", "run": "online"}
    modes |= {name: name for name in get_args(WandbMode) if name != "auto"}
    if mode not in modes:
        raise UserError(
            f"WANDB_MODE is {mode!r}: set it to online, offline or disabled, or leave it out."
        )
    return modes[mode]


class TolerantWandbLogger(WandbLogger):
    """Lightning's logger of W&B; one whose service is gone costs the dashboard, not the run.

    SLURM tells all processes of a job that time is up, and the service ends before the run has said its last.
    """

    gone = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log, or say once that nobody listens."""
        self._tolerate(super().log_metrics, metrics, step)

    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        """Log, or say once that nobody listens."""
        self._tolerate(super().log_image, key, images, step, **kwargs)

    def _tolerate(self, log: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        try:
            if not self.gone:
                log(*args, **kwargs)
        except OSError as error:
            self.gone = True
            print(f"W&B: its service is gone ({error}); the run goes on without it.")


def make_wandb_logger(
    name: str, mode: WandbMode, folder: str, config: dict[str, Any], facts: dict[str, Any]
) -> WandbLogger:
    """W&B in the run folder; a server that does not answer costs the dashboard, not the run."""
    import wandb

    if mode == "online" and (problem := find_unreachable_reason(wandb.setup().settings.base_url)):
        print(f"W&B: {problem}. Going on offline.")
        mode = "offline"
    try:
        logger = _wandb_logger(name, mode, folder, config, facts)
    except (wandb.Error, ValueError) as error:
        if mode == "offline":
            raise
        print(f"W&B: {' '.join(str(error).split())}. Going on offline.")
        wandb.teardown()  # else the service still holds the run's id
        mode = "offline"
        logger = _wandb_logger(name, mode, folder, config, facts)
    if mode == "offline":
        print(f"W&B: offline; to upload later, wandb sync {logger.experiment.settings.sync_dir}")
    return logger


def check_project() -> None:
    """Refuse a WANDB_PROJECT that W&B would refuse, before the run has a folder.

    Raises:
        ValueError: naming the characters.
    """
    project = os.environ.get("WANDB_PROJECT", "")
    if refused := sorted(set(project) & set("/\\#?%:")):
        raise UserError(
            f"WANDB_PROJECT is {project!r}, but W&B allows no {' '.join(refused)} there: choose another name; "
            f"WANDB_ENTITY names the team."
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
        id=environment.get("WANDB_RUN_ID") or facts.get("wandb_id"),  # an agent names its runs
        resume=environment.get("WANDB_RESUME", "allow"),
        save_dir=environment.get("WANDB_DIR", str(Path(folder).resolve())),
        mode=mode,
        settings=wandb.Settings(
            silent=True, init_timeout=8, login_timeout=8
        ),  # the one line that matters is ours
        config=yaml.safe_load(yaml.safe_dump(config))
        | {"about": about_run, "recipe": config_hash.hash_config(config)},
        tags=make_tags(facts),
    )
    logger._wandb_init.pop("anonymous", None)  # wandb warns of it, and Lightning always sends it
    _ = logger.experiment  # starts here, where a refusal can be answered
    return logger


def make_tags(facts: dict[str, Any]) -> list[str]:
    """What the user looks runs up by: data set, objective, model, or WANDB_TAGS; W&B allows 64 letters."""
    if given := os.environ.get("WANDB_TAGS"):
        return given.split(",")
    words = (facts.get("data", {}).get("name"), facts.get("objective"), facts.get("model"))
    return [str(word)[:64] for word in words if word]


def log_score_table(
    loggers: Sequence[Logger], stage: str, rows: Sequence[tuple[str, str, str]], step: int
) -> None:
    """The table of scores as it stands on the terminal, to W&B."""
    for logger in loggers:
        if isinstance(logger, WandbLogger) and rows:
            columns = ["score", "value", "protocol"]
            data = [list(row) for row in rows]
            logger.log_table(f"scores/{stage}", columns=columns, data=data, step=step)


def finish_wandb(seconds: float = 20) -> None:
    """End W&B's run before the process ends; a slow server costs no more than these seconds."""
    wandb = sys.modules.get("wandb")
    if wandb is None or wandb.run is None:
        return

    def finish() -> None:
        with suppress(OSError):  # the service is gone already
            wandb.finish()

    ending = Thread(target=finish, daemon=True)
    ending.start()
    ending.join(seconds)
