"""Bytes from elsewhere: never more than asked for, never later, and nothing is run."""

import socket
import time

import pytest

from lightning_gan.utils import downloads
from lightning_gan.utils.downloads import FetchError, download, download_wheel


def test_no_more_bytes_come_than_were_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert download((tmp_path / "file").as_uri(), 4, seconds=5) == b"0123"


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="file"):
        download((tmp_path / "file").as_uri(), 4, seconds=5)


def test_a_server_that_is_silent_is_left_in_time(monkeypatch):
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="no complete answer in time"):
            download(f"http://127.0.0.1:{silent.getsockname()[1]}/", 4, seconds=0.2)
        assert time.monotonic() - start < 5


def program(tmp_path, monkeypatch, lines):
    """A Python that does what the lines say, in place of pip."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    monkeypatch.setattr(downloads.sys, "executable", str(path))


def test_pip_is_never_asked_to_build_or_to_install(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; touch digits-1.whl')
    (tmp_path / "empty").mkdir()
    wheel = download_wheel("digits==1", tmp_path / "empty", seconds=20)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:6] == ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    assert asked[-3:] == ["--dest", str(tmp_path / "empty"), "digits==1"]
    assert wheel == tmp_path / "empty" / "digits-1.whl"


def test_a_pip_that_hangs_or_fails_is_said(tmp_path_factory, subtests):
    for lines, seconds, message in [
        ("exec sleep 9", 0.3, "did not get digits==1 in 0 s"),
        ("echo no such wheel >&2; exit 1", 20, "failed: no such wheel"),
        ("exit 1", 20, "failed: no message"),
        ("exit 0", 20, "brought 0 wheels instead of one"),
        ("touch a.whl b.whl", 20, "brought 2 wheels instead of one"),
    ]:
        with (
            subtests.test(lines=lines, seconds=seconds, message=message),
            pytest.MonkeyPatch.context() as monkeypatch,
        ):
            tmp_path = tmp_path_factory.mktemp("row")
            program(tmp_path, monkeypatch, lines)
            (tmp_path / "empty").mkdir()
            with pytest.raises(FetchError, match=message):
                download_wheel("digits==1", tmp_path / "empty", seconds)
