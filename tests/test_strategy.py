"""AdversarialDDPStrategy, synchronised BatchNorm, and reports of failures."""

import copy
from datetime import timedelta
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from torch import nn

from lightning_gan.distributed import collectives, failures, strategy
from lightning_gan.distributed.strategy import (
    AdversarialDDPStrategy,
    SyncBatchNormPlugin,
    SyncedBatchNorm,
)
from lightning_gan.networks.layers import ConditionalBatchNorm2d

NORMS = {
    "of vectors": (nn.BatchNorm1d(3), (3,), ()),
    "of maps": (nn.BatchNorm2d(3), (3, 4, 5), ()),
    "without scale": (nn.BatchNorm2d(3, affine=False, momentum=None), (3, 2, 2), ()),
    "told a condition": (ConditionalBatchNorm2d(3, 2), (3, 2, 2), (torch.eye(2)[[0, 1] * 4],)),
}


def pair(name):
    """Make a BatchNorm layer of torch, its synchronised copy, eight inputs and other arguments."""
    norm, shape, message = NORMS[name]
    torch.manual_seed(0)
    own = copy.deepcopy(norm)
    for parameter in own.parameters():
        nn.init.normal_(parameter)
    shared = SyncBatchNormPlugin().apply(copy.deepcopy(own))
    assert isinstance(shared, SyncedBatchNorm)
    return own, shared, 3 + 2 * torch.randn(8, *shape), message


def test_synced_batch_norm_on_one_device_equals_torchs(subtests):
    for name in NORMS:
        with subtests.test(name=name):
            own, shared, x, message = pair(name)
            for _ in range(3):
                slopes = []
                for norm in (own, shared):
                    y = x.clone().requires_grad_()
                    out = norm(y, *message)
                    (slope,) = torch.autograd.grad(out.pow(3).sum(), y, create_graph=True)
                    slopes.append((out, slope, *torch.autograd.grad(slope.square().sum(), y)))
                torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(shared.state_dict(), own.state_dict())
            torch.testing.assert_close(shared.eval()(x, *message), own.eval()(x, *message))


def test_two_devices_have_the_rows_of_one(subtests):
    for name in NORMS:
        with subtests.test(name=name), pytest.MonkeyPatch.context() as monkeypatch:
            own, shared, x, message = pair(name)
            whole = own(x, *message)
            stats = [
                torch.stack([h.mean(over), h.var(over, correction=0)])
                for h in x.split(4)
                for over in [[0, *range(2, x.dim())]]
            ]
            monkeypatch.setattr(collectives, "world_size", lambda: 2)
            monkeypatch.setattr(collectives, "all_gather", lambda _: torch.stack(stats))
            torch.testing.assert_close(shared(x[:4], *(c[:4] for c in message)), whole[:4])
            torch.testing.assert_close(shared.state_dict(), own.state_dict())


def test_frozen_statistics_do_not_change():
    _, shared, x, _ = pair("of maps")
    before = copy.deepcopy(shared.state_dict())
    shared.track_running_stats = False
    shared(x)
    torch.testing.assert_close(shared.state_dict(), before, rtol=0, atol=0)


def test_revert_restores_the_classes():
    model = nn.ModuleList([copy.deepcopy(norm) for norm, _, _ in NORMS.values()])
    before = [type(m) for m in model]
    SyncBatchNormPlugin().revert(SyncBatchNormPlugin().apply(model))
    assert [type(m) for m in model] == before


def test_single_device_settings(subtests):
    for asked, nodes, gpus, alone in [
        (1, 1, 4, True),
        ("1", 1, 4, True),
        ("auto", 1, 0, True),
        ("auto", 1, 1, True),
        ("auto", 1, 2, False),
        (2, 1, 0, False),
        ("2", 1, 0, False),
        ([0, 1], 1, 2, False),
        (1, 2, 1, False),
    ]:
        with (
            subtests.test(asked=asked, nodes=nodes, gpus=gpus),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
            assert (
                strategy.is_single_device(SimpleNamespace(devices=asked, num_nodes=nodes)) is alone
            )


def test_timeout_is_that_of_the_process_group():
    assert AdversarialDDPStrategy(2.5)._timeout == timedelta(minutes=2.5)


@pytest.fixture
def ranks(monkeypatch):
    """Simulate each rank of three processes that share a store."""
    store = dist.HashStore()
    monkeypatch.setattr(failures, "peers", failures.Peers())
    monkeypatch.setattr(failures, "has_peers", lambda: True)
    monkeypatch.setattr(failures.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(failures.distributed_c10d, "_get_default_store", lambda: store)
    monkeypatch.setattr(dist, "get_world_size", lambda: 3)
    return lambda rank: monkeypatch.setattr(dist, "get_rank", lambda: rank)


LOST = RuntimeError(
    "[/gloo/transport/tcp/pair.cc:561] Connection closed by peer [127.0.0.1]:51935."
)


def test_first_failure_is_reported_by_all_ranks(ranks):
    ranks(1)
    error = ValueError("The shelf is empty.")
    assert failures.peer_failure(error) is None
    assert error.__notes__ == ["This was rank 1 of 3."]
    assert failures.prefix_rank("The shelf is empty.") == "rank 1: The shelf is empty."
    for rank, met in ((0, LOST), (2, ValueError("The shelf is empty."))):
        ranks(rank)
        assert failures.peer_failure(met) == f"rank {rank}: ended, because rank 1 failed."


def test_lost_process_is_reported(ranks):
    for rank in (2, 0):
        ranks(rank)
        known = failures.peer_failure(LOST)
        assert known.startswith(f"rank {rank}: another process ended without an error message")


def test_failure_without_a_store_is_reported(ranks, monkeypatch):
    def gone():
        raise dist.DistNetworkError("The store went.")

    ranks(2)
    monkeypatch.setattr(failures.distributed_c10d, "_get_default_store", gone)
    assert failures.peer_failure(LOST).startswith(
        "rank 2: another process ended without an error message"
    )
    assert failures.peer_failure(ValueError("The shelf is empty.")) is None


def test_single_process_has_no_rank_prefix():
    assert failures.peer_failure(LOST) is None
    assert failures.prefix_rank("The shelf is empty.") == "The shelf is empty."
