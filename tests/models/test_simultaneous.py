"""SimultaneousGAN: gradients of both networks at the same parameters and noise."""

import copy

import torch
from model_factory import Batches, make_model, trainer
from torch.nn.functional import softplus

from lightning_gan.models import SimultaneousGAN


def test_gradients_are_taken_at_the_same_parameters(tmp_path):
    gan = make_model(SimultaneousGAN)
    G, D = copy.deepcopy(gan.generator), copy.deepcopy(gan.discriminator)
    z = torch.rand(2, 3)
    gan.noise = lambda m: z
    batches = Batches(1)
    trainer(tmp_path, max_steps=1).fit(gan, batches)

    real, fake = D(batches.x), D(G(z))
    d_loss = softplus(-real).mean() + softplus(fake).mean()
    g_loss = softplus(-fake).mean()
    for network, start, loss in ((gan.discriminator, D, d_loss), (gan.generator, G, g_loss)):
        gradients = torch.autograd.grad(loss, list(start.parameters()), retain_graph=True)
        for moved, before, gradient in zip(
            network.parameters(), start.parameters(), gradients, strict=True
        ):
            torch.testing.assert_close(moved, before - 0.05 * gradient)


def test_a_step_is_one_update_of_each(tmp_path):
    gan = make_model(SimultaneousGAN)
    run = trainer(tmp_path, max_steps=5)
    run.fit(gan, Batches(3))
    assert run.global_step == gan.g_updates == gan.d_updates == 5
