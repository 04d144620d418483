"""Make the tenant fail on purpose: which operation, how, and how often."""

from __future__ import annotations

from typing import Any

from agavepy.testing.door import Door


class Faults:
    """The faults of the sandbox's control door; see ``OrderedFault`` in its description.

    ``operation`` is a name such as ``"files.list"`` or the operation itself, ``ag.files.list``;
    None: whatever is called next. ``times`` is how many requests fail. What still waits when a
    test ends is taken back.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def add(self, operation: Any = None, kind: str = "status", **fields: Any) -> Any:
        """Order a fault of any kind that the door has, with its fields; return it as it waits.

        Raises BadRequest for an operation, a kind or a field that there is not.
        """
        given = {name: value for name, value in fields.items() if value is not None}
        body = {"kind": kind, **given}
        if operation is not None:
            body["operation"] = name_of(operation)
        return self._door.call.addFault(body=body)

    def fail(
        self,
        operation: Any = None,
        status: int = 500,
        *,
        times: int = 1,
        message: str | None = None,
        retry_after: float | None = None,
    ) -> Any:
        """Answer with an error in place of the service.

        ``retry_after`` (seconds) is the header that says when to come back. 429 is the gateway's.
        """
        if status == 429:
            return self.throttle(operation, retry_after or 1, times=times)
        fields = {"status": status, "times": times, "message": message, "retryAfter": retry_after}
        return self.add(operation, "status", **fields)

    def throttle(self, operation: Any = None, retry_after: float = 1, *, times: int = 1) -> Any:
        """Answer 429 with a ``Retry-After`` of so many seconds."""
        return self.add(operation, "throttle", retryAfter=retry_after, times=times)

    def expire_token(self, operation: Any = None, *, times: int = 1) -> Any:
        """Refuse the token as expired, which makes a client renew it."""
        return self.add(operation, "expired", times=times)

    def slow(self, operation: Any = None, seconds: float = 1, *, times: int = 1) -> Any:
        """Answer so many real seconds later."""
        return self.add(operation, "delay", delay=seconds, times=times)

    def drop(self, operation: Any = None, *, times: int = 1) -> Any:
        """Do the work, then close the connection without an answer."""
        return self.add(operation, "drop", times=times)

    def truncate(self, operation: Any = None, *, after: int | None = None, times: int = 1) -> Any:
        """Close the connection in the middle of the answer's body, or ``after`` so many bytes."""
        return self.add(operation, "truncate", after=after, times=times)

    def corrupt(self, operation: Any = None, *, times: int = 1) -> Any:
        """Spoil the answer's body: what was JSON is none."""
        return self.add(operation, "corrupt", times=times)

    def redirect(self, operation: Any = None, location: str = "", *, times: int = 1) -> Any:
        """Send the caller to another address. Raises BadRequest without one."""
        return self.add(operation, "redirect", location=location or None, times=times)

    def waiting(self) -> list[Any]:
        """Return the faults that still wait for a request."""
        return list(self._door.call.listFaults())

    def clear(self) -> list[Any]:
        """Take all back and return those that never struck."""
        return list(self._door.call.clearFaults())


def name_of(operation: Any) -> str:
    """Return the name of an operation that was given as such or by name."""
    plan = getattr(operation, "plan", None)
    return str(operation if plan is None else plan.id)
