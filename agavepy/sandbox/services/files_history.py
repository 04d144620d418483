"""What happened to a path (agave-files FileHistoryResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.files import MISSING, place
from agavepy.sandbox.state import disk, files_records, transfers
from agavepy.sandbox.state.files_access import authorize


@handler("files", "getHistory")
@handler("files", "getHistoryOnDefaultSystem")
@handler("files", "getHomeHistory")
@handler("files", "getHomeHistoryOnDefaultSystem")
def get_history(call: Call) -> Reply:
    """Answer the events of a path, the newest last; also of a file that is still being staged."""
    at = place(call)
    authorize(call.tenant, call.user, at.system, at.logical, "READ")
    record = files_records.get(call.tenant, at.system, at.logical)
    if record is None and not disk.exists(at.real):
        raise ApiError(404, MISSING)
    found = call.page(record["events"] if record else [])
    reply = Reply([_event(call, event) for event in found])
    if record and call.tenant.pace.looking:
        call.tenant.pace.looked([record["uuid"]])
    return reply


def _event(call: Call, event: dict[str, Any]) -> dict[str, Any]:
    item = {
        "status": event["status"],
        "created": dates.java(event["created"]),
        "createdBy": event["createdBy"],
        "description": event["description"],
    }
    transfer = transfers.find(call.tenant, event.get("transfer", ""))
    if transfer is None:
        return item
    href = call.link("transfers", "get", transferId=transfer["id"])
    progress = transfers.progress(transfer, call.tenant.clock.now())
    return {**item, "progress": progress, "_links": {"transfer": {"href": href}}}
