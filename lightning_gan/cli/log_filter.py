"""Filters for notices of other libraries that say nothing about a run."""

import logging
import warnings

NOTICES = (
    "litlogger", "GPU available", "TPU available", "HPU available", "Seed set to", "`Trainer.fit` stopped",
    "weights_only", "isinstance(treespec", "Restor", "Loaded model weights",
)  # fmt: skip


def _wanted(record: logging.LogRecord) -> bool:
    return not any(notice in record.getMessage() for notice in NOTICES)


def filter_logs() -> None:
    """Hide notices and warnings of Lightning that do not apply to this suite."""
    for name in (
        "pytorch_lightning.utilities.rank_zero",
        "lightning_fabric.utilities.rank_zero",
        "lightning_fabric.utilities.seed",
    ):
        logging.getLogger(name).addFilter(_wanted)
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec")
    # a login node has srun, but a run there need not use it; `doctor` reports it
    warnings.filterwarnings("ignore", message="The `srun` command is available on your system")
    # the files hold the state after the update, as intended
    warnings.filterwarnings(
        "ignore", message="Using ModelCheckpoint with manual optimization and every_n_train_steps"
    )
    warnings.filterwarnings("ignore", message="Checkpoint directory .*model_checkpoints exists")
    # the rows of the last, shorter interval are written at the end of the run
    warnings.filterwarnings(
        "ignore", message="The number of training batches .* is smaller than the logging interval"
    )
