"""Check whether a W&B server answers."""

import json
from contextlib import suppress
from http.client import HTTPException
from ssl import SSLError
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

MOST_BYTES = 100_000  # read from an answer


def find_unreachable_reason(url: str, seconds: float = 5) -> str | None:
    """Check whether a W&B server answers at an address.

    The request holds no key. It is sent from a thread, because resolving a host name has no time limit.

    Args:
        url: Address of the server.
        seconds: Longest time to wait, in seconds.

    Returns:
        What is wrong; None if a W&B server answers.
    """
    found: list[str | None] = [f"{url} does not answer within {seconds:g} s"]

    def ask() -> None:
        found[0] = _ask_server(f"{url.rstrip('/')}/graphql", url, seconds)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found[0]


def _ask_server(address: str, url: str, seconds: float) -> str | None:
    """Send a query that every W&B server answers in JSON; see `find_unreachable_reason`."""
    question = json.dumps({"query": "query { viewer { id } }"}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "lightning-gan"}
    try:
        with urlopen(Request(address, question, headers), timeout=seconds) as answer:
            parsed = json.loads(answer.read(MOST_BYTES))
    except HTTPError as error:  # W&B's errors are JSON, too
        with suppress(OSError, ValueError):
            parsed = json.loads(error.read(MOST_BYTES))
            return None if _is_graphql(parsed) else f"{url} answers, but not as a W&B server"
        return f"{url} answers {error.code}, but not as a W&B server"
    except URLError as error:
        if isinstance(error.reason, SSLError):
            return None  # wandb may have other certificates
        return f"{url} does not answer ({error.reason})"
    except OSError as error:
        return f"{url} does not answer ({type(error).__name__})"
    except (ValueError, HTTPException):
        return f"{url} answers, but not as a W&B server"
    return None if _is_graphql(parsed) else f"{url} answers, but not as a W&B server"


def _is_graphql(parsed: Any) -> bool:
    return isinstance(parsed, dict) and bool({"data", "errors", "error"} & set(parsed))
