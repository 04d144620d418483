"""The tenant's time, which tests may move, and waiting for a condition without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from agavepy.sandbox.errors import SandboxError

#: A year: locks cannot wait for as long as a caller may schedule something ahead.
_LONGEST_S = 366 * 86400.0
#: The year 9999 in epoch seconds: some zone is beyond it at its end.
_LAST = 253370764800.0


class Clock:
    """Seconds since the epoch, ``offset_s`` ahead of the machine's clock."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        self._changed = threading.Condition()

    def now(self) -> float:
        """Return the tenant's time in epoch seconds."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move the tenant's time forward; errors as :meth:`set_offset`."""
        self.set_offset(self.offset_s + seconds)

    def set_offset(self, seconds: float) -> None:
        """Set how far the tenant's time is ahead of the machine's.

        Raises SandboxError for a time that no date has, which every answer would stumble over.
        """
        if not 0 <= time.time() + seconds < _LAST:
            raise SandboxError(
                f"the clock cannot be {seconds:g} seconds ahead: it goes from 1970 to 9998"
            )
        self.offset_s = seconds
        self.notify()

    def notify(self) -> None:
        """Wake those who wait: something that they wait for may have happened."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``condition()`` holds, ``timeout_s`` real seconds at most; return if it does.

        The condition is looked at whenever :meth:`notify` is called.
        """
        with self._changed:
            return self._changed.wait_for(condition, min(timeout_s, _LONGEST_S))
