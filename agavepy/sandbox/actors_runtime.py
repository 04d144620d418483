"""The actors of a tenant at work: what the actors service tells them, and their start and end."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import registry
from agavepy.sandbox.actors_runtime_workers import Runtime
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

#: Key under which a running tenant holds its runtime.
_LIVE = "actors"
#: Messages that may wait when one is sent whose sender waits (abaco ``controllers.py``).
MAX_WAITING = 3
#: Workers that an actor has at the most when it does not say (abaco ``max_workers_per_actor``).
MAX_WORKERS = 6


def of(tenant: Tenant) -> Runtime:
    """Return the runtime of a started tenant."""
    runtime: Runtime = tenant.live[_LIVE]
    return runtime


def limit(actor: dict[str, Any]) -> int:
    """Return how many workers an actor may have: one when it has a state."""
    if not actor["stateless"]:
        return 1
    return int(actor["maxWorkers"] or MAX_WORKERS)


def add_workers(tenant: Tenant, actor: dict[str, Any], number: int) -> tuple[int, int]:
    """As ``Runtime.ensure``; ApiError 400 for more than the actor may have."""
    most = limit(actor)
    if number > most:
        raise ApiError(
            400,
            f"Actor {actor['id']} can have {most} worker(s) at the most: {number} were asked for",
        )
    return of(tenant).ensure(actor, number)


def registered(tenant: Tenant, actor: dict[str, Any]) -> None:
    """As ``Runtime.registered``; a tenant that is not started yet takes it up when it is."""
    if _LIVE in tenant.live:
        of(tenant).registered(actor)


def deleted(tenant: Tenant, actor: dict[str, Any]) -> None:
    """As ``Runtime.deleted``, to be called when the actor is not found any more."""
    of(tenant).deleted(actor)


@registry.on_start
def start(tenant: Tenant) -> None:
    """Take up what an earlier run has left."""
    runtime = tenant.live[_LIVE] = Runtime(tenant)
    runtime.resume()


@registry.on_stop
def stop(tenant: Tenant) -> None:
    """End what runs."""
    runtime = tenant.live.pop(_LIVE, None)
    if runtime is not None:
        runtime.close()
