"""Generators for TFD of Goodfellow et al. (2014): one with sparse initial weights, and one stacked below it."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightning_gan.arguments import Finite, Positive, Size, check_arguments
from lightning_gan.networks.base import Generator
from lightning_gan.networks.layers import make_relu_sigmoid_layers, uniform_
from lightning_gan.utils.errors import UserError
from lightning_gan.utils.file_format import check_format

NETWORK = "generator."  # prefix of G's weights in a checkpoint


class SparseOutputGenerator(Generator):
    """Generator with ReLU layers, a sigmoid layer with negative initial biases, and sigmoid outputs in [0, 1].

    =========================  ======================  ==========================
    layer                      2014, TFD, stage 1      output
    =========================  ======================  ==========================
    noise z                                            [m, 100]
    ReLU                       8000                    [m, 8000]
    sigmoid                    8000                    [m, 8000]
    sigmoid                    2304                    [m, 1, 48, 48] in [0, 1]
    =========================  ======================  ==========================

    83,250,304 parameters at these sizes. Initial hidden weights are from U(-irange, irange). Each output unit has
    `sparse` initial weights from N(0, 1), at inputs drawn without replacement; its other weights are 0 initially and
    trained too. The output biases are set to the logit of the mean training image when training begins.

    Args:
        data_shape: Shape of one example, such as [1, 48, 48], each 1 to 2^20.
        z_dim: Number of noise variables, 1 to 2^20.
        widths: Number of units in each hidden layer, each 1 to 2^20; the last one is the sigmoid layer.
        irange: Bound of the hidden layers' initial weights, above 0.
        bias: Initial bias of the sigmoid hidden units, finite; sigmoid(-2) = 0.12.
        sparse: Number of initial weights of each output unit that are not 0, 1 to 2^20.

    Raises:
        UserError: sparse is larger than the number of hidden units.
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
        self.hidden = make_sigmoid_code_layers(z_dim, widths, irange, bias)
        if sparse > widths[-1]:
            raise UserError(
                f"sparse is {sparse}, but there are {widths[-1]} hidden units: give 1 to {widths[-1]}."
            )
        self.output = nn.Linear(widths[-1], self.data_size)
        sparse_(self.output, sparse)

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Set the output biases to the logit of the mean training image.

        Args:
            mean: Function that returns the mean training image, in [0, 1].
        """
        with torch.no_grad():
            self.output.bias.copy_(torch.logit(mean().flatten(), eps=1e-7))

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], in [0, 1], from noise, [m, z_dim]."""
        return self.output(self.hidden(z)).sigmoid().view(-1, *self.data_shape)


class StackedGenerator(Generator):
    """Generator that puts new layers below a pretrained generator; all layers are trained.

    The new layers map noise to a code of sigmoid units, which replaces the noise of the upper generator:
    100 -> 8000 ReLU -> 100 sigmoid -> (8000 -> 8000 -> 2304) in 2014, 84,858,404 parameters.

    The upper generator's weights are loaded when training begins. A checkpoint of the stacked generator contains all
    weights, so that resuming, sampling and evaluation do not need the pretrained checkpoint.

    Args:
        upper: Upper generator, with the sizes of its pretraining.
        pretrained: Path of the checkpoint of the pretraining.
        z_dim: Number of noise variables, 1 to 2^20.
        width: Number of ReLU units in the new layer, 1 to 2^20.
        irange: Bound of the new layers' initial weights, above 0.
        bias: Initial bias of the code's units, finite.
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
        self.lower = make_sigmoid_code_layers(z_dim, [width, upper.z_dim], irange, bias)
        self.upper, self.pretrained = upper, pretrained
        self.missing = ""  # error message if the pretrained weights could not be loaded
        self.register_load_state_dict_post_hook(_clear_missing)

    def init_from_data(self, mean: Callable[[], Tensor]) -> None:
        """Load the pretrained weights of the upper generator; a failure becomes an error in the first forward pass."""
        # a resumed run calls this before its checkpoint is loaded, and then does not need the file
        try:
            stored = read_generator_weights(self.pretrained)
            check_generator_weights(stored, self.upper, self.pretrained)
        except ValueError as error:
            self.missing = str(error)
        else:
            self.upper.load_state_dict(stored)

    def forward(self, z: Tensor) -> Tensor:
        """Generate examples, [m, *data_shape], from noise, [m, z_dim].

        Raises:
            UserError: Training began, and the pretrained weights could not be loaded.
        """
        if self.missing:
            raise UserError(self.missing)
        x: Tensor = self.upper(self.lower(z))
        return x


def _clear_missing(module: StackedGenerator, incompatible: Any) -> None:
    """Clear the error message after load_state_dict, which brings all weights."""
    module.missing = ""


def make_sigmoid_code_layers(
    n_in: int, widths: Sequence[int], irange: float, bias: float
) -> nn.Sequential:
    """Make linear layers with ReLU units, the last one with sigmoid units and a given initial bias."""
    layers = make_relu_sigmoid_layers(n_in, widths)
    uniform_(layers, irange)
    last = layers[-2]
    assert isinstance(last, nn.Linear)
    nn.init.constant_(last.bias, float(bias))
    return layers


def sparse_(layer: nn.Linear, k: int) -> None:
    """Initialise k weights of each unit, at random inputs, from N(0, 1); all other weights and the biases are 0."""
    with torch.no_grad():
        inputs = torch.rand_like(layer.weight).topk(k, dim=1).indices
        layer.weight.zero_().scatter_(1, inputs, torch.randn(len(inputs), k, device=inputs.device))
        layer.bias.zero_()


def read_generator_weights(path: str) -> dict[str, Tensor]:
    """Read G's weights from a checkpoint as tensors only, after verifying its checksums.

    Returns:
        Weights by their name in the generator.

    Raises:
        UserError: The file is missing or damaged, or has another format number.
    """
    if not Path(path).is_file():
        raise UserError(
            f"There is no checkpoint of the pretrained generator at {path}: train it first, or give its path with "
            f"--model.generator.pretrained."
        )
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load does not verify checksums
        stored = {} if damaged else torch.load(path, weights_only=True, map_location="cpu")
        named = stored["state_dict"].items()
    except Exception as error:
        raise UserError(
            f"{path} is damaged or no checkpoint of lightning_gan: train the generator again."
        ) from error
    check_format(stored, path)
    return {name.removeprefix(NETWORK): w for name, w in named if name.startswith(NETWORK)}


def check_generator_weights(stored: dict[str, Tensor], network: nn.Module, path: str) -> None:
    """Check that stored weights have the names and shapes of a network's.

    Args:
        stored: Weights by name.
        network: Upper generator.
        path: Path of the checkpoint, for the error message.

    Raises:
        UserError: A weight is missing, unknown, or of another shape.
    """
    weights = network.state_dict()
    for name in sorted(stored.keys() | weights.keys()):
        found = list(stored[name].shape) if name in stored else "missing"
        expected = list(weights[name].shape) if name in weights else "missing"
        if found != expected:
            raise UserError(
                f"{path} does not fit: {name} is {found} there and {expected} in the upper {type(network).__name__}: "
                f"give both stages the same sizes."
            )
