"""What happened to a path (agave-files FileHistoryResource)."""

from __future__ import annotations

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.files import MISSING, place
from agavepy.sandbox.state import disk, files_records
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
    events = [
        {
            "status": event["status"],
            "created": dates.java(event["created"]),
            "createdBy": event["createdBy"],
            "description": event["description"],
        }
        for event in (record["events"] if record else ())
    ]
    return Reply(call.page(events))
