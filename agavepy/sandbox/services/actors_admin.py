"""What administrators see of all actors, and how busy the platform is, on the wire."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors, actors_messages, actors_workers
from agavepy.sandbox.state.actors_permissions import ADMIN_ROLES
from agavepy.sandbox.state.actors_usage import used

#: Names of the totals by those of ``actors_usage.used``.
_TOTALS = {
    "runtime": "totalExecutionRuntime",
    "cpu": "totalExecutionCpu",
    "io": "totalExecutionIo",
}


def _require_admin(call: Call) -> None:
    if ADMIN_ROLES.isdisjoint(call.roles):
        raise ApiError(400, "Not authorized -- the admin role is required.")


@handler("actors", "getUtilization")
def get_utilization(call: Call) -> Reply:
    """Count actors and workers; the sandbox keeps no commands waiting."""
    current = len(actors.every(call.tenant))
    result = {
        "currentActors": current,
        "totalActors": current + len(call.tenant.store.all(actors.DELETED)),
        "workers": len(actors_workers.every(call.tenant)),
        "commandQueue": 0,
    }
    return Reply(result, message="Utilization retrieved successfully.")


@handler("actors", "listAllActors")
def list_actors(call: Call) -> Reply:
    """List all actors with their workers, messages and what their executions used."""
    _require_admin(call)
    tenant = call.tenant
    shown = []
    for actor in actors.every(tenant):
        usage = used(tenant, actor["id"])
        shown.append(
            {
                **actors.view(call, actor),
                "workers": [
                    actors_workers.detail(worker)
                    for worker in actors_workers.of_actor(tenant, actor["id"])
                ],
                "messages": len(actors_messages.waiting(tenant, actor["id"])),
                "executions": usage["executions"],
                "runtime": usage["runtime"],
            }
        )
    return Reply(shown, message="Actors retrieved successfully.")


@handler("actors", "listAllWorkers")
def list_workers(call: Call) -> Reply:
    """List all workers."""
    _require_admin(call)
    shown = [actors_workers.detail(worker) for worker in actors_workers.every(call.tenant)]
    return Reply(shown, message="Workers retrieved successfully.")


@handler("actors", "listAllExecutions")
def list_executions(call: Call) -> Reply:
    """Add up the executions of all actors, also of those that have been deleted."""
    _require_admin(call)
    existing = [{**actor, **used(call.tenant, actor["id"])} for actor in actors.every(call.tenant)]
    deleted = call.tenant.store.all(actors.DELETED)
    summary = {**_totals(existing + deleted, "All"), **_totals(existing, "Existing")}
    shown = [
        {
            **{name: actor[key] for name, key in _ABOUT},
            "totalExecutions": actor["executions"],
            **{total: actor[name] for name, total in _TOTALS.items()},
        }
        for actor in existing
    ]
    return Reply(
        {"summary": summary, "actors": shown}, message="Executions retrieved successfully."
    )


_ABOUT = (("actorId", "id"), ("owner", "owner"), ("image", "image"))


def _totals(items: list[dict[str, Any]], which: str) -> dict[str, int]:
    """Return the sums over actors, as the administrators' answer calls them."""
    return {
        f"totalActors{which}": len(items),
        f"totalActors{which}WithExecutions": sum(item["executions"] > 0 for item in items),
        f"totalExecutions{which}": sum(item["executions"] for item in items),
        **{total + which: sum(i[name] for i in items) for name, total in _TOTALS.items()},
    }
