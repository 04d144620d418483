"""The script of a job: environment, startup script, modules, and the app's wrapper filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agavepy.sandbox import runner_directives
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, files, jobs_outputs, systems
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.state.jobs_request import seconds, slug
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]
#: Makes the shell command of a callback from an event and the names of variables.
Command = Callable[[str, str], str]

_MACRO = re.compile(r"\$\{([^\s${}|]+)(?:\|([^}\n]*))?\}")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
#: Callback macros (``WrapperTemplateStatusVariableType``) and the event of each.
CALLBACKS = {
    "AGAVE_JOB_CALLBACK_RUNNING": "RUNNING",
    "IPLANT_RUNNING": "RUNNING",
    "AGAVE_JOB_CALLBACK_CLEANING_UP": "CLEANING_UP",
    "IPLANT_CLEANING_UP": "CLEANING_UP",
    "AGAVE_JOB_CALLBACK_SUCCESS": "CLEANING_UP",
    "IPLANT_SUCCESS": "CLEANING_UP",
    "AGAVE_JOB_CALLBACK_FAILURE": "FAILURE",
    "IPLANT_FAILURE": "FAILURE",
    "AGAVE_JOB_CALLBACK_ALIVE": "ALIVE",
    "AGAVE_JOB_CALLBACK_NOTIFICATION": "NOTIFICATION",
}


def compose(
    tenant: Tenant, job: Job, app: Document, directory: Path, template: str, command: Command
) -> str:
    """Return the text of the script that runs a job.

    ``directory`` is the job's own on this machine, ``template`` the text of the app's wrapper.
    """
    system, _ = jobs_outputs.work(tenant, job)
    queue = systems.queue(system, job["batchQueue"]) if job["batchQueue"] else None
    values = {**macros(tenant, job, directory, queue), **arguments(job, app)}
    parts = ["#!/bin/bash", *_environment(system), *_startup(tenant, system, values)]
    if system["executionType"] in {"HPC", "CONDOR"} and queue:
        parts += runner_directives.directives(system, queue, job)
        parts += [_fill(queue["customDirectives"], values)] if queue["customDirectives"] else []
    parts += [f"module {module}" for module in app["modules"]]
    parts.append(_fill(template, values, command))
    return "\n".join(parts) + "\n"


def macros(tenant: Tenant, job: Job, directory: Path, queue: Document | None) -> dict[str, str]:
    """Return what the macros about the job stand for (``WrapperTemplateAttributeVariableType``)."""
    run_time_s = seconds(job["maxRunTime"])
    archived = job["archive"]
    return {
        "AGAVE_JOB_NAME": slug(job["name"]),
        "IPLANT_JOB_NAME": slug(job["name"]),
        "AGAVE_JOB_NAME_RAW": job["name"],
        "AGAVE_JOB_ID": job["id"],
        "AGAVE_JOB_APP_ID": job["appId"],
        "AGAVE_JOB_EXECUTION_SYSTEM": job["executionSystem"],
        "AGAVE_JOB_BATCH_QUEUE": job["batchQueue"] or "",
        "AGAVE_JOB_BATCH_QUEUE_EFFECTIVE_NAME": (queue or {}).get("mappedName")
        or job["batchQueue"]
        or "",
        "AGAVE_JOB_SUBMIT_TIME": tenant.jobs.date(job["created"]),
        "AGAVE_JOB_ARCHIVE": "1" if archived else "",
        "AGAVE_JOB_ARCHIVE_SYSTEM": job["archiveSystem"] or "",
        "AGAVE_JOB_ARCHIVE_PATH": job["archivePath"] or "",
        "AGAVE_JOB_ARCHIVE_URL": _archive_url(tenant, job) if archived else "",
        "AGAVE_JOB_NODE_COUNT": str(job["nodeCount"]),
        "AGAVE_JOB_PROCESSORS_PER_NODE": str(job["processorsPerNode"]),
        "IPLANT_CORES_REQUESTED": str(job["nodeCount"] * job["processorsPerNode"]),
        "AGAVE_JOB_MEMORY_PER_NODE": f"{job['memoryPerNode']:g}",
        "AGAVE_JOB_MAX_RUNTIME": job["maxRunTime"],
        "AGAVE_JOB_MAX_RUNTIME_SECONDS": str(run_time_s),
        "AGAVE_JOB_MAX_RUNTIME_MILLISECONDS": str(run_time_s * 1000),
        "AGAVE_JOB_WORK_PATH": str(directory),
        "AGAVE_JOB_OWNER": job["owner"],
        "AGAVE_JOB_TENANT": tenant.tenant_id,
        "AGAVE_BASE_URL": tenant.url,
    }


def _archive_url(tenant: Tenant, job: Job) -> str:
    address = files.address(*jobs_outputs.archive(tenant, job))
    return tenant.link("files", "download", **address)


def arguments(job: Job, app: Document) -> dict[str, str]:
    """Return what the ids of the app's inputs and parameters stand for in the wrapper.

    An input is the name that its file was staged under. What was not given is empty.
    """
    found: dict[str, str] = {}
    for spec in app["inputs"]:
        names = job["staged"].get(spec["id"], [])
        found[spec["id"]] = " ".join(_shown(spec, name, n == 0) for n, name in enumerate(names))
    for spec in app["parameters"]:
        value = job["parameters"].get(spec["id"])
        values = value if isinstance(value, list) else [] if value is None else [value]
        found[spec["id"]] = " ".join(_shown(spec, item, n == 0) for n, item in enumerate(values))
    return found


def _shown(spec: Document, value: Any, first: bool) -> str:
    """Return one value as the wrapper gets it; the argument goes before it without a blank."""
    details = spec["details"]
    argument = details["argument"] or ""
    if spec["value"].get("type") == "flag":
        return argument if value else ""
    text = ("1" if value else "") if isinstance(value, bool) else str(value)
    if spec["value"]["enquote"]:
        text = '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'
    shows = details["showArgument"] and (first or details["repeatArgument"])
    return argument + text if shows else text


def _fill(text: str, values: Mapping[str, str], command: Command | None = None) -> str:
    """Replace each ``${id}`` once; what a value itself contains is not replaced again."""

    def value(found: re.Match[str]) -> str:
        name, names = found[1], found[2]
        event = CALLBACKS.get(name) if command is not None else None
        if command is not None and event is not None and (names is None or event == "NOTIFICATION"):
            return command(event, names or "")
        return values.get(name, found[0]) if names is None else found[0]

    return _MACRO.sub(value, text)


def _environment(system: Document) -> list[str]:
    """Return the commands that set the environment of a system's definition."""
    lines = [line.strip() for line in (system["environment"] or "").splitlines()]
    return [f"export {line}" if _ASSIGNMENT.match(line) else line for line in lines if line]


