"""When a request may be sent again, and how long to wait before; pure decisions, nothing is sent.

Reading, replacing and deleting may be repeated; a POST never is once a byte of it may have left,
because the server may have done what it asked. A timeout is not retried: its length is what the
caller agreed to wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import requests
import urllib3.exceptions as urllib3_errors

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
#: Throttled, and what gateways answer while the service behind them is away.
TRANSIENT = frozenset({429, 502, 503, 504})
#: Full jitter: a random part of BASE_S · 2ⁿ seconds, of CAP_S at the most.
BASE_S = 0.5
CAP_S = 8.0


class Retries:
    """The retries of one call: at most ``most``, none of which starts after ``deadline_s`` seconds.

    ``clock`` gives seconds from any start, ``random`` numbers from 0 to 1.
    """

    def __init__(
        self,
        method: str,
        most: int,
        deadline_s: float,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._repeatable = method in IDEMPOTENT
        self._left = most
        self._done = 0
        self._clock = clock
        self._deadline = clock() + deadline_s
        self._random = random

    def after_answer(self, response: requests.Response) -> float | None:
        """Return how many seconds to wait before asking again, None to take the answer as it is."""
        if response.status_code not in TRANSIENT or not self._repeatable:
            return None
        return self._wait(retry_after(response))

    def after_error(self, error: requests.RequestException) -> float | None:
        """Return how many seconds to wait before asking again, None if the error is final."""
        if not isinstance(
            error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError
        ):
            return None
        if timed_out(error) or refused_certificate(error):
            return None
        return self._wait(0.0) if self._repeatable or never_sent(error) else None

    def _wait(self, at_least: float) -> float | None:
        left = self._deadline - self._clock()
        if self._left <= 0 or at_least >= left:
            return None
        jitter = self._random() * min(CAP_S, BASE_S * 2.0**self._done)
        self._left -= 1
        self._done += 1
        return min(at_least + jitter, left)


def cause_of(error: requests.RequestException) -> object:
    """Return what urllib3 reported, without the layers that it was wrapped in."""
    cause: object = error.args[0] if error.args else None
    return cause.reason if isinstance(cause, urllib3_errors.MaxRetryError) else cause


def timed_out(error: requests.RequestException) -> bool:
    """Tell whether a timeout passed; while a body is read requests calls it a ConnectionError."""
    return isinstance(error, requests.Timeout) or isinstance(
        cause_of(error), urllib3_errors.ReadTimeoutError
    )


def refused_certificate(error: requests.RequestException) -> bool:
    """Tell whether TLS failed for good, and not because the other side went away."""
    return isinstance(error, requests.exceptions.SSLError) and "EOF" not in str(error)


def never_sent(error: requests.RequestException) -> bool:
    """Tell whether no connection was made at all, so that not a byte can have arrived.

    A connection that the server closed while it lay idle is not such a case: urllib3 replaces one
    that it finds closed, but when the closing crosses the request on its way, nobody can tell
    whether the request was read.
    """
    cause = cause_of(error)
    if isinstance(cause, urllib3_errors.ProxyError):
        cause = cause.original_error
    return isinstance(cause, urllib3_errors.NewConnectionError)


def retry_after(response: requests.Response) -> float:
    """Return the seconds of the header ``Retry-After`` (RFC 9110, 10.2.3), 0 if it says nothing.

    A date is compared with the server's own ``Date``, so that a wrong local clock does no harm.
    """
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return 0.0
    if text.isdecimal():
        return float(text)
    until = _epoch(text)
    if until is None:
        return 0.0
    now = _epoch(response.headers.get("Date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def _epoch(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
