"""Jobs as the service answers them: summaries, whole jobs, and what searches look at."""

from __future__ import annotations

import json
from typing import Any

from agavepy.sandbox.links import Linker, hrefs
from agavepy.sandbox.state import files, jobs_outputs, notifications, systems
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.state.jobs_forms import FORMS, date
from agavepy.sandbox.tenant import Tenant


def summary(linker: Linker, tenant: Tenant, job: Job) -> dict[str, Any]:
    """Return a job as listings hold it."""
    links = {
        "self": {"href": linker.link("jobs", "get", jobId=job["id"])},
        "archiveData": {"href": _archive_data(linker, tenant, job)},
    }
    return {**FORMS[tenant.jobs.name].summary(tenant, job), "_links": links}


def detail(linker: Linker, tenant: Tenant, job: Job) -> dict[str, Any]:
    """Return a whole job."""
    fields = FORMS[tenant.jobs.name].detail(tenant, job)
    return {**fields, "_links": _links(linker, tenant, job)}


def accepted(linker: Linker, tenant: Tenant, job: Job) -> dict[str, Any]:
    """Return a job as the answer to its submission has it, with links to its notifications."""
    links = _links(linker, tenant, job)
    links["notification"] = [
        {"href": linker.link("notifications", "get", uuid=told["id"]), "title": told["event"]}
        for told in notifications.of(tenant, job["owner"], job["id"])
    ]
    return {**FORMS[tenant.jobs.name].accepted(tenant, job), "_links": links}


def searchable(tenant: Tenant, job: Job) -> dict[str, Any]:
    """Return what the search words look at (``JobSearchFilter``), the job itself under ``job``."""
    start, end = job["startTime"], job["endTime"]
    times = ("created", "lastUpdated", "submitTime", "startTime", "endTime")
    return {
        **job,
        **{name: date(tenant, job[name]) for name in times},
        "inputs": json.dumps(job["inputs"]),
        "parameters": json.dumps(job["parameters"]),
        "runtime": None if start is None or end is None else abs(int(end) - int(start)),
        "walltime": None if end is None else abs(int(end) - int(job["created"])),
        "job": job,
    }


def _archive_data(linker: Linker, tenant: Tenant, job: Job) -> str:
    """Return where the outputs are listed: with the job until they are archived, then in files."""
    if not job["archived"] or systems.find(tenant, job["archiveSystem"]) is None:
        return linker.link("jobs", "listRootOutputs", jobId=job["id"])
    system, logical = jobs_outputs.archive(tenant, job)
    return linker.link("files", "list", **files.address(system, logical))


def _links(linker: Linker, tenant: Tenant, job: Job) -> dict[str, Any]:
    job_id, archive = job["id"], job["archiveSystem"]
    links = {
        "self": linker.link("jobs", "get", jobId=job_id),
        "app": linker.link("apps", "get", appId=job["appId"]),
        "executionSystem": linker.link("systems", "get", systemId=job["executionSystem"]),
        "archiveSystem": linker.link("systems", "get", systemId=archive) if archive else "",
        "archiveData": _archive_data(linker, tenant, job),
        "owner": linker.link("profiles", "listByUsername", username=job["owner"]),
        "permissions": linker.link("jobs", "listPermissions", jobId=job_id),
        "history": linker.link("jobs", "getHistory", jobId=job_id),
        "metadata": files.metadata_link(linker, job_id),
        "notifications": linker.link("notifications", "list", associatedUuid=job_id),
    }
    return hrefs(links)