def _startup(tenant: Tenant, system: Document, values: Mapping[str, str]) -> list[str]:
    """Return the command that reads a system's startup script, which is a file on that system."""
    written = system["startupScript"]
    if not written:
        return []
    storage, login = system["storage"], system["login"] or {}
    about = {
        "SYSTEM_ID": system["id"],
        "SYSTEM_UUID": system["uuid"],
        "SYSTEM_OWNER": system["owner"],
        "SYSTEM_STORAGE_HOST": storage["host"],
        "SYSTEM_STORAGE_PROTOCOL": storage["protocol"],
        "SYSTEM_STORAGE_ROOTDIR": storage["rootDir"],
        "SYSTEM_STORAGE_HOMEDIR": storage["homeDir"],
        "SYSTEM_LOGIN_HOST": login.get("host") or "",
        "SYSTEM_LOGIN_PROTOCOL": login.get("protocol") or "",
    }
    path = _fill(written, {**values, **about})
    path = re.sub(r"^(\$HOME|\$\{HOME\}|~)/", "", path)
    try:
        script = disk.real(tenant, system, path)
    except ApiError as error:
        return [f"echo {shlex.quote(f'startupScript {written}: {error.message}')} >&2"]
    if not script.is_file():
        return [f"echo {shlex.quote(f'startupScript {written}: no such file on the system')} >&2"]
    return [f". {shlex.quote(str(script))}"]
