"""Stop, resubmit, restore, reset and hide jobs (agave-jobs JobManageResource); Aloe's routes."""

from __future__ import annotations

from agavepy.sandbox import runner_control
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import jobs, jobs_views

#: Aloe's route -> what does the same on the classic service.
_CLASSIC = {
    "cancel": "jobs.manage with the action stop",
    "hide": "jobs.delete",
    "unhide": "jobs.manage with the action restore",
    "resubmit": "jobs.manage with the action resubmit",
}


@handler("jobs", "manage")
def manage(call: Call) -> Reply:
    """Do what the action in the body says; the case of the word does not matter."""
    body, job_id, tenant = call.body, call.args["jobId"], call.tenant
    stops = tenant.jobs.stop_words
    actions = ", ".join((*stops, "resubmit", "restore", "reset"))
    action = body.get("action") if isinstance(body, dict) else None
    if not isinstance(action, str) or not action:
        raise ApiError(400, f"No action specified: give one of {actions}")
    match action.lower():
        case word if word in stops:
            return _stop(call, jobs.reach(tenant, call.user, job_id, "WRITE"))
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
    raise ApiError(400, f"Unknown action {action!r}: give one of {actions}")


@handler("jobs", "delete")
def delete(call: Call) -> Reply:
    """Hide a job."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"], "WRITE")
    runner_control.hide(call.tenant, job, call.user)
    return Reply.empty()


@handler("jobs", "cancel")
def cancel(call: Call) -> Reply:
    """Stop a job that has not ended."""
    return _stop(call, _aloe_job(call, "WRITE"))


@handler("jobs", "hide")
def hide(call: Call) -> Reply:
    """Hide a job, as Aloe's delete does."""
    job = _aloe_job(call, "WRITE")
    runner_control.hide(call.tenant, job, call.user)
    return Reply.empty()


@handler("jobs", "unhide")
def unhide(call: Call) -> Reply:
    """Show a hidden job again."""
    job = _aloe_job(call, "WRITE", hidden=True)
    runner_control.restore(call.tenant, job, call.user)
    return Reply.empty()


@handler("jobs", "resubmit")
def resubmit(call: Call) -> Reply:
    """Run a job again as a new one."""
    job = _aloe_job(call, "READ")
    new = runner_control.resubmit(call.tenant, job, call.user, {})
    return Reply(jobs_views.accepted(call, call.tenant, new))


def _stop(call: Call, job: jobs.Job) -> Reply:
    model = call.tenant.jobs
    if model.stops_once and model.states.ended(job["status"]):
        raise ApiError(400, f"Job {job['id']} cannot be cancelled: it is {job['status']}")
    runner_control.stop(call.tenant, job, call.user)
    return Reply.empty()


def _aloe_job(call: Call, need: str, *, hidden: bool = False) -> jobs.Job:
    """Return the job of one of Aloe's routes.

    A tenant of the classic service does not have the route: ApiError 405 names its own way.
    """
    call.tenant.jobs.offer(call.plan, _CLASSIC[call.plan.name])
    return jobs.reach(call.tenant, call.user, call.args["jobId"], need, hidden=hidden)
