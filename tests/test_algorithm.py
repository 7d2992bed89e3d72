"""Order of the updates in Algorithm 1, and that each update changes one network only."""

import copy

import pytest
import torch
from model_factory import Batches, make_model, trainer
from pytorch_lightning import Callback

from lightning_gan.models.base import D, G


class Journal:
    """Recorder of the order of updates, which asserts that the other network does not change."""

    def __init__(self, gan):
        self.gan, self.moves = gan, ""
        self.minimize = gan.minimize
        gan.minimize = self.watch

    def state(self, net):
        network = (self.gan.discriminator, self.gan.generator)[net]
        momentum = self.gan.trainer.optimizers[net].state_dict()["state"]
        return copy.deepcopy((network.state_dict(), momentum))

    def watch(self, net, objective, batch):
        other = self.state(1 - net)
        own = self.state(net)
        self.minimize(net, objective, batch)
        self.moves += "DG"[net]
        assert_equal(self.state(1 - net), other)
        assert not weights_equal(self.state(net), own)


def assert_equal(state, other):
    torch.testing.assert_close(state, other, rtol=0, atol=0)


def weights_equal(state, other):
    return all(torch.equal(state[0][k], other[0][k]) for k in state[0] if k.endswith("weight"))


def test_k_updates_of_d_then_one_of_g(tmp_path_factory, subtests):
    for k, moves in [(1, "DGDGDGDG"), (2, "DDGDDG"), (3, "DDDGD")]:
        with subtests.test(k=k, moves=moves):
            tmp_path = tmp_path_factory.mktemp("row")
            gan = make_model(k=k)
            journal = Journal(gan)
            batches = {1: 4, 2: 4, 3: 4}[k]
            trainer(tmp_path, max_epochs=1).fit(gan, Batches(batches))
            assert journal.moves == moves


def test_statistics_of_the_frozen_network_do_not_change(tmp_path):
    gan = make_model()
    objectives = {D: gan.d_objective, G: gan.g_objective}
    seen = []

    def watched(net):
        def objective(batch):
            waiting = (gan.generator, gan.discriminator)[net]
            before = copy.deepcopy(waiting.state_dict())
            loss = objectives[net](batch)
            assert_equal(waiting.state_dict(), before)
            seen.append(net)
            return loss

        return objective

    gan.d_objective, gan.g_objective = watched(D), watched(G)
    trainer(tmp_path, max_epochs=1).fit(gan, Batches(2))
    assert seen == [D, G, D, G]
    assert int(gan.generator.hidden[1].num_batches_tracked) == 2  # its own turns only
    assert int(gan.discriminator.network[1].num_batches_tracked) == 4  # examples and samples


def test_each_update_of_d_has_its_own_minibatch_and_g_fresh_noise(tmp_path):
    gan = make_model(k=2)
    batches, noises = [], []
    objective, noise = gan.d_objective, gan.noise
    gan.d_objective = lambda batch: (batches.append(batch[0]), objective(batch))[1]
    gan.noise = lambda m: (noises.append(noise(m)), noises[-1])[1]
    trainer(tmp_path, max_epochs=1).fit(gan, Batches(4))
    assert len({tuple(x.flatten().tolist()) for x in batches}) == 4
    assert len({tuple(z.flatten().tolist()) for z in noises}) == 6  # 4 of D, 2 of G


class Steps(Callback):
    def __init__(self):
        self.steps = []

    def on_train_batch_end(self, trainer, pl_module, *_):
        self.steps.append((trainer.global_step, pl_module.g_updates, pl_module.d_updates))


def test_a_step_is_one_update_of_g(tmp_path_factory, subtests):
    for k in [1, 2, 5]:
        with subtests.test(k=k):
            tmp_path = tmp_path_factory.mktemp("row")
            gan, steps = make_model(k=k), Steps()
            run = trainer(tmp_path, max_steps=4, callbacks=[steps])
            run.fit(gan, Batches(7))
            assert run.global_step == gan.g_updates == 4
            assert gan.d_updates == 4 * k
            assert gan.images_seen == 4 * k * 2
            assert all(step == g == d // k for step, g, d in steps.steps)


def test_checkpoint_holds_the_phase_of_k(tmp_path):
    gan = make_model(k=3)
    run = trainer(tmp_path, max_epochs=1)
    run.fit(gan, Batches(4))  # DDDG D
    run.save_checkpoint(tmp_path / "x.ckpt")
    again = make_model(k=3)
    journal = Journal(again)
    trainer(tmp_path, max_epochs=2).fit(again, Batches(4), ckpt_path=tmp_path / "x.ckpt")
    assert journal.moves == "DDGDD"
    assert (again.d_updates, again.g_updates, again.images_seen) == (8, 2, 16)


def test_networks_are_clipped_separately(tmp_path):
    gan = make_model(d_clip=1e-3)
    norms = []
    move = gan.step_optimizer

    def watched(net):
        move(net)
        network = (gan.discriminator, gan.generator)[net]
        norms.append(torch.stack([p.grad.norm() for p in network.parameters()]).norm().item())

    gan.step_optimizer = watched
    trainer(tmp_path, max_steps=3).fit(gan, Batches(4))
    assert max(norms[0::2]) <= 1e-3 * 1.001
    assert min(norms[1::2]) > 2e-3


def test_k_below_one_is_an_error():
    with pytest.raises(ValueError, match="k is 0"):
        make_model(k=0)
