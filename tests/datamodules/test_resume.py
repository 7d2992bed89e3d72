"""A resumed run uses the same batches as an uninterrupted one."""

import re
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

import datamodules

BATCHES = 10  # per epoch, of the tiny data

# warning of pytorch-lightning 2.6 with torch 2.15
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")


class RecordImages(LightningModule):
    """Module that records the indices of its images and does not learn."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen, self.validated = [], []

    def training_step(self, batch, batch_idx):
        self.seen.append(ids(batch))
        return self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.validated.append(ids(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class StopAfterBatch(Callback):
    """Callback that saves and stops after the nth batch."""

    def __init__(self, n, path):
        self.n, self.path = n, path

    def on_train_batch_end(self, trainer, module, *_):
        if len(module.seen) == self.n:
            self.save(trainer)

    def save(self, trainer):
        trainer.save_checkpoint(self.path)
        trainer.should_stop = True


class StopAfterEpoch(StopAfterBatch):
    """Callback that saves and stops at the end of the epoch of the nth batch."""

    def on_train_batch_end(self, *_):
        pass

    def on_train_epoch_end(self, trainer, module):
        if len(module.seen) >= self.n and not trainer.should_stop:
            self.save(trainer)


class StopAfterValidation(StopAfterEpoch):
    """Callback that saves and stops at the end of the validation after that epoch."""

    def on_validation_end(self, trainer, module):
        super().on_train_epoch_end(trainer, module)

    def on_train_epoch_end(self, *_):
        pass


def ids(batch):
    return tuple(batch[0].double().sum((1, 2, 3)).tolist())


def make_trainer(**options):
    return Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        **{"max_epochs": 3, "num_sanity_val_steps": 0, **options},
    )


def run(data, callbacks=(), ckpt_path=None, **options):
    """Fit for three epochs and return the module."""
    reader = RecordImages()
    trainer = make_trainer(callbacks=list(callbacks), **options)
    trainer.fit(reader, datamodule=data, ckpt_path=ckpt_path)
    return reader


@pytest.mark.parametrize("options", [{}, {"limit_train_batches": 7}, {"val_check_interval": 5}])
@pytest.mark.parametrize("stop", [StopAfterBatch, StopAfterEpoch, StopAfterValidation])
@pytest.mark.parametrize("n", [1, 7, BATCHES, BATCHES + 6, 2 * BATCHES])
def test_a_resumed_run_uses_the_batches_of_an_uninterrupted_one(tiny, tmp_path, n, stop, options):
    path = str(tmp_path / "stopped.ckpt")
    whole = run(tiny(), **options).seen
    before = run(tiny(), [stop(n, path)], **options).seen
    after = run(tiny(seed=99), ckpt_path=path, **options).seen
    assert len(whole) == 3 * options.get("limit_train_batches", BATCHES)
    assert len(before) >= n
    assert before + after == whole


def test_a_run_can_be_stopped_and_resumed_twice(tiny, tmp_path):
    first, second = str(tmp_path / "1.ckpt"), str(tmp_path / "2.ckpt")
    whole = run(tiny()).seen
    seen = run(tiny(), [StopAfterBatch(4, first)]).seen
    seen += run(tiny(), [StopAfterBatch(9, second)], ckpt_path=first).seen
    assert len(seen) == 13
    assert seen + run(tiny(), ckpt_path=second).seen == whole


def test_a_finished_run_is_continued_with_the_next_epoch(tiny, tmp_path):
    path = str(tmp_path / "last.ckpt")
    whole = run(tiny()).seen
    done = run(tiny(), [StopAfterEpoch(2 * BATCHES, path)], max_epochs=2).seen
    assert done + run(tiny(), ckpt_path=path).seen == whole


def test_validation_within_an_epoch_does_not_change_the_order(tiny, tmp_path):
    path = str(tmp_path / "stopped.ckpt")
    whole = run(tiny(), val_check_interval=3, num_sanity_val_steps=1).seen
    assert whole == run(tiny()).seen
    before = run(tiny(), [StopAfterBatch(6, path)], val_check_interval=3).seen
    assert before + run(tiny(), ckpt_path=path, val_check_interval=3).seen == whole


def test_the_state_has_plain_numbers_and_counts_the_last_batch_as_the_next_epoch(ready):
    loader = ready.train_dataloader()
    states = [loader.state_dict() for _ in loader]
    assert states[6] == {"seed": 1, "epoch": 0, "position": 7}
    assert states[-1] == {"seed": 1, "epoch": 1, "position": 0}


def test_a_checkpoint_loads_with_weights_only(tiny, tmp_path):
    path = str(tmp_path / "stopped.ckpt")
    run(tiny(), [StopAfterBatch(3, path)])
    state = torch.load(path, weights_only=True)["loops"]["fit_loop"]["state_dict"]
    assert state["combined_loader"] == [{"seed": 1, "epoch": 0, "position": 3}]


def test_with_limited_batches_the_next_epoch_continues_with_unused_images(tiny):
    seen = run(tiny(), limit_train_batches=5, max_epochs=2).seen
    assert len({image for batch in seen for image in batch}) == 50


def test_overfitting_repeats_the_same_batches(tiny):
    seen = run(tiny(), overfit_batches=2, max_epochs=3).seen
    assert len(seen) == 6
    assert seen[:2] == seen[2:4] == seen[4:]


def test_loaders_that_are_reloaded_each_epoch_do_not_repeat_the_first(tiny):
    assert run(tiny(), reload_dataloaders_every_n_epochs=1).seen == run(tiny()).seen


def test_limited_validation_always_begins_with_the_first_image(tiny):
    validated = run(tiny(), limit_val_batches=1).validated
    assert len(validated) == 3
    assert len(set(validated)) == 1


def test_iterating_the_loader_during_a_fit_changes_nothing(tiny):
    class Peek(Callback):
        def on_train_batch_end(self, trainer, *_):
            next(iter(trainer.datamodule.train_dataloader()))

        on_train_epoch_end = on_fit_start = on_train_batch_end

    assert run(tiny(), [Peek()]).seen == run(tiny()).seen


def test_a_second_fit_of_the_same_trainer_continues(tiny):
    whole = run(tiny()).seen
    data, reader = tiny(), RecordImages()
    trainer = make_trainer(max_epochs=1)
    trainer.fit(reader, datamodule=data)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(reader, datamodule=data)
    assert reader.seen == whole


def test_validating_a_checkpoint_does_not_change_the_seed(tiny, tmp_path):
    path = str(tmp_path / "stopped.ckpt")
    run(tiny(), [StopAfterBatch(3, path)])
    data = tiny(seed=99)
    make_trainer().validate(RecordImages(), datamodule=data, ckpt_path=path, verbose=False)
    assert data.seed == 99


def test_a_resumed_run_uses_the_triples_of_an_uninterrupted_one(
    stacked, tmp_path_factory, subtests
):
    for triples in [50, None]:
        with subtests.test(triples=triples), pytest.MonkeyPatch.context() as monkeypatch:
            tmp_path = tmp_path_factory.mktemp("row")
            monkeypatch.setattr("datamodules.stacked_mnist.EPOCH", 50)
            monkeypatch.setattr("datamodules.stacked_mnist.HELD_OUT", 10)
            whole = run(stacked(triples=triples)).seen
            for n in (4, 10, 13):
                path = str(tmp_path / f"{n}.ckpt")
                before = run(stacked(triples=triples), [StopAfterBatch(n, path)]).seen
                after = run(stacked(triples=triples, seed=99), ckpt_path=path).seen
                assert before + after == whole


def test_a_batch_depends_on_seed_epoch_and_position_only(ready):
    loader = ready.train_dataloader()
    stream = [ids(batch) for _ in range(3) for batch in loader]
    for place in (0, 3, BATCHES - 1, BATCHES, 2 * BATCHES + 4):
        torch.manual_seed(place)
        loader = ready.train_dataloader()
        loader.load_state_dict({"seed": 1, "epoch": place // BATCHES, "position": place % BATCHES})
        assert ids(next(iter(loader))) == stream[place]


def test_no_data_module_has_workers():
    """Random states and prefetched batches of workers would not be in a checkpoint."""
    for file in Path(datamodules.__file__).parent.glob("*.py"):
        assert not re.search(r"torch\.utils\.data|\bDataLoader\b|num_workers", file.read_text()), (
            file
        )
