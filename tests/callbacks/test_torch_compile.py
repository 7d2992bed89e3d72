"""Compiled networks: the same model to rounding, the same checkpoints, and D as it was where that has to be."""

import warnings

import pytest
import torch
from process_group import MODELS, Images, fit, largest_difference, quiet_trainer, sgd
from test_replay import ChangeAt, crash_run, spoil_pixel
from torch import nn

import callbacks
import callbacks.torch_compile
from callbacks import Checkpoints, TorchCompile
from lightning_gan.debugging.replay import describe_replay, replay_steps

TWICE = {name for name in MODELS if "R1" in name or "penalty" in name or "unrolled" in name} | {
    "BatchNorm"
}


class Traced(TorchCompile):
    """As it is, but what dynamo traced is run as it stands: no compiler."""

    def settings(self):
        return {"backend": self.counting}

    def __init__(self):
        super().__init__()
        self.graphs_run = 0

    def counting(self, graph, inputs):
        def run(*args):
            self.graphs_run += 1
            return graph(*args)

        return run


def played(name, *more, steps=6, **arguments):
    torch.manual_seed(0)
    model = MODELS[name](d_optimizer=sgd, g_optimizer=sgd)
    fit(model, 1, steps, callbacks=list(more), **arguments)
    return model


@pytest.fixture(autouse=True)
def nothing_is_left():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def test_a_traced_game_is_the_game_bit_for_bit():
    name, traced = "GAN, dropout and noise", Traced()
    plain, compiled = played(name), played(name, traced)
    assert traced.graphs_run > 0
    assert largest_difference(plain.state_dict(), compiled.state_dict()) == 0


def test_it_can_go_on_from_a_run_without_it_and_back(tmp_path):
    name = "GAN, dropout and noise"
    whole = played(name, steps=6).state_dict()
    for first, then in ((None, Traced), (Traced, None)):
        folder = tmp_path / str(first)
        for steps, kind, path in ((3, first, None), (6, then, folder / "checkpoints/last.ckpt")):
            torch.manual_seed(0)
            model = MODELS[name](d_optimizer=sgd, g_optimizer=sgd)
            more = [
                callbacks.RNGState(),
                Checkpoints(every_n_steps=3),
                *([kind()] if kind else []),
            ]
            run = quiet_trainer(
                1,
                max_steps=steps,
                callbacks=more,
                default_root_dir=folder,
                enable_checkpointing=True,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # dynamo's own, of gradients that it looks at
                run.fit(model, Images(), ckpt_path=path)
        assert model.state_dict().keys() == whole.keys()
        assert largest_difference(model.state_dict(), whole) == 0


def test_d_stays_as_it_is_where_it_is_differentiated_twice(subtests):
    for name in ["R1 and R2, lazy", "unrolled", "least squares"]:
        with subtests.test(name=name), pytest.MonkeyPatch.context() as monkeypatch:
            message, seen = [], []
            monkeypatch.setattr(callbacks.torch_compile, "rank_zero_info", message.append)
            monkeypatch.setattr(
                callbacks.torch_compile,
                "compile_training",
                lambda network, **_: seen.append(network),
            )
            model = played(name, Traced(), steps=2)
            assert seen == [model.generator] + [model.discriminator] * (name not in TWICE)
            assert ("D is not, because" in message[0]) == (name in TWICE)
            assert len(message) == 1


def test_every_game_knows_whether_it_differentiates_d_twice():
    assert {name for name, new in MODELS.items() if new().needs_double_backward} == TWICE


def test_a_replay_of_compiled_players_does_not_ask_for_the_same_bits(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flight, other = crash_run(tmp_path, Traced(), ChangeAt(6, spoil_pixel))
    assert flight["crash"]["compiled"]
    flight["crash"]["norms"] *= 1 + 1e-6  # as rounding would
    found = replay_steps(flight, other)
    assert found.suspect[:2] == (7, "minibatch")
    assert "networks were compiled" in describe_replay(found, flight["crash"], "cpu")


def test_only_passes_in_training_mode_are_compiled():
    ran = []
    network = nn.Linear(2, 2)

    def backend(graph, inputs):
        return lambda *args: ran.append(1) or graph(*args)

    callbacks.torch_compile.compile_training(network, backend=backend)
    x = torch.ones(1, 2)
    trained = network.train()(x)
    assert len(ran) == 1
    torch.testing.assert_close(network.eval()(x), trained, rtol=0, atol=0)
    assert len(ran) == 1


def test_graphs_need_cuda_and_a_cpu_needs_a_compiler(monkeypatch):
    with pytest.raises(ValueError, match="CUDA graphs need a CUDA device, and this run is on cpu"):
        played("least squares", TorchCompile(graphs=True), steps=1)
    monkeypatch.setenv("CXX", "no-such-compiler")
    missing = torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")})
    with missing, pytest.raises(ValueError, match=r"needs a C\+\+ compiler on a CPU, and there is"):
        played("least squares", TorchCompile(), steps=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["GAN, dropout and noise", "R1 and R2, lazy"])
def test_a_compiled_game_is_the_game_to_rounding(name):
    steps = 50
    plain = played(name, steps=steps).state_dict()
    compiled = played(name, TorchCompile(), steps=steps).state_dict()
    start = played(name, steps=0).state_dict()
    assert largest_difference(plain, start) > 1e-2
    assert largest_difference(plain, compiled) < 1e-5


def test_the_overlay_lies_on_an_experiment(command, monkeypatch):
    lines = []
    monkeypatch.setattr(callbacks.torch_compile, "rank_zero_info", lines.append)
    monkeypatch.setattr(TorchCompile, "settings", lambda self: {"backend": "eager"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ended = command(
            "fit", "--config", "small.yaml", "--config", "callbacks/torch_compile.yaml", "--trainer.max_steps", "2"
        )  # fmt: skip
    assert ended.status == 0, ended.err
    assert lines == ["G and D will be compiled at the first steps."]
    (last,) = (command.folder / "runs").rglob("last.ckpt")
    ended = command("sample", "--ckpt_path", str(last), "--num_samples", "2", "--out", "drawn")
    assert ended.status == 0, ended.err
