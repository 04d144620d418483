"""Sends actors their messages by schedule, when the tenant's clock says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_cron as cron
from agavepy.sandbox.state import actors_messages as messages
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: What a scheduled execution is told, and who executes it (abaco ``spawner.py``).
MESSAGE, EXECUTOR = "This is your cron execution", "cron"
#: Seconds of real time after which the clock is looked at again, whatever happens.
_LOOK_S = 3600.0
_CLOSE_S = 5.0


class Cron:
    """A thread that waits for the earliest schedule. ``deliver`` is told of each message."""

    def __init__(self, tenant: Tenant, deliver: Callable[[dict[str, Any]], None]) -> None:
        self._tenant = tenant
        self._deliver = deliver
        self._due: dict[str, float] = {}
        self._guard = threading.Lock()
        self._changed = self._closing = False
        self._thread = threading.Thread(target=self._run, name="agavepy-cron", daemon=True)
        self._thread.start()

    def set(self, actor: dict[str, Any]) -> None:
        """Take notice of the schedule of an actor, which may be none."""
        following = actor["cronNextEx"] if actor["cronOn"] else None
        with self._guard:
            if following:
                self._due[actor["id"]] = cron.due(following)
            else:
                self._due.pop(actor["id"], None)
            self._changed = True
        self._tenant.clock.notify()

    def drop(self, actor_id: str) -> None:
        """Forget the schedule of an actor."""
        with self._guard:
            self._due.pop(actor_id, None)

    def close(self) -> None:
        """Send no more."""
        self._closing = True
        self._tenant.clock.notify()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        clock = self._tenant.clock
        while not self._closing:
            with self._guard:
                self._changed = False
                earliest = min(self._due.values(), default=None)

            def over(due: float | None = earliest) -> bool:
                return self._closing or self._changed or (due is not None and clock.now() >= due)

            left = _LOOK_S if earliest is None else max(earliest - clock.now(), 0.0)
            clock.wait(over, min(left, _LOOK_S))
            with self._guard:
                now = clock.now()
                ready = [actor_id for actor_id, due in self._due.items() if due <= now]
            for actor_id in ready:
                try:
                    self._send(actor_id, now)
                except Exception:  # noqa: BLE001 - one actor's failure must not stop the others'
                    if not self._closing:
                        _log.exception("the schedule of actor %s failed", actor_id)
                    self.drop(actor_id)

    def _send(self, actor_id: str, now: float) -> None:
        """Send one actor its message and set the next hour; both are kept or none."""
        tenant, execution = self._tenant, None
        with tenant.store.transaction():
            actor = actors.find(tenant, actor_id)
            if actor is not None and self._is_due(actor, now):
                execution = messages.put(tenant, actor, EXECUTOR, MESSAGE)
                following = cron.following(actor["cronSchedule"], actor["cronNextEx"], now)
                actor["cronNextEx"] = following
                actors.save(tenant, actor)
        if actor is None:
            self.drop(actor_id)
        else:
            self.set(actor)
        if execution is not None:
            self._deliver(execution)

    @staticmethod
    def _is_due(actor: dict[str, Any], now: float) -> bool:
        """Return whether an actor still has the schedule that was waited for."""
        following = actor["cronNextEx"] if actor["cronOn"] else None
        return bool(following) and cron.due(str(following)) <= now
