"""Answers without a server: queued by operation, and held against the descriptions both ways."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from agavepy.curl import blotted
from agavepy.errors import UsageError, nearest
from agavepy.operation import Operation
from agavepy.plan import BYTES, JSON
from agavepy.sandbox.checks import UNREAD, Checks
from agavepy.sandbox.envelope import failure, success
from agavepy.testing.asked import asked
from agavepy.testing.isolation import current, unhurried
from agavepy.testing.wire import Answer, Wire

if TYPE_CHECKING:
    from agavepy.client import Agave

#: An address that cannot be looked up anywhere (RFC 6761).
URL = "https://stub.invalid"
_NOTHING: Any = object()


class StubError(AssertionError):
    """A call that no answer was queued for, or with other arguments; or answers that are left.

    It is no AgaveError: code under test that takes those must not take a failure of its test.
    """


@dataclass
class _Queued:
    operation: str
    answer: Answer
    expected: Mapping[str, Any] = field(default_factory=dict)


class Stub:
    """A tenant that answers what it was told to answer, each answer once, in order by operation.

    Clients come from :meth:`client`. What a client sends has been checked by its description, as
    always; what it is answered is checked here, so that a test cannot rest on an answer that no
    server gives.
    """

    def __init__(self, wire: Wire) -> None:
        self._queue: list[_Queued] = []
        self._lock = threading.Lock()
        self._checks = Checks()
        wire.sources.append(self._answer)

    def client(self, **settings: Any) -> Agave:
        """Return a client of the stub; ``settings`` are further keywords of ``Agave``.

        It repeats no request: one answer is one call, whatever its status.
        """
        from agavepy.client import Agave

        login = {"api_server": URL, "username": "ada", "token": "stub", "cache_client": False}
        client = Agave(**{**login, **settings})
        client.transport.retries = 0
        return client

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """Be the tenant of ``Agave.restore()``, and let no client wait."""
        with current(URL, "stub"), unhurried():
            yield

    def add_response(
        self,
        operation: Operation,
        result: Any = _NOTHING,
        expected: Mapping[str, Any] | None = None,
        *,
        status: int | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Queue the answer of the next call of an operation such as ``ag.files.list``.

        ``result`` is what the server's ``result`` holds, for a download the bytes or the text;
        leave it out where there is none. ``expected`` are arguments that the call must have (others
        may come with them; ``unittest.mock.ANY`` fits all). Raises StubError when the description
        knows no such answer, UsageError when it knows no such argument.
        """
        plan = operation.plan
        status = plan.answer.status if status is None else status
        kind, family = plan.answer.kind, plan.answer.family
        if kind == "raw":
            body = result.encode() if isinstance(result, str) else bytes(result)
            self._add(operation, status, BYTES, body, expected, headers)
            return
        has_result = result is not _NOTHING
        content = success(family, message, result, has_result) if family != "none" else result
        fault = self._checks.answer(plan, status, UNREAD if content is _NOTHING else content)
        if fault:
            raise StubError(f"{plan.id} cannot answer that: {fault}")
        body = b"" if content is _NOTHING else json.dumps(content).encode()
        self._add(operation, status, JSON, body, expected, headers)

    def add_error(
        self,
        operation: Operation,
        status: int,
        message: str = "",
        expected: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Queue an error: the client raises what it raises for such an answer of the service.

        A status of 500 or more may be any; others have to be described, or else StubError.
        """
        plan = operation.plan
        if status < 400:
            raise UsageError(f"{status} is no error: use add_response")
        family = plan.answer.family
        content = failure("java" if family == "none" else family, message)
        fault = self._checks.answer(plan, status, content) if status < 500 else ""
        if fault:
            raise StubError(f"{plan.id} cannot answer that: {fault}")
        body = json.dumps(content).encode()
        self._add(operation, status, JSON, body, expected, headers)

    def _add(
        self,
        operation: Operation,
        status: int,
        kind: str,
        body: bytes,
        expected: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> None:
        plan = operation.plan
        known = [parameter.name for parameter in plan.parameters]
        for name in expected or ():
            if name not in known:
                raise UsageError(f"{plan.id} has no parameter {name!r}{nearest(name, known)}")
        head = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
        self._queue.append(_Queued(plan.id, Answer(status, head, body), dict(expected or {})))

    def _answer(self, request: requests.PreparedRequest) -> Answer | None:
        if not str(request.url).startswith(f"{URL}/"):
            return None
        plan, arguments = asked(request)
        name = plan.id if plan else f"{request.method} {request.path_url}"
        with self._lock:
            queued = next((item for item in self._queue if item.operation == name), None)
            if queued is None:
                waiting = ", ".join(item.operation for item in self._queue) or "none"
                raise StubError(
                    f"{name} was called with {blotted(arguments)}, and no answer to it is queued: "
                    f"add_response(ag.{name}, …) before; queued: {waiting}"
                )
            for key, value in queued.expected.items():
                if arguments.get(key) != value:
                    told, wanted = blotted(arguments), blotted({key: value})[key]
                    raise StubError(
                        f"{name} was called with {key}={told.get(key)!r}, expected {wanted!r}; "
                        f"all arguments: {told}"
                    )
            self._queue.remove(queued)
            return queued.answer

    @property
    def pending(self) -> list[str]:
        """The operations whose answers nobody has asked for yet."""
        return [item.operation for item in self._queue]

    def assert_no_pending(self) -> None:
        """Raise StubError when a queued answer was not asked for; at the end, the fixture does."""
        if self._queue:
            raise StubError(
                f"answers were queued that no call asked for: {', '.join(self.pending)}"
            )
