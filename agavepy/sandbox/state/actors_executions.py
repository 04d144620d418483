"""Executions of actors with their logs and results (abaco ``models.py``, ``Execution``)."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.lifecycle import Lifecycle
from agavepy.sandbox.tenant import Tenant

Execution = dict[str, Any]

EXECUTIONS = Lifecycle(
    "execution",
    "SUBMITTED",
    {
        # What is purged from the mailbox, or cannot be started, never runs.
        "SUBMITTED": frozenset({"RUNNING", "ERROR"}),
        "RUNNING": frozenset({"COMPLETE", "ERROR"}),
        "COMPLETE": frozenset(),
        "ERROR": frozenset(),
    },
)
#: Characters of a log that are kept (abaco ``max_log_length``), and what follows a longer one.
MAX_LOG = 1_000_000
LOG_NOTICE = " LOG LIMIT EXCEEDED"
#: Seconds for which logs are kept when the actor does not say (abaco ``log_ex``).
LOG_EX_S = 43200
#: Bytes of one result (abaco ``MAX_RESULT_FRAME_SIZE``).
MAX_RESULT = 131072

_KIND, _LOG, _RESULT, _MARKS = (
    "actor_execution",
    "actor_log",
    "actor_result",
    "actor_result_marks",
)
#: What of an execution is shown as it is kept, in the order of the answer.
_SHOWN = (
    "actorId",
    "executor",
    "workerId",
    "messageReceivedTime",
    "startTime",
    "finishTime",
    "runtime",
    "cpu",
    "io",
    "id",
    "status",
    "exitCode",
    "finalState",
)
_TIMES = ("messageReceivedTime", "startTime", "finishTime")


def create(
    tenant: Tenant,
    actor: dict[str, Any],
    executor: str,
    *,
    status: str = EXECUTIONS.initial,
    **more: Any,
) -> Execution:
    """Record an execution that ``executor`` has asked for, and return it."""
    execution: Execution = {
        "id": tenant.ids.key(13),
        "actorId": actor["id"],
        "executor": executor,
        "messageReceivedTime": tenant.clock.now(),
        "status": status,
        "runtime": 0,
        "cpu": 0,
        "io": 0,
        **more,
    }
    tenant.store.put(_KIND, execution["id"], execution)
    return execution


def find(tenant: Tenant, execution_id: str) -> Execution | None:
    """Return an execution of any actor, or None."""
    return tenant.store.get(_KIND, execution_id)


def require(tenant: Tenant, actor: dict[str, Any], execution_id: str) -> Execution:
    """Return an execution of this actor; ApiError 400, as the service has it, for another id."""
    execution = find(tenant, execution_id)
    if execution is None or execution["actorId"] != actor["id"]:
        raise ApiError(400, f"No executions found with id {execution_id}.")
    return execution


def of_actor(tenant: Tenant, actor_id: str) -> list[Execution]:
    """Return the executions of an actor, oldest first."""
    return tenant.store.all(_KIND, actorId=actor_id)


def every(tenant: Tenant, **equals: Any) -> list[Execution]:
    """Return the executions of all actors whose fields have these values, oldest first."""
    return tenant.store.all(_KIND, **equals)


def move(tenant: Tenant, execution_id: str, status: str, **fields: Any) -> Execution | None:
    """Change the status and fields of an execution, and return it as it then is.

    None, and nothing has changed, when it is gone or its status does not lead to this one.
    """
    with tenant.store.transaction():
        execution = find(tenant, execution_id)
        if execution is None or not EXECUTIONS.allows(execution["status"], status):
            return None
        execution.update(fields, status=status)
        if EXECUTIONS.ended(status):
            execution.pop("process", None)
        tenant.store.put(_KIND, execution_id, execution)
        entered, last = (execution_id, status, tenant.clock.now()), EXECUTIONS.ended(status)
        tenant.store.after_commit(partial(tenant.pace.enter, *entered, last=last))
        return execution


def forget(tenant: Tenant, actor_id: str) -> None:
    """Remove the executions of an actor with their logs and results."""
    with tenant.store.transaction():
        for execution in of_actor(tenant, actor_id):
            key = execution["id"]
            while pop_result(tenant, key):
                pass
            for kind in (_KIND, _LOG, _MARKS):
                tenant.store.delete(kind, key)
            tenant.store.after_commit(partial(tenant.pace.end, key))


def keep_log(tenant: Tenant, actor: dict[str, Any], execution_id: str, text: str) -> None:
    """Keep the log of an execution, shortened to its limit, for the actor's ``logEx`` seconds."""
    if len(text) > MAX_LOG:
        text = text[:MAX_LOG] + LOG_NOTICE
    kept_s = actor["logEx"] or LOG_EX_S
    document = {
        "id": execution_id,
        "actorId": actor["id"],
        "logs": text,
        "expires": tenant.clock.now() + kept_s,
    }
    with tenant.store.transaction():
        if find(tenant, execution_id) is not None:
            tenant.store.put(_LOG, execution_id, document)


