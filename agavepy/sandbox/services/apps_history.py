"""The history of apps on the wire (agave-apps ``SoftwareHistoryCollectionImpl``)."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import apps_views as views
from agavepy.sandbox.state import apps, apps_history


@handler("apps", "getHistory")
def get_history(call: Call) -> Reply:
    """List the events of an app, oldest first."""
    app = apps.visible(call.tenant, call.user, call.args["appId"])
    found = call.page(apps_history.events(call.tenant, app["id"]))
    return Reply([views.event(call, item) for item in found])


@handler("apps", "getHistoryEvent")
def get_history_event(call: Call) -> Reply:
    """Answer one event of an app."""
    app = apps.visible(call.tenant, call.user, call.args["appId"])
    item = apps_history.event(call.tenant, app["id"], call.args["uuid"])
    return Reply(views.event(call, item))
