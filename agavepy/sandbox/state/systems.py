"""Systems: who sees them, in which role, and how they come, change and go.

A system is kept as a document with the field names of answers. Beside those it has ``available``
(false while disabled), ``deleted``, ``roles`` (username to role, the owner aside), ``credentials``
(without secrets) and the epoch seconds ``created`` and ``lastUpdated``. Rules are those of
agave-systems: SystemManager, SystemManagementResource, RemoteSystem.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, users
from agavepy.sandbox.state import systems_definition as definitions
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

SYSTEM = "system"
EVENT = "system_event"
DEFAULT = "system_default"

#: Each role may do what the ones before it may.
ROLES = ("NONE", "GUEST", "USER", "PUBLISHER", "ADMIN", "OWNER")
#: Types of system that a user has a default of.
DEFAULT_TYPES = ("STORAGE", "EXECUTION")


def find(tenant: Tenant, system_id: str) -> Document | None:
    """Return a system by id, None when there is none or it was deleted. Checks no permission."""
    system = tenant.store.get(SYSTEM, system_id)
    return None if system is None or system["deleted"] else system


def by_uuid(tenant: Tenant, uuid: str) -> Document | None:
    """Return a system by uuid, a deleted one too; None when there never was one."""
    return next(iter(tenant.store.all(SYSTEM, uuid=uuid)), None)


def role(tenant: Tenant, user: str, system: Document) -> str:
    """Return the role of ``user`` on a system, one of ``ROLES``.

    Administrators of the tenant are ADMIN everywhere; every user is USER at least on a public one.
    """
    granted = _granted(user, system)
    if user and granted != "OWNER" and users.is_admin(tenant, user):
        return "ADMIN"
    return granted


def _granted(user: str, system: Document) -> str:
    """Return the role of a user who may not be an administrator of the tenant."""
    if not user:
        return "NONE"
    if user == system["owner"]:
        return "OWNER"
    granted: str = system["roles"].get(user, "NONE")
    return max(granted, "USER", key=ROLES.index) if system["public"] else granted


def may(tenant: Tenant, user: str, system: Document, needed: str) -> bool:
    """Return whether the role of ``user`` on a system is ``needed`` or more."""
    return ROLES.index(role(tenant, user, system)) >= ROLES.index(needed)


def visible(tenant: Tenant, user: str, system_id: str) -> Document:
    """Return a system that ``user`` may see; ApiError 404 when there is none, 403 when hidden."""
    system = find(tenant, system_id)
    if system is None:
        raise ApiError(404, f"No system found matching {system_id}")
    if not may(tenant, user, system, "GUEST"):
        raise ApiError(403, "Permission denied. You do not have permission to view this system")
    return system


def require(tenant: Tenant, user: str, system_id: str, needed: str, doing: str) -> Document:
    """Return a system on which ``user`` has the role ``needed``; else as :func:`visible`, or 403.

    ``doing`` completes "You do not have permission to ...".
    """
    system = visible(tenant, user, system_id)
    if not may(tenant, user, system, needed):
        raise ApiError(403, f"Permission denied. You do not have permission to {doing} {system_id}")
    return system


def listing(tenant: Tenant, user: str) -> list[Document]:
    """Return the systems that ``user`` may see, the oldest first."""
    systems = tenant.store.all(SYSTEM, deleted=False)
    if users.is_admin(tenant, user):
        return systems
    return [system for system in systems if _granted(user, system) != "NONE"]


def default(tenant: Tenant, user: str, type: str) -> Document | None:
    """Return the user's default system of a type (STORAGE or EXECUTION), None without one.

    It is the one that the user chose, else the tenant's global default.
    """
    for chooser in (user, ""):
        chosen = tenant.store.get(DEFAULT, f"{type}/{chooser}")
        system = chosen and find(tenant, chosen["system"])
        if system and may(tenant, user, system, "GUEST"):
            return system
    return None


def global_defaults(tenant: Tenant) -> set[str]:
    """Return the ids of the tenant's default systems, one of each type at the most."""
    chosen = (tenant.store.get(DEFAULT, f"{kind}/") for kind in DEFAULT_TYPES)
    return {item["system"] for item in chosen if item}


