import pytest
from tiny import make_tiny_mnist

from datamodules import StackedMNIST


@pytest.fixture
def tiny(tmp_path):
    """Return a factory of data modules with 50 training, 10 validation and 20 test images: 10 batches of 5."""
    module = make_tiny_mnist(tmp_path, n_train=60, n_test=20)

    def make(**options):
        return module(**{"root": str(tmp_path), "batch_size": 5, "seed": 1, **options})

    return make


@pytest.fixture
def ready(tiny):
    """Return a loaded tiny data module."""
    data = tiny()
    data.setup()
    return data


@pytest.fixture
def stacked(tmp_path):
    """Return a factory of loaded StackedMNIST modules of 50 training, 10 validation and 20 test digits."""
    tiny = make_tiny_mnist(tmp_path, n_train=60, n_test=20)
    own = {name: getattr(tiny, name) for name in ("files", "train_size", "sources")}
    kind = type("TinyStacked", (StackedMNIST,), own)

    def make(**options):
        data = kind(**{"root": str(tmp_path), "batch_size": 5, "seed": 1, "triples": 40, **options})
        data.setup()
        return data

    return make
