"""Stop, resubmit, restore, reset and hide jobs (agave-jobs JobManageResource); Aloe's routes."""

from __future__ import annotations

from agavepy.sandbox import runner_control
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.lifecycle import JOBS
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import jobs, jobs_views

#: Aloe's route -> what does the same on the classic service.
_CLASSIC = {
    "cancel": "jobs.manage with the action stop",
    "hide": "jobs.delete",
    "unhide": "jobs.manage with the action restore",
    "resubmit": "jobs.manage with the action resubmit",
}
_ACTIONS = "stop, resubmit, restore, reset"


@handler("jobs", "manage")
def manage(call: Call) -> Reply:
    """Do what the action in the body says; the case of the word does not matter."""
    body = call.body
    action = body.get("action") if isinstance(body, dict) else None
    if not isinstance(action, str) or not action:
        raise ApiError(400, f"No action specified: give one of {_ACTIONS}")
    job_id, tenant = call.args["jobId"], call.tenant
    match action.lower():
        case "stop":
            job = jobs.reach(tenant, call.user, job_id, "WRITE")
            runner_control.stop(tenant, job, call.user)
            return Reply.empty()
        case "resubmit":
            job = jobs.reach(tenant, call.user, job_id)
            new = runner_control.resubmit(tenant, job, call.user, body)
            return Reply(jobs_views.accepted(call, tenant, new), 202)
        case "restore":
            job = jobs.reach(tenant, call.user, job_id, "WRITE", hidden=True)
            shown = runner_control.restore(tenant, job, call.user)
            return Reply(jobs_views.detail(call, tenant, shown))
        case "reset":
            job = jobs.reach(tenant, call.user, job_id, "WRITE")
            again = runner_control.reset(tenant, job, call.user)
            return Reply(jobs_views.detail(call, tenant, again))
    raise ApiError(400, f"Unknown action {action!r}: give one of {_ACTIONS}")


@handler("jobs", "delete")
def delete(call: Call) -> Reply:
    """Hide a job."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"], "WRITE")
    runner_control.hide(call.tenant, job, call.user)
    return Reply.empty()


@handler("jobs", "cancel")
def cancel(call: Call) -> Reply:
    """Stop a job that has not ended; Aloe says what it did in the message."""
    job = _aloe_job(call, "WRITE")
    if JOBS.ended(job["status"]):
        raise ApiError(400, f"Job {job['id']} cannot be cancelled: it is {job['status']}")
    runner_control.stop(call.tenant, job, call.user)
    return Reply.empty(message=f"JOBS_JOB_CANCELLED Job {job['id']} was cancelled.")


@handler("jobs", "hide")
def hide(call: Call) -> Reply:
    """Hide a job, as Aloe's delete does."""
    job = _aloe_job(call, "WRITE")
    runner_control.hide(call.tenant, job, call.user)
    return Reply.empty(message=f"JOBS_JOB_HIDDEN Job {job['id']} was hidden.")


@handler("jobs", "unhide")
def unhide(call: Call) -> Reply:
    """Show a hidden job again."""
    job = _aloe_job(call, "WRITE", hidden=True)
    runner_control.restore(call.tenant, job, call.user)
    return Reply.empty(message=f"JOBS_JOB_UNHIDDEN Job {job['id']} was unhidden.")


@handler("jobs", "resubmit")
def resubmit(call: Call) -> Reply:
    """Run a job again as a new one; not while it is still to begin (DOC aloe-job-changes)."""
    job = _aloe_job(call, "READ")
    if job["status"] == JOBS.initial:
        raise ApiError(400, f"Job {job['id']} cannot be resubmitted: it is {job['status']}")
    new = runner_control.resubmit(call.tenant, job, call.user, {})
    return Reply(jobs_views.accepted(call, call.tenant, new))


def _aloe_job(call: Call, need: str, *, hidden: bool = False) -> jobs.Job:
    """Return the job of one of Aloe's routes.

    A tenant of the classic service does not have the route: ApiError 405 names its own way.
    """
    if call.tenant.settings.jobs != "aloe":
        raise ApiError(
            405,
            f"jobs.{call.plan.name} is an operation of Aloe. The tenant {call.tenant.tenant_id} "
            f"runs the classic jobs service: use {_CLASSIC[call.plan.name]}",
        )
    return jobs.reach(call.tenant, call.user, call.args["jobId"], need, hidden=hidden)
