"""Sends what http(s) subscribers of jobs get, from the outbox in which the events were put."""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import quote

import requests

from agavepy.sandbox import runner_http
from agavepy.sandbox.state import jobs, jobs_views
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Seconds before each further attempt; a subscriber that fails them all is given up.
RETRIES_S = (0.5, 2.0)
_TIMEOUT = (5.0, 15.0)
#: Seconds that a closing sandbox waits for a subscriber that is just being told.
_CLOSE_S = 5.0


class Notices:
    """A thread that POSTs the deliveries of the outbox, oldest first, each once when it works."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._work = threading.Event()
        self._closing = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="agavepy-notices", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look into the outbox: something may be there."""
        self._work.set()

    def close(self) -> None:
        """Send no more; what is left in the outbox is sent by the next run of the sandbox."""
        self._closing.set()
        self._work.set()
        self._thread.join(_CLOSE_S)
        self._abandoned = True

    def _run(self) -> None:
        while not self._closing.is_set():
            self._work.wait()
            self._work.clear()
            for delivery in self._tenant.store.all(jobs.DELIVERY):
                if not self._send(delivery) or self._abandoned:
                    return
                self._tenant.store.delete(jobs.DELIVERY, delivery["key"])

    def _send(self, delivery: dict[str, Any]) -> bool:
        """Send one delivery; False when the sandbox is closing and it must be kept."""
        job = jobs.find(self._tenant, delivery["job"])
        if job is None:
            return True
        document = delivery["document"]
        if document is None:
            as_it_was = {**job, "status": delivery["status"]}
            document = jobs_views.detail(self._tenant, self._tenant, as_it_was)
        url = self._filled(delivery, job)
        for pause in (*RETRIES_S, None):
            if self._closing.is_set():
                return False
            try:
                response = requests.post(
                    url,
                    json=document,
                    timeout=_TIMEOUT,
                    **runner_http.options(self._tenant, url),
                    headers={"X-Agave-Event": delivery["event"]},
                )
                if response.ok:
                    return True
                reason = f"{response.status_code} {response.reason}"
            except requests.RequestException as error:
                reason = str(error)
            if pause is not None:
                self._closing.wait(pause)
        _log.warning("gave up telling %s of %s: %s", url, delivery["event"], reason)
        return True

    def _filled(self, delivery: dict[str, Any], job: dict[str, Any]) -> str:
        """Return the address with its macros replaced (agave-notifications)."""
        url = str(delivery["url"])
        for name, value in {
            "UUID": job["id"],
            "EVENT": delivery["event"],
            "JOB_ID": job["id"],
            "JOB_STATUS": delivery["status"],
            "JOB_NAME": job["name"],
            "JOB_OWNER": job["owner"],
            "JOB_URL": self._tenant.link("jobs", "get", jobId=job["id"]),
        }.items():
            url = url.replace(f"${{{name}}}", quote(value, safe=""))
        return url
