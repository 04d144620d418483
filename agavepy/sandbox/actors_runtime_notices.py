"""Tells webhooks and linked actors what happens to actors, from the outbox of events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import requests

from agavepy.sandbox import runner_http
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_events as events
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Seconds before each further attempt; a webhook that fails them all is given up.
RETRIES_S = (0.5, 2.0)
_TIMEOUT = (5.0, 15.0)
#: Seconds that a closing sandbox waits for a webhook that is just being told.
_CLOSE_S = 5.0


class Notices:
    """A thread that tells the events of the outbox, oldest first, each once when it works.

    ``deliver`` is told of each message to a linked actor.
    """

    def __init__(self, tenant: Tenant, deliver: Callable[[dict[str, Any]], None]) -> None:
        self._tenant = tenant
        self._deliver = deliver
        self._work = threading.Event()
        self._closing = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="agavepy-events", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox: something may be there."""
        self._work.set()

    def close(self) -> None:
        """Tell no more; what is left in the outbox is told by the next run of the sandbox."""
        self._closing.set()
        self._work.set()
        self._thread.join(_CLOSE_S)
        self._abandoned = True

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            if self._closing.is_set():
                return
            for event in events.untold(self._tenant):
                document = event["document"]
                if not event.get("linked"):
                    self._tell_link(event)
                if document["_abaco_webhook"] and not self._post(document):
                    return
                if self._abandoned:
                    return
                events.told(self._tenant, event["key"])

    def _tell_link(self, event: dict[str, Any]) -> None:
        """Send an event to the linked actor, once; one that is gone is told nothing."""
        document = event["document"]
        link = document["_abaco_link"]
        linked = actors.find(self._tenant, link) if link else None
        if linked is None:
            return
        with self._tenant.store.transaction():
            execution = events.to_link(self._tenant, linked, document)
            events.linked(self._tenant, event)
        self._deliver(execution)

    def _post(self, document: dict[str, Any]) -> bool:
        """POST an event to the webhook; False when the sandbox is closing and it must be kept."""
        url, reason = document["_abaco_webhook"], ""
        for pause in (*RETRIES_S, None):
            if self._closing.is_set():
                return False
            try:
                response = requests.post(
                    url, json=document, timeout=_TIMEOUT, **runner_http.options(self._tenant, url)
                )
                if response.ok:
                    return True
                reason = f"{response.status_code} {response.reason}"
            except requests.RequestException as error:
                reason = str(error)
            if pause is not None:
                self._closing.wait(pause)
        _log.warning("gave up telling %s of %s: %s", url, document["event_type"], reason)
        return True
