"""W&B with a key, and a server that is not there, answers nonsense, or never answers: the run goes on offline."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import wandb

from lightning_gan.running.tracking import check_project, wandb_logger, wandb_mode

WANTED = 15.0  # seconds
KEY = "0123456789" * 4


class Nonsense(BaseHTTPRequestHandler):
    """Answers every question with a page."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def closed() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def nonsense() -> Iterator[str]:
    """A server that is none of W&B."""
    with HTTPServer(("127.0.0.1", 0), Nonsense) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def silent() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (closed, "does not answer (ConnectionError). Going on offline."),
        (nonsense, "answers, but not as a W&B server. Going on offline."),
        pytest.param(
            silent, "does not answer (ReadTimeout). Going on offline.", marks=pytest.mark.slow
        ),
    ],
)
def test_without_a_server_a_run_with_a_key_goes_on_offline(
    server, said, tmp_path, monkeypatch, capfd
):
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    wandb.teardown()  # settings are read once
    with server() as address:
        monkeypatch.setenv("WANDB_BASE_URL", address)
        began = time.monotonic()
        logger = wandb_logger("ring", "online", str(tmp_path), {"model": {}}, {})
        seconds = time.monotonic() - began
        logger.log_metrics({"train/d_loss": 1.0}, step=1)
        wandb.finish()
        wandb.teardown()
    out = capfd.readouterr().out
    assert f"W&B: {address} {said}" in out
    assert "W&B: offline; to upload later, wandb sync " in out
    assert seconds < WANTED
    print(f"{seconds:.1f} s until the run goes on")


def test_a_key_that_cannot_be_one_leads_offline(monkeypatch, capfd):
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("WANDB_API_KEY", "abc")
    assert wandb_mode("auto") == "offline"
    assert capfd.readouterr().out.startswith("W&B: ")


def test_a_project_that_w_and_b_refuses_is_named(monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "a/b")
    with pytest.raises(ValueError, match=r"WANDB_PROJECT is 'a/b', but W&B allows no / there"):
        check_project()
