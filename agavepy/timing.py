"""The time of clients, and their waiting: one place, which a test kit can move and shorten."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds by which clients believe it to be later than this machine does.
ahead_s = 0.0
#: What waits, in seconds.
pause: Callable[[float], object] = time.sleep


def now() -> float:
    """Return epoch seconds."""
    return time.time() + ahead_s


def sleep(seconds: float) -> None:
    """Wait, between the attempts of a call."""
    pause(seconds)
