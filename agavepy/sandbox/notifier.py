"""Sends what notifications owe, each subscription in the order of its events.

A thread looks for what is due by the tenant's clock; each subscription that has something due is
served on a thread of its own, so that a slow subscriber makes nobody else wait. What was owed when
a sandbox ended is sent by the next one on the same state: a subscriber may hear of an event twice
and misses none.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import requests

from agavepy.sandbox import outside
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, notifications_attempts
from agavepy.sandbox.state.events import DELIVERY
from agavepy.sandbox.state.notifications import Notification
from agavepy.sandbox.state.notifications_attempts import Attempt, Outcome
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Subscriptions that are served at the same time.
_MOST = 64
#: Seconds for a subscriber to take the connection, and to answer.
_TIMEOUT_S = (5.0, 15.0)
#: Seconds that a closing sandbox waits for subscribers that are just being told.
_CLOSE_S = 5.0
_IDLE_S = 3600.0
#: Seconds before sending goes on after the state could not be written, on a full disk.
_AGAIN_S = 1.0


class Notifier:
    """The sending of one tenant's notifications. Ended with :meth:`close`."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._serving: dict[str, threading.Thread] = {}
        self._work = False
        self._closing = self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="agavepy-notifier", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for what is due: something may be."""
        self._work = True
        self._tenant.clock.notify()

    def close(self) -> None:
        """Send no more; what is still owed is sent by the next run of the sandbox."""
        self._closing = True
        self._tenant.clock.notify()
        deadline = time.monotonic() + _CLOSE_S
        self._thread.join(_CLOSE_S)
        with self._guard:
            serving = list(self._serving.values())
        for thread in serving:
            thread.join(max(deadline - time.monotonic(), 0))
        with self._guard:
            self._abandoned = True

    def _run(self) -> None:
        clock = self._tenant.clock
        while not self._closing:
            self._work = False
            due = self._look()

            def ready(due: float | None = due) -> bool:
                return self._closing or self._work or (due is not None and clock.now() >= due)

            clock.wait(ready, _IDLE_S if due is None else max(due - clock.now(), 0.0))

    def _look(self) -> float | None:
        """Serve whoever is due, and return when the next one is; None when nobody waits."""
        heads: dict[str, dict[str, Any]] = {}
        for delivery in self._tenant.store.all(DELIVERY):
            heads.setdefault(delivery["notification"], delivery)
        now = self._tenant.clock.now()
        later = [head["due"] for head in heads.values() if head["due"] > now]
        with self._guard:
            for notification_id, head in heads.items():
                if head["due"] > now or notification_id in self._serving:
                    continue
                if len(self._serving) >= _MOST:
                    break  # the next thread that ends wakes this one
                thread = threading.Thread(
                    target=self._serve,
                    args=(notification_id,),
                    name=f"agavepy-notifier-{notification_id}",
                    daemon=True,
                )
                self._serving[notification_id] = thread
                thread.start()
        return min(later, default=None)

    def _serve(self, notification_id: str) -> None:
        """Send what a notification owes, as far as it is due."""
        tenant = self._tenant
        try:
            while not self._closing:
                owed = tenant.store.all(DELIVERY, notification=notification_id)
                if not owed or owed[0]["due"] > tenant.clock.now():
                    return
                for delivery in owed:
                    if self._closing or not self._send(delivery):
                        break  # those behind it wait until it is taken or given up
        except Exception:  # noqa: BLE001 - the last line of a thread: told, never lost
            if not self._abandoned:
                _log.exception("sending notification %s failed", notification_id)
                tenant.stopping.wait(_AGAIN_S)
        finally:
            with self._guard:
                del self._serving[notification_id]
            self.wake()

    def _send(self, delivery: dict[str, Any]) -> bool:
        """Send a delivery and return whether it is done with."""
        tenant = self._tenant
        if tenant.store.get(DELIVERY, delivery["key"]) is None:  # its notification was deleted
            return True
        started, attempt_id = tenant.clock.now(), tenant.ids.uuid("042")
        outcome = post(tenant, delivery, attempt_id)
        with self._guard:
            if self._abandoned:  # the state may be closed: the next run sends it again
                return False
            return notifications_attempts.settle(tenant, attempt_id, delivery, outcome, started)


def fire(tenant: Tenant, notification: Notification, event: str) -> Attempt:
    """Send a notification now, once and whatever its status, and return the attempt.

    Raises ApiError 403 when its owner may not see any more what it is about.
    """
    uuid = notification["associatedUuid"]
    source = events.source_of(uuid)
    there = source is not None and source.find(tenant, uuid) is not None
    if there and not events.may_be_told(tenant, notification["owner"], uuid):
        raise ApiError(403, f"Permission denied. {notification['owner']} may not view {uuid}")
    delivery = events.message(tenant, notification, event, uuid)
    started, attempt_id = tenant.clock.now(), tenant.ids.uuid("042")
    outcome = post(tenant, delivery, attempt_id)
    with tenant.store.transaction():
        kept = tenant.store.get(events.NOTIFICATION, notification["id"])
        if kept is None:
            raise ApiError(404, f"Notification {notification['id']} was deleted meanwhile")
        return notifications_attempts.record(tenant, attempt_id, kept, delivery, outcome, started)


def post(tenant: Tenant, delivery: dict[str, Any], attempt_id: str) -> Outcome:
    """Send a delivery once to its address and return what came of it."""
    url = delivery["url"]
    if not url.lower().startswith(("http://", "https://")):
        text = f"Not sent to {url}: a sandbox posts to http and https addresses only"
        return Outcome(sent=False, code=None, message=text, hopeless=True)
    try:
        with requests.post(
            url,
            json=delivery["body"],
            timeout=_TIMEOUT_S,
            stream=True,  # of the answer, the status is all that counts
            **outside.options(tenant, url),
            headers={
                "X-Agave-Event": delivery["event"],
                "X-Agave-Delivery": attempt_id,
                "X-Agave-Notification": delivery["notification"],
            },
        ) as answer:
            return Outcome(answer.ok, answer.status_code, answer.reason or "")
    except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
        return Outcome(sent=False, code=None, message=str(error))
