import hashlib
import json

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from pytorch_lightning.loggers import CSVLogger
from tiny_features import TinyNetwork, TinySpace

from callbacks import (
    FID,
    KID,
    Checkpoints,
    FeatureScore,
    InceptionScore,
    ParzenLogLikelihood,
    PrecisionRecall,
)
from lightning_gan.cli.console import format_score_table
from lightning_gan.evaluation import (
    EvaluationContext,
    FIDMetric,
    KIDMetric,
    ModelSamples,
    ReferenceImages,
    score_samples,
)
from lightning_gan.utils.images import to_uint8

N = {"num_samples": 60, "features": TinySpace()}


@pytest.fixture
def networks(monkeypatch):
    """Every network that was loaded."""
    loaded = []
    load = TinySpace.load
    monkeypatch.setattr(TinySpace, "load", lambda self: loaded.append(load(self)) or loaded[-1])
    return loaded


def four():
    return [
        FID(**N),
        InceptionScore(**N, splits=3),
        KID(**N, subsets=4, subset_size=20),
        PrecisionRecall(**N),
    ]


def run(folder, *callbacks, model=None, **options):
    arguments = {
        "max_steps": 4,
        "val_check_interval": 4,
        "limit_val_batches": 1.0,
        "logger": CSVLogger(folder, ""),
    }
    model = model or make_model(ema_half_life=4.0)
    fitted = trainer(folder, callbacks=list(callbacks), **(arguments | options))
    fitted.fit(model, Pixels(16, 4))
    return fitted, model


def weights_of(model):
    sha = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        sha.update(name.encode() + tensor.numpy().tobytes())
    return sha.hexdigest()


def test_the_logged_value_is_that_of_the_evaluation(tmp_path):
    data = Pixels(16, 4)
    fitted, model = run(tmp_path, *four())
    real = ReferenceImages("pixels", "val", to_uint8(data.images("val"), (0.0, 1.0)))
    sample_set = ModelSamples(model, 60, 0, (0.0, 1.0), "average of G")
    (expected,) = score_samples(
        sample_set, EvaluationContext(real, TinyNetwork(), "_tiny"), [FIDMetric()]
    ).scores
    logged = fitted.callback_metrics
    assert logged["val/fid_tiny"].item() == pytest.approx(expected.value, rel=1e-6)
    assert {
        "val/is_tiny",
        "val/is_tiny_sd",
        "val/kid_tiny",
        "val/kid_tiny_sd",
        "val/recall_tiny",
    } <= set(logged)


def test_all_scores_of_an_evaluation_share_one_sample_set_and_one_pass(
    tmp_path, networks, monkeypatch
):
    drawn = []
    all_ = ModelSamples.all
    monkeypatch.setattr(ModelSamples, "all", lambda self: drawn.append(self) or all_(self))
    window = ParzenLogLikelihood(num_samples=60, num_validation=8)
    run(tmp_path, *four(), window)
    assert [network.seen for network in networks] == [60 + 64]  # samples and real images, once
    assert len(set(map(id, drawn))) == 1  # the Parzen score uses the same sample set


def test_any_metric_is_scored_like_the_callback_of_its_name(tmp_path, networks):
    general, named = FeatureScore(KIDMetric(4, 20), **N), KID(**N, subsets=4, subset_size=20)
    run(tmp_path, general, named)
    assert len(networks) == 1  # they share the pass
    assert general.results["val"] == named.results["val"]


def test_callbacks_that_ask_otherwise_have_their_own_pass(tmp_path, networks):
    run(tmp_path, FID(**N), KID(num_samples=30, features=TinySpace(), subset_size=20))
    assert sorted(network.seen for network in networks) == [30 + 64, 60 + 64]


