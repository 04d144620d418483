"""Who may run now: the limits of queues and systems on how many jobs run at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agavepy.sandbox.state import systems
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.tenant import Tenant


@dataclass(frozen=True, eq=False)
class Place:
    """What a job needs to run: a slot of its system and queue. Limits of None do not limit."""

    system: str
    queue: str | None
    user: str
    system_limit: int | None
    system_user_limit: int | None
    queue_limit: int | None
    queue_user_limit: int | None


class Places:
    """Gives places first come, first served; who cannot have one does not hold up who can."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Place] = []
        self._running: list[Place] = []

    @staticmethod
    def of(tenant: Tenant, job: Job) -> Place:
        """Return the place that a job needs, under the limits as they are now."""
        system = systems.find(tenant, job["executionSystem"]) or {}
        queue = systems.queue(system, job["batchQueue"]) if job["batchQueue"] else None

        def limit(value: int | None) -> int | None:
            return value if value is not None and value > 0 else None

        return Place(
            job["executionSystem"],
            job["batchQueue"],
            job["owner"],
            limit(system.get("maxSystemJobs")),
            limit(system.get("maxSystemJobsPerUser")),
            limit(queue["maxJobs"]) if queue else None,
            limit(queue["maxUserJobs"]) if queue else None,
        )

    @contextmanager
    def taken(
        self, place: Place, cancelled: threading.Event, waits: Callable[[], object]
    ) -> Iterator[None]:
        """Hold ``place`` once it is free; when ``cancelled`` is set, go on without it at once.

        ``waits`` is called first when it is not free.
        """
        with self._changed:
            self._waiting.append(place)
            free = self._next(place)
        try:
            if not free:
                waits()
            with self._changed:
                self._changed.wait_for(lambda: cancelled.is_set() or self._next(place))
                self._running.append(place)
        finally:
            with self._changed:
                self._waiting.remove(place)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(place)
                self._changed.notify_all()

    def look(self) -> None:
        """Have everybody who waits look again: one of them may be cancelled."""
        with self._changed:
            self._changed.notify_all()

    def _next(self, place: Place) -> bool:
        return next((other is place for other in self._waiting if self._fits(other)), False)

    def _fits(self, place: Place) -> bool:
        on_system = [other for other in self._running if other.system == place.system]
        in_queue = [other for other in on_system if other.queue == place.queue]
        return all(
            limit is None or sum(user in (None, other.user) for other in others) < limit
            for others, user, limit in (
                (on_system, None, place.system_limit),
                (on_system, place.user, place.system_user_limit),
                (in_queue, None, place.queue_limit),
                (in_queue, place.user, place.queue_user_limit),
            )
        )
