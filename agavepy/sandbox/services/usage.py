"""The usage service (agave-stats), which few tenants published."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import usage


@handler("usage", "list")
def list_usage(call: Call) -> Reply:
    """Answer the caller's usage, to tenant administrators everybody's."""
    found = call.page(usage.visible(call.tenant, call.user))
    return Reply(
        [
            {
                "username": user["username"],
                **usage.report(call.tenant, user["username"]),
                "_links": {
                    "profile": {
                        "href": call.link("profiles", "listByUsername", username=user["username"])
                    }
                },
            }
            for user in found
        ]
    )
