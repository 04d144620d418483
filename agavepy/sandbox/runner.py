"""Runs jobs: each attempt is a thread that takes its job from status to status, and one process.

Order (agave-docs, "app wrapper templates"): deployment and inputs are copied into the job's
directory, the wrapper is filled in, the job waits for its place in the queue, the script runs,
what it made is archived. Every status is written before what follows from it is done and, once that
is done, left at the pace of the kind ``jobs``.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agavepy.sandbox import runner_script, runner_staging
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.job_models import TAKEN_UP
from agavepy.sandbox.runner_callbacks import Callbacks, unheard
from agavepy.sandbox.runner_process import MARK, Process
from agavepy.sandbox.runner_queue import Places
from agavepy.sandbox.state import apps, disk, jobs, jobs_outputs
from agavepy.sandbox.state.jobs import Job, Superseded
from agavepy.sandbox.state.jobs_request import seconds, slug
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

#: Attempts that copy deployments and inputs at the same time; the others wait for their turn.
_STAGING = 4
#: Seconds that a closing sandbox waits for a copy or download to notice that it shall not go on.
_CLOSE_S = 10.0
#: The event of a job that tells its subscribers something (agave-jobs ``JobCallbackResource``).
RUNTIME_EVENT = "JOB_RUNTIME_CALLBACK_EVENT"


@dataclass(eq=False)
class Run:
    """One attempt of a job under way: how others reach it.

    ``taken_up`` is set when the job is to be found, ``over`` when the attempt has ended.
    """

    job: Job
    taken_up: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    exited: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    process: Process | None = None

    def check(self) -> None:
        """Raise Superseded when the attempt shall not go on."""
        if self.cancelled.is_set():
            raise Superseded(f"{self.job['id']} was stopped")


def folder_of(tenant: Tenant, job: Job) -> Path:
    """Return where the runner keeps what it needs of a job, apart from the job's own files."""
    return tenant.root / "jobs" / str(job["id"])


