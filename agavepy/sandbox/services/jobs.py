"""Submit jobs and look at them (agave-jobs JobsResource, JobStatusResource, JobHistoryResource)."""

from __future__ import annotations

from typing import Any

from agavepy.plan import FORM, MULTIPART
from agavepy.sandbox import runner_control
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import events, jobs, jobs_views, transfers

events.register(
    "007",
    events.Source(
        name="job",
        find=jobs.find,
        may=lambda tenant, user, job: jobs.may(tenant, user, job, "READ"),
        link=lambda linker, job: linker.link("jobs", "get", jobId=job["id"]),
        document=lambda tenant, _, job: jobs_views.detail(tenant, tenant, job),
    ),
)


@handler("jobs", "submit")
def submit(call: Call) -> Reply:
    """Accept a job and begin to run it; only the classic service takes a form."""
    kind = call.headers.get("Content-Type", "")
    if call.tenant.jobs.exact and kind.startswith((FORM, MULTIPART)):
        raise ApiError(
            400, f"{call.tenant.jobs.title} takes job requests as JSON only: send no form, no file"
        )
    job = runner_control.submit(call.tenant, call.user, call.body)
    return Reply(jobs_views.accepted(call, call.tenant, job), 201)


@handler("jobs", "get")
def get(call: Call) -> Reply:
    """Show one job."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    return Reply(jobs_views.detail(call, call.tenant, job))


@handler("jobs", "getStatus")
def get_status(call: Call) -> Reply:
    """Show where a job is."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    href = call.link("jobs", "get", jobId=job["id"])
    return Reply({"id": job["id"], "status": job["status"], "_links": {"self": {"href": href}}})


@handler("jobs", "getHistory")
def get_history(call: Call) -> Reply:
    """List the events of a job, oldest first."""
    job = jobs.reach(call.tenant, call.user, call.args["jobId"])
    events = call.page(jobs.history(call.tenant, job["id"]))
    return Reply([_event(call, event) for event in events])


def _event(call: Call, event: dict[str, Any]) -> dict[str, Any]:
    told = {name: event[name] for name in ("status", "created", "createdBy", "description")}
    told["created"] = call.tenant.jobs.date(told["created"])
    transfer = transfers.find(call.tenant, event.get("transfer", ""))
    if transfer is not None:
        told["progress"] = transfers.progress(transfer, call.tenant.clock.now())
    return told


@handler("jobs", "list")
def list_jobs(call: Call) -> Reply:
    """List the caller's jobs that match the search terms of the query."""
    return answer(call, selected(call))


@handler("jobs", "listAttribute")
def list_attribute(call: Call) -> Reply:
    """List one attribute of the caller's jobs."""
    word = call.args["attribute"]
    rule = {name.lower(): rule for name, rule in call.plan.search.items()}.get(word.lower())
    if rule is None:
        raise ApiError(
            400, f"Unknown attribute {word}: choose one of {', '.join(call.plan.search)}"
        )
    found = [jobs_views.searchable(call.tenant, job) for job in selected(call)]
    return Reply([item[rule[1]] for item in found])


@handler("jobs", "listByAttribute")
def list_by_attribute(call: Call) -> Reply:
    """List the caller's jobs whose attributes have the values in the path."""
    words = [call.args["attribute"], *call.args["value"].split("/")]
    if len(words) % 2:
        raise ApiError(
            400, f"The search {'/'.join(words)} must be pairs of an attribute and a value"
        )
    if len(words) > 16:
        raise ApiError(400, "A search takes eight pairs of an attribute and a value at most")
    known = {name.lower() for name in call.plan.search}
    pairs = list(zip(words[::2], words[1::2], strict=True))
    for word, _ in pairs:
        if word.lower() not in known and word.lower().rpartition(".")[0] not in known:
            raise ApiError(
                400, f"Unknown attribute {word}: choose one of {', '.join(call.plan.search)}"
            )
    call.query = [*call.query, *pairs]
    return answer(call, selected(call))


def selected(call: Call) -> list[jobs.Job]:
    """Return the page of jobs that the query asks for; hidden ones only by ``visible=false``."""
    if not any(word.lower().partition(".")[0] == "visible" for word, _ in call.query):
        call.query = [*call.query, ("visible", "true")]
    found = jobs.listing(call.tenant, call.user)
    items = call.select([jobs_views.searchable(call.tenant, job) for job in found])
    return [item["job"] for item in items]


def answer(call: Call, found: list[jobs.Job]) -> Reply:
    """Return jobs as a listing: whole ones when a filter says which fields, else summaries."""
    view = jobs_views.detail if call.wants_full else jobs_views.summary
    return Reply([view(call, call.tenant, job) for job in found])
