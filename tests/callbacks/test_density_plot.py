"""DensityPlot: Figure 1, drawn of a run on the line."""

from pathlib import Path

import pytest
import torch
from model_factory import Pixels, make_model, trainer
from PIL import Image
from torch import nn
from torch.distributions import Normal
from torch.distributions import Uniform as UniformDensity

import callbacks
from callbacks.density_plot import ARROWS, choose_view, find_density
from datamodules import Gaussian1D, Ring
from lightning_gan import GAN
from lightning_gan.analysis.generator_density import generator_density
from lightning_gan.losses import NonSaturating
from lightning_gan.networks import LinearMLPGenerator, MLPDiscriminator
from lightning_gan.plotting.densities import draw_frame, draw_row
from lightning_gan.priors import Gaussian, Uniform


def on_the_line(prior=None, z_dim=1, **arguments):
    torch.manual_seed(0)
    generator = LinearMLPGenerator([1], z_dim=z_dim, widths=(8,), activation=nn.Tanh)
    prior = prior or Uniform(-1.0, 1.0)
    return GAN(generator, MLPDiscriminator([1], widths=(8,)), NonSaturating(), prior, **arguments)


def test_it_draws_the_run_and_films_it(tmp_path, capsys):
    curves = callbacks.DensityPlot(every_n_steps=2)
    run = trainer(tmp_path, max_steps=5, callbacks=[curves])
    run.fit(on_the_line(k=2), Gaussian1D(batch_size=50))
    names = sorted(p.name for p in (tmp_path / "images" / "densities").iterdir())
    assert names == [f"step_{step:07d}.png" for step in (0, 2, 4, 5)]
    with Image.open(tmp_path / "images" / "densities.gif") as film:
        assert film.n_frames == 4
    said = capsys.readouterr().out
    assert "p_g      by 100,000 samples of G, Gaussian kernel of width" in said


def test_looking_changes_nothing(tmp_path):
    def weights(looks):
        gan = on_the_line(ema_half_life=100.0)
        torch.manual_seed(1)
        data = Gaussian1D(batch_size=50, seed=0)
        trainer(tmp_path / str(len(looks)), max_steps=3, callbacks=looks).fit(gan, data)
        return gan.state_dict()

    seen, unseen = weights([callbacks.DensityPlot(every_n_steps=1)]), weights([])
    assert all(torch.equal(seen[name], unseen[name]) for name in unseen)


def test_the_estimate_from_samples_agrees_with_the_change_of_variables():
    gan = on_the_line()
    exact, sampled = generator_density(gan.generator, UniformDensity(-1.0, 1.0)), find_density(gan)
    assert (exact.weights * exact.p * exact.x).sum().item() == pytest.approx(
        (sampled.weights * sampled.p * sampled.x).sum().item(), abs=0.01
    )
    middle = exact.x[len(exact.x) // 2][None]
    assert sampled.at(middle).item() == pytest.approx(exact.at(middle).item(), rel=0.05)


def test_it_shows_the_average_of_g_and_d_as_it_is():
    gan = on_the_line(ema_half_life=100.0)
    with torch.no_grad():
        gan.generator.network[-1].bias += 5
        gan.discriminator.network[-1].weight.zero_()
        gan.discriminator.network[-1].bias.fill_(1.0)
    seen = choose_view(gan, Gaussian1D().density, find_density(gan))
    torch.testing.assert_close(seen.d, torch.full_like(seen.d, torch.tensor(1.0).sigmoid().item()))
    torch.testing.assert_close(seen.g_z, gan.ema.module(seen.z[:, None])[:, 0].detach())
    assert seen.g_z.max() < 3 < gan.generator(seen.z[:, None]).min()
    assert len(seen.z) == ARROWS
    assert (seen.z.diff() > 0).all()
    torch.testing.assert_close(seen.p_data, Normal(0.0, 1.0).log_prob(seen.x).exp())


def test_views_stand_side_by_side():
    gan = on_the_line(Gaussian())
    seen = choose_view(gan, Gaussian1D().density, find_density(gan))
    one, two = draw_frame(seen, "a"), draw_row([seen, seen], ["a", "b"])
    assert one.dtype == two.dtype == torch.uint8
    assert one.shape[0] == two.shape[0] == 3
    other = draw_frame(seen._replace(d=1 - seen.d, g_z=seen.g_z + 100), "a")
    assert not torch.equal(one, other)
    green = (one[1].int() > one[0].int() + 60) & (one[1].int() > one[2].int() + 60)
    assert green.any()


def test_other_data_are_refused_in_one_sentence(tmp_path_factory, subtests):
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
                match=rf"data of shape \[1\] whose density is known, .*; {data.name} are not",
            ):
                run.fit(build(), data)


def test_never_is_not_an_interval():
    with pytest.raises(ValueError, match="every_n_steps is 0; give"):
        callbacks.DensityPlot(every_n_steps=0)


def test_points_are_not_offered_as_pictures(command):
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
