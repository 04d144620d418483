"""Where the outputs of a job are: in the directory in which it runs, and later in its archive."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agavepy import loader
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.router import Router
from agavepy.sandbox.state import disk, jobs, systems
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.tenant import Tenant

System = dict[str, Any]


def work(tenant: Tenant, job: Job) -> tuple[System, str]:
    """Return the execution system and the logical path of the directory in which a job runs."""
    system = _system(tenant, job["executionSystem"])
    return system, disk.join(base(system), job["outputPath"])


def base(system: System) -> str:
    """Return the logical path of the directory of an execution system in which jobs run."""
    return str(system.get("scratchDir") or system.get("workDir") or disk.home(system))


def archive(tenant: Tenant, job: Job) -> tuple[System, str]:
    """Return the system and the logical path of the archive of a job that has one."""
    system = _system(tenant, job["archiveSystem"])
    return system, disk.logical(system, job["archivePath"])


def locate(tenant: Tenant, job: Job, path: str) -> tuple[System, str, Path]:
    """Return the system, logical path and real path of ``path``, relative to a job's outputs.

    Raises ApiError 404 when nothing is there, or the path leads out of the outputs.
    """
    system, top = archive(tenant, job) if job["archived"] else work(tenant, job)
    missing = ApiError(
        404, f"File/folder does not exist among the outputs of job {job['id']}: {path}"
    )
    logical = disk.join(top, path)
    if not disk.below(logical, top):
        raise missing
    real = disk.real(tenant, system, logical, user_home=False)
    if not real.exists():
        raise missing
    return system, logical, real


def parse(tenant: Tenant, user: str, uri: str) -> tuple[System, str] | None:
    """Return the system and logical path behind an address of job outputs of this tenant.

    None when the address is another kind. Raises ApiError 403 and 404 for a job or an output that
    ``user`` cannot have.
    """
    if not tenant.owns(uri):
        return None
    path = urlsplit(uri).path[len(urlsplit(tenant.url).path) :]
    plan, arguments, _ = _router().match("GET", path)
    if plan is None:
        return None
    job = jobs.reach(tenant, user, arguments["jobId"])
    system, logical, _ = locate(tenant, job, arguments.get("filePath", ""))
    return system, logical


def _system(tenant: Tenant, system_id: str) -> System:
    system = systems.find(tenant, system_id)
    if system is None:
        raise ApiError(404, f"The system {system_id} of the job does not exist any more")
    return system


@lru_cache(maxsize=1)
def _router() -> Router:
    """Return the routes under which the outputs of jobs are known."""
    plan = loader.service_plan("jobs")
    return Router(plan[name] for name in ("downloadOutput", "listOutputs", "listRootOutputs"))
