"""Players that torch.compile translates, where that is possible."""

from functools import partial
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.rank_zero import rank_zero_info
from torch import Tensor, nn

from lightning_gan.errors import UserError

NO_SECOND = (
    "this game differentiates D's gradient, and compiled functions have no second derivative"
)


class Compiled(Callback):
    """Compiles G and D in place before the first step; what is evaluated stays as it was written.

    The modules stay what they are: `state_dict` has the same keys, so that checkpoints are exchanged with those of
    runs without it, and `sample` and `evaluate` do not know of it. Only passes in training mode are compiled. Random
    numbers are drawn by the same kernels, in the same order, from the same generator as ever. Sums are made
    in another order: a game is equal to rounding, not bit for bit. In mnist_parzen.yaml the weights are 6e-7 of their
    norm apart after one step on one CPU thread, and 6e-6 after five; a game of this kind lets any rounding grow
    (docs/performance.md).

    D stays as it is where the game differentiates it twice, because torch's compiled functions have no second
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
        game: Any = pl_module
        players = {"G": game.generator}
        if game.d_is_differentiated_twice:
            left = f"; D is not, because {NO_SECOND}"
        else:
            players["D"], left = game.discriminator, ""
        for player in players.values():
            compile_training(player, **self.settings())
        rank_zero_info(f"{' and '.join(players)} will be compiled at the first steps{left}.")

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """As they were."""
        for player in (pl_module.generator, pl_module.discriminator):
            player._compiled_call_impl = None  # type: ignore[union-attr]

    def settings(self) -> dict[str, Any]:
        """What `torch.compile` is told."""
        return {"options": {"fallback_random": True, "triton.cudagraphs": self.graphs}}

    def check(self, device: str) -> None:
        """Whether this machine can."""
        if self.graphs and device != "cuda":
            raise UserError(
                f"Compiled with graphs: CUDA graphs need a CUDA device, and this run is on {device}: leave graphs out."
            )
        if device == "cpu" and not there_is_a_compiler():
            raise UserError(
                "Compiled needs a C++ compiler on a CPU, and there is none: install g++, name another one in CXX, or "
                "leave callbacks/compiled.yaml out."
            )


def compile_training(player: nn.Module, **settings: Any) -> None:
    """Compile a module's passes in training mode; others would be compiled anew for every size of a batch."""
    player.compile(**settings)
    player._compiled_call_impl = partial(_in_training, player, player._compiled_call_impl)


def _in_training(player: nn.Module, compiled: Any, *inputs: Tensor) -> Any:
    return compiled(*inputs) if player.training else player._call_impl(*inputs)


def there_is_a_compiler() -> bool:
    """Whether inductor finds one."""
    from torch._inductor.cpp_builder import get_cpp_compiler  # slow to import
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        return bool(get_cpp_compiler())
    except InvalidCxxCompiler:
        return False
