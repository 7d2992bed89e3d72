import pytest
from tiny import make_tiny_mnist


@pytest.fixture
def tiny(tmp_path):
    """Makes data modules of 50 training, 10 validation, 20 test images: 10 batches of 5."""
    module = make_tiny_mnist(tmp_path, n_train=60, n_test=20)

    def make(**options):
        return module(**{"root": str(tmp_path), "batch_size": 5, "seed": 1, **options})

    return make


@pytest.fixture
def ready(tiny):
    """A tiny data module, loaded."""
    data = tiny()
    data.setup()
    return data
