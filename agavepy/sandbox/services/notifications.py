"""Notifications on the wire (agave-notifications NotificationsCollection, NotificationResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.notifier import Notifier
from agavepy.sandbox.registry import handler, on_start, on_stop
from agavepy.sandbox.state import events, notifications
from agavepy.sandbox.tenant import Tenant

#: Key under which a running tenant holds its notifier.
_LIVE = "notifier"


def resource_link(call: Call, uuid: str) -> dict[str, str]:
    """Return the address of what a uuid is of, under the word for it; empty when it is gone."""
    source = events.source_of(uuid)
    resource = source.find(call.tenant, uuid) if source else None
    return {source.name: source.link(call, resource)} if source and resource else {}


def _whole(call: Call, notification: dict[str, Any]) -> dict[str, Any]:
    sent = notification["lastSent"]
    this = {"uuid": notification["id"]}
    return {
        "id": notification["id"],
        "owner": notification["owner"],
        "url": notification["url"],
        "associatedUuid": notification["associatedUuid"],
        "event": notification["event"],
        "responseCode": notification["responseCode"],
        "attempts": notification["attempts"],
        "lastSent": None if sent is None else dates.java(sent),
        "success": notification["success"],
        "persistent": notification["persistent"],
        "status": notification["status"],
        "lastUpdated": dates.java(notification["lastUpdated"]),
        "created": dates.java(notification["created"]),
        "policy": notification["policy"],
        "_links": hrefs(
            {
                "self": call.link("notifications", "get", **this),
                "attempts": call.link("notifications", "listAttempts", **this),
                "owner": call.link("profiles", "listByUsername", username=notification["owner"]),
                **resource_link(call, notification["associatedUuid"]),
            }
        ),
    }


@handler("notifications", "list")
def list_notifications(call: Call) -> Reply:
    """List the caller's notifications that match the search terms, newest first."""
    found = notifications.listing(call.tenant, call.user)
    by_id = {item["id"]: item for item in found}
    chosen = call.select([_searchable(item) for item in found])
    return Reply([_whole(call, by_id[item["id"]]) for item in chosen])


def _searchable(notification: dict[str, Any]) -> dict[str, Any]:
    times = ("created", "lastUpdated", "lastSent")
    told = {name: notification[name] and dates.java(notification[name]) for name in times}
    return {**notification, **told}


@handler("notifications", "add")
def add(call: Call) -> Reply:
    """Subscribe the caller to events of a resource."""
    return Reply(_whole(call, notifications.add(call.tenant, call.user, call.body)), 201)


@handler("notifications", "get")
def get(call: Call) -> Reply:
    """Show a notification."""
    found = notifications.reach(call.tenant, call.user, call.args["uuid"])
    return Reply(_whole(call, found))


@handler("notifications", "update")
def update(call: Call) -> Reply:
    """Change a notification that has not fired."""
    changed = notifications.update(call.tenant, call.user, call.args["uuid"], call.body)
    return Reply(_whole(call, changed))


@handler("notifications", "delete")
def delete(call: Call) -> Reply:
    """Remove a notification."""
    notifications.delete(call.tenant, call.user, call.args["uuid"])
    return Reply.empty()


@on_start
def start(tenant: Tenant) -> None:
    """Send what is owed from now on, and what was still owed when the tenant stopped."""
    notifier = tenant.live[_LIVE] = Notifier(tenant)
    tenant.live[events.WAKE] = notifier.wake


@on_stop
def stop(tenant: Tenant) -> None:
    """Send no more."""
    del tenant.live[events.WAKE]
    tenant.live.pop(_LIVE).close()
