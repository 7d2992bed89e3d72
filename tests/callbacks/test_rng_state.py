"""RNGState restores the generators of rank 0 on every process."""

from types import SimpleNamespace

import torch

from callbacks import RNGState


def test_each_process_restores_the_state_of_rank_0(subtests):
    for rank in [0, 1, 2]:
        with subtests.test(rank=rank):
            torch.manual_seed(3)
            states = torch.get_rng_state().expand(3, -1).clone()  # rows of one tensor
            expected = torch.randn(5)
            torch.manual_seed(4)
            callback = RNGState()
            callback.on_load_checkpoint(None, None, {"random_states": {"cpu": states}})
            trainer = SimpleNamespace(global_rank=rank, world_size=3)
            callback.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))
            torch.testing.assert_close(torch.randn(5), expected, rtol=0, atol=0)
