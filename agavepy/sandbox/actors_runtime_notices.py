"""Tells webhooks and linked actors what happens to actors, from the outbox of events.

Each webhook is told on a thread of its own, so that a slow one makes nobody else wait. What was not
told when a sandbox ended is told by the next one on the same state.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from agavepy.sandbox import outside
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_events as events
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Seconds before each further attempt; an event is given up when all have failed.
RETRIES_S = (0.5, 2.0)
#: Seconds for a webhook to take the connection, and to answer.
_TIMEOUT_S = (5.0, 15.0)
#: Seconds that a closing sandbox waits for webhooks that are just being told.
_CLOSE_S = 5.0


class Notices:
    """The telling of one tenant's events, each once when it works, a webhook's in their order.

    ``deliver`` is told of each message to a linked actor.
    """

    def __init__(self, tenant: Tenant, deliver: Callable[[dict[str, Any]], None]) -> None:
        self._tenant = tenant
        self._deliver = deliver
        self._work = threading.Event()
        self._closing = threading.Event()
        self._abandoned = False
        self._guard = threading.Lock()
        self._serving: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._run, name="agavepy-events", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox: something may be there."""
        self._work.set()

    def close(self) -> None:
        """Tell no more; what is left in the outbox is told by the next run of the sandbox."""
        self._closing.set()
        self._work.set()
        deadline = time.monotonic() + _CLOSE_S
        self._thread.join(_CLOSE_S)
        with self._guard:
            serving = list(self._serving.values())
        for thread in serving:
            thread.join(max(deadline - time.monotonic(), 0))
        with self._guard:
            self._abandoned = True

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            if self._closing.is_set():
                return
            for event in events.untold(self._tenant):
                if not event["linked"]:
                    self._tell_link(event)
                webhook = event["document"]["_abaco_webhook"]
                if webhook:
                    self._serve(webhook)
                else:
                    events.told(self._tenant, event["key"])

    def _tell_link(self, event: dict[str, Any]) -> None:
        """Send an event to the linked actor, once; one that is gone is told nothing."""
        document = event["document"]
        link = document["_abaco_link"]
        execution = None
        with self._tenant.store.transaction():
            linked = actors.find(self._tenant, link) if link else None
            if linked is not None:
                execution = events.to_link(self._tenant, linked, document)
            events.linked(self._tenant, event)
        if execution is not None:
            self._deliver(execution)

    def _serve(self, webhook: str) -> None:
        """Have a webhook told what is there for it, unless that is being done."""
        with self._guard:
            if webhook in self._serving or self._closing.is_set():
                return
            thread = threading.Thread(
                target=self._tell, args=(webhook,), name="agavepy-webhook", daemon=True
            )
            self._serving[webhook] = thread
            thread.start()

    def _tell(self, webhook: str) -> None:
        tenant = self._tenant
        try:
            for event in events.untold(tenant):
                document = event["document"]
                if document["_abaco_webhook"] != webhook:
                    continue
                done = self._post(webhook, document)
                with self._guard:
                    if not done or self._abandoned:  # the next run tells it
                        return
                    events.told(tenant, event["key"])
        finally:
            with self._guard:
                del self._serving[webhook]
            self.wake()  # for what has come meanwhile

    def _post(self, webhook: str, document: dict[str, Any]) -> bool:
        """POST an event; False when the sandbox is closing and it must be kept."""
        reason = ""
        for pause in (*RETRIES_S, None):
            if self._closing.is_set():
                return False
            try:
                with requests.post(
                    webhook,
                    json=document,
                    timeout=_TIMEOUT_S,
                    stream=True,  # of the answer, the status is all that counts
                    **outside.options(self._tenant, webhook),
                ) as answer:
                    if answer.ok:
                        return True
                    reason = f"{answer.status_code} {answer.reason}"
            except (requests.RequestException, ValueError) as error:
                reason = str(error)
            if pause is not None:
                self._closing.wait(pause)
        _log.warning("gave up telling %s of %s: %s", webhook, document["event_type"], reason)
        return True
