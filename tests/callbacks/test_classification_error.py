"""Errors of a classifier: counted, logged, shown, and kept with what they depend on."""

import json
import math

import pytest
from model_factory import Batches, make_model, trainer
from unlabelled import Examples, semi

from callbacks import ClassificationError
from lightning_gan.cli.console import format_score_table


class Labelled(Examples):
    def val_dataloader(self):
        return Batches(1, m=4)


def validated(tmp_path, gan):
    seen = ClassificationError()
    run = trainer(tmp_path, callbacks=[seen], limit_val_batches=1)
    run.validate(gan, Labelled(), verbose=False)
    return run, seen


def test_it_is_the_share_of_wrong_classes(tmp_path):
    gan, data = semi(), Labelled()
    run, seen = validated(tmp_path, gan)
    wrong = int((gan.classify(data.pixels) != data.labels("val")).sum())
    assert 0 < wrong < 24
    p = wrong / 24
    assert run.callback_metrics["val/classification_error"].item() == pytest.approx(p)
    ((name, value, protocol),) = seen.rows("val")
    assert (name, value) == (
        "val/classification_error",
        f"{p:.4f} ± {math.sqrt(p * (1 - p) / 24):.4f}",
    )
    assert protocol == (
        f"{wrong} of 24 val examples wrong; 6 labels, 2 of each class; D, labels drawn with seed 0"
    )
    assert f"{wrong} of 24 val examples wrong" in format_score_table(run, "val")


def test_its_card_says_what_it_depends_on(tmp_path):
    _, _ = validated(tmp_path, semi(labels_seed=3, d_ema_half_life=10.0))
    (entry,) = json.loads((tmp_path / "scores.json").read_text())
    assert (entry["stage"], entry["name"], entry["protocol"]["n_real"]) == (
        "val",
        "classification_error",
        24,
    )
    assert entry["protocol"]["settings"] == {"labels": "6 labels, 2 of each class"}
    assert entry["protocol"]["generated"] == "average of D, labels drawn with seed 3"


def test_a_model_that_says_no_classes_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="asks for classes, but GAN says none"):
        validated(tmp_path, make_model())
