"""Keep the terminal for what the user needs: other libraries' advertisements and known notices stay out."""

import logging
import warnings

NOTICES = (
    "litlogger", "GPU available", "TPU available", "HPU available", "Seed set to", "`Trainer.fit` stopped",
    "weights_only", "isinstance(treespec", "Restor", "Loaded model weights",
)  # fmt: skip


def _wanted(record: logging.LogRecord) -> bool:
    return not any(notice in record.getMessage() for notice in NOTICES)


def filter_logs() -> None:
    """Filter notices of Lightning that say nothing about this run."""
    for name in (
        "pytorch_lightning.utilities.rank_zero",
        "lightning_fabric.utilities.rank_zero",
        "lightning_fabric.utilities.seed",
    ):
        logging.getLogger(name).addFilter(_wanted)
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec")
    # a login node has srun, and not every run there is meant for it; `doctor` says more
    warnings.filterwarnings("ignore", message="The `srun` command is available on your system")
    # here every file holds the state after the update, which is what is wanted
    warnings.filterwarnings(
        "ignore", message="Using ModelCheckpoint with manual optimization and every_n_train_steps"
    )
    warnings.filterwarnings("ignore", message="Checkpoint directory .*model_checkpoints exists")
    # a short run is no trouble here: what is left of the last interval is written at its end
    warnings.filterwarnings(
        "ignore", message="The number of training batches .* is smaller than the logging interval"
    )
