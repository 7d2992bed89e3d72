"""Section 7, extension 4: features of D or of the inference net for a classifier with few labels.

D of mnist_parzen.yaml, as it stands after the model, against the same net without a G.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import normalize

from lightning_gan.analysis.few_labels import (
    extract_features_by_layer,
    extract_hidden_layers,
    fit_classifier,
    fit_linear_head,
    make_classifier,
    reinitialize,
)
from lightning_gan.feature_extractors.base import hash_tensors
from lightning_gan.metrics.nearest import find_nearest
from lightning_gan.models.labels import draw_labelled_indices
from lightning_gan.plotting import figures
from lightning_gan.studies.goodfellow2014.claim import (
    Claim,
    Finding,
    Setting,
    Verdict,
    count_one_run,
)
from lightning_gan.studies.goodfellow2014.inference_network import (
    TrainedInference,
    train_inference_network,
)
from lightning_gan.studies.results_cache import Row, cached_result
from lightning_gan.utils import images

Table = dict[str, list[float]]  # percent wrong, for each method one number for each draw

NAME = "semi_supervised"
CLASSES = 10
PER_CLASS = 10  # 100 labels
SWEEP = (5, 10, 20, 50, 100)  # labels of each class in the image
DRAWS, QUICK_DRAWS, SWEEP_DRAWS = 10, 3, 3  # of the labelled examples
STEPS, QUICK_STEPS = (
    200,
    60,
)  # of a whole network; they and the rate suit the net from scratch, on validation digits
QUICK_DIGITS = 1000

D_HEAD, D_LAST, E_HEAD = "D, linear head", "D's last hidden layer, linear head", "E, linear head"
UNTRAINED, UNTRAINED_E = "untrained D, linear head", "untrained E, linear head"
FINE_TUNED, SCRATCH = "D, trained on", "the same net from scratch"
PIXELS, NEIGHBOUR = "pixels, linear head", "pixels, nearest neighbour"
SALIMANS = (
    "Salimans et al. (2016), another method with all digits unlabelled: 0.93 % (93 ± 6.5 errors)"
)
STYLES = {
    D_HEAD: "C3-o", D_LAST: "C3:v", FINE_TUNED: "C1-s", E_HEAD: "C2-^", SCRATCH: "C0-s", UNTRAINED: "C0:o",
    UNTRAINED_E: "C9:^", PIXELS: "k--x", NEIGHBOUR: "k:+",
}  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Test errors with 100 labels, over draws of the labelled digits, the same draws for every method.

    Features are better than a net without G if the difference of the errors, paired by draw, is above two of its
    standard errors. One D for each seed: draws do not say how another model would have ended.
    """
    nets = [train_inference_network(setting, seed) for seed in setting.seeds]
    draws = QUICK_DRAWS if setting.quick else DRAWS
    table = drawn_errors(setting, nets, PER_CLASS, draws)
    sweep = {PER_CLASS: table}
    if not setting.quick:
        sweep |= {m: drawn_errors(setting, nets, m, SWEEP_DRAWS) for m in SWEEP if m != PER_CLASS}
    image = draw_semi_supervised(sweep, setting.folder(NAME) / "semi_supervised.png")
    return [
        describe_methods(table, image),
        is_better_method(D_HEAD, UNTRAINED, table),
        is_better_method(D_HEAD, SCRATCH, table),
        is_better_method(FINE_TUNED, SCRATCH, table),
        is_better_method(E_HEAD, UNTRAINED_E, table),
    ]


def drawn_errors(
    setting: Setting, nets: Sequence[TrainedInference], per_class: int, draws: int
) -> Table:
    """Percent of the test digits named wrongly, for each method and draw, mean over seeds."""
    rows = [[errors(setting, t, per_class, i) for t in nets] for i in range(draws)]
    return {m: [100 * mean(row[m] for row in of_draw) for of_draw in rows] for m in STYLES}


def errors(setting: Setting, trained: TrainedInference, per_class: int, draw: int) -> Row:
    """Share of the test digits that each method names wrongly; kept on disk."""
    steps = QUICK_STEPS if setting.quick else STEPS
    n = QUICK_DIGITS if setting.quick else 10_000
    own = hash_tensors(dict(trained.gan.discriminator.state_dict()))[:8]
    key = f"D{own}_{trained.name} per_class={per_class} draw={draw} steps={steps} digits={n}"
    path = setting.folder(NAME) / "rows.json"
    return cached_result(path, key, lambda: measure(trained, per_class, draw, steps, n))


