"""Whether a W&B server answers, asked without a key."""

import json
from contextlib import suppress
from http.client import HTTPException
from ssl import SSLError
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

MOST_BYTES = 100_000  # of an answer that is read


def find_unreachable_reason(url: str, seconds: float = 5) -> str | None:
    """Why the server at this address is no W&B server that answers within some seconds; None if it is one.

    The question holds no key. It is asked in a thread, because the look-up of a host's name has no time limit.
    """
    found: list[str | None] = [f"{url} does not answer within {seconds:g} s"]

    def ask() -> None:
        found[0] = _ask_server(f"{url.rstrip('/')}/graphql", url, seconds)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found[0]


def _ask_server(address: str, url: str, seconds: float) -> str | None:
    """Ask a server a question that every W&B server answers in JSON; see `find_unreachable_reason`."""
    question = json.dumps({"query": "query { viewer { id } }"}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "lightning-gan"}
    try:
        with urlopen(Request(address, question, headers), timeout=seconds) as answer:
            parsed = json.loads(answer.read(MOST_BYTES))
    except HTTPError as error:  # an error of W&B is JSON, too
        with suppress(OSError, ValueError):
            parsed = json.loads(error.read(MOST_BYTES))
            return None if _is_graphql(parsed) else f"{url} answers, but not as a W&B server"
        return f"{url} answers {error.code}, but not as a W&B server"
    except URLError as error:
        if isinstance(error.reason, SSLError):
            return None  # wandb may know other certificates
        return f"{url} does not answer ({error.reason})"
    except OSError as error:
        return f"{url} does not answer ({type(error).__name__})"
    except (ValueError, HTTPException):
        return f"{url} answers, but not as a W&B server"
    return None if _is_graphql(parsed) else f"{url} answers, but not as a W&B server"


def _is_graphql(parsed: Any) -> bool:
    return isinstance(parsed, dict) and bool({"data", "errors", "error"} & set(parsed))
