"""The time of the tenant and of its clients, moved without waiting."""

from __future__ import annotations

from agavepy import timing
from agavepy.testing.door import Door


class Clock:
    """One time for a sandbox and for every client of this process.

    A token expires when the clock has moved past its life: the client renews it before, as it would
    after hours.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def now(self) -> float:
        """Return the tenant's time in epoch seconds."""
        now: float = self._door.call.getClock().now
        return now

    def advance(self, seconds: float) -> float:
        """Move the time by so many seconds and return what it is now, in epoch seconds."""
        return self._move(advance=seconds)

    def set(self, now: float) -> float:
        """Move the time to an instant, in epoch seconds, and return it."""
        return self._move(now=now)

    def _move(self, **how: float) -> float:
        moved = self._door.call.moveClock(body=how)
        timing.ahead_s = moved.offset
        now: float = moved.now
        return now