def is_global_default(tenant: Tenant, system: Document) -> bool:
    """Return whether a system is the tenant's default of its type."""
    return system["id"] in global_defaults(tenant)


def set_default(tenant: Tenant, system: Document, chooser: str) -> None:
    """Make a system the default of its type for a user; for the tenant if ``chooser`` is empty."""
    key = f"{system['type']}/{chooser}"
    tenant.store.put(DEFAULT, key, {"key": key, "system": system["id"]})


def unset_default(tenant: Tenant, system: Document, chooser: str) -> None:
    """Undo :func:`set_default`; another system that is the default stays so."""
    key = f"{system['type']}/{chooser}"
    chosen = tenant.store.get(DEFAULT, key)
    if chosen is not None and chosen["system"] == system["id"]:
        tenant.store.delete(DEFAULT, key)


def queue(system: Document, name: str | None) -> Document | None:
    """Return a queue of a system by name, its default queue for None; None when it has none."""
    for item in system.get("queues", ()):
        if item["name"] == name if name is not None else item["default"]:
            return dict(item)
    return None


def note(tenant: Tenant, system: Document, status: str, user: str, description: str) -> None:
    """Add an event to a system's history and publish it; ``status`` is of SystemEventType."""
    of = {"system": system["id"]}
    with tenant.store.transaction():
        events.record(tenant, EVENT, "027", of, status, user, description)
        events.publish(tenant, system["uuid"], status, owner=system["owner"])


def history(tenant: Tenant, user: str, system_id: str) -> list[Document]:
    """Return the events of a system that ``user`` may see, the newest last."""
    visible(tenant, user, system_id)
    return tenant.store.all(EVENT, system=system_id)


def save(tenant: Tenant, system: Document, status: str, user: str, description: str) -> Document:
    """Write a changed system and the event that says what changed; return the system."""
    system["lastUpdated"] = tenant.clock.now()
    with tenant.store.transaction():
        tenant.store.put(SYSTEM, system["id"], system)
        note(tenant, system, status, user, description)
    return system


def register(tenant: Tenant, user: str, definition: Any) -> Document:
    """Register a system, or update it when ``user`` owns one of that id; return it.

    Raises ApiError 400 when the definition is not valid, or its id belongs to somebody else or to
    a system that was deleted: such an id stays taken.
    """
    fields = Fields(definition)
    fields.require("id")
    wanted = definitions.system_id(fields.raw("id"))
    with tenant.store.transaction():
        taken = tenant.store.get(SYSTEM, wanted)
        if taken is None:
            return create(tenant, user, wanted, *definitions.parse(definition))
        if taken["deleted"]:
            raise ApiError(400, f"A deleted system had this id, which stays taken: {wanted}")
        if taken["owner"] != user:
            raise ApiError(400, f"A system with this id already exists: {wanted}")
        return _change(tenant, user, taken, definition)


def create(
    tenant: Tenant, user: str, system_id: str, fields: Document, credentials: list[Document]
) -> Document:
    """Write a new system of checked ``fields`` that ``user`` owns, and return it."""
    now = tenant.clock.now()
    system: Document = {
        "id": system_id,
        "uuid": tenant.ids.uuid("006"),
        **fields,
        "owner": user,
        "public": False,
        "available": True,
        "deleted": False,
        "revision": 1,
        "created": now,
        "roles": {},
        "credentials": [{"created": now, **credential} for credential in credentials],
    }
    return save(tenant, system, "CREATED", user, f"System was created by {user}")


