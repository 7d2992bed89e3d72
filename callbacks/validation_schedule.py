"""Schedule of validations: whether one is due, and how a resumed run starts with one."""

from math import inf

import torch
from pytorch_lightning import Trainer


def validation_is_due(trainer: Trainer) -> bool:
    """Return whether the Trainer's settings ask for a validation after this minibatch; a stop's own does not count."""
    loop, every = trainer.fit_loop, trainer.check_val_every_n_epoch
    interval = trainer.val_check_batch
    if not trainer.enable_validation or interval is None:  # None: scheduled by time
        return False
    if every is not None and (trainer.current_epoch + 1) % every:
        return False
    if interval == inf:
        return bool(trainer.is_last_batch)
    index = loop.total_batch_idx if every is None else loop.batch_idx
    return (index + 1) % interval == 0


def validate_first(trainer: Trainer, metrics: dict[str, float]) -> None:
    """Run the validation that was due when the run was saved.

    Args:
        trainer: Trainer of the resumed run, before its first minibatch.
        metrics: Training metrics that callbacks could monitor at that validation.
    """
    trainer._logger_connector._callback_metrics.update(
        {key: torch.tensor(value) for key, value in metrics.items()}
    )
    loop = trainer.fit_loop.epoch_loop
    trainer.validating = True
    loop.val_loop.run()
    loop.val_loop._has_run = False  # else the loop of a complete epoch ends without a batch
    trainer.training = True
