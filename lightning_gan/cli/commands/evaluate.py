"""`evaluate`: score samples of a checkpoint, or images of any model, against real images."""

from argparse import ArgumentParser
from collections.abc import Callable

from lightning_gan.cli.argument_types import ListAction, names, one_of, switch, whole_number

FEATURES = (
    "feature extractor, Inception, DINOv2 or Classifier, and its settings, such as "
    "Classifier data=mnist; by default the one for these data"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `lightning_gan.cli.actions.evaluate.evaluate`."""
    _add_images(parser)
    _add_scoring(parser)


def _add_images(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--ckpt_path", metavar="FILE", help="checkpoint of this suite, whose samples are scored")
    add(
        "--samples",
        metavar="PATH",
        help="images of any model instead: a folder, or an array in .npz, .npy or .pt",
    )
    add("--data", metavar="DATA",
        help="real images: a data set (MNIST, CIFAR10), a folder, an array file, or a config; by default the data of "
        "the checkpoint's run")  # fmt: skip
    add("--split", type=one_of("train", "val", "test"), default="test", metavar="SPLIT",
        help="split of the data set: train, val or test (test)")  # fmt: skip
    add("--root", default="data", metavar="FOLDER", help="folder of the data set's files (data)")
    add("--num_samples", type=whole_number, default=10_000, metavar="N",
        help="number of samples to draw, or of files to read in the order of their names (10000)")  # fmt: skip
    add("--num_real", type=whole_number, metavar="N", help="number of real images; all by default")
    add(
        "--seed",
        type=whole_number,
        default=0,
        metavar="N",
        help="seed of the noise, 0 to 2^32 - 1 (0)",
    )
    add("--repeats", type=whole_number, default=1, metavar="N",
        help="number of sample sets, with seeds from --seed up; scores are then mean ± std (1)")  # fmt: skip
    add("--accept_changed_data", action="store_true",
        help="score against the run's data although they have changed since")  # fmt: skip


def _add_scoring(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--metrics", type=names, nargs="+", action=ListAction, metavar="METRIC",
        help="fid, kid, is, pr, parzen; all by default")  # fmt: skip
    add("--features", nargs="+", metavar=("NAME", "KEY=VALUE"), help=FEATURES)
    add(
        "--weights",
        metavar="FILE",
        help="weights of the feature extractor; missing ones are then an error",
    )
    add("--engine", type=one_of("suite", "torch-fidelity"), default="suite", metavar="ENGINE",
        help="torch-fidelity: compute the scores with that package as well, and compare them (suite)")  # fmt: skip
    add("--baselines", type=switch, nargs="?", const=True, default=True, metavar="true|false",
        help="also score models that need no training; their scores are cached (true)")  # fmt: skip
    add(
        "--compare_to",
        metavar="FILE",
        help="file of --json, or a run's scores.json, to compare scores with",
    )
    add("--json", metavar="FILE", help="file to write, with the scores and their protocols")


def import_function() -> Callable[..., None]:
    """Import and return the function that scores."""
    from lightning_gan.cli.actions.evaluate import evaluate

    return evaluate
