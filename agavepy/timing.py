"""The time of clients, and their waiting: one place, which a test kit can move and shorten."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds by which clients believe it to be later than this machine does.
ahead_s = 0.0
#: What waits between the attempts of a call, in seconds.
pause: Callable[[float], object] = time.sleep
#: What waits between looks at what runs elsewhere, in seconds: it needs the time to go on.
look_pause: Callable[[float], object] = time.sleep


def now() -> float:
    """Return epoch seconds."""
    return time.time() + ahead_s


def sleep(seconds: float) -> None:
    """Wait, between the attempts of a call."""
    pause(seconds)


def linger(seconds: float) -> None:
    """Wait, until it is time to look again."""
    look_pause(seconds)
