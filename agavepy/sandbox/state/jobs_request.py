"""A job request: checked in the order of agave-jobs ``JobRequestProcessor``, completed by defaults.

What a request leaves out comes from the app, then from the queue, then from the system.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import (
    apps,
    disk,
    files_access,
    jobs_request_aloe,
    systems,
    systems_credentials,
)
from agavepy.sandbox.state.jobs_values import check_inputs, check_parameters, check_protocol
from agavepy.sandbox.state.notifications_definition import requested
from agavepy.sandbox.tenant import Tenant

Request = dict[str, Any]

#: Older spelling -> the one of today. The one of today wins when both are given.
SPELLINGS = {
    "softwareName": "appId",
    "jobName": "name",
    "executionHost": "executionSystem",
    "queue": "batchQueue",
    "processorCount": "processorsPerNode",
    "requestedTime": "maxRunTime",
}
_TIME = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTPE]?)B?", re.IGNORECASE)
_GB = {"K": 2**-20, "M": 2**-10, "": 1, "G": 1, "T": 2**10, "P": 2**20, "E": 2**30}
_MACRO = re.compile(r"\$\{(\w+)\}")
_MOST = 2**31 - 1


def accept(tenant: Tenant, user: str, body: Any) -> dict[str, Any]:
    """Return the fields of the job that ``user`` asks for, its id among them.

    Raises ApiError 400 for what is wrong in the request, 403 for what the user may not do, 412
    when a system has no credentials.
    """
    request = _READ[tenant.jobs.name](body)
    name = _name(request)
    app = _app(tenant, user, request)
    if "dependencies" in request:  # an empty list too (JobRequestProcessor)
        raise ApiError(400, "Job dependencies are not supported: leave `dependencies` out")
    system = _execution_system(tenant, user, app, request)
    fields: dict[str, Any] = {
        "id": tenant.jobs.new_id(tenant.ids),
        "name": name,
        "owner": user,
        "appId": app["id"],
        "executionSystem": system["id"],
        "inputs": check_inputs(tenant, user, app, _mapping(request, "inputs")),
        "parameters": check_parameters(
            app, _mapping(request, "parameters"), exact=tenant.jobs.exact
        ),
        **_resources(tenant, app, system, request),
    }
    fields["archiveOnAppError"] = request.get("archiveOnAppError") is True
    fields["outputPath"] = f"{user}/job-{fields['id']}-{slug(name)}"
    fields.update(_archive(tenant, user, request, fields))
    fields["notifications"] = requested(request.get("notifications", request.get("callbackUrl")))
    fields["request"] = request
    return fields


def normalise(body: Any) -> Request:
    """Return a request body in the spellings of today, without what is null.

    Raises ApiError 400 when it is not an object.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "The job request must be a JSON object")
    given = {str(key): value for key, value in body.items() if value is not None}
    for old, new in SPELLINGS.items():
        if old in given:
            given.setdefault(new, given[old])
            del given[old]
    return given


def slug(name: str) -> str:
    """Return the form of a job name that goes into file names (agave-common ``Slug``)."""
    plain = unicodedata.normalize("NFD", re.sub(r"\s", "-", name.strip()))
    return re.sub(r"[^\w-]", "", plain, flags=re.ASCII).lower() or "job"


def seconds(time: str) -> int:
    """Return the seconds of ``hh:mm:ss``. Raises ApiError 400 when it is not that."""
    match = _TIME.fullmatch(time)
    if match is None:
        raise ApiError(400, f"Invalid maxRunTime {time!r}: it must be hh:mm:ss such as 01:30:00")
    hours, minutes, rest = (int(part) for part in match.groups())
    return (hours * 60 + minutes) * 60 + rest


def _name(request: Request) -> str:
    name = request.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "No job name specified: give `name`, a text of 64 characters at most")
    if len(name) > 64:
        raise ApiError(400, f"Job name is too long: {len(name)} characters, 64 at most")
    return name


