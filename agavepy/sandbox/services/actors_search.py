"""Searching over all actors on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors, actors_executions, actors_workers
from agavepy.sandbox.state.actors_search import find

Item = dict[str, Any]


def _actors(call: Call, readable: dict[str, Item]) -> list[Item]:
    return [actors.view(call, actor) for actor in readable.values()]


def _executions(call: Call, readable: dict[str, Item]) -> list[Item]:
    return [
        actors_executions.detail(call.tenant, readable[execution["actorId"]], execution)
        for execution in actors_executions.every(call.tenant)
        if execution["actorId"] in readable
    ]


def _workers(call: Call, readable: dict[str, Item]) -> list[Item]:
    return [
        actors_workers.detail(worker)
        for worker in actors_workers.every(call.tenant)
        if worker["actorId"] in readable
    ]


def _logs(call: Call, readable: dict[str, Item]) -> list[Item]:
    return [
        {"actorId": log["actorId"], "executionId": log["id"], "logs": log["logs"]}
        for log in actors_executions.logs(call.tenant)
        if log["actorId"] in readable
    ]


_TYPES: dict[str, Callable[[Call, dict[str, Item]], list[Item]]] = {
    "actors": _actors,
    "executions": _executions,
    "workers": _workers,
    "logs": _logs,
}


@handler("actors", "getSearch")
def search(call: Call) -> Reply:
    """Search what the caller may read."""
    kind = str(call.args["search_type"])
    items = _TYPES.get(kind)
    if items is None:
        raise ApiError(400, f"Invalid search type {kind!r}: it is not one of {', '.join(_TYPES)}.")
    readable = {a["id"]: a for a in actors.listing(call.tenant, call.user, call.roles)}
    return Reply(find(call, items(call, readable)), message="Search completed successfully.")
