"""Compilation of G and D with torch.compile."""

from functools import partial
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_info
from torch import Tensor, nn

from lightning_gan.utils.errors import UserError

NO_SECOND = "this model needs a second derivative of D, which compiled functions do not have"


class TorchCompile(Callback):
    """Callback that compiles G and D in place before the first step, for passes in training mode only.

    The modules and the keys of `state_dict` do not change, so checkpoints are interchangeable with those of runs
    without this callback. Random numbers come from the same kernels, in the same order and from the same generator.
    Sums are computed in another order, so weights are equal up to rounding but not bit for bit. With
    mnist_parzen.yaml on one CPU thread, the relative difference of the weights is 6e-7 after one step and 6e-6 after
    five; GAN training amplifies rounding errors (docs/performance.md).

    D is not compiled if the model differentiates it twice, because torch's compiled functions have no second
    derivative.

    Args:
        graphs: Whether to record CUDA graphs, which saves the time of kernel launches; CUDA devices only.

    Raises:
        ValueError: At the start of training, if `graphs` is set without a CUDA device, or if a CPU run finds no C++
            compiler.
    """

    def __init__(self, graphs: bool = False) -> None:
        self.graphs = graphs

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the networks up for compilation at their first passes, and print which are compiled."""
        self.check(pl_module.device.type)
        model: Any = pl_module
        networks = {"G": model.generator}
        if model.needs_double_backward:
            excluded = f"; D is not, because {NO_SECOND}"
        else:
            networks["D"], excluded = model.discriminator, ""
        for network in networks.values():
            compile_training(network, **self.get_settings())
        rank_zero_info(f"{' and '.join(networks)} will be compiled at the first steps{excluded}.")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove the compiled passes."""
        for network in (pl_module.generator, pl_module.discriminator):
            network._compiled_call_impl = None  # type: ignore[union-attr]

    def get_settings(self) -> dict[str, Any]:
        """Return the arguments for `torch.compile`."""
        return {"options": {"fallback_random": True, "triton.cudagraphs": self.graphs}}

    def check(self, device: str) -> None:
        """Check that this machine can compile for a device.

        Raises:
            ValueError: If CUDA graphs are asked for on another device, or a CPU run finds no C++ compiler.
        """
        if self.graphs and device != "cuda":
            raise UserError(
                f"TorchCompile with graphs=true needs a CUDA device, but this run is on {device}: set graphs to false."
            )
        if device == "cpu" and not has_compiler():
            raise UserError(
                "TorchCompile needs a C++ compiler on a CPU and found none: install g++, set CXX to another compiler, "
                "or remove callbacks/torch_compile.yaml."
            )


def compile_training(network: nn.Module, **settings: Any) -> None:
    """Compile a module's passes in training mode only; evaluation would be compiled again for each batch size."""
    network.compile(**settings)
    network._compiled_call_impl = partial(_in_training, network, network._compiled_call_impl)


def _in_training(network: nn.Module, compiled: Any, *inputs: Tensor) -> Any:
    return compiled(*inputs) if network.training else network._call_impl(*inputs)


def has_compiler() -> bool:
    """Return whether torch's inductor finds a C++ compiler."""
    from torch._inductor.cpp_builder import get_cpp_compiler  # slow to import
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        return bool(get_cpp_compiler())
    except InvalidCxxCompiler:
        return False
