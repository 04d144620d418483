"""Wait for what a server does in its own time: look again and again, the first times sooner."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from agavepy import timing
from agavepy.errors import NotFound, TimedOut

#: Seconds before the second look; each pause after it is half as long again.
FIRST_PAUSE_S = 0.05


def looks(
    timeout_s: float | None = None,
    interval_s: float = 1.0,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = timing.linger,
) -> Iterator[None]:
    """Yield each time that it is time to look: at once, then after growing pauses.

    No pause is longer than ``interval_s`` seconds. It ends after the look that ``timeout_s``
    seconds allow as the last one; None: it does not end.
    """
    deadline = None if timeout_s is None else clock() + timeout_s
    pause = min(FIRST_PAUSE_S, interval_s)
    while True:
        yield
        left = pause if deadline is None else deadline - clock()
        if left <= 0:
            return
        sleep(min(pause, left))
        pause = min(pause * 1.5, interval_s)


def follow(
    history: Callable[[], Sequence[Any]],
    final: Container[str],
    *,
    timeout_s: float = 3600.0,
    interval_s: float = 1.0,
    unknown_s: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = timing.linger,
) -> Iterator[Any]:
    """Yield the events of a history as they appear, the last one being of a ``final`` status.

    ``history`` is asked every ``interval_s`` seconds, the first times sooner, and returns all
    events so far, such as ``lambda: ag.jobs.getHistory(jobId=job.id)``. A tenant of Aloe's knows
    nothing of a job until its service has taken it up (agave-docs aloe-job-changes): NotFound
    before the first event is no event yet for ``unknown_s`` seconds. Raises TimedOut after
    ``timeout_s`` seconds without a final event, naming the last one, and whatever else ``history``
    raises.
    """
    began = clock()
    seen = 0
    last = "no event at all"
    for _ in looks(timeout_s, interval_s, clock=clock, sleep=sleep):
        try:
            events = history()
        except NotFound:
            if seen or clock() >= began + unknown_s:
                raise
            events = ()
        for event in events[seen:]:
            seen += 1
            last = str(event["status"])
            yield event
            if last in final:
                return
    raise TimedOut(f"no final state within {timeout_s:g} seconds: the last was {last}")