def _app(tenant: Tenant, user: str, request: Request) -> dict[str, Any]:
    app_id = request.get("appId")
    if not isinstance(app_id, str) or not app_id.strip():
        raise ApiError(400, "No app specified: give `appId`, such as wc-1.0")
    if len(app_id) > 80:
        raise ApiError(400, f"appId is too long: {len(app_id)} characters, 80 at most")
    if "-" not in app_id:
        raise ApiError(400, f"Invalid appId {app_id!r}: it must be name-version, such as wc-1.0")
    app = apps.find(tenant, app_id)
    if app is None:
        # 400 and not 404: the app is an argument here (JobRequestProcessor).
        raise ApiError(400, f"No app found with id {app_id}")
    if not apps.may(tenant, user, app, "EXECUTE"):
        raise ApiError(
            403, f"Permission denied. You do not have permission to execute app {app_id}"
        )
    if not app["available"]:
        raise ApiError(400, f"App {app_id} is disabled: its owner must enable it first")
    return app


def _execution_system(
    tenant: Tenant, user: str, app: dict[str, Any], request: Request
) -> dict[str, Any]:
    wanted = request.get("executionSystem") or app["executionSystem"]
    if wanted != app["executionSystem"]:
        raise ApiError(
            403,
            f"App {app['id']} runs on {app['executionSystem']} and not on {wanted}: leave "
            "executionSystem out, or register the app for the other system",
        )
    system = systems.find(tenant, wanted)
    if system is None:
        raise ApiError(400, f"The execution system {wanted} of app {app['id']} does not exist")
    _usable(tenant, user, system, "run jobs on")
    return system


def _usable(tenant: Tenant, user: str, system: dict[str, Any], doing: str) -> None:
    if systems.role(tenant, user, system) in {"NONE", "GUEST"}:
        raise ApiError(
            403, f"Permission denied. You do not have permission to {doing} system {system['id']}"
        )
    if not system["available"] or system["status"] in {"DOWN", "MAINTENANCE"}:
        raise ApiError(400, f"System {system['id']} is not available")
    check_protocol(tenant, system)
    for parent in systems_credentials.PARENTS:
        systems_credentials.need(system, parent)