def test_protocols_are_in_scores_json_and_in_the_table(tmp_path):
    callbacks = four()
    fitted, model = run(tmp_path, *callbacks)
    fitted.test(model, Pixels(16, 4), verbose=False)
    stored = json.loads((tmp_path / "version_0" / "scores.json").read_text())
    assert [(s["stage"], s["step"], s["name"]) for s in stored[:3]] == [
        ("val", 4, "fid_tiny"), ("val", 4, "is_tiny"), ("val", 4, "kid_tiny"),
    ]  # fmt: skip
    assert stored[0]["protocol"]["split"] == "val"
    assert stored[-1]["stage"] == "test"
    assert stored[0]["protocol"]["batch_norm"] == "running averages"
    (name, value, protocol), (of_real, _, real_protocol) = callbacks[1].rows("test")
    assert of_real == "  real images: is_tiny"
    assert "60 samples (training images, seed 0)" in real_protocol
    assert name == "test/is_tiny"
    assert "±" in value
    assert "60 samples (average of G, seed 0)" in protocol


def test_training_is_the_same_with_and_without_evaluation(tmp_path):
    hashes = {
        weights_of(run(tmp_path / str(i), *c, max_steps=8)[1]) for i, c in enumerate(([], four()))
    }
    assert len(hashes) == 1


def test_no_checkpoint_holds_a_metric_or_a_feature_network(tmp_path):
    stored = []
    for i, callbacks in enumerate(([], four())):
        run(tmp_path / str(i), *callbacks, Checkpoints(4), enable_checkpointing=True)
        (path,) = (tmp_path / str(i)).rglob("last.ckpt")
        stored.append(torch.load(path, weights_only=True))
    without, with_ = stored
    assert without["state_dict"].keys() == with_["state_dict"].keys()
    assert without["callbacks"].keys() == with_["callbacks"].keys()


def test_without_weights_one_line_says_so_and_the_run_goes_on(tmp_path, caplog):
    space = TinySpace(missing="There is no file: fetch it.")
    callbacks = [FID(features=space), KID(features=space), ParzenLogLikelihood(20, 8)]
    with caplog.at_level("INFO"):
        fitted, _ = run(tmp_path, *callbacks, max_steps=8)
    assert fitted.global_step == 8
    assert caplog.text.count("There is no file: fetch it. Training continues.") == 1
    assert callbacks[0].rows("val") == []
    assert "val/parzen_nats" in fitted.callback_metrics


def test_without_a_last_layer_the_inception_score_is_refused_once(tmp_path, caplog):
    space = TinySpace(classes=None)
    both = [FID(60, features=space), InceptionScore(60, features=space)]
    with caplog.at_level("INFO"):
        fitted, _ = run(tmp_path, *both, max_steps=8)
    assert caplog.text.count("val/is_tiny was refused: the weights have no last layer") == 1
    assert "val/is_tiny" not in fitted.callback_metrics
    assert "val/fid_tiny" in fitted.callback_metrics


def test_the_sanity_check_is_not_scored(tmp_path, networks):
    run(tmp_path, FID(**N), num_sanity_val_steps=1)
    assert len(networks) == 1


def test_without_a_data_module_there_is_one_clear_error(tmp_path):
    data = Pixels(16, 4)
    fitted = trainer(tmp_path, callbacks=[FID(**N)], limit_val_batches=1.0)
    with pytest.raises(ValueError, match="FID needs validation and test images"):
        fitted.validate(make_model(), dataloaders=data.val_dataloader(), verbose=False)


def test_fewer_real_images_than_asked_are_all_of_them(tmp_path):
    callback = FID(**N, num_real=1000)
    run(tmp_path, callback)
    assert callback.results["val"][0].protocol.n_real == 64


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="num_samples is 0; give"):
        KID(num_samples=0)


def test_a_value_with_a_note_has_a_star_and_the_note_stands_under_the_table(tmp_path):
    few = {"num_samples": 5, "features": TinySpace()}  # fewer than the six features
    fitted, _ = run(tmp_path, FID(**few), PrecisionRecall(60, features=TinySpace()))
    table = format_score_table(fitted, "val")
    (row,) = [line for line in table.splitlines() if line.startswith("val/fid_tiny")]
    assert " * " in row
    assert "* val/fid_tiny: 5 generated vectors of 6 values have a singular covariance" in table
