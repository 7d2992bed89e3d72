"""TorchCompile trains the same model up to rounding, and leaves D out where it is differentiated twice."""

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
    """Callback that runs dynamo's traced graphs without a compiler."""

    def get_settings(self):
        return {"backend": self.counting}

    def __init__(self):
        super().__init__()
        self.graphs_run = 0

    def counting(self, graph, inputs):
        def run(*args):
            self.graphs_run += 1
            return graph(*args)

        return run


def train(name, *more, steps=6, **arguments):
    torch.manual_seed(0)
    model = MODELS[name](d_optimizer=sgd, g_optimizer=sgd)
    fit(model, 1, steps, callbacks=list(more), **arguments)
    return model


@pytest.fixture(autouse=True)
def reset_dynamo():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def test_traced_training_is_equal_bit_for_bit():
    name, traced = "GAN, dropout and noise", Traced()
    plain, compiled = train(name), train(name, traced)
    assert traced.graphs_run > 0
    assert largest_difference(plain.state_dict(), compiled.state_dict()) == 0


def test_a_run_resumes_from_a_run_without_the_callback_and_back(tmp_path):
    name = "GAN, dropout and noise"
    expected = train(name, steps=6).state_dict()
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
                warnings.simplefilter("ignore")  # dynamo warns about reads of .grad
                run.fit(model, Images(), ckpt_path=path)
        assert model.state_dict().keys() == expected.keys()
        assert largest_difference(model.state_dict(), expected) == 0


def test_d_is_not_compiled_where_it_is_differentiated_twice(subtests):
    for name in ["R1 and R2, lazy", "unrolled", "least squares"]:
        with subtests.test(name=name), pytest.MonkeyPatch.context() as monkeypatch:
            lines, compiled = [], []
            monkeypatch.setattr(callbacks.torch_compile, "rank_zero_info", lines.append)
            monkeypatch.setattr(
                callbacks.torch_compile,
                "compile_training",
                lambda network, **_: compiled.append(network),
            )
            model = train(name, Traced(), steps=2)
            assert compiled == [model.generator] + [model.discriminator] * (name not in TWICE)
            assert ("D is not, because" in lines[0]) == (name in TWICE)
            assert len(lines) == 1


def test_every_model_states_whether_it_differentiates_d_twice():
    assert {name for name, new in MODELS.items() if new().needs_double_backward} == TWICE


def test_a_replay_of_compiled_networks_does_not_require_equal_bits(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flight, other = crash_run(tmp_path, Traced(), ChangeAt(6, spoil_pixel))
    assert flight["crash"]["compiled"]
    flight["crash"]["norms"] *= 1 + 1e-6  # a rounding difference
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
    with pytest.raises(ValueError, match="needs a CUDA device, but this run is on cpu"):
        train("least squares", TorchCompile(graphs=True), steps=1)
    monkeypatch.setenv("CXX", "no-such-compiler")
    missing = torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")})
    with missing, pytest.raises(ValueError, match=r"needs a C\+\+ compiler on a CPU and found"):
        train("least squares", TorchCompile(), steps=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["GAN, dropout and noise", "R1 and R2, lazy"])
def test_compiled_training_is_equal_to_rounding(name):
    steps = 50
    plain = train(name, steps=steps).state_dict()
    compiled = train(name, TorchCompile(), steps=steps).state_dict()
    start = train(name, steps=0).state_dict()
    assert largest_difference(plain, start) > 1e-2
    assert largest_difference(plain, compiled) < 1e-5


def test_the_overlay_config_compiles_an_experiment(command, monkeypatch):
    lines = []
    monkeypatch.setattr(callbacks.torch_compile, "rank_zero_info", lines.append)
    monkeypatch.setattr(TorchCompile, "get_settings", lambda self: {"backend": "eager"})
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
