"""Figures are drawn, and carry the lines that the theory gives."""

import math

from lightning_gan.plotting import figures


def test_the_game_is_drawn_with_minus_log_4_and_one_half(monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "render_figure", lambda figure: drawn.append(figure))
    curves = {
        "train/value": [(1, -1.0), (2, -1.2)], "train/d_x": [(1, 0.9), (2, 0.6)], "train/d_gz": [(1, 0.1), (2, 0.4)],
        "train/d_loss": [(1, 1.0), (2, 1.2)], "train/g_loss": [(1, 2.0), (2, 0.8)], "val/parzen_nats": [(2, 99.0)],
    }  # fmt: skip
    figures.plot_curves(curves)
    value, answers, losses, parzen = drawn[0].axes
    labels = {line.get_label(): list(line.get_ydata()) for line in value.lines + answers.lines}
    assert labels["-log 4"] == [-math.log(4)] * 2
    assert labels["1/2"] == [0.5] * 2
    assert labels["training"] == [-1.0, -1.2]
    assert labels["D(G(z))"] == [0.1, 0.4]
    assert [line.get_label() for line in losses.lines] == ["D", "G"]
    assert list(parzen.lines[0].get_ydata()) == [99.0]


def test_a_critic_has_no_equilibria_and_what_is_empty_no_name(monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "render_figure", lambda figure: drawn.append(figure))
    figures.plot_curves(
        {"train/value": [(5, 1.0)], "val/value": [], "val/parzen_nats": []}, logits=False
    )
    value, answers, losses = drawn[0].axes
    assert [line.get_label() for line in value.lines + answers.lines] == ["training"]
    assert value.lines[0].get_marker() == "."
    assert "nats" not in value.get_title() + losses.get_title()


def test_a_figure_becomes_bytes_that_are_not_blank():
    image = figures.plot_curves({"train/value": [(1, -1.0), (2, -1.2)]})
    assert image.shape[0] == 3
    assert image.float().std() > 5
