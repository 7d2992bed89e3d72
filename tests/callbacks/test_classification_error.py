"""ClassificationError counts and logs errors, and writes their protocol."""

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


def validate(tmp_path, gan):
    callback = ClassificationError()
    run = trainer(tmp_path, callbacks=[callback], limit_val_batches=1)
    run.validate(gan, Labelled(), verbose=False)
    return run, callback


def test_the_error_is_the_share_of_wrong_classes(tmp_path):
    gan, data = semi(), Labelled()
    run, callback = validate(tmp_path, gan)
    wrong = int((gan.classify(data.pixels) != data.labels("val")).sum())
    assert 0 < wrong < 24
    p = wrong / 24
    assert run.callback_metrics["val/classification_error"].item() == pytest.approx(p)
    ((name, value, protocol),) = callback.rows("val")
    assert (name, value) == (
        "val/classification_error",
        f"{p:.4f} ± {math.sqrt(p * (1 - p) / 24):.4f}",
    )
    assert protocol == (
        f"{wrong} of 24 val images misclassified; 6 labels, 2 of each class; D, labels drawn with seed 0"
    )
    assert f"{wrong} of 24 val images misclassified" in format_score_table(run, "val")


def test_the_protocol_names_labels_and_network(tmp_path):
    validate(tmp_path, semi(labels_seed=3, d_ema_half_life=10.0))
    (entry,) = json.loads((tmp_path / "scores.json").read_text())
    assert (entry["stage"], entry["name"], entry["protocol"]["n_real"]) == (
        "val",
        "classification_error",
        24,
    )
    assert entry["protocol"]["settings"] == {"labels": "6 labels, 2 of each class"}
    assert entry["protocol"]["generated"] == "average of D, labels drawn with seed 3"


def test_a_model_without_a_classifier_is_an_error(tmp_path):
    message = r"needs a model with classify\(\), which GAN does not have"
    with pytest.raises(ValueError, match=message):
        validate(tmp_path, make_model())
