"""The generators that Goodfellow et al. (2014) trained on TFD: one that starts sparse, then new layers under it."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Finite, Positive, Size, check_arguments
from lightning_gan.networks.base import Generator
from lightning_gan.networks.layers import relu_then_sigmoid, uniform_
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import check_format

NETWORK = "generator."  # what G's weights begin with in a checkpoint


class SparseOutputGenerator(Generator):
    """ReLU layers, one layer of sigmoid units that start mostly off, sigmoid outputs: samples in [0, 1].

    =========================  ======================  ==========================
    layer                      2014, TFD, stage 1      output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    8000                    [m, 8000]
    sigmoid                    2304                    [m, 1, 48, 48] in [0, 1]
    =========================  ======================  ==========================

    83,250,304 parameters at these sizes. Hidden weights start in U(-irange, irange). Each output has `sparse` weights
    from N(0, 1), from hidden units drawn without repetition; its others start at 0 and are learned all the same.
    Output biases start at the logit of the mean training image.

    Args:
        data_shape: of one example, such as [1, 48, 48], each 1 to 2^20.
        z_dim: noise variables, 1 to 2^20.
        widths: units of the hidden layers, each 1 to 2^20; the last of them are the sigmoid ones.
        irange: bound of the hidden layers' initial weights, above 0.
        bias: of the sigmoid hidden units at the start, finite; -2: sigmoid(-2) = 0.12.
        sparse: weights of each output that do not start at 0, 1 to 2^20.

    Raises:
        ValueError: if an output has more such weights than there are hidden units.
    """

    value_range = (0.0, 1.0)

    @check_arguments
    def __init__(
        self,
        data_shape: Sequence[Size],
        z_dim: Size = 100,
        widths: Sequence[Size] = (8000, 8000),
        irange: Positive = 0.05,
        bias: Finite = -2.0,
        sparse: Size = 100,
    ) -> None:
        super().__init__(data_shape, z_dim)
        self.hidden = sigmoid_code(z_dim, widths, irange, bias)
        if sparse > widths[-1]:
            raise UserError(
                f"sparse {sparse} weights of {widths[-1]} hidden units: give 1 to {widths[-1]}."
            )
        self.output = nn.Linear(widths[-1], self.data_size)
        sparse_(self.output, sparse)

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Let the output biases be the logit of the mean training image (mean in [0, 1])."""
        with torch.no_grad():
            self.output.bias.copy_(torch.logit(mean().flatten(), eps=1e-7))

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape] in [0, 1]."""
        return self.output(self.hidden(z)).sigmoid().view(-1, *self.data_shape)


class StackedGenerator(Generator):
    """New layers under a whole generator that was trained before; all of it is trained on.

    The new layers turn noise into a code of sigmoid units that stands where the upper generator had its own noise:
    100 -> 8000 ReLU -> 100 sigmoid -> (8000 -> 8000 -> 2304) in 2014, 84,858,404 parameters.

    The upper generator's weights are read when training starts. A run that is resumed, and a checkpoint that is
    sampled or scored, bring all weights themselves and need no such file.

    Args:
        upper: the generator above, as it was when it was trained alone.
        pretrained: checkpoint of that training.
        z_dim: noise variables, 1 to 2^20.
        width: ReLU units of the new layer, 1 to 2^20.
        irange: bound of the new layers' initial weights, above 0.
        bias: of the code's units at the start, finite.
    """

    @check_arguments
    def __init__(
        self,
        upper: Generator,
        pretrained: str,
        z_dim: Size = 100,
        width: Size = 8000,
        irange: Positive = 0.05,
        bias: Finite = -2.0,
    ) -> None:
        super().__init__(upper.data_shape, z_dim)
        self.value_range = upper.value_range
        self.lower = sigmoid_code(z_dim, [width, upper.z_dim], irange, bias)
        self.upper, self.pretrained = upper, pretrained
        self.missing = ""  # why the upper generator has no weights, if it should have some
        self.register_load_state_dict_post_hook(_has_weights)

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Give the upper generator the weights that it was trained to."""
        # Lightning asks this before it restores a run that is resumed: only who then still has no weights lacks a file
        try:
            stored = read_generator_weights(self.pretrained)
            check_generator_weights(stored, self.upper, self.pretrained)
        except ValueError as error:
            self.missing = str(error)
        else:
            self.upper.load_state_dict(stored)

    def forward(self, z: Tensor) -> Tensor:
        """[m, z_dim] to [m, *data_shape].

        Raises:
            ValueError: if training began without the upper generator's weights.
        """
        if self.missing:
            raise UserError(self.missing)
        x: Tensor = self.upper(self.lower(z))
        return x


def _has_weights(module: StackedGenerator, incompatible: Any) -> None:
    """After load_state_dict."""
    module.missing = ""


def sigmoid_code(n_in: int, widths: Sequence[int], irange: float, bias: float) -> nn.Sequential:
    """ReLU layers up to the last of the widths, whose units are sigmoid and start with the given bias."""
    layers = relu_then_sigmoid(n_in, widths)
    uniform_(layers, irange)
    last = layers[-2]
    assert isinstance(last, nn.Linear)
    nn.init.constant_(last.bias, float(bias))
    return layers


def sparse_(layer: nn.Linear, k: int) -> None:
    """Each unit: k weights from N(0, 1) at places drawn without repetition, the others 0; biases 0."""
    with torch.no_grad():
        places = torch.rand_like(layer.weight).topk(k, dim=1).indices
        layer.weight.zero_().scatter_(1, places, torch.randn(len(places), k, device=places.device))
        layer.bias.zero_()


def read_generator_weights(path: str) -> dict[str, Tensor]:
    """G's weights in a checkpoint: tensors only, every byte verified.

    Raises:
        ValueError: naming what is wrong with the file.
    """
    if not Path(path).is_file():
        raise UserError(
            f"No checkpoint of the pretrained generator at {path}: train it first, or say where it is with "
            f"--model.generator.pretrained."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load does not look at the checksums
        stored = {} if damaged else torch.load(path, weights_only=True, map_location="cpu")
        named = stored["state_dict"].items()
    except Exception as error:
        raise UserError(
            f"{path} is not a whole checkpoint of this suite: train it again."
        ) from error
    check_format(stored, path)
    return {name.removeprefix(NETWORK): w for name, w in named if name.startswith(NETWORK)}


def check_generator_weights(stored: dict[str, Tensor], network: nn.Module, path: str) -> None:
    """Stored weights must be those of the network.

    Raises:
        ValueError: naming the first that is not.
    """
    wanted = network.state_dict()
    for name in sorted(stored.keys() | wanted.keys()):
        came = list(stored[name].shape) if name in stored else "nothing"
        want = list(wanted[name].shape) if name in wanted else "nothing"
        if came != want:
            raise UserError(
                f"{path} does not fit: {name} is {came} there and {want} in the upper {type(network).__name__}: give "
                f"both stages the same sizes."
            )
