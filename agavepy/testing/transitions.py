"""How what lives by itself goes from state to state in a test: at once, by hand, with time."""

from __future__ import annotations

from typing import Any

from agavepy import timing
from agavepy.errors import UsageError
from agavepy.testing.clock import Clock
from agavepy.testing.door import Door


class Transitions:
    """The lifecycle modes of the sandbox's control door; see ``Transition`` in its description.

    The kinds are those of the door: jobs, files (imports), actors and executions. A test's choice
    holds until the test ends.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def set(self, kind: str, *, manual: bool | int = False, seconds: float | None = None) -> Any:
        """Choose how the things of a kind go on, and return the choice.

        ``manual=True``: each stays in its state until :meth:`advance`; a number: it goes on after
        it was looked at so many times. ``seconds``: each state lasts so long by the tenant's clock,
        which clients that wait for an end move on by what they wait. Neither: at once. Raises
        BadRequest for a kind that there is not.
        """
        if manual and seconds is not None:
            raise UsageError("a thing goes on by hand or by time: give manual= or seconds=")
        body: dict[str, Any] = {"kind": kind, "mode": "by_hand" if manual else "at_once"}
        if manual is not True and manual:
            body["looks"] = manual
        if seconds is not None:
            body |= {"mode": "by_time", "seconds": seconds}
        chosen = self._door.call.setTransition(body=body)
        if seconds is not None:
            timing.look_pause = Clock(self._door).advance
        return chosen

    def advance(self, kind: str, thing: Any = None, transitions: int = 1) -> list[Any]:
        """Let a thing leave its state, or all of a kind; return what they are in now.

        ``thing`` is an id or what has one, such as a job. Raises NotFound for one that is not under
        way.
        """
        body = {"kind": kind, "transitions": transitions}
        if thing is not None:
            body["id"] = str(getattr(thing, "id", thing))
        return list(self._door.call.advance(body=body))

    def under_way(self, kind: str) -> list[Any]:
        """Return the things of a kind that have not ended, with their states.

        Raises UsageError for a kind that there is not.
        """
        told = {item.kind: item.things for item in self._door.call.listTransitions()}
        if kind not in told:
            raise UsageError(f"there is no kind {kind!r}: choose one of {', '.join(told)}")
        return list(told[kind])
