"""Classifiers from few labels (Goodfellow et al. 2014, section 7, item 4).

"Features from the discriminator or inference net could improve performance of classifiers when limited labeled data
is available". The classifier is a linear head (`fit_linear_head`) on the hidden layers of D or E
(`extract_features_by_layer`), or D or E itself with a new last layer (`make_classifier`, `fit_classifier`).

    D = load("runs/mnist/version_0/checkpoints/last.ckpt").discriminator
    head = fit_linear_head(extract_features_by_layer(D, x_labelled), y_labelled, classes=10)
    y = head(extract_features_by_layer(D, x))
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize, one_hot

from lightning_gan.arguments import Count, Positive, Seed, check_arguments
from lightning_gan.utils.errors import UserError

DECAYS = tuple(10 ** (0.25 * i) for i in range(-16, 9))  # 1e-4 to 100


@check_arguments
@torch.no_grad()
def extract_hidden_layers(network: nn.Module, x: Tensor, batch_size: Count = 1000) -> list[Tensor]:
    """Extract the activations of each hidden layer of D or E.

    They are the inputs of every linear or convolutional layer except the first. The network runs in evaluation mode,
    without dropout and noise; its mode is restored afterwards.

    Args:
        network: D or E of any architecture.
        x: Images, [n, *data_shape].
        batch_size: Images per pass, at least 1.

    Returns:
        Flattened activations, [n, width] for each layer, starting with the layer next to x.

    Raises:
        ValueError: If the network has no hidden layer.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if len(layers) < 2:
        raise UserError(
            f"{type(network).__name__} has {len(layers)} layers with weights, so none is hidden: give two or more."
        )
    inputs: list[Tensor] = []
    hooks = [
        m.register_forward_pre_hook(lambda _, args: inputs.append(args[0].flatten(1)))
        for m in layers
    ]
    training = network.training
    network.eval()
    try:
        passes = []
        for part in x.split(batch_size):
            inputs.clear()
            network(part)
            passes.append(inputs[1:])
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return [torch.cat(layer) for layer in zip(*passes, strict=True)]


def extract_features_by_layer(network: nn.Module, x: Tensor) -> Tensor:
    """Extract and concatenate the activations of all hidden layers of D or E, [n, sum of widths].

    Radford et al. (2016), section 5.1, also use all layers of D. Each layer's vector is scaled to length 1, so that
    all layers have the same weight.
    """
    return torch.cat([normalize(layer) for layer in extract_hidden_layers(network, x)], dim=1)


def reinitialize(network: nn.Module, seed: int) -> nn.Module:
    """Return a copy of a network with torch's default initialization and statistics, drawn from a seed."""
    initialized = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for layer in initialized.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d):
                layer.reset_parameters()
    return initialized.requires_grad_(True)


@dataclass(frozen=True)
class LinearHead:
    """Linear classifier of features.

    Attributes:
        weight: Weights, [width, classes].
        bias: Biases, [classes].
        decay: Weight decay that was selected.
        left_out: Leave-one-out mean squared error on the labelled examples.
    """

    weight: Tensor
    bias: Tensor
    decay: float
    left_out: float

    def __call__(self, features: Tensor) -> Tensor:
        """Return the classes of features [n, width], int64 [n]."""
        return (features.double() @ self.weight + self.bias).argmax(1)


def fit_linear_head(features: Tensor, labels: Tensor, classes: int) -> LinearHead:
    """Fit scikit-learn's RidgeCV to one-hot labels and select the weight decay by the leave-one-out error.

    The objective is |Y - X W - b|^2 + decay * s |W|^2, where s is the mean squared length of centred features. The
    exact leave-one-out error of 25 decays from 1e-4 to 100 needs no refit (Hastie et al. 2009, "The Elements of
    Statistical Learning", section 7.10). The fit uses only the labelled examples and no random numbers.

    Args:
        features: Feature vectors, [n, width].
        labels: Class of each vector, int64 [n], 0 to classes - 1.
        classes: Number of classes.

    Raises:
        ValueError: If there are fewer than two examples, or not as many labels.
    """
    from sklearn.linear_model import RidgeCV  # imported here, because it is slow

    if len(features) < 2 or len(labels) != len(features):
        raise UserError(
            f"{len(features)} feature vectors with {len(labels)} labels: give two or more vectors, and as many labels."
        )
    x, y = features.double(), one_hot(labels, classes).double()
    scale = (x - x.mean(0)).square().sum(1).mean().item() or 1.0  # 1 where all features are equal
    alphas = [decay * scale for decay in DECAYS]
    fitted = RidgeCV(alphas).fit(x.cpu().numpy(), y.cpu().numpy())
    weight = torch.from_numpy(fitted.coef_.T).to(x)
    bias = torch.from_numpy(fitted.intercept_).to(x)
    return LinearHead(weight, bias, DECAYS[alphas.index(fitted.alpha_)], -float(fitted.best_score_))


def make_classifier(network: nn.Module, classes: int, seed: int) -> nn.Module:
    """Return a copy of D or E with a new last layer that outputs class logits, [m, classes].

    Args:
        network: D or E that ends in a linear layer; its other weights are copied.
        classes: Number of classes, at least 2.
        seed: Random seed for the new layer.

    Raises:
        ValueError: If there are fewer than 2 classes, or the network has no linear layer.
    """
    linear = [(n, m) for n, m in network.named_modules() if n and isinstance(m, nn.Linear)]
    if not linear or classes < 2:
        raise UserError(
            f"No classifier of {classes} classes can be made from {type(network).__name__} with {len(linear)} linear "
            f"layers: give 2 classes or more, and a network whose last layer is linear."
        )
    name, last = linear[-1]
    copied = copy.deepcopy(network).requires_grad_(True)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        copied.set_submodule(name, nn.Linear(last.in_features, classes))
    return copied


@check_arguments
def fit_classifier(
    network: nn.Module,
    x: Tensor,
    labels: Tensor,
    steps: Count = 200,
    rate: Positive = 3e-3,
    seed: Seed = 0,
) -> nn.Module:
    """Train a classifier with cross-entropy, Adam, minibatches of at most 100, and a learning rate that decays to 0.

    The network trains in training mode, so its dropout and noise regularize it. Random numbers depend on the seed
    only.

    Args:
        network: Classifier, changed in place.
        x: Images, [n, *data_shape].
        labels: Labels, int64 [n].
        steps: Number of updates, at least 1.
        rate: Learning rate of the first update, above 0.
        seed: Random seed for minibatches and dropout, 0 to 2^32 - 1.

    Returns:
        The same network, in evaluation mode.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1 / steps, total_iters=steps)
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network.train()
        for _ in range(steps):
            pick = torch.randperm(len(x), generator=rng)[:100]
            optimizer.zero_grad()
            cross_entropy(network(x[pick]), labels[pick]).backward()
            optimizer.step()
            schedule.step()
    return network.eval()
