"""What people, and the start and the end of a tenant, do to jobs that may be running."""

from __future__ import annotations

import shutil
from typing import Any

from agavepy.sandbox import registry
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.job_models import ON_SYSTEM, TAKEN_UP
from agavepy.sandbox.runner import Runner
from agavepy.sandbox.runner_attempt import folder_of, move
from agavepy.sandbox.runner_process import end_orphan
from agavepy.sandbox.state import apps, jobs, jobs_request, jobs_values, systems, users
from agavepy.sandbox.state.jobs import Job, Superseded
from agavepy.sandbox.tenant import Tenant

#: Key under which a running tenant holds its runner.
_LIVE = "jobs"
#: Seconds that the start of a tenant waits for its demo job.
_DEMO_S = 10.0
#: Seconds for which a submission waits until its job is to be found. That comes at once; a client
#: that is answered earlier is told that there is no such job.
_TAKEN_UP_S = 10.0


def of(tenant: Tenant) -> Runner:
    """Return the runner of a started tenant."""
    runner: Runner = tenant.live[_LIVE]
    return runner


def submit(tenant: Tenant, user: str, body: Any) -> Job:
    """Accept a request and begin to run it; ApiError as ``jobs_request.accept`` raises."""
    fields = jobs_request.accept(tenant, user, body)
    job = jobs.create(tenant, fields, "Job accepted and queued for submission.")
    attempt = of(tenant).start(job)
    if job["status"] in tenant.jobs.unseen:
        attempt.taken_up.wait(_TAKEN_UP_S)
    return job


def stop(tenant: Tenant, job: Job, by: str) -> None:
    """End a job; one that has ended stays as it is (agave-jobs ``JobManager.kill``).

    Raises ApiError 502 for one whose system has it and is down, so that nobody can reach it there.
    """
    system = systems.find(tenant, job["executionSystem"])
    if job["status"] in ON_SYSTEM and system is not None and system["status"] == "DOWN":
        raise ApiError(
            502,
            f"System {system['id']} does not answer, its status is DOWN: job {job['id']} goes on "
            "there",
        )
    _end(tenant, job, by)


def _end(tenant: Tenant, job: Job, by: str) -> None:
    model = tenant.jobs
    while True:
        current = jobs.find(tenant, job["id"])
        if current is None or model.states.ended(current["status"]):
            return
        status = current["status"]
        end = model.stop_on_system if status in ON_SYSTEM else "STOPPED"
        try:
            move(tenant, current, end, f"Job was stopped by {by}", by=by, since=(status,))
        except Superseded:
            continue  # it went on meanwhile: what a stop means depends on where it is
        of(tenant).cancel(job["id"])
        return


def hide(tenant: Tenant, job: Job, by: str) -> None:
    """Hide a job, after stopping it when it is active."""
    _end(tenant, job, by)
    _show(tenant, job, False, "DELETED", f"Job was deleted by {by}", by)


def restore(tenant: Tenant, job: Job, by: str) -> Job:
    """Show a hidden job again; ApiError 400 when it is not hidden."""
    if job["visible"]:
        raise ApiError(400, f"Job {job['id']} is not hidden: there is nothing to restore")
    return _show(tenant, job, True, "RESTORED", f"Job was restored by {by}", by)


def _show(tenant: Tenant, job: Job, visible: bool, event: str, text: str, by: str) -> Job:
    with tenant.store.transaction():
        current = jobs.find(tenant, job["id"]) or job
        current = jobs.change(tenant, current, visible=visible)
        jobs.note(tenant, current, event, by, text)
    return current


def reset(tenant: Tenant, job: Job, by: str) -> Job:
    """Start an unfinished job over.

    Raises ApiError 403 for who does not administer the tenant, 400 for a job that has ended.
    """
    if not users.is_admin(tenant, by):
        raise ApiError(
            403, f"Permission denied. Only a tenant administrator may reset job {job['id']}"
        )
    try:
        again = jobs.restart(tenant, job, f"Job was reset by {by} and starts over", by)
    except Superseded as error:
        raise ApiError(
            400, f"Job {job['id']} cannot be reset ({error}): resubmit it instead"
        ) from error
    runner = of(tenant)
    earlier = runner.cancel(job["id"])
    if earlier is not None:
        earlier.over.wait()  # both attempts work in the same directory
    runner.start(again)
    return again


def resubmit(tenant: Tenant, job: Job, user: str, flags: dict[str, Any]) -> Job:
    """Run the request of a job again, as ``user``, and return the new job.

    ``flags`` are ignoreInputConflicts, ignoreParameterConflicts and preserveNotifications of
    agave-jobs ``JobManageResource``. Raises ApiError as :func:`submit` does, and 400 for a job that
    is too young for it (DOC aloe-job-changes).
    """
    if job["status"] in tenant.jobs.not_resubmitted:
        raise ApiError(400, f"Job {job['id']} cannot be resubmitted: it is {job['status']}")
    request = dict(job["request"])
    app = apps.find(tenant, job["appId"])
    if app is not None and _flag(flags, "ignoreInputConflicts", False):
        request["inputs"] = jobs_values.drop_conflicts(app["inputs"], job["inputs"])
    if app is not None and _flag(flags, "ignoreParameterConflicts", False):
        request["parameters"] = jobs_values.drop_conflicts(app["parameters"], job["parameters"])
    if not _flag(flags, "preserveNotifications", True):
        request.pop("notifications", None)
        request.pop("callbackUrl", None)
    return submit(tenant, user, request)


def _flag(flags: dict[str, Any], name: str, default: bool) -> bool:
    value = flags.get(name, default)
    flag = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    if flag is None:
        raise ApiError(400, f"Invalid {name} {value!r}: it must be true or false")
    return flag


@registry.on_start
def settle(tenant: Tenant) -> None:
    """Take up the jobs of an earlier run of the sandbox, and end what is left of its processes.

    A job that was running is lost and FAILED; one that had not begun starts over; one whose
    process had ended goes on to its archive.
    """
    runner, model = Runner(tenant), tenant.jobs
    tenant.live[_LIVE] = runner
    for stored in tenant.store.all(jobs.KIND):
        job = stored
        if job["process"] is not None:
            end_orphan(job["process"], job["id"])
            job = jobs.change(tenant, job, process=None)
        if job["status"] == "RUNNING":
            text = "The sandbox ended while the job was running: submit it again"
            job = move(tenant, job, "FAILED", text)
        if model.states.ended(job["status"]):
            shutil.rmtree(folder_of(tenant, job), ignore_errors=True)
            continue
        if job["status"] not in {*model.putting_away, model.states.initial, TAKEN_UP}:
            text = f"The sandbox ended while the job was {job['status']}: it starts over"
            job = jobs.restart(tenant, job, text)
        runner.start(job)
        if job.get("demo"):
            runner.join(job["id"], _DEMO_S)


@registry.on_stop
def close(tenant: Tenant) -> None:
    """End the processes of jobs; those that were running are FAILED."""
    tenant.live.pop(_LIVE).close()
