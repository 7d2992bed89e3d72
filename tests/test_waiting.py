"""Between two logged rows no training step reads a tensor value on the host, which would wait for the device."""

import traceback
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import torch
from process_group import MODELS, fit, plain, small_g
from pytorch_lightning import Callback
from torch.optim import SGD, Adam
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from callbacks import FlightRecorder, RNGState
from lightning_gan import GAN
from lightning_gan.losses import NonSaturating
from lightning_gan.priors import Uniform
from lightning_gan.training.optimizers import LinearDecay

OURS = str(Path(__file__).parents[1])
WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "_unique2"}
FETCHES = {"cpu", "numpy", "tolist", "item", "__bool__", "__float__", "__int__", "__index__"}
ASKS = {"coordinated"}  # the next update depends on D's logits
ON_THE_CPU = {  # by design: labels are checked on a CPU only, as torch does; masks are drawn there
    "/lightning_gan/models/conditional.py in encode_condition",
    "/lightning_gan/models/masks.py in propose",
}
fused = partial(
    Adam, lr=1e-3, fused=True
)  # without fused=True, Adam reads its step count on the CPU
momentum = partial(SGD, lr=0.01, momentum=0.5)


class ReadCounter:
    """Counter of the code lines that read a value on the host, while `on` is set."""

    def __init__(self):
        self.on, self.steps, self.seen = False, 0, Counter()

    def note(self, name):
        if self.on:
            frames = [f for f in traceback.extract_stack() if f.filename.startswith(OURS)]
            last = next(f for f in reversed(frames) if f.filename != __file__)
            where = f"{last.filename.removeprefix(OURS)} in {last.name}"
            if where not in ON_THE_CPU:
                self.seen[f"{name}: {where}, line {last.lineno}"] += 1


class Operations(TorchDispatchMode):
    """Mode that counts ATen operations which read values, called from Python or C++."""

    def __init__(self, looking):
        super().__init__()
        self.looking = looking

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket.__name__ in WAITS:
            self.looking.note(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


class Methods(TorchFunctionMode):
    """Mode that counts tensor methods which read values: on a CPU, `cpu()` calls no ATen operation."""

    def __init__(self, looking):
        super().__init__()
        self.looking = looking

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") in FETCHES:
            self.looking.note(func.__name__)
        return func(*args, **(kwargs or {}))


class Within(Callback):
    """Callback that counts from minibatch 3 until the last one starts; no row is logged there."""

    def __init__(self, looking, last):
        self.looking, self.last = looking, last

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        now = trainer.fit_loop.total_batch_idx
        self.looking.steps += 1
        self.looking.on = 3 <= now < self.last


def count_reads(model, last=8, **more):
    """Count the lines at which a model's steps read values on the host."""
    looking = ReadCounter()
    callbacks = [
        Within(looking, last),
        RNGState(),
        FlightRecorder(),
        *more.pop("callbacks", []),
    ]
    with Methods(looking), Operations(looking):
        fit(
            model,
            1,
            last + 1,
            log_every_n_steps=10**6,
            callbacks=callbacks,
            **more,
        )
    assert looking.steps > last
    return looking.seen


def test_no_step_of_any_model_reads_a_value(subtests):
    for name in sorted(set(MODELS) - ASKS):
        with subtests.test(name):
            torch.manual_seed(0)
            assert count_reads(MODELS[name](d_optimizer=momentum, g_optimizer=momentum)) == {}


def test_clipping_average_schedule_and_fused_optimizer_read_no_value():
    schedule = partial(LinearDecay, total=100)
    model = GAN(
        small_g(), plain(), NonSaturating(), Uniform(), 2, fused, fused, schedule, schedule, 100.0, 0.1, 0.1,
    )  # fmt: skip
    assert count_reads(model) == {}


class Peeping(Callback):
    """Callback that reads a loss on the host."""

    def __init__(self, peep):
        self.peep = peep

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.peep(pl_module.statistics.d_losses[-1])


def compare(loss):
    return loss > 0 and None


def test_a_callback_that_reads_a_loss_is_found(subtests):
    for peep in (float, bool, torch.Tensor.cpu, torch.Tensor.tolist, torch.nonzero, compare):
        with subtests.test(peep.__name__):
            assert count_reads(MODELS["clipping"](), callbacks=[Peeping(peep)])


@pytest.mark.gpu
def test_a_step_does_not_synchronize_with_the_device():
    class Strict(Within):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
            torch.cuda.set_sync_debug_mode("error" if self.looking.on else "default")

    looking = ReadCounter()
    model = MODELS["GAN, dropout and noise"](d_optimizer=fused, g_optimizer=fused)
    fit(
        model,
        1,
        9,
        accelerator="gpu",
        log_every_n_steps=10**6,
        callbacks=[Strict(looking, 8), FlightRecorder()],
    )
    assert looking.steps > 8