class Runner:
    """The attempts of one tenant's jobs. Ended with :meth:`close`."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._guard = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._threads: set[threading.Thread] = set()
        self._closing = self._closed = False
        self._staging = threading.BoundedSemaphore(_STAGING)
        self._places = Places()

    def start(self, job: Job) -> Run:
        """Begin an attempt of a job; a sandbox that is closing leaves it to its next run."""
        run = Run(job)
        self._tenant.pace.begin("jobs", job["id"], job["status"])
        thread = threading.Thread(
            target=self._live, args=(run,), name=f"agavepy-job-{job['id']}", daemon=True
        )
        with self._guard:
            if self._closing:
                run.taken_up.set()
                return run
            self._runs[job["id"]] = run
            self._threads.add(thread)
            thread.start()
        return run

    def cancel(self, job_id: str) -> Run | None:
        """End what runs of a job, its process included; return the attempt, None without one."""
        with self._guard:
            run = self._runs.get(job_id)
        if run is not None:
            run.cancelled.set()
            self._tenant.clock.notify()
            self._places.look()
            if run.process is not None:
                run.process.end()
        return run

    def join(self, job_id: str, timeout_s: float) -> bool:
        """Wait until no attempt of a job is under way; return whether that came in time."""
        with self._guard:
            run = self._runs.get(job_id)
        return run is None or run.over.wait(timeout_s)

    def move(self, job: Job, status: str, description: str, **more: Any) -> Job:
        """Change the status of a job as ``jobs.move`` does."""
        tenant, since = self._tenant, self._tenant.clock.now()
        job = jobs.move(tenant, job, status, description, **more)
        tenant.pace.enter(job["id"], status, since, last=tenant.jobs.states.ended(status))
        return job

    def _go_on(self, run: Run, job: Job, status: str, description: str, **more: Any) -> Job:
        """Change the status of a run's job, when it may leave the one that it has."""
        self._hold(run)
        run.check()
        return self.move(job, status, description, **more)

    def _hold(self, run: Run) -> None:
        """Wait until the job may leave its status, or the run shall not go on."""
        self._tenant.pace.hold(run.job["id"], run.cancelled.is_set)

    def close(self) -> None:
        """End every process and return when nothing runs; what had not begun to run is kept."""
        with self._guard:
            self._closing = True
            runs = list(self._runs.values())
        for run in runs:
            self._quietly(
                run,
                "FAILED",
                "The sandbox was closed while the job was running: submit it again",
                since=("RUNNING",),
            )
            self.cancel(run.job["id"])
        deadline = time.monotonic() + _CLOSE_S
        with self._guard:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self._closed = True

    def _quietly(self, run: Run, status: str, description: str, **more: Any) -> bool:
        """Change the status of a run's job; return False when it has moved on by itself."""
        try:
            self.move(run.job, status, description, **more)
        except Superseded:
            return False
        return True

    def _live(self, run: Run) -> None:
        """Carry one attempt out on its own thread, whatever happens."""
        job_id = run.job["id"]
        try:
            try:
                if run.job["status"] not in self._tenant.jobs.putting_away:
                    self._carry_out(run)
                self._put_away(run)
            except Superseded:
                pass  # stopped, started over, or left for the next run of the sandbox
            except ApiError as error:
                self._hold(run)
                if not run.cancelled.is_set():
                    self._quietly(run, "FAILED", error.message)
            except Exception as error:  # noqa: BLE001 - the last line of a thread: no job may hang
                if self._closed:
                    return  # it did not notice in time; the next run of the sandbox takes it up
                _log.exception("job %s failed in the runner", job_id)
                self._quietly(run, "FAILED", f"The sandbox failed to run the job: {error!r}")
            job = jobs.find(self._tenant, job_id)
            if job is not None and self._tenant.jobs.states.ended(job["status"]):
                shutil.rmtree(folder_of(self._tenant, job), ignore_errors=True)
        finally:
            with self._guard:
                if self._runs.get(job_id) is run:
                    del self._runs[job_id]
                self._threads.discard(threading.current_thread())
            run.taken_up.set()
            run.over.set()
            self._tenant.clock.notify()

    def _carry_out(self, run: Run) -> None:
        """Take a job from its first status to the end of its process."""
        tenant, job, states = self._tenant, run.job, self._tenant.jobs.states
        if job["status"] in tenant.jobs.unseen:
            job = self.move(job, TAKEN_UP, "Job accepted and queued for submission.")
        run.taken_up.set()
        app = apps.find(tenant, job["appId"])
        if app is None:
            raise ApiError(404, f"App {job['appId']} does not exist any more")
        job = self._go_on(run, job, "PROCESSING_INPUTS", "Identifying input files for staging")
        with self._staging:
            run.check()
            directory = runner_staging.make_directory(tenant, job, app)
        if job["inputs"] or not states.allows(job["status"], "STAGED"):
            text, route = "Staging inputs to execution system", runner_staging.route_in(tenant, job)
            job = self._go_on(run, job, "STAGING_INPUTS", text, route=route)
            with self._staging:
                names = runner_staging.stage_inputs(tenant, job, directory, run.check)
            text = "Job inputs staged to execution system"
            job = self._go_on(run, job, "STAGED", text, staged=names)
        else:
            text = "Skipping staging. No input data associated with this job."
            job = self._go_on(run, job, "STAGED", text)
        if not states.allows(job["status"], "SUBMITTING"):
            text = "Staging the job to execution system"
            job = self._go_on(run, job, "STAGING_JOB", text)
        job = self._go_on(run, job, "SUBMITTING", "Preparing job for submission.")
        folder = folder_of(tenant, job)
        callbacks = Callbacks(folder / "callbacks", self._hears(run))
        try:
            script = self._write_script(job, app, directory, callbacks)
            runner_staging.remember(directory, folder / "before.json")
            place = self._places.of(tenant, job)
            self._hold(run)  # in front of the queue: who is held takes nobody's place
            if tenant.jobs.waits_in == "QUEUED":
                run.check()
                job = self._queue(job)
                self._hold(run)
            with self._places.taken(place, run.cancelled, lambda: self._wait(run)):
                run.check()
                if job["status"] != "QUEUED":
                    job = self._queue(job)
                    self._hold(run)
                self._execute(run, job, directory, script)
                self._hold(run)  # what is shown as running has its place
        finally:
            callbacks.close()

    def _wait(self, run: Run) -> None:
        """Show that a job waits for its place, where that is a status of its own."""
        job, status = jobs.find(self._tenant, run.job["id"]) or run.job, self._tenant.jobs.waits_in
        if job["status"] != status:
            text = f"The quota of {job['batchQueue'] or job['executionSystem']} is used up"
            self.move(run.job, status, text, blockedCount=job["blockedCount"] + 1)

    def _queue(self, job: Job) -> Job:
        """Hand a job to its execution system, after whatever it has waited for."""
        waited = jobs.find(self._tenant, job["id"]) or job
        if waited["status"] != job["status"]:
            job = self.move(job, job["status"], "The quota has room for the job")
        queue = f"{job['batchQueue']} queue" if job["batchQueue"] else "execution system"
        text = f"Job successfully placed into the {queue}"
        return self.move(job, "QUEUED", text, submitTime=self._tenant.clock.now())

    def _write_script(
        self, job: Job, app: dict[str, Any], directory: Path, callbacks: Callbacks
    ) -> Path:
        template = directory / app["templatePath"].lstrip("/")
        if not template.resolve().is_relative_to(directory.resolve()) or not template.is_file():
            raise ApiError(
                404, f"App {app['id']} has no wrapper {app['templatePath']} in its deployment"
            )
        text = runner_script.compose(
            self._tenant,
            job,
            app,
            directory,
            template.read_text(encoding="utf-8", errors="surrogateescape"),
            callbacks.command if self._tenant.jobs.hears_callbacks else unheard,
        )
        script = directory / f"{slug(job['name'])}.ipcexe"
        script.write_text(text, encoding="utf-8", errors="surrogateescape")
        script.chmod(0o700)
        return script

    def _execute(self, run: Run, job: Job, directory: Path, script: Path) -> None:
        """Run the script to its end, at most for the job's run time."""
        tenant = self._tenant
        system, _ = jobs_outputs.work(tenant, job)
        stem = f"{slug(job['name'])}-{job['id']}"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(disk.real(tenant, system, disk.home(system), user_home=False)),
            "USER": job["owner"],
            "LOGNAME": job["owner"],
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            MARK: job["id"],
        }
        process = Process(
            [shutil.which("bash") or "/bin/sh", str(script)],
            directory,
            environment,
            directory / f"{stem}.out",
            directory / f"{stem}.err",
        )
        run.process = process
        try:
            run.check()
            started = tenant.clock.now()
            self.move(
                job,
                "RUNNING",
                "Job started running",
                startTime=started,
                localId=str(process.pid),
                process=process.record,
            )
            end = started + seconds(job["maxRunTime"])
            threading.Thread(target=self._limit, args=(run, job, end), daemon=True).start()
            process.go()
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
            run.exited.set()
            tenant.clock.notify()
            now = tenant.clock.now()
            jobs.change(tenant, job, process=None, exitCode=code, remoteEnded=now)

    def _limit(self, run: Run, job: Job, deadline: float) -> None:
        """Fail a job that still runs at ``deadline``, epoch seconds of the tenant's time."""
        clock = self._tenant.clock

        def due() -> bool:
            return run.exited.is_set() or clock.now() >= deadline

        while not due():
            clock.wait(due, max(deadline - clock.now(), 0.0))
        text = f"Job ran for longer than its maxRunTime of {job['maxRunTime']} and was ended"
        alive = ("RUNNING", "CLEANING_UP")  # a script may have told its end and go on for ever
        how: dict[str, Any] = {"since": alive, "outcome": "FAILED_SKIP_ARCHIVE"}
        if not run.exited.is_set() and self._quietly(run, "FAILED", text, **how):
            self.cancel(job["id"])

    def _hears(self, run: Run) -> Callable[[str, dict[str, str]], None]:
        """Return what is done about each callback of a run's script."""
        tenant, job = self._tenant, run.job

        def note(event: str, text: str, document: Any = None) -> None:
            with suppress(Superseded):
                jobs.note(tenant, job, event, job["owner"], text, document)

        def heard(event: str, variables: dict[str, str]) -> None:
            if event == "FAILURE":
                text = "Job failed: its wrapper called AGAVE_JOB_CALLBACK_FAILURE"
                if self._quietly(run, "FAILED", text):
                    self.cancel(job["id"])
            elif event == "CLEANING_UP":
                self._hold(run)
                self._quietly(run, "CLEANING_UP", "Job completed execution", since=("RUNNING",))
            elif event == "ALIVE":
                note("HEARTBEAT", "Job heartbeat received")
            elif event == "NOTIFICATION":
                note(RUNTIME_EVENT, "Job sent a notification", variables)
            # RUNNING says nothing new: a job is RUNNING before its script can call anything.

        return heard

    def _put_away(self, run: Run) -> None:
        """Take a job from the end of its process to its last status."""
        run.check()  # a process that was ended by a closing sandbox has no outputs to keep
        tenant = self._tenant
        job = jobs.find(tenant, run.job["id"])
        if job is None or job["attempt"] != run.job["attempt"]:
            raise Superseded(run.job["id"])
        model = tenant.jobs
        if job["status"] not in model.putting_away:
            outcome = "FAILED" if job["exitCode"] else "FINISHED"
            text = "Job completed execution"
            job = self._go_on(run, job, "CLEANING_UP", text, outcome=outcome)
        failed = model.judged_by_exit and job["outcome"] == "FAILED"
        if job["archive"] and (not failed or job["archiveOnAppError"]):
            if job["status"] == "CLEANING_UP":
                text, route = "Beginning to archive output.", runner_staging.route_out(tenant, job)
                job = self._go_on(run, job, "ARCHIVING", text, route=route)
            if job["status"] == "ARCHIVING_FAILED":
                raise ApiError(500, "Archiving failed before the sandbox ended")
            if job["status"] == "ARCHIVING" and not job["archived"]:
                job = self._archive(run, job)
            runner_staging.remove_directory(tenant, job)
        if failed:
            raise ApiError(500, f"The app failed: its exit code is {job['exitCode']}")
        self._go_on(run, job, "FINISHED", "Job completed successfully.")

    def _archive(self, run: Run, job: Job) -> Job:
        """Archive the outputs, in a status of its own for the outcome where the model has one."""
        tenant = self._tenant
        states = tenant.jobs.states
        record = folder_of(tenant, job) / "before.json"
        try:
            count = runner_staging.archive(tenant, job, record, run.check)
        except ApiError as error:
            text = f"Archiving failed: {error.message}"
            if states.allows(job["status"], "ARCHIVING_FAILED"):
                self._go_on(run, job, "ARCHIVING_FAILED", text)
            raise ApiError(error.status, text) from error
        if not states.allows(job["status"], "ARCHIVING_FINISHED"):
            return jobs.change(tenant, job, archived=True)
        text = f"Job archiving completed successfully: {count} files"
        return self._go_on(run, job, "ARCHIVING_FINISHED", text, archived=True)
