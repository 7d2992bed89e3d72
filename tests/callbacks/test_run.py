"""Callbacks of a whole run: checkpoints, random generators, sample grids and curves."""

import random
import resource
from types import SimpleNamespace

import pytest
import torch
from model_factory import Batches, Pixels, make_model, trainer
from pytorch_lightning import Callback

import callbacks
from callbacks.rng_state import read_rng_states
from lightning_gan.models import SimultaneousGAN
from lightning_gan.utils import images


def list_checkpoints(folder):
    return sorted(p.name for p in (folder / "checkpoints").iterdir())


def test_checkpoints_are_numbered_by_updates_of_g(tmp_path_factory, subtests):
    for k in [1, 2, 5]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            keeps = callbacks.Checkpoints(every_n_steps=2, keep=0)
            trainer(tmp_path, max_steps=5, callbacks=[keeps], enable_checkpointing=True).fit(
                make_model(k=k), Batches(7)
            )
            files = ["last.ckpt", "step=2.ckpt", "step=4.ckpt", "step=5.ckpt"]
            assert list_checkpoints(tmp_path) == files
            for step in (2, 4, 5):
                saved = torch.load(
                    tmp_path / "checkpoints" / f"step={step}.ckpt", weights_only=True
                )
                assert saved["global_step"] == saved["counts"]["g_updates"] == step
                assert saved["counts"]["d_updates"] == k * step


def test_only_the_newest_are_kept(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=1, keep=2)
    trainer(tmp_path, max_steps=5, callbacks=[keeps], enable_checkpointing=True).fit(
        make_model(), Batches(7)
    )
    assert list_checkpoints(tmp_path) == ["last.ckpt", "step=4.ckpt", "step=5.ckpt"]


class LimitFileSize(Callback):
    """Callback that limits the size of files during one step; the system's error is like that of a full disk."""

    def __init__(self, step, most):
        self.step, self.most = step, most

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step + 1 == self.step:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.most, resource.RLIM_INFINITY))

    def on_train_epoch_end(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    on_exception = on_train_epoch_end


def test_a_full_disk_loses_a_checkpoint_but_not_the_run(tmp_path):
    keeps = callbacks.Checkpoints(every_n_steps=2, keep=0)
    full = LimitFileSize(step=4, most=1000)
    run = trainer(tmp_path, max_steps=4, callbacks=[full, keeps], enable_checkpointing=True)
    gan = make_model()
    with pytest.warns(UserWarning, match=r"step=4\.ckpt was not saved \(File too large\)"):
        run.fit(gan, Batches(7))
    assert run.global_step == 4
    assert list_checkpoints(tmp_path) == ["last.ckpt", "step=2.ckpt"]
    for name in list_checkpoints(tmp_path):
        saved = torch.load(tmp_path / "checkpoints" / name, weights_only=True)
        assert saved["counts"]["g_updates"] == 2


@pytest.mark.parametrize("kind", [{"k": 1}, {"k": 2}, {"kind": SimultaneousGAN}], ids=str)
@pytest.mark.parametrize("stop", [1, 3])
def test_a_resumed_run_equals_an_uninterrupted_run(kind, stop, tmp_path):
    def run(steps, folder, ckpt_path=None, seed=0):
        gan = make_model(ema_half_life=9.0, **kind)
        torch.manual_seed(seed)
        keeps = [callbacks.Checkpoints(every_n_steps=1), callbacks.RNGState()]
        run = trainer(folder, max_steps=steps, callbacks=keeps, enable_checkpointing=True)
        # one epoch: this loader does not resume
        run.fit(gan, Batches(100), ckpt_path=ckpt_path)
        return gan.state_dict()

    expected = run(5, tmp_path / "whole")
    run(stop, tmp_path / "part")
    consumed = stop * kind.get("k", 1)
    batches_iter = Batches.__iter__

    def iterate_rest(self):
        for i, batch in enumerate(batches_iter(self)):
            if i >= consumed:
                yield batch

    last = tmp_path / "part" / "checkpoints" / "last.ckpt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batches, "__iter__", iterate_rest)
        resumed = run(5, tmp_path / "again", last, seed=99)
    torch.testing.assert_close(resumed, expected, rtol=0, atol=0)


CPU = SimpleNamespace(device=torch.device("cpu"))


def test_all_processes_start_with_the_generators_of_rank_0():
    torch.manual_seed(7)
    random.seed(7)
    first = iter(read_rng_states(torch.device("cpu")).values())
    strategy = SimpleNamespace(broadcast=lambda own: next(first))
    expected = torch.get_rng_state(), random.getstate()
    torch.manual_seed(8)
    random.seed(8)
    callbacks.RNGState().on_fit_start(SimpleNamespace(world_size=2, strategy=strategy), CPU)
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert random.getstate() == expected[1]


def test_a_run_resumes_on_another_number_of_processes(subtests):
    for processes in [1, 2, 5]:
        with subtests.test(processes=processes):
            torch.manual_seed(7)
            states = torch.get_rng_state().expand(processes, -1).clone()
            torch.manual_seed(8)
            rng_state = callbacks.RNGState()
            rng_state.on_load_checkpoint(None, CPU, {"random_states": {"cpu": states}})
            rng_state.on_train_start(SimpleNamespace(world_size=2, global_rank=1), CPU)
            assert torch.equal(torch.get_rng_state(), states[0])


def test_drawing_does_not_change_training(tmp_path):
    plots = [
        callbacks.SampleGrid(num=4, columns=2, every_n_steps=2),
        callbacks.NearestNeighbours(2, 2),
        callbacks.TrainingCurves(),
    ]
    states = []
    for observers in ([], plots):
        gan = make_model(ema_half_life=9.0)
        trainer(tmp_path, max_steps=5, callbacks=observers).fit(gan, datamodule=Pixels())
        states.append(gan.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_the_grid_shows_the_same_noise_over_training(tmp_path):
    grid = callbacks.SampleGrid(num=4, columns=2, every_n_steps=2)
    gan = make_model()
    trainer(tmp_path, max_steps=4, callbacks=[grid]).fit(gan, datamodule=Pixels())
    assert grid.animation.steps == [0, 2, 4]
    files = sorted((tmp_path / "images" / "samples").iterdir())
    first, _, last = map(images.load_image, files)
    assert not torch.equal(first, last)
    again = callbacks.SampleGrid(num=4, columns=2)
    again.add_image(trainer(tmp_path / "again"), gan)
    (file,) = (tmp_path / "again" / "images" / "samples").iterdir()
    assert torch.equal(images.load_image(file), last)


def test_invalid_settings_are_errors(subtests):
    for make, message in [
        (lambda: callbacks.Checkpoints(every_n_steps=0), "every_n_steps is 0; give"),
        (lambda: callbacks.SampleGrid(num=0), "num is 0; give"),
        (lambda: callbacks.NearestNeighbours(rows=0), "rows is 0; give"),
    ]:
        with subtests.test(make=make, message=message):
            with pytest.raises(ValueError, match=message):
                make()
