from pathlib import Path

import pytest
from bars import bars

from lightning_gan.feature_extractors.classifier import DigitNetwork
from lightning_gan.feature_extractors.classifier_training import save_classifier, train_classifier


@pytest.fixture(scope="session")
def network() -> DigitNetwork:
    return train_classifier(*bars(600, seed=0), epochs=10)


@pytest.fixture
def stored(network, tmp_path) -> Path:
    path = tmp_path / "deep" / "classifier-bars.pt"
    save_classifier(network, path, data="bars", accuracy=0.99, seed=0)
    return path
