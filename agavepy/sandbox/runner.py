"""The attempts of a tenant's jobs that are under way, each on a thread of its own."""

from __future__ import annotations

import logging
import shutil
import threading
import time

from agavepy.sandbox.runner_attempt import Attempt, folder_of
from agavepy.sandbox.runner_queue import Places
from agavepy.sandbox.state import jobs
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Attempts that copy deployments and inputs at the same time; the others wait for their turn.
_STAGING = 4
#: Seconds that a closing sandbox waits for a copy or download to notice that it shall not go on.
_CLOSE_S = 10.0


class Runner:
    """The attempts of one tenant's jobs. Ended with :meth:`close`."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._attempts: dict[str, Attempt] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = self._closed = False
        self._staging = threading.BoundedSemaphore(_STAGING)
        self._places = Places()

    def start(self, job: Job) -> Attempt:
        """Begin an attempt of a job; a sandbox that is closing leaves it to its next run."""
        attempt = Attempt(self._tenant, job, self._places, self._staging)
        self._tenant.pace.begin("jobs", job["id"], job["status"])
        thread = threading.Thread(
            target=self._live, args=(attempt,), name=f"agavepy-job-{job['id']}", daemon=True
        )
        with self._guard:
            if self._closing:
                attempt.taken_up.set()
                return attempt
            self._attempts[job["id"]] = attempt
            self._threads.add(thread)
            thread.start()
        return attempt

    def cancel(self, job_id: str) -> Attempt | None:
        """End what runs of a job, its process included; return the attempt, None without one."""
        with self._guard:
            attempt = self._attempts.get(job_id)
        if attempt is not None:
            attempt.cancel()
        return attempt

    def join(self, job_id: str, timeout_s: float) -> bool:
        """Wait until no attempt of a job is under way; return whether that came in time."""
        with self._guard:
            attempt = self._attempts.get(job_id)
        return attempt is None or attempt.over.wait(timeout_s)

    def close(self) -> None:
        """End every process and return when nothing runs; what had not begun to run is kept."""
        with self._guard:
            self._closing = True
            attempts, threads = list(self._attempts.values()), list(self._threads)
        for attempt in attempts:
            text = "The sandbox was closed while the job was running: submit it again"
            attempt.try_move("FAILED", text, since=("RUNNING",))
            attempt.cancel()
        deadline = time.monotonic() + _CLOSE_S
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self._closed = True

    def _live(self, attempt: Attempt) -> None:
        """Carry one attempt out on its own thread, whatever happens."""
        job_id = attempt.job["id"]
        try:
            try:
                attempt.carry_out()
            except Exception as error:  # noqa: BLE001 - the last line of a thread: no job may hang
                if self._closed:
                    return  # it did not notice in time; the next run of the sandbox takes it up
                _log.exception("job %s failed in the runner", job_id)
                attempt.try_move("FAILED", f"The sandbox failed to run the job: {error!r}")
            job = jobs.find(self._tenant, job_id)
            if job is not None and self._tenant.jobs.states.ended(job["status"]):
                shutil.rmtree(folder_of(self._tenant, job), ignore_errors=True)
        finally:
            with self._guard:
                if self._attempts.get(job_id) is attempt:
                    del self._attempts[job_id]
                self._threads.discard(threading.current_thread())
            attempt.taken_up.set()
            attempt.over.set()
            self._tenant.clock.notify()
