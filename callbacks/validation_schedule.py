"""When a validation is due."""

from math import inf

from pytorch_lightning import Trainer


def validation_is_due(trainer: Trainer) -> bool:
    """Whether the settings ask for a validation after this minibatch; the one before a stop is not asked for."""
    loop, every = trainer.fit_loop, trainer.check_val_every_n_epoch
    interval = trainer.val_check_batch
    if not trainer.enable_validation or interval is None:  # None: by the clock
        return False
    if every is not None and (trainer.current_epoch + 1) % every:
        return False
    if interval == inf:
        return bool(trainer.is_last_batch)
    seen = loop.total_batch_idx if every is None else loop.batch_idx
    return (seen + 1) % interval == 0
