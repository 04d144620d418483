"""Executions of actors, their logs and results (abaco ``controllers.py``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import actors_runtime as runtime
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_executions as executions
from agavepy.sandbox.state.actors_search import search


@handler("actors", "listExecutions")
def list_executions(call: Call) -> Reply:
    """Summarize the executions of an actor, or search them."""
    tenant, actor = call.tenant, actors.require(call, "READ")
    every = executions.of_actor(tenant, actor["id"])
    found = search(call, [executions.detail(tenant, actor, each) for each in every])
    result = executions.summary(tenant, actor) if found is None else found
    return Reply(result, message="Executions retrieved successfully.")


@handler("actors", "addExecution")
def add_execution(call: Call) -> Reply:
    """Account for an execution that has run elsewhere."""
    actor = actors.require(call, "UPDATE")
    body = call.body if isinstance(call.body, dict) else {}
    used = {name: _amount(body, name) for name in ("runtime", "cpu", "io")}
    executions.create(call.tenant, actor, call.user, status="COMPLETE", **used)
    return Reply(actors.view(call, actor), message="Actor execution added successfully.")


@handler("actors", "getExecution")
def get_execution(call: Call) -> Reply:
    """Show an execution."""
    actor, execution = _found(call, "READ")
    return Reply(
        executions.detail(call.tenant, actor, execution),
        message="Actor execution retrieved successfully.",
    )


@handler("actors", "deleteExecution")
def stop_execution(call: Call) -> Reply:
    """End an execution that runs."""
    _, execution = _found(call, "UPDATE")
    status = execution["status"]
    if status != "RUNNING":
        raise ApiError(
            400,
            "Cannot force quit an execution not in RUNNING status. "
            f"Execution was found in status: {status}",
        )
    runtime.of(call.tenant).stop(execution)
    return Reply.empty(message="Issued force quit command for execution.")


@handler("actors", "getOneExecutionResult")
def pop_result(call: Call) -> Reply:
    """Take the next result away; empty when none is left."""
    _, execution = _found(call, "READ")
    result = executions.pop_result(call.tenant, execution["id"])
    return Reply.raw(result, "application/octet-stream")


@handler("actors", "getExecutionLogs")
def get_logs(call: Call) -> Reply:
    """Show what an execution has printed, or search it."""
    actor, execution = _found(call, "READ")
    where = {"actorId": actor["id"], "executionId": execution["id"]}
    links = {
        "self": call.link("actors", "getExecutionLogs", **where),
        "owner": call.link("profiles", "listByUsername", username=actor["owner"]),
        "execution": call.link("actors", "getExecution", **where),
    }
    result = {"logs": executions.log(call.tenant, execution["id"]), "_links": links}
    found = search(call, [{**where, "logs": result["logs"]}])
    result = result if found is None else found
    return Reply(result, message="Logs retrieved successfully.")


def _found(call: Call, level: str) -> tuple[dict[str, Any], dict[str, Any]]:
    actor = actors.require(call, level)
    return actor, executions.require(call.tenant, actor, call.args["executionId"])


def _amount(body: dict[str, Any], name: str) -> int:
    """Return a number of a report; a text of digits is one too (flask-restful ``type=int``)."""
    value = body.get(name)
    if value is None:
        raise ApiError(400, f"The {name} of the execution is required: give a whole number")
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ApiError(400, f"Invalid {name}: {value!r} is not a whole number") from error
    if number < 0:
        raise ApiError(400, f"Invalid {name}: {value!r} is less than 0")
    return number
