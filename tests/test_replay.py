"""The flight recorder and `replay` name the first nonfinite tensor of models with known defects."""

import copy
import re
from pathlib import Path

import pytest
import torch
from model_factory import Batches, make_model, trainer
from pytorch_lightning import Callback
from torch.optim import SGD

from callbacks import FlightRecorder
from lightning_gan.debugging.replay import replay_steps
from lightning_gan.losses import NonSaturating
from lightning_gan.regularizers import R1
from lightning_gan.training.statistics import NonFiniteLossError


class ChangeAt(Callback):
    """Callback that changes the model or the batch before minibatch n, counted from 0."""

    def __init__(self, n, change):
        self.n, self.change = n, change

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == self.n:
            with torch.no_grad():
                self.change(pl_module, batch)


class LogOfZero(NonSaturating):
    """User-defined objective that takes the logarithm of 0 from the sixth update of G on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("left", torch.tensor(5.0))

    def d_loss(self, real, fake):
        return -(real.sigmoid() * self.left.clamp(0, 1)).log().mean()

    def g_loss(self, fake, real=None):
        self.left -= 1
        return super().g_loss(fake)


class DivisionByZero(LogOfZero):
    """Objective that divides by 0 on the CPU after five updates."""

    def d_loss(self, real, fake):
        return NonSaturating.d_loss(self, real, fake) * (1 / int(self.left))


class SteepRoot(NonSaturating):
    """Objective with a finite value and an infinite gradient: the square root at 0."""

    def d_loss(self, real, fake):
        return super().d_loss(real, fake) + (real - real.detach()).abs().sqrt().mean()


class Root(R1):
    """User-defined penalty that is NaN."""

    def term(self, score, x, x_fake):
        return super().term(score, x, x_fake) * torch.nan


def crash_run(folder, *changes, every=4, **arguments):
    """Train until an error; return the recording, and a model with the same networks and other weights."""
    made = {k: v if "optimizer" in k else v() for k, v in arguments.items() if k != "k"}
    made |= {"k": arguments.get("k", 1)}
    run = trainer(
        folder, max_steps=12, log_every_n_steps=every, callbacks=[*changes, FlightRecorder()]
    )
    networks, other = make_model(**made), make_model(**copy.deepcopy(made))
    with pytest.raises((NonFiniteLossError, ZeroDivisionError)) as caught:
        run.fit(networks, Batches(30))
    (path,) = Path(folder, "crash").iterdir()
    assert f"python -m lightning_gan replay {path}" in caught.value.__notes__[-1]
    with torch.no_grad():
        for p in other.parameters():
            p.add_(torch.randn_like(p))
    torch.manual_seed(99)
    return torch.load(path, weights_only=True), other


def spoil_pixel(gan, batch):
    batch[0][0, 0, 0, 0] = torch.inf


def spoil_weight(gan, batch):
    gan.generator.state_dict(keep_vars=True)["hidden.0.weight"][0, 0] = torch.inf


def spoil_data(gan, batch):
    gan.discriminator.network[0].weight.data[2, 1] = torch.nan


def make_sgd(lr):
    def make(params):
        return SGD(params, lr=lr)

    return make


CASES = {
    "a pixel of the minibatch": ([ChangeAt(6, spoil_pixel)], {}, 7, "minibatch", "tensor 0"),
    "a weight set by a callback": ([ChangeAt(6, spoil_weight)], {}, 7, "outside", "generator.hidden.0.weight"),
    "a weight set through .data": ([ChangeAt(2, spoil_data)], {}, 3, "outside", "discriminator.network.0.weight"),
    "in the interval's first step": ([ChangeAt(4, spoil_data)], {}, 5, "outside", "discriminator.network.0.weight"),
    "a schedule that ends at infinity": ([], {"g_optimizer": make_sgd(torch.inf)}, 1, "update", "generator.hidden.0"),
    "weights too large to multiply": ([], {"g_optimizer": make_sgd(1e38)}, 2, "forward", "generator.hidden.0 (Linear)"),
    "logits too large to add": (
        [], {"g_optimizer": make_sgd(1e20), "d_optimizer": make_sgd(1e20)}, 2,
        "forward", "discriminator.network.3 (Linear)",
    ),
    "a logarithm of 0": ([], {"loss": LogOfZero}, 6, "loss", "LogOfZero.d_loss"),
    "an infinite gradient": ([], {"loss": SteepRoot}, 1, "gradient", "discriminator.network.3.bias"),
    "a penalty that is NaN": ([], {"regularizers": lambda: [Root(1.0)]}, 1, "loss", "term r1"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Root takes D's gradient at each example, but BatchNorm")
def test_replay_names_the_first_nonfinite_tensor(tmp_path_factory, subtests):
    for case in CASES:
        with subtests.test(case=case):
            tmp_path = tmp_path_factory.mktemp("row")
            changes, arguments, step, kind, name = CASES[case]
            flight, other = crash_run(tmp_path, *changes, **arguments)
            found = replay_steps(flight, other)
            assert found.suspect[:2] == (step, kind)
            assert found.suspect.name.startswith(name)
            assert found.equal == found.compared


def test_a_replay_reaches_the_bad_step_bit_for_bit(tmp_path):
    """Two minibatches for D in each step, input noise, momentum and a weight average: every loss is equal."""
    flight, other = crash_run(tmp_path, ChangeAt(13, spoil_pixel), every=4, k=2)
    found = replay_steps(flight, other)
    assert flight["crash"]["step"] == found.suspect.step == 7
    assert flight["counts"]["g_updates"] == 4
    assert found.steps == 5
    assert found.compared == found.equal == 7  # five of D, two of G
    assert found.suspect.kind == "minibatch"


def test_a_replay_splits_minibatches_as_the_run_did(tmp_path):
    gan, other = make_model(), make_model()
    gan.microbatches = 2
    run = trainer(tmp_path, max_steps=9, log_every_n_steps=3, callbacks=[ChangeAt(7, spoil_pixel)])
    run.callbacks.append(FlightRecorder())
    with pytest.raises(NonFiniteLossError, match="step 8"):
        run.fit(gan, Batches(30, m=4))
    flight = torch.load(tmp_path / "crash/step=8.pt", weights_only=True)
    found = replay_steps(flight, other)
    assert other.microbatches == 2
    assert found.suspect.step == 8
    assert found.compared == found.equal == 2  # one of D, one of G


def test_a_memory_limit_keeps_one_minibatch(tmp_path):
    run = trainer(
        tmp_path, max_steps=12, log_every_n_steps=12, callbacks=[ChangeAt(6, spoil_pixel)]
    )
    run.callbacks.append(FlightRecorder(most_bytes=1))
    with pytest.raises(NonFiniteLossError, match="discriminator's loss became nan at step 7"):
        run.fit(make_model(), Batches(30))
    flight = torch.load(tmp_path / "crash/step=7.pt", weights_only=True)
    assert len(flight["crash"]["batches"]) == 1
    assert replay_steps(flight, make_model()).suspect.step == 7


def test_any_error_in_a_step_is_recorded_and_reproduced(tmp_path):
    flight, other = crash_run(tmp_path, loss=DivisionByZero)
    assert flight["crash"]["error"].startswith("ZeroDivisionError")
    assert flight["crash"]["step"] == 6
    found = replay_steps(flight, other)
    assert isinstance(found.raised, ZeroDivisionError)
    assert (found.steps, found.suspect) == (1, None)


def test_bad_input_leaves_no_crash_file(tmp_path):
    run = trainer(tmp_path, max_steps=5, callbacks=[ChangeAt(0, spoil_pixel), FlightRecorder()])
    with pytest.raises(ValueError, match="The minibatch has values"):
        run.fit(make_model(), Batches(9))
    assert not (tmp_path / "crash").exists()


def test_the_recorder_does_not_change_the_run(tmp_path):
    states = []
    for callbacks in ([], [FlightRecorder()], [FlightRecorder(most_bytes=1)]):
        gan = make_model(ema_half_life=5.0)
        trainer(tmp_path, max_steps=6, log_every_n_steps=3, callbacks=callbacks).fit(
            gan, Batches(4)
        )
        states.append(gan.state_dict())
    for other in states[1:]:
        torch.testing.assert_close(other, states[0], rtol=0, atol=0)


def test_the_command_names_the_tensor_of_a_run_that_stopped(command):
    rates = ("--model.d_optimizer", "torch.optim.SGD", "--model.d_optimizer.lr", "1e30")
    ended = command("fit", "--config", "small.yaml", "--trainer.callbacks", "[]", *rates)
    file = ended.err.strip().rpartition("python -m lightning_gan replay ")[2]
    assert Path(file).parent == Path("runs/small/version_0/crash")
    ended = command("replay", file)
    assert ended.status == 0, ended.err
    first, went, bad = ended.out.strip().splitlines()
    assert first.startswith(f"{file}: NonFiniteLossError: The ")
    losses = re.search(r"; (\d+) of (\d+) losses equal those of the run bit for bit", went)
    assert losses[1] == losses[2] != "0"
    assert re.match(
        r"first nonfinite tensor, at step \d+ \((forward|update|gradient)\): \w+\.", bad
    )
    older = torch.load(file, weights_only=True)
    del older["crash"]["touched"]
    torch.save(older, "older.pt")
    assert "older.pt was written by an older version" in command("replay", "older.pt").err
    Path("bad.pt").write_bytes(Path(file).read_bytes()[:-9])
    assert "bad.pt" in command("replay", "bad.pt").err
    command(
        "fit", "--config", "small.yaml", "--trainer.callbacks", "[]", "--trainer.max_steps", "1"
    )
    (last,) = Path("runs").rglob("last.ckpt")
    ended = command("replay", str(last))
    assert ended.err.startswith(f"error: {last} is a checkpoint and holds no minibatches")
