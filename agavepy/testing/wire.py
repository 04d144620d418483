"""Between clients and the network: watch what a test calls, or answer it without a server."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import responses
from types import TracebackType
from typing import Any, NamedTuple
from unittest import mock

import requests
import urllib3

from agavepy import errors
from agavepy.curl import as_curl, cut
from agavepy.uplink import Adapter

#: Calls that a report shows: the last ones are those that failed.
_KEPT = 50


class Answer(NamedTuple):
    """What a request is answered in place of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange(NamedTuple):
    """A request that was made, and its answer or what came instead."""

    request: requests.PreparedRequest
    response: requests.Response | None
    error: Exception | None = None

    def told(self) -> str:
        """Return the request as a curl line and what became of it, without credentials."""
        line = as_curl(self.request)
        if self.response is None:
            return f"{line}\n  → {type(self.error).__name__}: {cut(str(self.error))}"
        status = f"{self.response.status_code} {self.response.reason or ''}".rstrip()
        message = ""
        # The body of a success may be a stream that nobody has read yet.
        if self.response.status_code >= 400:
            with suppress(requests.RequestException, RuntimeError):
                message = f": {cut(errors.server_message(self.response))}"
        return f"{line}\n  → {status}{message}"


#: Answers a request, or returns None: it is somebody else's.
Source = Callable[[requests.PreparedRequest], Answer | None]
#: Is told of a request and its answer before the caller is.
Watcher = Callable[[requests.PreparedRequest, requests.Response], None]


class Wire:
    """What every client that calls within the block goes through, also one that was made before.

    ``sources`` are asked in turn for an answer before the network is; ``watchers`` are told.
    """

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self.sources: list[Source] = []
        self.watchers: list[Watcher] = []
        self._adapters: set[Adapter] = set()
        self._patch: Any = None

    def __enter__(self) -> Wire:
        send = Adapter.send

        def through(adapter: Adapter, request: Any, *args: Any, **kwargs: Any) -> Any:
            return self._pass(adapter, request, lambda: send(adapter, request, *args, **kwargs))

        self._patch = mock.patch.object(Adapter, "send", through)
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._patch.stop()
        for adapter in list(self._adapters):  # no socket outlives the test
            _close(adapter)

    def _pass(
        self, adapter: Adapter, request: requests.PreparedRequest, send: Callable[[], Any]
    ) -> requests.Response:
        self._adapters.add(adapter)
        response: requests.Response
        try:
            answer = self._answer(request)
            response = send() if answer is None else adapter.build_response(request, _raw(answer))
        except Exception as error:
            self._note(Exchange(request, None, error))
            raise
        self._note(Exchange(request, response))
        return response

    def _answer(self, request: requests.PreparedRequest) -> Answer | None:
        for source in self.sources:
            answer = source(request)
            if answer is not None:
                return answer
        return None

    def _note(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if exchange.response is not None:
            for watcher in self.watchers:
                watcher(exchange.request, exchange.response)

    def report(self) -> str:
        """Return the last calls as curl lines, "" when there was none."""
        return "\n".join(exchange.told() for exchange in self.exchanges)


def _close(adapter: Adapter) -> None:
    """Close the connections now: urllib3 waits until nobody holds an answer of theirs."""
    pools = adapter.poolmanager.pools
    for key in pools.keys():  # noqa: SIM118 - it is no mapping that can be iterated
        pools[key].close()
    adapter.close()


def _raw(answer: Answer) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        body=io.BytesIO(answer.body),
        headers=answer.headers,
        status=answer.status,
        reason=responses.get(answer.status, ""),
        preload_content=False,
    )
