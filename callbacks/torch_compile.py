"""Networks that torch.compile translates, where that is possible."""

from functools import partial
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_info
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError

NO_SECOND = (
    "this model differentiates D's gradient, and compiled functions have no second derivative"
)


class TorchCompile(Callback):
    """Compiles G and D in place before the first step; what is evaluated stays as it was written.

    The modules stay what they are: `state_dict` has the same keys, so that checkpoints are exchanged with those of
    runs without it, and `sample` and `evaluate` do not know of it. Only passes in training mode are compiled. Random
    numbers are drawn by the same kernels, in the same order, from the same generator as ever. Sums are made
    in another order: a model is equal to rounding, not bit for bit. In mnist_parzen.yaml the weights are 6e-7 of their
    norm apart after one step on one CPU thread, and 6e-6 after five; a model of this kind lets any rounding grow
    (docs/performance.md).

    D stays as it is where the model differentiates it twice, because torch's compiled functions have no second
    derivative; G is compiled all the same.

    Args:
        graphs: record CUDA graphs, which saves the time of launching kernels; a CUDA device only.

    Raises:
        ValueError: at the start, if there is no CUDA device for `graphs`, or no C++ compiler on a CPU.
    """

    def __init__(self, graphs: bool = False) -> None:
        self.graphs = graphs

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say what is compiled, and let the first passes do it."""
        self.check(pl_module.device.type)
        model: Any = pl_module
        networks = {"G": model.generator}
        if model.needs_double_backward:
            left = f"; D is not, because {NO_SECOND}"
        else:
            networks["D"], left = model.discriminator, ""
        for network in networks.values():
            compile_training(network, **self.settings())
        rank_zero_info(f"{' and '.join(networks)} will be compiled at the first steps{left}.")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """As they were."""
        for network in (pl_module.generator, pl_module.discriminator):
            network._compiled_call_impl = None  # type: ignore[union-attr]

    def settings(self) -> dict[str, Any]:
        """What `torch.compile` is told."""
        return {"options": {"fallback_random": True, "triton.cudagraphs": self.graphs}}

    def check(self, device: str) -> None:
        """Whether this machine can."""
        if self.graphs and device != "cuda":
            raise UserError(
                f"Compiled with graphs: CUDA graphs need a CUDA device, and this run is on {device}: leave graphs out."
            )
        if device == "cpu" and not has_compiler():
            raise UserError(
                "Compiled needs a C++ compiler on a CPU, and there is none: install g++, name another one in CXX, or "
                "leave callbacks/torch_compile.yaml out."
            )


def compile_training(network: nn.Module, **settings: Any) -> None:
    """Compile a module's passes in training mode; others would be compiled anew for every size of a batch."""
    network.compile(**settings)
    network._compiled_call_impl = partial(_in_training, network, network._compiled_call_impl)


def _in_training(network: nn.Module, compiled: Any, *inputs: Tensor) -> Any:
    return compiled(*inputs) if network.training else network._call_impl(*inputs)


def has_compiler() -> bool:
    """Whether inductor finds one."""
    from torch._inductor.cpp_builder import get_cpp_compiler  # slow to import
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        return bool(get_cpp_compiler())
    except InvalidCxxCompiler:
        return False