def log(tenant: Tenant, execution_id: str) -> str:
    """Return the log of an execution: empty before its end and when its time is over."""
    found = tenant.store.get(_LOG, execution_id)
    if found is None:
        return ""
    if found["expires"] <= tenant.clock.now():
        tenant.store.delete(_LOG, execution_id)
        return ""
    return str(found["logs"])


def logs(tenant: Tenant) -> list[dict[str, Any]]:
    """Return the logs that are kept, of all actors: id (of the execution), actorId and logs."""
    now = tenant.clock.now()
    return [item for item in tenant.store.all(_LOG) if item["expires"] > now]


def add_result(tenant: Tenant, execution_id: str, data: bytes) -> bool:
    """Put a result behind the others of an execution; False when it is gone with its actor."""
    with tenant.store.transaction():
        if find(tenant, execution_id) is None:
            return False
        marks = tenant.store.get(_MARKS, execution_id) or {"first": 0, "next": 0}
        document = {"data": base64.b64encode(data).decode()}
        tenant.store.put(_RESULT, f"{execution_id}/{marks['next']}", document)
        tenant.store.put(_MARKS, execution_id, {**marks, "next": marks["next"] + 1})
        return True


def pop_result(tenant: Tenant, execution_id: str) -> bytes:
    """Take the first result of an execution, empty when none is left."""
    with tenant.store.transaction():
        marks = tenant.store.get(_MARKS, execution_id)
        if marks is None or marks["first"] == marks["next"]:
            return b""
        key = f"{execution_id}/{marks['first']}"
        found = tenant.store.get(_RESULT, key)
        tenant.store.delete(_RESULT, key)
        tenant.store.put(_MARKS, execution_id, {**marks, "first": marks["first"] + 1})
        return base64.b64decode(found["data"]) if found else b""


def detail(tenant: Tenant, actor: dict[str, Any], execution: Execution) -> dict[str, Any]:
    """Return an execution as the service shows it; what is not set yet has no key."""
    shown = {name: execution[name] for name in _SHOWN if execution.get(name) is not None}
    for name in _TIMES:
        if name in shown:
            shown[name] = dates.abaco(shown[name])
    where = {"actorId": actor["id"], "executionId": execution["id"]}
    links = {
        "self": tenant.link("actors", "getExecution", **where),
        "owner": tenant.link("profiles", "listByUsername", username=actor["owner"]),
        "logs": tenant.link("actors", "getExecutionLogs", **where),
    }
    return {**shown, "apiServer": tenant.url, "_links": links}


def summary(tenant: Tenant, actor: dict[str, Any]) -> dict[str, Any]:
    """Return the executions of an actor and what they used together.

    Their times are in the form of HTTP dates: the service forgets to rewrite them here (abaco
    ``models.py``, ``compute_summary_stats``).
    """
    found = of_actor(tenant, actor["id"])
    shown = []
    for execution in found:
        item = {"id": execution["id"], "status": execution["status"]}
        for name in ("startTime", "finishTime", "messageReceivedTime"):
            if execution.get(name) is not None:
                item[name] = dates.http(execution[name])
        shown.append(item)
    return {
        "owner": actor["owner"],
        "actorId": actor["id"],
        "apiServer": tenant.url,
        "executions": shown,
        "totalExecutions": len(found),
        "totalCpu": sum(execution["cpu"] for execution in found),
        "totalIo": sum(execution["io"] for execution in found),
        "totalRuntime": sum(execution["runtime"] for execution in found),
        "_links": {
            "self": tenant.link("actors", "listExecutions", actorId=actor["id"]),
            "owner": tenant.link("profiles", "listByUsername", username=actor["owner"]),
        },
    }
