"""Follow what a server does in its own time: history events as they come, until a final one."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from agavepy.errors import NotFound, TimedOut


def follow(
    history: Callable[[], Sequence[Any]],
    final: Container[str],
    *,
    timeout_s: float = 3600.0,
    interval_s: float = 1.0,
    unknown_s: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
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
    deadline = began + timeout_s
    pause = min(0.05, interval_s)
    seen = 0
    last = "no event at all"
    while True:
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
        if clock() >= deadline:
            raise TimedOut(f"no final state within {timeout_s:g} seconds: the last was {last}")
        sleep(min(pause, max(0.0, deadline - clock())))
        pause = min(pause * 1.5, interval_s)
