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
from requests.adapters import HTTPAdapter

from agavepy import errors, transport
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
    """What every client that starts to call within the block goes through.

    ``sources`` are asked in turn for an answer before the network is; ``watchers`` are told.
    """

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=_KEPT)
        self.sources: list[Source] = []
        self.watchers: list[Watcher] = []
        self._adapters: list[_Adapter] = []
        self._patch: Any = None

    def __enter__(self) -> Wire:
        self._patch = mock.patch.object(transport, "new_adapter", self._adapter)
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._patch.stop()
        for adapter in self._adapters:  # no socket outlives the test
            adapter.close()

    def _adapter(self, **settings: Any) -> HTTPAdapter:
        adapter = _Adapter(self, **settings)
        self._adapters.append(adapter)
        return adapter

    def answer(self, request: requests.PreparedRequest) -> Answer | None:
        """Return what a source says, None when the network is to be asked."""
        for source in self.sources:
            answer = source(request)
            if answer is not None:
                return answer
        return None

    def note(self, exchange: Exchange) -> None:
        """Keep what happened, and tell the watchers of an answer."""
        self.exchanges.append(exchange)
        if exchange.response is not None:
            for watcher in self.watchers:
                watcher(exchange.request, exchange.response)

    def report(self) -> str:
        """Return the last calls as curl lines, "" when there was none."""
        return "\n".join(exchange.told() for exchange in self.exchanges)


class _Adapter(Adapter):
    def __init__(self, wire: Wire, **settings: Any) -> None:
        self._wire = wire
        super().__init__(**settings)

    def close(self) -> None:
        """Close the connections now: urllib3 waits until nobody holds an answer of theirs."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - it is no mapping that can be iterated
            pools[key].close()
        super().close()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = self._wire.answer(request)
            response = (
                super().send(request, *args, **kwargs)
                if answer is None
                else self.build_response(request, _raw(answer))
            )
        except Exception as error:
            self._wire.note(Exchange(request, None, error))
            raise
        self._wire.note(Exchange(request, response))
        return response


def _raw(answer: Answer) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        body=io.BytesIO(answer.body),
        headers=answer.headers,
        status=answer.status,
        reason=responses.get(answer.status, ""),
        preload_content=False,
    )
