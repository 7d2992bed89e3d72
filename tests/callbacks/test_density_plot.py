"""DensityPlot draws figure 1 of a run on one-dimensional data."""

from pathlib import Path

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from PIL import Image
from torch import nn
from torch.distributions import Normal
from torch.distributions import Uniform as UniformDensity

import callbacks
from callbacks.density_plot import ARROWS, compute_view, estimate_density
from datamodules import Gaussian1D, Ring
from lightning_gan import GAN
from lightning_gan.analysis.generator_density import compute_generator_density
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.plotting.densities import draw_frame, draw_row
from lightning_gan.priors import Gaussian, Uniform


def make_gan(prior=None, z_dim=1, **arguments):
    torch.manual_seed(0)
    generator = LinearMLPGenerator([1], z_dim=z_dim, widths=(8,), activation=nn.Tanh)
    prior = prior or Uniform(-1.0, 1.0)
    return GAN(generator, MLPDiscriminator([1], widths=(8,)), NonSaturating(), prior, **arguments)


def test_the_run_is_drawn_and_animated(tmp_path, capsys):
    plot = callbacks.DensityPlot(every_n_steps=2)
    run = trainer(tmp_path, max_steps=5, callbacks=[plot])
    run.fit(make_gan(k=2), Gaussian1D(batch_size=50))
    names = sorted(p.name for p in (tmp_path / "images" / "densities").iterdir())
    assert names == [f"step_{step:07d}.png" for step in (0, 2, 4, 5)]
    with Image.open(tmp_path / "images" / "densities.gif") as animation:
        assert animation.n_frames == 4
    out = capsys.readouterr().out
    assert "p_g      from 100,000 samples of G, Gaussian kernel of width" in out


def test_drawing_does_not_change_training(tmp_path):
    def weights(plots):
        gan = make_gan(ema_half_life=100.0)
        torch.manual_seed(1)
        data = Gaussian1D(batch_size=50, seed=0)
        trainer(tmp_path / str(len(plots)), max_steps=3, callbacks=plots).fit(gan, data)
        return gan.state_dict()

    drawn, plain = weights([callbacks.DensityPlot(every_n_steps=1)]), weights([])
    assert all(torch.equal(drawn[name], plain[name]) for name in plain)


def test_the_estimate_from_samples_agrees_with_the_change_of_variables():
    gan = make_gan()
    exact = compute_generator_density(gan.generator, UniformDensity(-1.0, 1.0))
    sampled = estimate_density(gan)
    assert (exact.weights * exact.p * exact.x).sum().item() == pytest.approx(
        (sampled.weights * sampled.p * sampled.x).sum().item(), abs=0.01
    )
    middle = exact.x[len(exact.x) // 2][None]
    assert sampled.at(middle).item() == pytest.approx(exact.at(middle).item(), rel=0.05)


def test_the_view_has_the_average_of_g_and_d_itself():
    gan = make_gan(ema_half_life=100.0)
    with torch.no_grad():
        gan.generator.network[-1].bias += 5
        gan.discriminator.network[-1].weight.zero_()
        gan.discriminator.network[-1].bias.fill_(1.0)
    view = compute_view(gan, Gaussian1D().density, estimate_density(gan))
    torch.testing.assert_close(view.d, torch.full_like(view.d, torch.tensor(1.0).sigmoid().item()))
    torch.testing.assert_close(view.g_z, gan.ema.module(view.z[:, None])[:, 0].detach())
    assert view.g_z.max() < 3 < gan.generator(view.z[:, None]).min()
    assert len(view.z) == ARROWS
    assert (view.z.diff() > 0).all()
    torch.testing.assert_close(view.p_data, Normal(0.0, 1.0).log_prob(view.x).exp())


def test_views_are_drawn_alone_and_in_a_row():
    gan = make_gan(Gaussian())
    view = compute_view(gan, Gaussian1D().density, estimate_density(gan))
    one, two = draw_frame(view, "a"), draw_row([view, view], ["a", "b"])
    assert one.dtype == two.dtype == torch.uint8
    assert one.shape[0] == two.shape[0] == 3
    other = draw_frame(view._replace(d=1 - view.d, g_z=view.g_z + 100), "a")
    assert not torch.equal(one, other)
    green = (one[1].int() > one[0].int() + 60) & (one[1].int() > one[2].int() + 60)
    assert green.any()


def test_other_data_are_an_error(tmp_path_factory, subtests):
    for build, data in [
        (make_model, Pixels()),
        (
            lambda: GAN(
                LinearMLPGenerator([2]), MLPDiscriminator([2]), NonSaturating(), Gaussian()
            ),
            Ring(),
        ),
    ]:
        with subtests.test(build=build, data=data):
            tmp_path = tmp_path_factory.mktemp("row")
            run = trainer(tmp_path, max_steps=1, callbacks=[callbacks.DensityPlot()])
            with pytest.raises(
                ValueError,
                match=rf"data of shape \[1\] with a known density, .* but the data are {data.name}",
            ):
                run.fit(build(), data)


def test_an_interval_of_0_is_an_error():
    with pytest.raises(ValueError, match="every_n_steps is 0; give"):
        callbacks.DensityPlot(every_n_steps=0)


def test_sample_is_not_suggested_for_points(command):
    ended = command(
        "fit",
        "--config",
        "gaussian1d.yaml",
        "--trainer.max_steps",
        "1",
        "--data.batch_size",
        "1000",
    )
    assert ended.status == 0, ended.err
    after = ended.out.split("next\n")[1]
    assert "validate --ckpt_path" in after
    assert "sample" not in after
    assert "densities.gif" in ended.out
    last = next(Path("runs").rglob("last.ckpt"))
    refused = command("sample", "--ckpt_path", str(last))
    assert refused.status == 1
    assert refused.err.count("\n") <= 1
    assert "not images" in refused.err