def update(tenant: Tenant, user: str, system_id: str, definition: Any) -> Document:
    """Replace the definition of a system, for which ``user`` needs the role ADMIN; return it."""
    with tenant.store.transaction():
        system = require(tenant, user, system_id, "ADMIN", "update system")
        fields = Fields(definition)
        if "id" in fields and fields.raw("id") != system_id:
            why = f"{fields.raw('id')!r} is not the id in the address, {system_id!r}"
            raise fields.refuse("id", why)
        return _change(tenant, user, system, definition)


def _change(tenant: Tenant, user: str, system: Document, definition: Any) -> Document:
    fields, credentials = definitions.parse(definition, system)
    if fields["type"] != system["type"]:
        raise Fields(definition).refuse("type", f"the type of a system stays {system['type']}")
    now = tenant.clock.now()
    others = [item for item in system["credentials"] if item["internalUsername"] is not None]
    chosen = {item["parentType"] for item in others if item["default"]}
    for item in credentials:
        item["default"] = item["parentType"] not in chosen
    system.update(fields)
    system["credentials"] = [*({"created": now, **item} for item in credentials), *others]
    system["revision"] += 1
    return save(tenant, system, "UPDATED", user, f"System was updated by {user}")


def delete(tenant: Tenant, user: str, system_id: str) -> None:
    """Delete a system; its id stays taken. ApiError 401 unless ``user`` owns it or the tenant."""
    with tenant.store.transaction():
        system = find(tenant, system_id)
        if system is None:
            raise ApiError(404, f"No system found matching {system_id}")
        if user != system["owner"] and not users.is_admin(tenant, user):
            # SA SystemManagementResource answers 401 here, not 403.
            raise ApiError(401, f"Permission denied. Only the owner may delete system {system_id}")
        system.update(deleted=True, available=False, public=False)
        forget_defaults(tenant, system)
        save(tenant, system, "DELETED", user, f"System was deleted by {user}")


def forget_defaults(tenant: Tenant, system: Document) -> None:
    """Make a system nobody's default."""
    for chosen in tenant.store.all(DEFAULT, system=system["id"]):
        tenant.store.delete(DEFAULT, chosen["key"])


def seed_demo(tenant: Tenant, usernames: Iterable[str]) -> None:
    """Register the public default systems `sandbox.storage` and `sandbox.exec`.

    They belong to the first administrator among ``usernames``, or to a user `admin`.
    """
    owner = next((name for name in usernames if users.is_admin(tenant, name)), "admin")
    local = {"host": "localhost", "port": 22, "protocol": "LOCAL", "auth": {"type": "LOCAL"}}
    storage = {**local, "rootDir": "/", "homeDir": "/home"}
    demo: tuple[Document, ...] = (
        {
            "id": "sandbox.storage",
            "name": "Sandbox storage",
            "description": "A directory tree for everybody",
            "type": "STORAGE",
            "storage": storage,
        },
        {
            "id": "sandbox.exec",
            "name": "Sandbox execution",
            "description": "Runs jobs as processes of the machine that the sandbox runs on",
            "type": "EXECUTION",
            "executionType": "CLI",
            "scheduler": "FORK",
            "scratchDir": "/scratch",
            "storage": storage,
            "login": local,
            "queues": [
                {
                    "name": "normal",
                    "default": True,
                    "description": "The only queue",
                    "maxJobs": 100,
                    "maxUserJobs": 50,
                    "maxNodes": 4,
                    "maxProcessorsPerNode": 16,
                    "maxMemoryPerNode": "64GB",
                    "maxRequestedTime": "48:00:00",
                }
            ],
        },
    )
    for definition in demo:
        with tenant.store.transaction():
            system = register(tenant, owner, definition)
            system["public"] = True
            save(tenant, system, "PUBLISH", owner, f"System was published by {owner}")
            set_default(tenant, system, "")
            note(tenant, system, "SET_PUBLIC_DEFAULT", owner, "System is the default of the tenant")
