"""Batch queues of execution systems (agave-systems BatchQueueResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import systems
from agavepy.sandbox.state import systems_definition as definitions
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]


def listing(tenant: Tenant, user: str, system_id: str) -> list[Document]:
    """Return the queues of a system that ``user`` may see."""
    queues: list[Document] = _execution(systems.visible(tenant, user, system_id))["queues"]
    return queues


def get(tenant: Tenant, user: str, system_id: str, name: str) -> Document:
    """Return a queue; ApiError 404 when the system has none of that name."""
    return _named(_execution(systems.visible(tenant, user, system_id)), name)


def add(tenant: Tenant, user: str, system_id: str, body: Any) -> Document:
    """Add a queue, for which ``user`` needs the role ADMIN; ApiError 400 when the name is taken."""
    queue = definitions.queue(Fields(body))
    with tenant.store.transaction():
        system = _own(tenant, user, system_id)
        if systems.queue(system, queue["name"]) is not None:
            raise ApiError(400, f"System {system_id} already has a queue {queue['name']}")
        system["queues"].append(queue)
        return _save(tenant, user, system, queue, "QUEUE_CREATE", "added")


def update(tenant: Tenant, user: str, system_id: str, name: str, body: Any) -> Document:
    """Replace a queue, for which ``user`` needs the role ADMIN; its name stays."""
    with tenant.store.transaction():
        system = _own(tenant, user, system_id)
        old = _named(system, name)
        queue = definitions.queue(Fields(body), name)
        system["queues"][system["queues"].index(old)] = queue
        return _save(tenant, user, system, queue, "QUEUE_UPDATE", "updated")


def delete(tenant: Tenant, user: str, system_id: str, name: str) -> None:
    """Remove a queue, for which ``user`` needs the role ADMIN.

    The first one left becomes the default where the default one goes. ApiError 400 for the last
    queue of a system whose jobs need one.
    """
    with tenant.store.transaction():
        system = _own(tenant, user, system_id)
        queue = _named(system, name)
        if len(system["queues"]) == 1 and definitions.needs_queue(system):
            raise ApiError(400, f"System {system_id} needs at least one queue: add another first")
        system["queues"].remove(queue)
        definitions.mark_default(system["queues"])
        text = f"Queue {name} was removed by {user}"
        systems.save(tenant, system, "QUEUE_DELETE", user, text)


def _own(tenant: Tenant, user: str, system_id: str) -> Document:
    return _execution(systems.require(tenant, user, system_id, "ADMIN", "change queues of system"))


def _execution(system: Document) -> Document:
    if system["type"] != "EXECUTION":
        is_a = f"{system['id']} is of type {system['type']}"
        raise ApiError(400, f"EXECUTION systems only have queues; {is_a}")
    return system


def _named(system: Document, name: str) -> Document:
    queue = systems.queue(system, name)
    if queue is None:
        names = ", ".join(item["name"] for item in system["queues"]) or "none"
        raise ApiError(404, f"No queue {name} on system {system['id']}; its queues: {names}")
    return queue


def _save(
    tenant: Tenant, user: str, system: Document, queue: Document, event: str, done: str
) -> Document:
    definitions.mark_default(system["queues"], queue["name"] if queue["default"] else None)
    systems.save(tenant, system, event, user, f"Queue {queue['name']} was {done} by {user}")
    return queue
