"""Runs the checks of monitors when the tenant's clock says that they are due."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.state import monitors, monitors_checks
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Seconds that a closing sandbox waits for a check that is under way.
_CLOSE_S = 5.0
_IDLE_S = 3600.0
_AGAIN_S = 1.0


class Watcher:
    """A thread that waits for the next check of any monitor. Ended with :meth:`close`.

    Checks run in the background, so that one system that hangs delays no other; a check that was
    missed, because the sandbox did not run or the clock was moved, is made up for once.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._running: set[str] = set()
        self._changed = self._closing = False
        self._thread = threading.Thread(target=self._run, name="agavepy-watcher", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the monitors again: one of them has changed."""
        self._changed = True
        self._tenant.clock.notify()

    def close(self) -> None:
        """Begin no more checks."""
        self._closing = True
        self._tenant.clock.notify()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        clock = self._tenant.clock
        while not self._closing:
            self._changed = False
            try:
                due = self._look()
            except SandboxError:  # it is stopping: the next run makes up for what was due
                return

            def ready(due: float | None = due) -> bool:
                return self._closing or self._changed or (due is not None and clock.now() >= due)

            clock.wait(ready, _IDLE_S if due is None else max(due - clock.now(), 0.0))

    def _look(self) -> float | None:
        """Begin the checks that are due, and return when the next one is; None without any."""
        now = self._tenant.clock.now()
        later = []
        for monitor in self._tenant.store.all(monitors.MONITOR, active=True):
            if monitor["nextUpdate"] > now:
                later.append(monitor["nextUpdate"])
                continue
            with self._guard:
                if monitor["id"] in self._running:
                    continue
                self._running.add(monitor["id"])
            self._tenant.background(self._check, monitor["id"])
        return min(later, default=None)

    def _check(self, monitor_id: str) -> None:
        try:
            with suppress(ApiError):  # it was deleted meanwhile
                monitors_checks.run(self._tenant, monitor_id)
        except OSError as error:  # the result could not be written, on a full disk
            _log.warning("check of monitor %s is made again: %s", monitor_id, error)
            self._tenant.stopping.wait(_AGAIN_S)
        finally:
            with self._guard:
                self._running.discard(monitor_id)
            self.wake()
