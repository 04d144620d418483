"""Jobs: their documents and history, who may see and manage them, and every change of status.

A job is a dict with the field names of answers, except that times are epoch seconds. Beside those
it has ``visible`` (false when hidden), ``permissions`` (username to permission word, the owner
aside), ``attempt`` (counts each start-over), ``staged`` (input id to names in the job's directory),
``archived`` (whether the outputs are in the archive), ``process``: how the app's process is
recognised while it may be alive, ``transfer``: the id of the last transfer of its files,
``exitCode`` and ``remoteEnded`` of the app that has ended, and ``outcome``: how it ended, where
that was decided. Which statuses there are, and which may follow which, is for the tenant's model of
jobs to say. Events are kept apart: listings need none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.job_models import TAKEN_UP
from agavepy.sandbox.state import events, notifications, transfers, users
from agavepy.sandbox.state.permissions import ALLOWS
from agavepy.sandbox.tenant import Tenant

Job = dict[str, Any]

KIND = "job"
HISTORY = "job_history"


class Superseded(Exception):
    """The job has moved on without the one who wanted to change it: stopped, or started over."""


def find(tenant: Tenant, job_id: str) -> Job | None:
    """Return a job, a hidden one too; None when there never was one of that id."""
    return tenant.store.get(KIND, job_id)


def may(tenant: Tenant, user: str, job: Job, need: str) -> bool:
    """Return whether ``user`` has the permission ``need`` (READ or WRITE) on a job."""
    return _granted(user, job, need) or users.is_admin(tenant, user)


def _granted(user: str, job: Job, need: str) -> bool:
    return job["owner"] == user or need in ALLOWS[job["permissions"].get(user, "NONE")]


def reach(
    tenant: Tenant, user: str, job_id: str, need: str = "READ", *, hidden: bool = False
) -> Job:
    """Return a job on which ``user`` has the permission ``need``.

    Raises ApiError 404 for an unknown job and, unless ``hidden`` is set, for a hidden one; 403
    without the permission (agave-jobs ``JobManageResource``).
    """
    job = find(tenant, job_id)
    if job is None or job["status"] in tenant.jobs.unseen:
        raise ApiError(404, f"No job found with job id {job_id}.")
    if not may(tenant, user, job, need):
        doing = {"READ": "view", "WRITE": "modify"}[need]
        raise ApiError(
            403, f"Permission denied. You do not have permission to {doing} job {job_id}"
        )
    if not job["visible"] and not hidden:
        raise ApiError(404, f"Job with uuid {job_id} is not visible.")
    return job


def listing(tenant: Tenant, user: str) -> list[Job]:
    """Return the jobs that ``user`` owns or may read, hidden ones too, oldest first."""
    jobs = [job for job in tenant.store.all(KIND) if job["status"] not in tenant.jobs.unseen]
    if users.is_admin(tenant, user):
        return jobs
    return [job for job in jobs if _granted(user, job, "READ")]


def create(tenant: Tenant, fields: Job, description: str) -> Job:
    """Write a new job of checked ``fields`` in its first status, and return it.

    ``fields`` brings the id, the owner and whatever the request decides.
    """
    now = tenant.clock.now()
    initial = tenant.jobs.states.initial
    job = {
        **fields,
        "status": initial,
        "message": None,
        "lastStatusMessage": description,
        "accepted": now,
        "created": now,
        "lastUpdated": now,
        "submitTime": None,
        "startTime": None,
        "endTime": None,
        "remoteEnded": None,
        "exitCode": None,
        "outcome": None,
        "blockedCount": 0,
        "localId": None,
        "retries": 0,
        "attempt": 0,
        "visible": True,
        "permissions": {},
        "process": None,
        "staged": {},
        "archived": False,
        "transfer": "",
    }
    with tenant.store.transaction():
        tenant.store.put(HISTORY, job["id"], {"events": []})
        _write(tenant, job)
        notifications.subscribe(tenant, job["owner"], job["id"], job["notifications"])
        if initial not in tenant.jobs.unseen:  # else history begins when the service takes it up
            _note(tenant, job, initial, job["owner"], description)
    return job


def move(
    tenant: Tenant,
    job: Job,
    status: str,
    description: str,
    *,
    by: str | None = None,
    since: Iterable[str] = (),
    route: tuple[str, str] | None = None,
    **changes: Any,
) -> Job:
    """Give a job its next status, with the event that says so; return the job as it now is.

    ``by`` is the user whose doing it is (the owner, when not given). ``route`` is from where to
    where the job's files move in that status: their transfer is the job's from now on. ``changes``
    are further fields to set. Raises Superseded when the stored job is of another attempt than
    ``job``, is in none of the statuses ``since`` (when given), or its status cannot be followed by
    this one.
    """
    model = tenant.jobs
    with tenant.store.transaction():
        current = _current(tenant, job)
        before = current["status"]
        if since and before not in since:
            raise Superseded(f"{job['id']} is {before}")
        if not model.states.allows(before, status):
            raise Superseded(f"{job['id']} is {before}, which {status} cannot follow")
        now = tenant.clock.now()
        current.update(changes, status=status, lastUpdated=now, lastStatusMessage=description)
        if before in model.unseen:
            current["created"] = now
        if model.states.ended(status) or status == TAKEN_UP:
            transfers.cancel(tenant, current.get("transfer", ""))  # unless it has ended
        if route is not None:
            current["transfer"] = transfers.add(tenant, current["owner"], *route)
        if model.states.ended(status):
            current["endTime"] = now
            current["message"] = description if status == "FAILED" else None
        _write(tenant, current)
        words = model.tells(before, status, description)
        moves = {} if route is None else {"transfer": current["transfer"]}
        _note(tenant, current, status, by or current["owner"], words, **moves)
    return current


def change(tenant: Tenant, job: Job, **changes: Any) -> Job:
    """Set fields of a job whatever its status, and return it; Superseded if it was started over."""
    with tenant.store.transaction():
        current = _current(tenant, job)
        current.update(changes, lastUpdated=tenant.clock.now())
        _write(tenant, current)
    return current


def restart(tenant: Tenant, job: Job, description: str, by: str | None = None) -> Job:
    """Put an unfinished job back to where it was taken up, as a new attempt, and return it.

    Whoever still works on the old attempt gets Superseded.
    """
    return move(
        tenant,
        job,
        TAKEN_UP,
        description,
        by=by,
        attempt=job["attempt"] + 1,
        retries=job["retries"] + 1,
        submitTime=None,
        startTime=None,
        remoteEnded=None,
        exitCode=None,
        outcome=None,
        localId=None,
        archived=False,
    )


def note(
    tenant: Tenant,
    job: Job,
    event: str,
    by: str,
    description: str,
    document: Any = None,
) -> None:
    """Add an event that changes no status; subscribers get ``document``, the job when None."""
    with tenant.store.transaction():
        _note(tenant, _current(tenant, job), event, by, description, document)


def history(tenant: Tenant, job_id: str) -> list[dict[str, Any]]:
    """Return the events of a job, oldest first: status, created (epoch), createdBy, description."""
    record = tenant.store.get(HISTORY, job_id)
    return record["events"] if record else []


def _current(tenant: Tenant, job: Job) -> Job:
    current = find(tenant, job["id"])
    if current is None or current["attempt"] != job["attempt"]:
        raise Superseded(f"{job['id']} was started over")
    return current


def _write(tenant: Tenant, job: Job) -> None:
    tenant.store.put(KIND, job["id"], job)


def _note(
    tenant: Tenant,
    job: Job,
    event: str,
    by: str,
    description: str,
    document: Any = None,
    **more: str,
) -> None:
    happened = history(tenant, job["id"])
    happened.append(
        {
            "status": event,
            "created": tenant.clock.now(),
            "createdBy": by,
            "description": description,
            **more,
        }
    )
    tenant.store.put(HISTORY, job["id"], {"events": happened})
    events.publish(tenant, job["id"], event, document, job["owner"])


def seed_demo(tenant: Tenant, usernames: list[str]) -> None:
    """Submit a job of the demo app for the first user; it has run when the tenant has started."""
    from agavepy.sandbox.state.jobs_request import accept

    owner = next(iter(usernames), None)
    if owner is None:
        return
    request = {
        "name": "demo",
        "appId": "wc-1.0",
        "inputs": {"file": f"agave://sandbox.storage//home/{owner}/data/hello.txt"},
        "parameters": {"mode": "words"},
        "archivePath": "",  # the usual one; Aloe wants it said
    }
    fields = accept(tenant, owner, request)
    create(tenant, {**fields, "demo": True}, "Job accepted and queued for submission.")
