import os
import sys
import uuid

import pytest
import torch

# set before module and session fixtures, which start before function fixtures: an offline run that one of them leaves
# open would be the current run of later tests
for name in [n for n in os.environ if n.startswith("WANDB_")]:
    del os.environ[name]
os.environ |= {"WANDB_SILENT": "true", "WANDB_MODE": "disabled"}
os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")  # Lightning's, not ours


torch.set_num_threads(1)  # tiny tensors: a second thread only waits


@pytest.fixture(autouse=True)
def _no_account(monkeypatch):
    """Hide the W&B key and mode of the user who runs the tests."""
    for name in [n for n in os.environ if n.startswith("WANDB_") and n != "WANDB_SILENT"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WANDB_MODE", "disabled")


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch, tmp_path_factory):
    """Hide the user's cache of weights, statistics and baselines."""
    cache = tmp_path_factory.getbasetemp() / "caches" / uuid.uuid4().hex
    monkeypatch.setenv("LIGHTNING_GAN_CACHE", str(cache))
    monkeypatch.delenv("LIGHTNING_GAN_WEIGHTS", raising=False)


@pytest.fixture(autouse=True)
def _own_classes(monkeypatch):
    """Trust the classes of these test modules in configs."""
    monkeypatch.setenv("LIGHTNING_GAN_TRUST", "tiny_features drawing slurm")


@pytest.fixture(autouse=True)
def _no_open_wandb_run():
    """Finish a W&B run that a test leaves open, because the next test would use it."""
    yield
    wandb = sys.modules.get("wandb")
    if wandb is not None and getattr(wandb, "run", None) is not None:
        wandb.finish()


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Command line in an empty folder with tiny MNIST."""
    from command import Command

    return Command(tmp_path, monkeypatch, capfd)
