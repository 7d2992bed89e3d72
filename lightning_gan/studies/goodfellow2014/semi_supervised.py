"""Section 7, extension 4: features of D or of the inference network for a classifier with few labels.

D of a trained mnist_parzen.yaml is compared with the same network without GAN training.
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
from lightning_gan.studies.results_cache import CachedRow, cached_result
from lightning_gan.utils import images

ErrorTable = dict[str, list[float]]  # error in percent of each method, one number for each draw

NAME = "semi_supervised"
CLASSES = 10
PER_CLASS = 10  # 100 labels
SWEEP = (5, 10, 20, 50, 100)  # numbers of labels of each class in the image
DRAWS, QUICK_DRAWS, SWEEP_DRAWS = 10, 3, 3  # of the labelled digits
STEPS = 200  # of whole networks; chosen for the untrained network on validation digits
QUICK_STEPS = 60
QUICK_DIGITS = 1000

D_HEAD, D_LAST, E_HEAD = "D, linear head", "D's last hidden layer, linear head", "E, linear head"
UNTRAINED, UNTRAINED_E = "untrained D, linear head", "untrained E, linear head"
FINE_TUNED, SCRATCH = "D, fine-tuned", "the same network from scratch"
PIXELS, NEIGHBOUR = "pixels, linear head", "pixels, nearest neighbour"
SALIMANS = "Salimans et al. (2016), another method that also uses all unlabelled digits: 0.93 % (93 ± 6.5 errors)"
STYLES = {
    D_HEAD: "C3-o", D_LAST: "C3:v", FINE_TUNED: "C1-s", E_HEAD: "C2-^", SCRATCH: "C0-s", UNTRAINED: "C0:o",
    UNTRAINED_E: "C9:^", PIXELS: "k--x", NEIGHBOUR: "k:+",
}  # fmt: skip


def run(setting: Setting) -> list[Finding]:
    """Compare test errors with 100 labels over draws of the labelled digits, which all methods share.

    A method is better than another if the difference of the errors, paired by draw, exceeds two standard errors. There
    is one D for each seed, so that the errors over draws do not include the variation over trained models.
    """
    nets = [train_inference_network(setting, seed) for seed in setting.seeds]
    draws = QUICK_DRAWS if setting.quick else DRAWS
    table = measure_error_table(setting, nets, PER_CLASS, draws)
    sweep = {PER_CLASS: table}
    if not setting.quick:
        sweep |= {
            m: measure_error_table(setting, nets, m, SWEEP_DRAWS) for m in SWEEP if m != PER_CLASS
        }
    image = draw_semi_supervised(sweep, setting.make_folder(NAME) / "semi_supervised.png")
    return [
        describe_methods(table, image),
        is_better_method(D_HEAD, UNTRAINED, table),
        is_better_method(D_HEAD, SCRATCH, table),
        is_better_method(FINE_TUNED, SCRATCH, table),
        is_better_method(E_HEAD, UNTRAINED_E, table),
    ]


def measure_error_table(
    setting: Setting, nets: Sequence[TrainedInference], per_class: int, draws: int
) -> ErrorTable:
    """Measure the test error in percent of each method and draw, averaged over seeds."""
    rows = [[measure_or_read_errors(setting, t, per_class, i) for t in nets] for i in range(draws)]
    return {m: [100 * mean(row[m] for row in of_draw) for of_draw in rows] for m in STYLES}


def measure_or_read_errors(
    setting: Setting, trained: TrainedInference, per_class: int, draw: int
) -> CachedRow:
    """Read the test errors of all methods from disk; measure them if they are missing."""
    steps = QUICK_STEPS if setting.quick else STEPS
    n = QUICK_DIGITS if setting.quick else 10_000
    own = hash_tensors(dict(trained.gan.discriminator.state_dict()))[:8]
    key = f"D{own}_{trained.name} per_class={per_class} draw={draw} steps={steps} digits={n}"
    path = setting.make_folder(NAME) / "rows.json"
    return cached_result(path, key, lambda: measure_errors(trained, per_class, draw, steps, n))


def measure_errors(
    trained: TrainedInference, per_class: int, draw: int, steps: int, n: int
) -> CachedRow:
    """Measure the test errors of all methods with the same labelled digits."""
    data, D, E = trained.data, trained.gan.discriminator, trained.inference.encoder
    pick = draw_labelled_indices(data.labels("train"), per_class, draw)
    x, y = data.convert(data.uint8_images("train")[pick]), data.labels("train")[pick]
    test, test_labels = data.images("test")[:n], data.labels("test")[:n]
    fresh, fresh_E = reinitialize(D, draw), reinitialize(E, draw)

    def compute_error(predicted: Tensor) -> float:
        return float((predicted != test_labels).float().mean())

    def measure_head(a: Tensor, b: Tensor) -> float:
        return compute_error(fit_linear_head(a, y, CLASSES)(b))

    def measure_network(net: nn.Module) -> float:
        fitted = fit_classifier(make_classifier(net, CLASSES, draw), x, y, steps, seed=draw)
        return compute_error(classify_test_images(fitted, test))

    return {
        D_HEAD: measure_head(extract_features_by_layer(D, x), extract_features_by_layer(D, test)),
        D_LAST: measure_head(extract_hidden_layers(D, x)[-1], extract_hidden_layers(D, test)[-1]),
        E_HEAD: measure_head(extract_features_by_layer(E, x), extract_features_by_layer(E, test)),
        UNTRAINED: measure_head(
            extract_features_by_layer(fresh, x), extract_features_by_layer(fresh, test)
        ),
        UNTRAINED_E: measure_head(
            extract_features_by_layer(fresh_E, x), extract_features_by_layer(fresh_E, test)
        ),
        PIXELS: measure_head(normalize(x.flatten(1)), normalize(test.flatten(1))),
        NEIGHBOUR: compute_error(y[find_nearest(test, x)]),
        FINE_TUNED: measure_network(D),
        SCRATCH: measure_network(fresh),
    }


@torch.no_grad()
def classify_test_images(network: nn.Module, x: Tensor) -> Tensor:
    """Classify images by the largest logit, int64 [n]."""
    return torch.cat([network(part).argmax(1) for part in x.split(1000)])


def compute_mean_over_draws(values: Sequence[float]) -> tuple[float, float]:
    """Compute the mean over draws and its standard error."""
    return mean(values), stdev(values) / math.sqrt(len(values))


def describe_error(values: Sequence[float]) -> str:
    """Format the mean over draws and its standard error."""
    return "{:.2f} ± {:.2f} %".format(*compute_mean_over_draws(values))


def is_better_method(method: str, baseline: str, table: ErrorTable) -> Finding:
    """Judge whether a method has fewer errors than its baseline, paired by draw."""
    gains = [b - m for m, b in zip(table[method], table[baseline], strict=True)]
    gain, error = compute_mean_over_draws(gains)
    return Finding(
        f"errors with {CLASSES * PER_CLASS} labels: {method}, compared with {baseline}",
        "fewer",
        f"{describe_error(table[method])} and {describe_error(table[baseline])}: {gain:.2f} ± {error:.2f} "
        f"fewer ({len(gains)} draws)",
        Verdict.from_bool(gain > 2 * error),
    )


def describe_methods(table: ErrorTable, image: Path) -> Finding:
    """Report all methods in the order of their errors."""
    ordered = sorted(table, key=lambda m: mean(table[m]))
    first, *others = ordered
    return Finding(
        f"errors with {CLASSES * PER_CLASS} labels, best method",
        "none given",
        f"{first}: {describe_error(table[first])} ({len(table[first])} draws)",
        Verdict.SHOWN,
        image,
        "; ".join(f"{m} {describe_error(table[m])}" for m in others) + f". {SALIMANS}.",
    )


def draw_semi_supervised(sweep: dict[int, ErrorTable], path: Path) -> Path:
    """Draw the errors over the number of labels."""
    figure = Figure(figsize=(8.5, 4.6), layout="constrained", dpi=100)
    ax = figure.subplots()
    counts = sorted(sweep)
    for method, style in STYLES.items():
        points = [compute_mean_over_draws(sweep[m][method]) for m in counts]
        ax.errorbar(
            [CLASSES * m for m in counts], [p[0] for p in points], [p[1] for p in points],
            fmt=style, capsize=2, lw=1.2, ms=4, label=method,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="labels", ylabel="test error, %", ylim=(0, None))
    ax.set_xticks([CLASSES * m for m in counts], [str(CLASSES * m) for m in counts])
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return images.save_image(figures.render_figure(figure), path)


CLAIM = Claim(
    NAME, "sec. 7, item 4", "features of D or of the inference network improve classifiers with few labels", run,
    seconds=195, quick_seconds=16, mnist_runs=count_one_run,
)  # fmt: skip
