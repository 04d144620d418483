"""The workers of actors as they are shown (abaco ``models.py``, ``Worker``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

Worker = dict[str, Any]

#: The statuses that the sandbox uses, of abaco ``codes.py``. It has no queue of commands between a
#: request and the worker, so that a worker skips the others.
REQUESTED, PULLING, READY, BUSY = "REQUESTED", "PULLING IMAGE", "READY", "BUSY"
LEAVING = "SHUTDOWN_REQUESTED"

_KIND = "actor_worker"
_TIMES = ("createTime", "lastExecutionTime", "lastHealthCheckTime")


def request(tenant: Tenant, actor: dict[str, Any]) -> Worker:
    """Record a worker that an actor is to get, and return it."""
    now = tenant.clock.now()
    worker_id = tenant.ids.key(13)
    worker: Worker = {
        "id": worker_id,
        "actorId": actor["id"],
        "tenant": tenant.tenant_id,
        "status": REQUESTED,
        "image": actor["image"],
        "chName": f"worker_{worker_id}",
        "location": "process",
        "cid": tenant.ids.hex(64),
        "hostId": "0",
        "hostIp": "127.0.0.1",
        "createTime": now,
        "lastExecutionTime": None,
        "lastHealthCheckTime": now,
    }
    tenant.store.put(_KIND, worker_id, worker)
    return worker


def find(tenant: Tenant, worker_id: str) -> Worker | None:
    """Return a worker of any actor, or None."""
    return tenant.store.get(_KIND, worker_id)


def require(tenant: Tenant, actor: dict[str, Any], worker_id: str) -> Worker:
    """Return a worker of this actor; ApiError 404 for another id."""
    worker = find(tenant, worker_id)
    if worker is None or worker["actorId"] != actor["id"]:
        raise ApiError(404, f"Worker {worker_id} not found.")
    return worker


def of_actor(tenant: Tenant, actor_id: str) -> list[Worker]:
    """Return the workers of an actor, oldest first."""
    return tenant.store.all(_KIND, actorId=actor_id)


def every(tenant: Tenant) -> list[Worker]:
    """Return the workers of all actors, oldest first."""
    return tenant.store.all(_KIND)


def change(tenant: Tenant, worker_id: str, **fields: Any) -> Worker | None:
    """Change fields of a worker and return it; None when it is gone."""
    with tenant.store.transaction():
        worker = find(tenant, worker_id)
        if worker is not None:
            worker.update(fields)
            tenant.store.put(_KIND, worker_id, worker)
        return worker


def remove(tenant: Tenant, worker_id: str) -> None:
    """Remove a worker that has stopped."""
    tenant.store.delete(_KIND, worker_id)


def detail(worker: Worker) -> dict[str, Any]:
    """Return a worker as the service shows it: ``None`` for what has not happened."""
    return {**worker, **{name: dates.abaco(worker[name]) for name in _TIMES}}
