"""W&B with a key, but without a server that answers: the run continues offline, and no key is sent."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import wandb

from lightning_gan.tracking.loggers import check_project, choose_wandb_mode, make_wandb_logger

KEY = "0123456789" * 4


class Nonsense(BaseHTTPRequestHandler):
    """Answers every question with a page, and keeps what it was asked."""

    asked: list  # of headers

    def do_POST(self):
        self.asked.append(dict(self.headers))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>a printer</html>")

    def log_message(self, *args):
        """Be quiet."""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Call `make_wandb_logger` against an address, as a run does; returns its seconds."""
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login user password {KEY}\n")
    wandb.teardown()  # the settings of an earlier test

    def call(address, key=KEY, mode="online"):
        monkeypatch.setenv("WANDB_BASE_URL", address)
        monkeypatch.setenv("WANDB_API_KEY", key)
        began = time.monotonic()
        logger = make_wandb_logger("n", mode, str(tmp_path / "run"), {}, {})
        seconds = time.monotonic() - began
        logger.log_metrics({"a": 1.0}, step=1)  # the run continues
        assert logger.experiment.offline
        return seconds

    Path(tmp_path, "run").mkdir()
    yield call
    wandb.finish()
    wandb.teardown()


def test_a_closed_port_costs_no_time(start, capfd):
    with socket.socket() as held:  # bound, and no process listens
        held.bind(("127.0.0.1", 0))
        assert start(f"http://127.0.0.1:{held.getsockname()[1]}") < 15
    assert capfd.readouterr().out.count("Continuing offline.") == 1


def test_a_server_that_answers_nonsense_gets_no_key(start, capfd):
    server = HTTPServer(("127.0.0.1", 0), Nonsense)
    Nonsense.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert start(f"http://127.0.0.1:{server.server_port}") < 15
    server.shutdown()
    server.server_close()
    assert "answers, but not as a W&B server. Continuing offline." in capfd.readouterr().out
    (headers,) = Nonsense.asked
    assert "Authorization" not in headers
    assert KEY not in str(headers)


@pytest.mark.slow
def test_a_server_that_never_answers_costs_seconds(start, capfd, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert start(f"http://127.0.0.1:{silent.getsockname()[1]}") < 15
    assert capfd.readouterr().out.count("Continuing offline.") == 1


def test_a_key_of_three_letters_is_named(monkeypatch, capsys):
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("WANDB_API_KEY", "abc")
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    wandb.teardown()
    assert choose_wandb_mode("auto") == "offline"
    assert capsys.readouterr().out.count("Continuing offline.") == 1


def test_a_project_with_a_slash_is_a_sentence(monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "a/b")
    with pytest.raises(
        ValueError, match="WANDB_PROJECT is 'a/b', but W&B does not allow / in a project name"
    ):
        check_project()
