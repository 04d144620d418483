"""What the tenant was asked during a test, by whichever process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy import loader
from agavepy.errors import UsageError, nearest
from agavepy.sandbox.arguments import SEARCH
from agavepy.testing.door import Door
from agavepy.testing.faults import name_of


class Calls:
    """The sandbox's log of requests; ``ag.files.list`` and ``"files.list"`` name an operation."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def listing(self, operation: Any = None) -> list[Any]:
        """Return the requests, oldest first: operation, arguments, user, status and more.

        See ``Request`` in the description of the control door. Credentials are blotted out. Raises
        UsageError for an operation that there is not.
        """
        name = None
        if operation is not None:
            _check(name := name_of(operation), ())
        return list(self._door.call.listRequests(operation=name))

    def count(self, operation: Any = None, **arguments: Any) -> int:
        """Return how many requests there were with at least these arguments.

        Raises UsageError for an operation, or an argument, that there is not.
        """
        if operation is not None:
            _check(name_of(operation), arguments)
        return sum(
            all(call.arguments.get(name) == value for name, value in arguments.items())
            for call in self.listing(operation)
        )

    def assert_called(self, operation: Any, times: int | None = None, **arguments: Any) -> None:
        """Fail unless the operation was called, ``times`` times if that is given.

        Only requests with at least these ``arguments`` count; ``body`` is the JSON body.
        """
        found = self.count(operation, **arguments)
        if found if times is None else found == times:
            return
        wanted = "at least once" if times is None else f"{times} times"
        asked = f" with {arguments}" if arguments else ""
        seen = [f"  {call.operation} {dict(call.arguments)}" for call in self.listing()]
        raise AssertionError(
            "\n".join(
                [
                    f"{name_of(operation)} was called {found} times{asked}, not {wanted}; "
                    "the tenant was asked:",
                    *(seen or ["  nothing"]),
                ]
            )
        )

    def assert_not_called(self, operation: Any, **arguments: Any) -> None:
        """Fail if the operation was called with at least these arguments."""
        self.assert_called(operation, 0, **arguments)

    def clear(self) -> None:
        """Forget what was asked so far."""
        self._door.call.clearRequests()


def _check(operation: str, arguments: Iterable[str]) -> None:
    """Raise UsageError for what no request can have: its count would be 0 and prove nothing."""
    service, _, name = operation.partition(".")
    plan = loader.service_plan(service).get(name) if service in loader.services() else None
    if plan is None:
        known = [
            f"{each}.{name}" for each in loader.services() for name in loader.service_plan(each)
        ]
        raise UsageError(f"the tenant has no operation {operation!r}{nearest(operation, known)}")
    names = [parameter.name for parameter in plan.parameters] + [SEARCH]
    for argument in arguments:
        if argument not in names:
            raise UsageError(f"{operation} has no argument {argument!r}{nearest(argument, names)}")
