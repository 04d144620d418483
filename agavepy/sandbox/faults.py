"""Faults that tests order: which request fails next, how, and how often."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agavepy.sandbox.call import Reply
from agavepy.sandbox.errors import ApiError, Fault, SandboxError

#: Kinds that answer in place of the service; the others let it do its work and spoil the answer.
_INSTEAD = frozenset({"status", "redirect", "expired", "throttle"})
KINDS = _INSTEAD | {"delay", "drop", "truncate", "corrupt"}
#: What a fault of a kind cannot do without.
_NEEDED = {"delay": "delay", "redirect": "location"}


class Faults:
    """The faults that wait for a request, each for its operation or for any; oldest first.

    ``described`` tells whether there is an operation of a name such as ``files.list``.
    """

    def __init__(self, described: Callable[[str], bool]) -> None:
        self._described = described
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []

    def add(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Let a fault wait (its fields are those of the description) and return it completed.

        Raises SandboxError for one that could never strike, or not as its kind does.
        """
        fault = {"times": 1, **fault}
        kind, operation = fault.get("kind"), fault.get("operation")
        if kind not in KINDS:
            raise SandboxError(f"unknown kind {kind!r}: choose one of {', '.join(sorted(KINDS))}")
        if _NEEDED.get(kind, "kind") not in fault:
            raise SandboxError(f"a fault of the kind {kind} needs {_NEEDED[kind]}")
        if operation is not None and not self._described(operation):
            raise SandboxError(f"operation: {operation!r} is not described")
        if not fault.get("location", "").isprintable():
            raise SandboxError(f"location: {fault['location']!r} is no address")
        if fault["times"] < 1:
            raise SandboxError(f"times: nothing fails {fault['times']} times: give 1 or more")
        with self._lock:
            self._waiting.append(fault)
        return dict(fault)

    def take(self, operation: str) -> dict[str, Any] | None:
        """Return the fault that strikes a request for ``operation``, None if none does."""
        if not self._waiting:
            return None
        with self._lock:
            for fault in self._waiting:
                if fault.get("operation") in {None, operation}:
                    fault["times"] -= 1
                    if fault["times"] <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """Return the faults that wait."""
        with self._lock:
            return [dict(fault) for fault in self._waiting]

    def clear(self) -> list[dict[str, Any]]:
        """Take all back and return those that never struck."""
        with self._lock:
            left, self._waiting = self._waiting, []
        return left


def is_instead(fault: dict[str, Any]) -> bool:
    """Tell whether a fault answers in place of the service."""
    return fault["kind"] in _INSTEAD


def instead(fault: dict[str, Any]) -> Reply | None:
    """Return or raise what a fault answers in place of the service; None: the service answers."""
    if not is_instead(fault):
        return None
    kind = fault["kind"]
    if kind == "status":
        status = int(fault.get("status", 500))
        headers = {"Retry-After": f"{fault['retryAfter']:g}"} if "retryAfter" in fault else None
        text = str(fault.get("message", f"A fault that was ordered: {status}"))
        raise ApiError(status, text, headers=headers)
    if kind == "expired":
        raise Fault(900903)
    if kind == "throttle":
        seconds = f"{fault.get('retryAfter', 1):g}"
        raise Fault(900800, headers={"Retry-After": seconds})
    headers = {"Location": str(fault["location"])}
    return Reply.raw(b"", "text/plain", int(fault.get("status", 307)), headers)


def spoil(fault: dict[str, Any], headers: dict[str, str], body: Iterable[bytes]) -> Iterable[bytes]:
    """Return the body of an answer as a fault leaves it.

    Raises ConnectionAbortedError when nothing is to be answered, though the service has done its
    work.
    """
    if fault["kind"] == "corrupt":
        return _corrupt(body)
    if fault["kind"] == "truncate":
        half = int(headers.get("Content-Length", 2)) // 2
        return _truncate(body, fault.get("after", half))
    if fault["kind"] == "drop":
        _close(body)
        raise ConnectionAbortedError("the connection is dropped, as ordered")
    return body


def _corrupt(body: Iterable[bytes]) -> Iterator[bytes]:
    """Turn every bit of the first bytes over: neither JSON nor text is left of them."""
    parts = iter(body)
    try:
        for first in itertools.islice(parts, 1):
            yield bytes(byte ^ 0xFF for byte in first[:64]) + first[64:]
        yield from parts
    finally:
        _close(body)


def _truncate(body: Iterable[bytes], left: int) -> Iterator[bytes]:
    try:
        for part in body:
            yield part[:left]
            left = max(0, left - len(part))
            if not left:
                break
    finally:
        _close(body)
    raise ConnectionAbortedError("the answer is cut off, as ordered")


def _close(body: Iterable[bytes]) -> None:
    """Close what an answer would be read from, such as a file."""
    close = getattr(body, "close", None)
    if close is not None:
        close()
