import json
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader

from callbacks.parzen import ParzenLogLikelihood
from lightning_gan.metrics import SIGMAS_2014, compute_parzen_score

# Lightning's advice on the number of workers, and on batches of one, is not for tests
pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class TinyData(LightningDataModule):
    name = "tiny"
    value_range = (-1.0, 1.0)
    sizes = {"train": 30, "val": 25, "test": 12}

    def images(self, split: str) -> Tensor:
        rng = torch.Generator().manual_seed(len(split))
        return torch.rand(self.sizes[split], 1, 3, 3, generator=rng) * 2 - 1

    def loader(self, split: str) -> DataLoader:
        return DataLoader(self.images(split), batch_size=5)

    def train_dataloader(self) -> DataLoader:
        return self.loader("train")

    def val_dataloader(self) -> DataLoader:
        return self.loader("val")

    def test_dataloader(self) -> DataLoader:
        return self.loader("test")


class TinyModel(LightningModule):
    """Draws uniform noise in [-1, 1]; learns one useless weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(0.5)
        self.asked: list[tuple[int, int]] = []
        self.losses: list[float] = []

    def sample(self, n: int, seed: int = 0) -> Tensor:
        self.asked.append((n, seed))
        rng = torch.Generator().manual_seed(seed)
        return torch.rand(n, 1, 3, 3, generator=rng) * 2 - 1

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = self.dropout(batch * self.weight).square().mean()
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None: ...

    def test_step(self, batch: Tensor, batch_idx: int) -> None: ...

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def make_trainer(folder: Path, *callbacks: ParzenLogLikelihood, **options: object) -> Trainer:
    return Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=CSVLogger(folder, name=""),
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        log_every_n_steps=1,
        **options,
    )


def to_unit(x: Tensor) -> Tensor:
    return (x + 1) / 2


def test_validation_scores_images_that_did_not_choose_sigma(tmp_path: Path):
    callback = ParzenLogLikelihood(num_samples=40, num_validation=10, seed=5)
    model, data = TinyModel(), TinyData()
    trainer = make_trainer(tmp_path, callback)
    trainer.fit(model, datamodule=data)
    samples, val = to_unit(model.sample(40, seed=5)), to_unit(data.images("val"))
    expected = compute_parzen_score(samples, val[:10], val[10:])
    assert callback.scores == {"val": expected}
    logged = trainer.callback_metrics
    assert logged["val/parzen_nats"].item() == pytest.approx(expected.nats, rel=1e-6)
    assert logged["val/parzen_se"].item() == pytest.approx(expected.se, rel=1e-6)
    assert logged["val/parzen_n"].item() == expected.n_test
    assert logged["val/parzen_sigma"].item() == pytest.approx(expected.sigma, rel=1e-6)


def test_the_sanity_check_is_not_scored(tmp_path: Path):
    model = TinyModel()
    make_trainer(tmp_path, ParzenLogLikelihood(40, 10)).fit(model, datamodule=TinyData())
    assert model.asked == [(40, 0), (40, 0)]  # two epochs, and no more


def test_a_small_split_chooses_and_is_scored_and_the_protocol_says_so(tmp_path: Path):
    callback = ParzenLogLikelihood(num_samples=40, num_validation=25)
    make_trainer(tmp_path, callback).validate(TinyModel(), datamodule=TinyData(), verbose=False)
    ((name, value, protocol),) = callback.rows("val")
    score = callback.scores["val"]
    assert (score.n_validation, score.n_test) == (25, 25)
    assert (name, value) == ("val/parzen_nats", f"{score.nats:.1f} ± {score.se:.1f}")
    assert "25 tiny validation images that also chose sigma" in protocol


def test_a_test_uses_the_protocol_of_2014_with_baselines(tmp_path: Path):
    callback = ParzenLogLikelihood(num_samples=20, num_validation=10, seed=8)
    model, data = TinyModel(), TinyData()
    (logged,) = make_trainer(tmp_path, callback).test(model, datamodule=data, verbose=False)
    choosing, test = to_unit(data.images("val"))[:10], to_unit(data.images("test"))
    expected = compute_parzen_score(to_unit(model.sample(20, seed=8)), choosing, test)
    assert callback.scores["test"] == expected
    assert logged["test/parzen_nats"] == pytest.approx(expected.nats, rel=1e-6)

    ours, real, one = callback.rows("test")
    sigma = f"{expected.sigma:.4g}".removeprefix("0")
    assert ours == (
        "test/parzen_nats",
        str(expected),
        f"n=20 centres, sigma={sigma}, 12 tiny test images, no EMA, seed 8, pixels in [0,1]",
    )
    first = to_unit(data.images("train"))[:1]
    assert one[1] == str(compute_parzen_score(first, choosing, test))
    assert "training images" in real[0]
    assert real[2].startswith("n=20 centres")


def test_baselines_are_optional_and_use_at_most_all_images(tmp_path: Path):
    without, few = (
        ParzenLogLikelihood(50, 10, baselines=baseline_rows) for baseline_rows in (False, True)
    )
    for callback in (without, few):
        make_trainer(tmp_path, callback).test(TinyModel(), datamodule=TinyData(), verbose=False)
    assert len(without.rows("test")) == 1
    assert few.rows("test")[1][2].startswith("n=30 centres")


def test_the_average_of_g_is_named(tmp_path: Path):
    callback, model = ParzenLogLikelihood(20, 10, baselines=False), TinyModel()
    model.ema = nn.Identity()
    make_trainer(tmp_path, callback).test(model, datamodule=TinyData(), verbose=False)
    assert ", EMA, seed 0" in callback.rows("test")[0][2]


def test_the_whole_protocol_is_written_with_its_curve(tmp_path: Path):
    callback = ParzenLogLikelihood(num_samples=40, num_validation=10)
    trainer = make_trainer(tmp_path, callback)
    trainer.fit(TinyModel(), datamodule=TinyData())
    folder = Path(str(trainer.log_dir)) / "parzen"
    assert {path.name for path in folder.iterdir()} == {"val_step6.json", "val_step12.json"}
    report = json.loads((folder / "val_step12.json").read_text(encoding="utf-8"))
    score = callback.scores["val"]
    assert report["sigmas"] == list(SIGMAS_2014)
    assert report["curve"] == list(score.curve)
    assert (report["stage"], report["step"], report["nats"]) == ("val", 12, score.nats)
    assert report["rows"][0]["protocol"] == callback.rows("val")[0][2]


def test_a_model_that_counts_its_updates_names_the_file_at_test(tmp_path: Path):
    callback, model = ParzenLogLikelihood(20, 10, baselines=False), TinyModel()
    model.g_updates = 77
    trainer = make_trainer(tmp_path, callback)
    trainer.test(model, datamodule=TinyData(), verbose=False)
    assert (Path(str(trainer.log_dir)) / "parzen" / "test_step77.json").is_file()


def test_evaluation_does_not_change_training(tmp_path: Path):
    losses, modes = [], []
    for callbacks in ([], [ParzenLogLikelihood(40, 10)]):
        torch.manual_seed(0)
        model = TinyModel()
        make_trainer(tmp_path, *callbacks).fit(model, datamodule=TinyData())
        losses.append(model.losses)
        modes.append([module.training for module in model.modules()])
    assert len(losses[0]) == 12
    assert losses[0] == losses[1]
    assert modes[0] == modes[1]


def test_without_a_data_module_there_is_one_clear_error(tmp_path: Path):
    trainer = make_trainer(tmp_path, ParzenLogLikelihood(40, 10))
    with pytest.raises(ValueError, match="the Trainer has no data module"):
        trainer.validate(TinyModel(), dataloaders=TinyData().val_dataloader(), verbose=False)


def test_diverged_samples_are_named(tmp_path: Path):
    model = TinyModel()
    model.sample = lambda n, seed: torch.full((n, 1, 3, 3), torch.nan)
    trainer = make_trainer(tmp_path, ParzenLogLikelihood(40, 10))
    with pytest.raises(ValueError, match="40 of 40 samples contain NaN"):
        trainer.validate(model, datamodule=TinyData(), verbose=False)


def test_bad_arguments_are_named(subtests):
    for arguments, words in [
        ({"num_samples": 0}, "num_samples is 0; give"),
        ({"num_validation": 0}, "num_validation is 0; give"),
        ({"sigmas": [0.1, -1.0]}, r"sigmas\[1\] is -1\.0; give"),
    ]:
        with subtests.test(arguments=arguments, words=words):
            with pytest.raises(ValueError, match=words):
                ParzenLogLikelihood(**arguments)
