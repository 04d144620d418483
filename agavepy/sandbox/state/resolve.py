"""From a uuid to what it names: every service's resources, and how each is asked for.

What is known of a uuid by its end alone (agave-common ``AgaveUUID``) is looked up in the state of
the service that made it. A kind that no service of the tenant shows names nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agavepy.sandbox.ids import KINDS
from agavepy.sandbox.tenant import Tenant

Arguments = dict[str, Any]
Resolved = tuple[str, str, str, Arguments]


def resolve(tenant: Tenant, uuid: str) -> Resolved | None:
    """Return (type, service, operation, arguments) of what a uuid names, None when of nothing.

    The operation shows the resource; no permission is checked. Types are the words of UUIDType,
    in lower case.
    """
    kind = KINDS.get(uuid.rpartition("-")[2], "")
    found = _SHOWN.get(kind)
    if found is None:
        return None
    service, operation, look = found
    arguments = look(tenant, uuid)
    if arguments is None or not tenant.link(service, operation, **arguments):
        return None
    return kind, service, operation, arguments


Look = Callable[[Tenant, str], "Arguments | None"]


def _keyed(kind: str, variable: str) -> Look:
    """Return a look for documents that are kept by their uuid, which is how they are asked for."""

    def look(tenant: Tenant, uuid: str) -> Arguments | None:
        return None if tenant.store.get(kind, uuid) is None else {variable: uuid}

    return look


def _owned(kind: str, **fields: str) -> Look:
    """Return a look for documents that have a field ``uuid``; ``fields``: variable to field."""

    def look(tenant: Tenant, uuid: str) -> Arguments | None:
        for item in tenant.store.all(kind, uuid=uuid):
            if not item.get("deleted"):
                return {variable: item[field] for variable, field in fields.items()}
        return None

    return look


def _event(kind: str, parent: str, **fields: str) -> Look:
    """Return a look for what belongs to a resource that exists still, such as its events.

    ``parent`` is the kind of that resource and the field with its key; ``fields``: as `_owned`.
    """

    def look(tenant: Tenant, uuid: str) -> Arguments | None:
        event = tenant.store.get(kind, uuid)
        if event is None or tenant.store.get(parent, event[parent]) is None:
            return None
        return {variable: event[field] for variable, field in fields.items()}

    return look


def _tenant(tenant: Tenant, uuid: str) -> Arguments | None:
    code = tenant.tenant_id
    kept = tenant.store.get("tenant", code)
    return {"code": code} if kept is not None and kept["id"] == uuid else None


#: By the kind of a uuid: the service and the operation that show it, and how to find it.
_SHOWN: dict[str, tuple[str, str, Look]] = {
    "profile": ("profiles", "listByUsername", _owned("user", username="username")),
    "internaluser": (
        "profiles",
        "getInternalUser",
        _owned("internal_user", username="owner", internalUsername="username"),
    ),
    "file": ("files", "download", _owned("file", systemId="system", filePath="path")),
    "app": ("apps", "get", _owned("app", appId="id")),
    "app_event": ("apps", "getHistoryEvent", _event("app_event", "app", appId="app", uuid="id")),
    "system": ("systems", "get", _owned("system", systemId="id")),
    "job": ("jobs", "get", _keyed("job", "jobId")),
    "transfer": ("transfers", "get", _keyed("transfer", "transferId")),
    "postit": ("postits", "get", _owned("postit", uuid="uuid")),
    "notification": ("notifications", "get", _keyed("notification", "uuid")),
    "notification_delivery": (
        "notifications",
        "getAttempt",
        _event("notification_attempt", "notification", uuid="notification", attemptUuid="id"),
    ),
    "metadata": ("meta", "getMetadata", _keyed("metadata", "uuid")),
    "schema": ("meta", "getSchema", _keyed("schema", "uuid")),
    "monitor": ("monitors", "get", _keyed("monitor", "monitorId")),
    "monitorcheck": (
        "monitors",
        "getCheck",
        _event("monitor_check", "monitor", monitorId="monitor", checkId="id"),
    ),
    "monitor_event": (
        "monitors",
        "getHistoryEvent",
        _event("monitor_event", "monitor", monitorId="monitor", eventId="id"),
    ),
    "tenant": ("tenants", "getV2", _tenant),
    "tag": ("tags", "get", _keyed("tag", "tagId")),
    "tag_event": ("tags", "getHistoryEvent", _event("tag_event", "tag", tagId="tag", eventId="id")),
    "realtime_channel": ("realtime", "getChannel", _keyed("realtime_channel", "channelId")),
    "clients": ("clients", "getClientByName", _owned("client", clientName="name")),
}
