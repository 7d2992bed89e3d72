"""Classifiers from few labels: Goodfellow et al. (2014), section 7, item 4.

"Features from the discriminator or inference net could improve performance of classifiers when limited labeled data
is available". Here: the hidden layers of D or E (`extract_features_by_layer`), a linear head on
them (`fit_linear_head`), or the whole
network trained on (`make_classifier`, `fit_classifier`). Plain PyTorch: there is no second network.

    D = load("runs/mnist/version_0/checkpoints/last.ckpt").discriminator
    head = linear_head(features(D, x_labelled), y_labelled, classes=10)
    y = head(features(D, x))
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
    """What each hidden layer of D or E makes of examples: [n, width] for each layer, the one next to x first.

    That is what every linear or convolutional layer but the first is given, maps flattened, in evaluation mode: no
    dropout, no noise, standing statistics. The network is as before afterwards, its mode too.

    Args:
        network: D of any architecture here, or E.
        x: [n, *data_shape].
        batch_size: examples per pass, at least 1.

    Raises:
        ValueError: if the network has no hidden layer.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if len(layers) < 2:
        raise UserError(
            f"{type(network).__name__} has {len(layers)} layers with weights, so none is hidden: give two or more."
        )
    seen: list[Tensor] = []
    hooks = [
        m.register_forward_pre_hook(lambda _, given: seen.append(given[0].flatten(1)))
        for m in layers
    ]
    training = network.training
    network.eval()
    try:
        passes = []
        for part in x.split(batch_size):
            seen.clear()
            network(part)
            passes.append(seen[1:])
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return [torch.cat(layer) for layer in zip(*passes, strict=True)]


def extract_features_by_layer(network: nn.Module, x: Tensor) -> Tensor:
    """All hidden layers of D or E side by side, [n, sum of widths].

    Radford et al. (2016), section 5.1, take all of D's too. Each layer's vector is scaled to length 1, so that no
    layer drowns the others.
    """
    return torch.cat([normalize(layer) for layer in extract_hidden_layers(network, x)], dim=1)


def reinitialize(network: nn.Module, seed: int) -> nn.Module:
    """A copy of a network with torch's initial weights and statistics, drawn from the seed alone."""
    fresh = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for layer in fresh.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d):
                layer.reset_parameters()
    return fresh.requires_grad_(True)


@dataclass(frozen=True)
class LinearHead:
    """Scores of classes, linear in features.

    Attributes:
        weight: [width, classes].
        bias: [classes].
        decay: the weight decay that was chosen.
        left_out: mean squared error on the labelled examples, each predicted from all others.
    """

    weight: Tensor
    bias: Tensor
    decay: float
    left_out: float

    def __call__(self, features: Tensor) -> Tensor:
        """Features, [n, width], to classes, int64 [n]."""
        return (features.double() @ self.weight + self.bias).argmax(1)


def fit_linear_head(features: Tensor, labels: Tensor, classes: int) -> LinearHead:
    """Fit scikit-learn's RidgeCV to one-hot labels; choose the weight decay by the error on examples left out.

    The objective is |Y - X W - b|^2 + decay * s |W|^2, where s is the mean squared length of centred features. Each of
    25 decays from 1e-4 to 100 is judged by the exact leave-one-out error, which needs no refit (Hastie et al. 2009,
    "The Elements of Statistical Learning", section 7.10). Only the labelled examples are used, and no random number
    is drawn.

    Args:
        features: feature vectors, [n, width].
        labels: class of each vector, int64 [n], 0 to classes - 1.
        classes: number of classes.

    Raises:
        ValueError: if there are fewer than two examples, or not as many labels.
    """
    from sklearn.linear_model import RidgeCV  # takes longer to import than most commands to start

    if len(features) < 2 or len(labels) != len(features):
        raise UserError(
            f"{len(features)} feature vectors with {len(labels)} labels: give two or more, and as many."
        )
    x, y = features.double(), one_hot(labels, classes).double()
    scale = (x - x.mean(0)).square().sum(1).mean().item() or 1.0  # 1 where all features are equal
    alphas = [decay * scale for decay in DECAYS]
    fitted = RidgeCV(alphas).fit(x.cpu().numpy(), y.cpu().numpy())
    weight = torch.from_numpy(fitted.coef_.T).to(x)
    bias = torch.from_numpy(fitted.intercept_).to(x)
    return LinearHead(weight, bias, DECAYS[alphas.index(fitted.alpha_)], -float(fitted.best_score_))


def make_classifier(network: nn.Module, classes: int, seed: int) -> nn.Module:
    """A copy of D or E, all its weights kept, but for a fresh last layer: scores of 2 classes or more, [m, classes].

    Raises:
        ValueError: if fewer classes are asked, or the network does not end in a linear layer.
    """
    linear = [(n, m) for n, m in network.named_modules() if n and isinstance(m, nn.Linear)]
    if not linear or classes < 2:
        raise UserError(
            f"A classifier of {classes} classes was asked of {type(network).__name__}, {len(linear)} linear layers: "
            f"give 2 classes or more, and a network whose last layer is linear."
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
    """Train all weights in place by cross-entropy; Adam, minibatches of at most 100, a rate that falls to 0.

    The network is in training mode, so its own dropout and noise regularise it, as they did in the model. What is
    drawn depends on the seed alone.

    Args:
        network: classifier, changed in place.
        x: examples, [n, *data_shape].
        labels: int64, [n].
        steps: number of updates, at least 1.
        rate: learning rate of the first update, above 0.
        seed: seed of the minibatches and of dropout, 0 to 2^32 - 1.
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
