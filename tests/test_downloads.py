"""Downloads: limits of size and time, and errors of pip."""

import socket
import time

import pytest

from lightning_gan.utils import downloads
from lightning_gan.utils.downloads import FetchError, download_bytes, download_wheel


def test_a_download_has_a_limited_size(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert download_bytes((tmp_path / "file").as_uri(), 4, seconds=5) == b"0123"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(OSError, match="file"):
        download_bytes((tmp_path / "file").as_uri(), 4, seconds=5)


def test_a_silent_server_reaches_the_time_limit(monkeypatch):
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="no complete answer within the time limit"):
            download_bytes(f"http://127.0.0.1:{silent.getsockname()[1]}/", 4, seconds=0.2)
        assert time.monotonic() - start < 5


def program(tmp_path, monkeypatch, lines):
    """Replace Python, and thus pip, by a shell script."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    monkeypatch.setattr(downloads.sys, "executable", str(path))


def test_pip_neither_builds_nor_installs(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; touch digits-1.whl')
    (tmp_path / "empty").mkdir()
    wheel = download_wheel("digits==1", tmp_path / "empty", seconds=20)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:6] == ["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    assert asked[-3:] == ["--dest", str(tmp_path / "empty"), "digits==1"]
    assert wheel == tmp_path / "empty" / "digits-1.whl"


def test_errors_of_pip_are_reported(tmp_path_factory, subtests):
    for lines, seconds, message in [
        ("exec sleep 9", 0.3, "did not download digits==1 in 0 s"),
        ("echo no such wheel >&2; exit 1", 20, "failed: no such wheel"),
        ("exit 1", 20, "failed: no message"),
        ("exit 0", 20, "gave 0 wheels instead of one"),
        ("touch a.whl b.whl", 20, "gave 2 wheels instead of one"),
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
