"""The fields under which the jobs services show a job: one form for each model of jobs.

Links are left to ``jobs_views``. A form's ``accepted`` is what the answer to a submission holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agavepy.sandbox.state import apps, jobs_outputs, systems, users
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.state.jobs_request import seconds
from agavepy.sandbox.tenant import Tenant

Fields = dict[str, Any]
Show = Callable[[Tenant, Job], Fields]


@dataclass(frozen=True)
class Form:
    """How one of the jobs services shows a job: in listings, whole, and when it accepts it."""

    summary: Show
    detail: Show
    accepted: Show


def date(tenant: Tenant, epoch: float | None) -> str | None:
    """Return a time as the tenant's jobs service writes it."""
    return None if epoch is None else tenant.jobs.date(epoch)


def _classic_summary(tenant: Tenant, job: Job) -> Fields:
    return {
        "id": job["id"],
        "name": job["name"],
        "owner": job["owner"],
        "executionSystem": job["executionSystem"],
        "appId": job["appId"],
        "created": date(tenant, job["created"]),
        "status": job["status"],
        "startTime": date(tenant, job["startTime"]),
        "endTime": date(tenant, job["endTime"]),
    }


def _classic_detail(tenant: Tenant, job: Job) -> Fields:
    """Return a whole job; ``message`` is there only when it failed (agave-jobs ``Job.toJSON``)."""
    item = {
        "id": job["id"],
        "name": job["name"],
        "owner": job["owner"],
        "appId": job["appId"],
        "executionSystem": job["executionSystem"],
        "batchQueue": job["batchQueue"],
        "nodeCount": job["nodeCount"],
        "processorsPerNode": job["processorsPerNode"],
        "memoryPerNode": job["memoryPerNode"],
        "maxRunTime": job["maxRunTime"],
        "archive": job["archive"],
        "retries": job["retries"],
        "localId": job["localId"],
        "created": date(tenant, job["created"]),
        "lastUpdated": date(tenant, job["lastUpdated"]),
        "outputPath": job["outputPath"],
        "archivePath": job["archivePath"],
        "archiveSystem": job["archiveSystem"],
        "status": job["status"],
        "submitTime": date(tenant, job["submitTime"]),
        "startTime": date(tenant, job["startTime"]),
        "endTime": date(tenant, job["endTime"]),
        "inputs": job["inputs"],
        "parameters": job["parameters"],
        "notifications": [
            {name: given[name] for name in ("url", "event", "persistent")}
            for given in job["notifications"]
        ],
    }
    if job["status"] == "FAILED":
        item["message"] = job["message"]
    return item


def _classic_accepted(tenant: Tenant, job: Job) -> Fields:
    system = systems.find(tenant, job["executionSystem"]) or {}
    item = _classic_detail(tenant, job)
    return {
        **item,
        "lastModified": item["lastUpdated"],
        "executionType": system.get("executionType"),
        "schedulerType": system.get("scheduler"),
    }


def _aloe_summary(tenant: Tenant, job: Job) -> Fields:
    return {
        "id": job["id"],
        "name": job["name"],
        "owner": job["owner"],
        "systemId": job["executionSystem"],
        "appId": job["appId"],
        "created": date(tenant, job["created"]),
        "status": job["status"],
        "remoteStarted": date(tenant, job["startTime"]),
        "ended": date(tenant, job["endTime"]),
    }


def _aloe_detail(tenant: Tenant, job: Job) -> Fields:
    owner = users.get(tenant, job["owner"])
    app = apps.find(tenant, job["appId"]) or {}
    system = systems.find(tenant, job["executionSystem"])
    scheduled = system is not None and system["executionType"] in {"HPC", "CONDOR"}
    started, ended = job["startTime"], job["remoteEnded"]
    return {
        "id": job["id"],
        "name": job["name"],
        "tenantId": tenant.tenant_id,
        "tenantQueue": f"aloe.jobq.{tenant.tenant_id}.submit.DefaultQueue",
        "status": job["status"],
        "lastStatusMessage": job["lastStatusMessage"],
        "accepted": date(tenant, job["accepted"]),
        "created": date(tenant, job["created"]),
        "ended": date(tenant, job["endTime"]),
        "lastUpdated": date(tenant, job["lastUpdated"]),
        "owner": job["owner"],
        "roles": ",".join(sorted(users.roles(owner))) if owner else None,
        "systemId": job["executionSystem"],
        "appId": job["appId"],
        "appUuid": app.get("uuid"),
        "workPath": jobs_outputs.work(tenant, job)[1] if system else None,
        "archive": job["archive"],
        "archiveOnAppError": job["archiveOnAppError"],
        "archivePath": job["archivePath"],
        "archiveSystem": job["archiveSystem"],
        "nodeCount": job["nodeCount"],
        "processorsPerNode": job["processorsPerNode"],
        "memoryPerNode": job["memoryPerNode"],
        "maxHours": round(seconds(job["maxRunTime"]) / 3600, 6),
        "inputs": job["inputs"],
        "parameters": job["parameters"],
        "remoteJobId": job["localId"],
        "schedulerJobId": job["localId"] if scheduled else None,
        "remoteQueue": job["batchQueue"],
        "remoteSubmitted": date(tenant, job["submitTime"]),
        "remoteStarted": date(tenant, started),
        "remoteEnded": date(tenant, ended),
        "remoteOutcome": job["outcome"],
        "submitRetries": job["retries"],
        # The sandbox waits for its processes: it looks when one starts and when it has ended, and
        # cannot fail in that.
        "remoteStatusChecks": (started is not None) + (ended is not None),
        "failedStatusChecks": 0,
        "lastStatusCheck": date(tenant, started if ended is None else ended),
        "blockedCount": job["blockedCount"],
        "visible": job["visible"],
    }


#: What is still to be worked out of a request when Aloe answers it (DOC aloe-job-changes).
_OPEN_TEXT = ("created", "systemId", "appUuid", "workPath", "archiveSystem", "remoteQueue")
_OPEN_NUMBERS = ("nodeCount", "processorsPerNode", "memoryPerNode", "maxHours")


def _aloe_accepted(tenant: Tenant, job: Job) -> Fields:
    unset = {**dict.fromkeys(_OPEN_TEXT), **dict.fromkeys(_OPEN_NUMBERS, 0)}
    return {**_aloe_detail(tenant, job), **unset}


#: By the name of the model of jobs.
FORMS = {
    "classic": Form(_classic_summary, _classic_detail, _classic_accepted),
    "aloe": Form(_aloe_summary, _aloe_detail, _aloe_accepted),
}
