"""Files as the service answers them beside listings: what the tenant keeps track of."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.links import Linker
from agavepy.sandbox.state import files, notifications
from agavepy.sandbox.state.files_records import Record
from agavepy.sandbox.tenant import Tenant


def logical_file(linker: Linker, tenant: Tenant, user: str, record: Record) -> dict[str, Any]:
    """Return the answer about a record to ``user`` (agave-files ``LogicalFile``)."""
    address = files.address({"id": record["system"]}, record["path"])
    return {
        "name": record["name"],
        "uuid": record["uuid"],
        "owner": record["owner"],
        "internalUsername": record.get("internalUsername"),
        "lastModified": dates.java(record["lastModified"]),
        "source": record["source"] or None,
        "path": record["path"],
        "status": record["status"],
        "systemId": record["system"],
        "nativeFormat": record["nativeFormat"],
        "_links": {
            "self": {"href": linker.link("files", "download", **address)},
            "system": {"href": linker.link("systems", "get", systemId=record["system"])},
            "profile": {
                "href": linker.link("profiles", "listByUsername", username=record["owner"])
            },
            "history": {"href": linker.link("files", "getHistory", **address)},
            "notification": [
                {
                    "href": linker.link("notifications", "get", uuid=item["id"]),
                    "title": item["event"],
                }
                for item in notifications.of(tenant, user, record["uuid"])
            ],
        },
    }
