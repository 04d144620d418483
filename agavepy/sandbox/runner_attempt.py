"""One attempt of a job: its way from status to status, and its process.

Order (agave-docs, "app wrapper templates"): deployment and inputs are copied into the job's
directory, the wrapper is filled in, the job waits for its place in the queue, the script runs,
what it made is archived. Every status is written before what follows from it is done and, once that
is done, left at the pace of the kind ``jobs``.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
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

#: The event of a job that tells its subscribers something (agave-jobs ``JobCallbackResource``).
RUNTIME_EVENT = "JOB_RUNTIME_CALLBACK_EVENT"


def folder_of(tenant: Tenant, job: Job) -> Path:
    """Return where the runner keeps what it needs of a job, apart from the job's own files."""
    return tenant.root / "jobs" / str(job["id"])


def move(tenant: Tenant, job: Job, status: str, description: str, **more: Any) -> Job:
    """Change the status of a job as ``jobs.move`` does, and tell its pace."""
    since = tenant.clock.now()
    job = jobs.move(tenant, job, status, description, **more)
    tenant.pace.enter(job["id"], status, since, last=tenant.jobs.states.ended(status))
    return job


class Attempt:
    """What a job does on a thread of its own, and how others reach it meanwhile.

    ``taken_up`` is set when the job is to be found, ``over`` by who runs the attempt, when it has
    ended. ``staging`` is entered for each copy of a deployment or of inputs.
    """

    def __init__(
        self, tenant: Tenant, job: Job, places: Places, staging: AbstractContextManager[Any]
    ) -> None:
        self.job = job
        self.taken_up = threading.Event()
        self.over = threading.Event()
        self._tenant = tenant
        self._places = places
        self._staging = staging
        self._cancelled = threading.Event()
        self._exited = threading.Event()
        self._process: Process | None = None

    def cancel(self) -> None:
        """End what runs, the process included."""
        self._cancelled.set()
        self._tenant.clock.notify()
        self._places.look()
        if self._process is not None:
            self._process.end()

    def try_move(self, status: str, description: str, **more: Any) -> bool:
        """Change the status of the job; return False when it has moved on by itself."""
        try:
            move(self._tenant, self.job, status, description, **more)
        except Superseded:
            return False
        return True

    def carry_out(self) -> None:
        """Take the job to its last status: FAILED for what users have done wrong.

        It goes no further when it is stopped, started over, or left for the next run of the
        sandbox.
        """
        try:
            if self.job["status"] not in self._tenant.jobs.putting_away:
                self._run()
            self._put_away()
        except Superseded:
            pass
        except ApiError as error:
            self._hold()
            if not self._cancelled.is_set():
                self.try_move("FAILED", error.message)

    def _check(self) -> None:
        """Raise Superseded when the attempt shall not go on."""
        if self._cancelled.is_set():
            raise Superseded(f"{self.job['id']} was stopped")

    def _hold(self) -> None:
        """Wait until the job may leave its status, or the attempt shall not go on."""
        self._tenant.pace.hold(self.job["id"], self._cancelled.is_set)

    def _go_on(self, job: Job, status: str, description: str, **more: Any) -> Job:
        """Change the status of the job, when it may leave the one that it has."""
        self._hold()
        self._check()
        return move(self._tenant, job, status, description, **more)

    def _run(self) -> None:
        """Take a job from its first status to the end of its process."""
        tenant, job, states = self._tenant, self.job, self._tenant.jobs.states
        if job["status"] in tenant.jobs.unseen:
            job = move(tenant, job, TAKEN_UP, "Job accepted and queued for submission.")
        self.taken_up.set()
        app = apps.find(tenant, job["appId"])
        if app is None:
            raise ApiError(404, f"App {job['appId']} does not exist any more")
        job = self._go_on(job, "PROCESSING_INPUTS", "Identifying input files for staging")
        with self._staging:
            self._check()
            directory = runner_staging.make_directory(tenant, job, app)
        if job["inputs"] or not states.allows(job["status"], "STAGED"):
            text, route = "Staging inputs to execution system", runner_staging.route_in(tenant, job)
            job = self._go_on(job, "STAGING_INPUTS", text, route=route)
            with self._staging:
                names = runner_staging.stage_inputs(tenant, job, directory, self._check)
            text = "Job inputs staged to execution system"
            job = self._go_on(job, "STAGED", text, staged=names)
        else:
            text = "Skipping staging. No input data associated with this job."
            job = self._go_on(job, "STAGED", text)
        if not states.allows(job["status"], "SUBMITTING"):
            text = "Staging the job to execution system"
            job = self._go_on(job, "STAGING_JOB", text)
        job = self._go_on(job, "SUBMITTING", "Preparing job for submission.")
        folder = folder_of(tenant, job)
        callbacks = Callbacks(folder / "callbacks", self._hears())
        try:
            script = self._write_script(job, app, directory, callbacks)
            runner_staging.remember(directory, folder / "before.json")
            place = self._places.of(tenant, job)
            self._hold()  # in front of the queue: who is held takes nobody's place
            if tenant.jobs.waits_in == "QUEUED":
                self._check()
                job = self._queue(job)
                self._hold()
            with self._places.taken(place, self._cancelled, self._wait):
                self._check()
                if job["status"] != "QUEUED":
                    job = self._queue(job)
                    self._hold()
                self._execute(job, directory, script)
                self._hold()  # what is shown as running has its place
        finally:
            callbacks.close()

    def _wait(self) -> None:
        """Show that a job waits for its place, where that is a status of its own."""
        tenant = self._tenant
        job, status = jobs.find(tenant, self.job["id"]) or self.job, tenant.jobs.waits_in
        if job["status"] != status:
            text = f"The quota of {job['batchQueue'] or job['executionSystem']} is used up"
            move(tenant, self.job, status, text, blockedCount=job["blockedCount"] + 1)

    def _queue(self, job: Job) -> Job:
        """Hand a job to its execution system, after whatever it has waited for."""
        waited = jobs.find(self._tenant, job["id"]) or job
        if waited["status"] != job["status"]:
            job = move(self._tenant, job, job["status"], "The quota has room for the job")
        queue = f"{job['batchQueue']} queue" if job["batchQueue"] else "execution system"
        text = f"Job successfully placed into the {queue}"
        return move(self._tenant, job, "QUEUED", text, submitTime=self._tenant.clock.now())

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

    def _execute(self, job: Job, directory: Path, script: Path) -> None:
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
        self._process = process
        try:
            self._check()
            started = tenant.clock.now()
            move(
                tenant,
                job,
                "RUNNING",
                "Job started running",
                startTime=started,
                localId=str(process.pid),
                process=process.record,
            )
            end = started + seconds(job["maxRunTime"])
            threading.Thread(target=self._limit, args=(job, end), daemon=True).start()
            process.go()
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
            self._exited.set()
            tenant.clock.notify()
            now = tenant.clock.now()
            jobs.change(tenant, job, process=None, exitCode=code, remoteEnded=now)

    def _limit(self, job: Job, deadline: float) -> None:
        """Fail a job that still runs at ``deadline``, epoch seconds of the tenant's time."""
        clock = self._tenant.clock

        def due() -> bool:
            return self._exited.is_set() or clock.now() >= deadline

        while not due():
            clock.wait(due, max(deadline - clock.now(), 0.0))
        text = f"Job ran for longer than its maxRunTime of {job['maxRunTime']} and was ended"
        alive = ("RUNNING", "CLEANING_UP")  # a script may have told its end and go on for ever
        how: dict[str, Any] = {"since": alive, "outcome": "FAILED_SKIP_ARCHIVE"}
        if not self._exited.is_set() and self.try_move("FAILED", text, **how):
            self.cancel()

    def _hears(self) -> Callable[[str, dict[str, str]], None]:
        """Return what is done about each callback of a run's script."""
        tenant, job = self._tenant, self.job

        def note(event: str, text: str, document: Any = None) -> None:
            with suppress(Superseded):
                jobs.note(tenant, job, event, job["owner"], text, document)

        def heard(event: str, variables: dict[str, str]) -> None:
            if event == "FAILURE":
                text = "Job failed: its wrapper called AGAVE_JOB_CALLBACK_FAILURE"
                if self.try_move("FAILED", text):
                    self.cancel()
            elif event == "CLEANING_UP":
                self._hold()
                self.try_move("CLEANING_UP", "Job completed execution", since=("RUNNING",))
            elif event == "ALIVE":
                note("HEARTBEAT", "Job heartbeat received")
            elif event == "NOTIFICATION":
                note(RUNTIME_EVENT, "Job sent a notification", variables)
            # RUNNING says nothing new: a job is RUNNING before its script can call anything.

        return heard

    def _put_away(self) -> None:
        """Take a job from the end of its process to its last status."""
        self._check()  # a process that was ended by a closing sandbox has no outputs to keep
        tenant = self._tenant
        job = jobs.find(tenant, self.job["id"])
        if job is None or job["attempt"] != self.job["attempt"]:
            raise Superseded(self.job["id"])
        model = tenant.jobs
        if job["status"] not in model.putting_away:
            outcome = "FAILED" if job["exitCode"] else "FINISHED"
            text = "Job completed execution"
            job = self._go_on(job, "CLEANING_UP", text, outcome=outcome)
        failed = model.judged_by_exit and job["outcome"] == "FAILED"
        if job["archive"] and (not failed or job["archiveOnAppError"]):
            if job["status"] == "CLEANING_UP":
                text, route = "Beginning to archive output.", runner_staging.route_out(tenant, job)
                job = self._go_on(job, "ARCHIVING", text, route=route)
            if job["status"] == "ARCHIVING_FAILED":
                raise ApiError(500, "Archiving failed before the sandbox ended")
            if job["status"] == "ARCHIVING" and not job["archived"]:
                job = self._archive(job)
            runner_staging.remove_directory(tenant, job)
        if failed:
            raise ApiError(500, f"The app failed: its exit code is {job['exitCode']}")
        self._go_on(job, "FINISHED", "Job completed successfully.")

    def _archive(self, job: Job) -> Job:
        """Archive the outputs, in a status of its own for the outcome where the model has one."""
        tenant = self._tenant
        states = tenant.jobs.states
        record = folder_of(tenant, job) / "before.json"
        try:
            count = runner_staging.archive(tenant, job, record, self._check)
        except ApiError as error:
            text = f"Archiving failed: {error.message}"
            if states.allows(job["status"], "ARCHIVING_FAILED"):
                self._go_on(job, "ARCHIVING_FAILED", text)
            raise ApiError(error.status, text) from error
        if not states.allows(job["status"], "ARCHIVING_FINISHED"):
            return jobs.change(tenant, job, archived=True)
        text = f"Job archiving completed successfully: {count} files"
        return self._go_on(job, "ARCHIVING_FINISHED", text, archived=True)
