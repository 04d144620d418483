"""What the tenant knows of a path beside its bytes: uuid, owner, state of staging, and history.

A record is kept as a document ``{uuid, system, path, name, owner, internalUsername, source, status,
nativeFormat, created, lastModified, events}``, times in epoch seconds (agave-files' LogicalFile).
Records of earlier releases have no internalUsername.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import partial
from typing import Any

from agavepy.sandbox.state import disk, events
from agavepy.sandbox.tenant import Tenant

FILE = "file"

System = Mapping[str, Any]
Record = dict[str, Any]


def get(tenant: Tenant, system: System, path: str) -> Record | None:
    """Return the record of a logical path, None when there is none."""
    return tenant.store.get(FILE, _key(system, path))


def by_uuid(tenant: Tenant, uuid: str) -> Record | None:
    """Return the record of that uuid, None when there is none."""
    return next(iter(tenant.store.all(FILE, uuid=uuid)), None)


def ensure(tenant: Tenant, system: System, path: str, owner: str) -> Record:
    """Return the record of a logical path, made with this owner when there was none."""
    with tenant.store.transaction():
        record = get(tenant, system, path)
        if record is None:
            now = tenant.clock.now()
            record = {
                "uuid": tenant.ids.uuid("002"),
                "system": system["id"],
                "path": path,
                "name": posixpath.basename(path) or "/",
                "owner": owner,
                "internalUsername": None,
                "source": "",
                "status": "STAGING_COMPLETED",
                "nativeFormat": "raw",
                "created": now,
                "lastModified": now,
                "events": [],
            }
            save(tenant, record)
    return record


def save(tenant: Tenant, record: Record) -> None:
    """Write a record."""
    tenant.store.put(FILE, f"{record['system']}|{record['path']}", record)


def event(
    tenant: Tenant,
    record: Record,
    status: str,
    user: str,
    description: str = "",
    transfer: str | None = None,
) -> None:
    """Add an event (a word of agave-files' FileEventType) to a record, write and publish it.

    A staging word becomes the record's state as well. ``transfer`` is the id of the transfer that
    the event is about.
    """
    now = tenant.clock.now()
    item = {"status": status, "created": now, "createdBy": user, "description": description}
    record["events"].append(item if transfer is None else {**item, "transfer": transfer})
    record["lastModified"] = now
    if status.startswith("STAGING"):
        record["status"] = status
    with tenant.store.transaction():
        save(tenant, record)
        events.publish(tenant, record["uuid"], status, owner=record["owner"])


def forget(tenant: Tenant, system: System, path: str) -> None:
    """Remove the records of a logical path and of all that is below it."""
    with tenant.store.transaction():
        for record in _within(tenant, system, path):
            events.publish(tenant, record["uuid"], "DELETED", owner=record["owner"])
            tenant.store.delete(FILE, _key(system, record["path"]))
            tenant.store.after_commit(partial(tenant.pace.end, record["uuid"]))


def move(tenant: Tenant, system: System, path: str, target: str) -> None:
    """Take the records of a logical path and of all below it along to another path."""
    for record in _within(tenant, system, path):
        tenant.store.delete(FILE, _key(system, record["path"]))
        record["path"] = target + record["path"][len(path) :]
        record["name"] = posixpath.basename(record["path"])
        save(tenant, record)


def _within(tenant: Tenant, system: System, path: str) -> list[Record]:
    records = tenant.store.all(FILE, system=system["id"])
    return [record for record in records if disk.below(record["path"], path)]


def _key(system: System, path: str) -> str:
    return f"{system['id']}|{path}"
