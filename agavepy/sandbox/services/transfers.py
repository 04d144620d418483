"""The transfers service: what the events of files refer to (ServiceKeys TRANSFERS02)."""

from __future__ import annotations

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import transfers


@handler("transfers", "get")
def get(call: Call) -> Reply:
    """Show a transfer."""
    item = transfers.get(call.tenant, call.user, call.args["transferId"])
    dated = {
        name: None if item[key] is None else dates.java(item[key])
        for name, key in (("created", "created"), ("startTime", "started"), ("endTime", "ended"))
    }
    own = call.link("transfers", "get", transferId=item["id"])
    profile = call.link("profiles", "listByUsername", username=item["owner"])
    return Reply(
        {
            "uuid": item["id"],
            "source": item["source"],
            "dest": item["dest"],
            "owner": item["owner"],
            "status": item["status"],
            "attempts": item["attempts"],
            "totalFiles": item["files"],
            "totalBytesTransferred": item["bytes"],
            "averageRate": transfers.rate(item, call.tenant.clock.now()),
            **dated,
            "_links": {"self": {"href": own}, "profile": {"href": profile}},
        }
    )
