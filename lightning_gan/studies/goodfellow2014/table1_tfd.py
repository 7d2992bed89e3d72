"""TFD column of Table 1: both stages of the released settings, scored on every fold; needs the TFD file."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import torch

from datamodules import TFD
from datamodules.tfd import FOLDS
from lightning_gan.checkpoints.load import load
from lightning_gan.evaluation.parzen import make_parzen_split
from lightning_gan.metrics import ParzenScore, compute_parzen_score
from lightning_gan.studies.goodfellow2014.claim import Finding, Setting, Verdict
from lightning_gan.studies.goodfellow2014.experiments import train_or_find
from lightning_gan.studies.goodfellow2014.table1_rows import CENTRES, GAN_2014, Nats
from lightning_gan.utils.errors import UserError

QUANTITY = "adversarial nets (released settings), TFD test nats: equal within 2 standard errors?"
EPOCHS = {"tfd_goodfellow2014_pretrain.yaml": 50, "tfd_goodfellow2014.yaml": 22}
BATCH = 100
MORE: dict[str, tuple[str, ...]] = {
    "tfd_goodfellow2014_pretrain.yaml": (),
    "tfd_goodfellow2014.yaml": (),
}
"""Further arguments of `fit` for each stage."""


def judge_tfd(setting: Setting) -> list[Finding]:
    """Judge the mean score over the five folds, as in the paper; NOT_RUN without the file.

    One model, of the first seed, is trained on the images without labels, which are the same in every fold. For each
    fold, sigma is chosen on the validation images, and the test images are scored. The criterion is a difference from
    the paper of at most twice its standard error.
    """
    expected = f"{GAN_2014.tfd.published} nats"
    try:
        folds = [_fold(setting.root, fold) for fold in range(1, FOLDS + 1)]
        if setting.quick:
            raise UserError("TFD has no short version: leave out --quick.")
        scores = score_folds(train_both_stages(setting, folds[0]), folds)
    except (ValueError, OSError) as error:
        return [Finding(QUANTITY, expected, "-", Verdict.NOT_RUN, note=str(error))]
    values = [s.nats for s in scores]
    nats = Nats(mean(values), stdev(values) / math.sqrt(len(values)))
    sigmas = ", ".join(f"{s.sigma:.3f}" for s in scores)
    note = (
        f"1 seed; ± over {FOLDS} folds, as in the paper; n = {CENTRES:,} samples; sigma by fold {sigmas}; test images "
        f"by fold {', '.join(str(s.n_test) for s in scores)}."
    )
    result = f"{nats} nats (1 seed, ± over folds)"
    return [
        Finding(QUANTITY, expected, result, Verdict.from_bool(nats.agrees(GAN_2014.tfd)), note=note)
    ]


def _fold(root: str, fold: int) -> TFD:
    data = TFD(root, fold)
    data.prepare_data()
    return data


def train_both_stages(setting: Setting, data: TFD) -> Path:
    """Train or find stage 1 and stage 2, and return the checkpoint of stage 2."""
    seed, pretrained = setting.seeds[0], list[str]()
    for config, epochs in EPOCHS.items():
        updates = len(data.labels("train")) // BATCH
        length = ["--trainer.max_steps", str(epochs * updates)]
        for network in "dg":
            length += [f"--model.{network}_scheduler.init_args.updates_per_epoch", str(updates)]
        print(f"  {config}: {epochs * updates:,} updates of 100 million parameters", flush=True)
        folder = train_or_find(config, setting, seed, *length, *pretrained, *MORE[config])
        checkpoint = folder / "checkpoints" / "last.ckpt"
        pretrained = ["--model.generator.init_args.pretrained", str(checkpoint)]
    return checkpoint


def score_folds(checkpoint: Path, folds: Sequence[TFD]) -> list[ParzenScore]:
    """Score one model on each fold, with sigma chosen on all validation images of that fold.

    Raises:
        UserError: If the folds have different images without labels, so that test images may be training images.
    """
    trained_on = folds[0].uint8_images("train")
    samples = load(str(checkpoint)).sample(CENTRES, seed=0)
    scores = []
    for data in folds:
        if not torch.equal(data.uint8_images("train"), trained_on):
            raise UserError(
                f"Fold {data.fold} of TFD has other images without labels than fold 1, on which the model was trained: "
                f"one model cannot be scored on both."
            )
        images = make_parzen_split(data, "test", len(data.labels("val")))
        scores.append(compute_parzen_score(samples, images.choosing, images.scored))
    return scores