def _mapping(request: Request, name: str) -> dict[str, Any]:
    value = request.get(name, {})
    if isinstance(value, str):  # a form carries it as JSON text
        try:
            value = json.loads(value or "{}")
        except ValueError as error:
            raise ApiError(400, f"Invalid {name}: not a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise ApiError(400, f"Invalid {name}: it must be an object of values by id")
    return value


def _resources(
    tenant: Tenant, app: dict[str, Any], system: dict[str, Any], request: Request
) -> dict[str, Any]:
    name = request.get("batchQueue") or app["defaultQueue"]
    queue = systems.queue(system, name)
    if queue is None and name:
        raise ApiError(400, f"System {system['id']} has no queue {name}")
    limits = queue or {}
    nodes = _count(request, "nodeCount", app["defaultNodeCount"])
    processors = _processors(tenant, app, request, nodes)
    most_memory = _positive(limits.get("maxMemoryPerNode"))
    memory = _memory(request, app["defaultMemoryPerNode"] or most_memory or 1.0)
    longest = limits.get("maxRequestedTime")
    time = str(request.get("maxRunTime") or app["defaultMaxRunTime"] or longest or "01:00:00")
    for label, value, most in (
        ("nodeCount", nodes, _positive(limits.get("maxNodes"))),
        ("processorsPerNode", processors, _positive(limits.get("maxProcessorsPerNode"))),
        ("memoryPerNode", memory, most_memory),
    ):
        if most is not None and value > most:
            raise ApiError(
                400, f"Invalid {label} {value:g}: queue {limits['name']} allows {most:g} at most"
            )
    if seconds(time) == 0:
        raise ApiError(400, f"Invalid maxRunTime {time!r}: a job needs some time to run")
    if longest and seconds(time) > seconds(longest):
        raise ApiError(
            400, f"Invalid maxRunTime {time}: queue {limits['name']} allows {longest} at most"
        )
    return {
        "batchQueue": limits.get("name"),
        "nodeCount": nodes,
        "processorsPerNode": processors,
        "memoryPerNode": memory,
        "maxRunTime": time,
    }


def _processors(tenant: Tenant, app: dict[str, Any], request: Request, nodes: int) -> int:
    """Return the processors of each node; Aloe took the old name for those of all nodes."""
    name, all_nodes = "processorsPerNode", 1
    if tenant.jobs.exact:
        if "processorsOnEachNode" in request or name not in request:
            name = "processorsOnEachNode"
        else:
            all_nodes = nodes
    return -(-_count(request, name, app["defaultProcessorsPerNode"]) // all_nodes)


def _positive(limit: Any) -> float | None:
    return float(limit) if limit is not None and limit > 0 else None


def _count(request: Request, name: str, default: int | None) -> int:
    value = request.get(name, default or 1)
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise ApiError(
            400, f"Invalid {name} {value!r:.40}: it must be a whole number from 1 to {_MOST}"
        )
    return value


def _memory(request: Request, default: float) -> float:
    value = request.get("memoryPerNode", default)
    match = None if isinstance(value, bool) else _MEMORY.fullmatch(str(value).strip())
    amount = float(match[1]) * _GB[match[2].upper()] if match else 0.0
    if amount <= 0 or not math.isfinite(amount):
        raise ApiError(
            400, f"Invalid memoryPerNode {value!r}: give a number of GB, or text such as 4GB"
        )
    return amount


def _archive(tenant: Tenant, user: str, request: Request, job: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("archive", True)
    archive = {"true": True, "1": True, "false": False, "0": False}.get(str(wanted).lower())
    if archive is None:
        raise ApiError(400, f"Invalid archive {wanted!r}: it must be true or false")
    if not archive:
        return {"archive": False, "archivePath": None, "archiveSystem": None}
    name = request.get("archiveSystem")
    if name and not isinstance(name, str):
        raise ApiError(400, f"Invalid archiveSystem {name!r:.40}: it must be the id of a system")
    system = systems.find(tenant, name) if name else systems.default(tenant, user, "STORAGE")
    if system is None:
        raise ApiError(
            400,
            f"The archive system {name} does not exist"
            if name
            else "No archiveSystem given, and there is no default storage system to archive on",
        )
    _usable(tenant, user, system, "archive on")
    usual = tenant.jobs.archive_path(user, tenant.clock.now(), system["public"])
    given = request.get("archivePath") or usual
    if not isinstance(given, str):
        raise ApiError(400, f"Invalid archivePath {given!r}: it must be a path")
    path = _fill(given, _path_macros(tenant, job, system["id"]))
    try:
        logical = disk.logical(system, path)
        disk.real(tenant, system, logical, user_home=False)
    except ApiError as error:
        raise ApiError(400, f"Invalid archivePath {given!r}: {error.message}") from error
    files_access.authorize_target(tenant, user, system, logical)
    return {"archive": True, "archivePath": path, "archiveSystem": system["id"]}


def _path_macros(tenant: Tenant, job: dict[str, Any], archive_system: str) -> dict[str, str]:
    """Return what ``${...}`` in an archive path stands for (``JobArchivePathMacroType``)."""
    return {
        "APP_ID": job["appId"],
        "EXECUTION_SYSTEM": job["executionSystem"],
        "BATCH_QUEUE": job["batchQueue"] or "",
        "JOB_NAME": slug(job["name"]),
        "JOB_ID": job["id"],
        "JOB_NODE_COUNT": str(job["nodeCount"]),
        "JOB_PROCESSORS_PER_NODE": str(job["processorsPerNode"]),
        "JOB_MEMORY_PER_NODE": f"{job['memoryPerNode']:g}",
        "JOB_CREATED_TIME": tenant.jobs.date(tenant.clock.now()),
        "JOB_OWNER": job["owner"],
        "ARCHIVE_SYSTEM": archive_system,
        "TENANT_ID": tenant.tenant_id,
    }


def _fill(text: str, values: dict[str, str]) -> str:
    return _MACRO.sub(lambda found: values.get(found[1], found[0]), text)


#: How a body becomes a request, by the name of the model of jobs.
_READ = {"classic": normalise, "aloe": jobs_request_aloe.read}
