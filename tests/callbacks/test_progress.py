"""Progress on a terminal and in a log file."""

import io
import sys

from model_factory import Batches, make_model, trainer

import callbacks


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_file_gets_plain_lines_with_the_four_metrics(tmp_path, capsys):
    progress = callbacks.Progress(seconds=0)
    trainer(tmp_path, max_steps=5, callbacks=[progress], enable_progress_bar=True).fit(
        make_model(k=2), Batches(4)
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("step 5/5  d ")
    assert "trained for 0:0" in lines[-1]
    for part in ("  g ", "  D(x) ", "  D(G(z)) ", "steps/s", " left"):
        assert part in lines[-2]
    assert not any("\r" in line for line in lines)


def test_a_terminal_gets_one_bar_with_the_four_metrics(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    trainer(tmp_path, max_steps=5, callbacks=[callbacks.Progress()], enable_progress_bar=True).fit(
        make_model(), Batches(7)
    )
    last = terminal.getvalue().split("\r")[-1]
    assert "5/5" in last
    assert all(f"{name}=" in last for name in ("d", "g", "D(x)", "D(G(z))"))


def test_other_ranks_print_nothing(tmp_path, capsys):
    progress = callbacks.Progress(seconds=0)
    progress.disable()
    trainer(tmp_path, max_steps=2, callbacks=[progress], enable_progress_bar=True).fit(
        make_model(), Batches(7)
    )
    assert "step" not in capsys.readouterr().out
