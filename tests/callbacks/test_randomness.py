from types import SimpleNamespace

import pytest
import torch

from callbacks import Randomness


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_each_process_takes_up_its_own_state(rank):
    states, follows = [], []
    for seed in range(3):
        torch.manual_seed(seed)
        states.append(torch.get_rng_state())
        follows.append(torch.randn(5))
    callback = Randomness()
    callback.on_load_checkpoint(None, None, {"random_states": {"cpu": torch.stack(states)}})
    trainer = SimpleNamespace(global_rank=rank, world_size=3)
    callback.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))
    torch.testing.assert_close(torch.randn(5), follows[rank], rtol=0, atol=0)