def measure(trained: TrainedInference, per_class: int, draw: int, steps: int, n: int) -> Row:
    """All methods on the same labelled digits."""
    data, D, E = trained.data, trained.gan.discriminator, trained.inference.encoder
    pick = draw_labelled_indices(data.labels("train"), per_class, draw)
    x, y = data.convert(data.uint8_images("train")[pick]), data.labels("train")[pick]
    test, wanted = data.images("test")[:n], data.labels("test")[:n]
    fresh, fresh_E = reinitialize(D, draw), reinitialize(E, draw)

    def wrong(said: Tensor) -> float:
        return float((said != wanted).float().mean())

    def headed(a: Tensor, b: Tensor) -> float:
        return wrong(fit_linear_head(a, y, CLASSES)(b))

    def whole_net(net: nn.Module) -> float:
        fitted = fit_classifier(make_classifier(net, CLASSES, draw), x, y, steps, seed=draw)
        return wrong(classes_of(fitted, test))

    return {
        D_HEAD: headed(extract_features_by_layer(D, x), extract_features_by_layer(D, test)),
        D_LAST: headed(extract_hidden_layers(D, x)[-1], extract_hidden_layers(D, test)[-1]),
        E_HEAD: headed(extract_features_by_layer(E, x), extract_features_by_layer(E, test)),
        UNTRAINED: headed(
            extract_features_by_layer(fresh, x), extract_features_by_layer(fresh, test)
        ),
        UNTRAINED_E: headed(
            extract_features_by_layer(fresh_E, x), extract_features_by_layer(fresh_E, test)
        ),
        PIXELS: headed(normalize(x.flatten(1)), normalize(test.flatten(1))),
        NEIGHBOUR: wrong(y[find_nearest(test, x)]),
        FINE_TUNED: whole_net(D),
        SCRATCH: whole_net(fresh),
    }


@torch.no_grad()
def classes_of(network: nn.Module, x: Tensor) -> Tensor:
    """Largest score of each, int64 [n]."""
    return torch.cat([network(part).argmax(1) for part in x.split(1000)])


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean over draws, and its standard error."""
    return mean(values), stdev(values) / math.sqrt(len(values))


def describe_error(values: Sequence[float]) -> str:
    """The same, to be read."""
    return "{:.2f} ± {:.2f} %".format(*spread(values))


def is_better_method(method: str, baseline: str, table: Table) -> Finding:
    """Whether a method makes fewer errors than its baseline, paired by draw."""
    gains = [b - m for m, b in zip(table[method], table[baseline], strict=True)]
    gain, error = spread(gains)
    return Finding(
        f"errors with {CLASSES * PER_CLASS} labels: {method}, against {baseline}",
        "fewer",
        f"{describe_error(table[method])} against {describe_error(table[baseline])}: {gain:.2f} ± {error:.2f} "
        f"fewer ({len(gains)} draws)",
        Verdict.of(gain > 2 * error),
    )


def describe_methods(table: Table, image: Path) -> Finding:
    """All methods, in the order of their errors."""
    ordered = sorted(table, key=lambda m: mean(table[m]))
    first, *others = ordered
    return Finding(
        f"errors with {CLASSES * PER_CLASS} labels, the best of what is here",
        "no figure",
        f"{first}: {describe_error(table[first])} ({len(table[first])} draws)",
        Verdict.SHOWN,
        image,
        "; ".join(f"{m} {describe_error(table[m])}" for m in others) + f". {SALIMANS}.",
    )


def draw_semi_supervised(sweep: dict[int, Table], path: Path) -> Path:
    """Errors against the number of labels."""
    figure = Figure(figsize=(8.5, 4.6), layout="constrained", dpi=100)
    ax = figure.subplots()
    counts = sorted(sweep)
    for method, style in STYLES.items():
        points = [spread(sweep[m][method]) for m in counts]
        ax.errorbar(
            [CLASSES * m for m in counts], [p[0] for p in points], [p[1] for p in points],
            fmt=style, capsize=2, lw=1.2, ms=4, label=method,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="labels", ylabel="wrong test digits, %", ylim=(0, None))
    ax.set_xticks([CLASSES * m for m in counts], [str(CLASSES * m) for m in counts])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return images.save_image(figures.render_figure(figure), path)


CLAIM = Claim(
    NAME, "sec. 7, item 4", "features from D or the inference net improve classifiers when labels are few", run,
    seconds=195, quick_seconds=16, mnist_runs=count_one_run,
)  # fmt: skip
