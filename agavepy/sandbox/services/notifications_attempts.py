"""Attempts of notifications on the wire (agave-notifications ``NotificationAttempt*``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates, notifier
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.notifications import resource_link
from agavepy.sandbox.state import notifications, notifications_attempts

#: The event of a message that somebody asks for (agave-notifications ``NotificationEventType``).
_FORCED = "FORCED_ATTEMPT"


def _attempt(call: Call, item: dict[str, Any], owner: str) -> dict[str, Any]:
    this = {"uuid": item["notification"]}
    return {
        "id": item["id"],
        "url": item["url"],
        "event": item["event"],
        "associatedUuid": item["associatedUuid"],
        "notificationId": item["notification"],
        "startTime": dates.zulu(item["startTime"]),
        "endTime": dates.zulu(item["endTime"]),
        "response": {"code": item["code"], "message": item["message"]},
        "_links": hrefs(
            {
                "self": call.link("notifications", "getAttempt", attemptUuid=item["id"], **this),
                "notification": call.link("notifications", "get", **this),
                "profile": call.link("profiles", "listByUsername", username=owner),
                **resource_link(call, item["associatedUuid"]),
            }
        ),
    }


@handler("notifications", "listAttempts")
def list_attempts(call: Call) -> Reply:
    """List what was tried of a notification, newest first."""
    notification = notifications.reach(call.tenant, call.user, call.args["uuid"])
    found = notifications_attempts.listing(call.tenant, call.user, notification["id"])
    return Reply([_attempt(call, item, notification["owner"]) for item in call.page(found)])


@handler("notifications", "getAttempt")
def get_attempt(call: Call) -> Reply:
    """Show one attempt."""
    notification = notifications.reach(call.tenant, call.user, call.args["uuid"])
    item = notifications_attempts.get(
        call.tenant, call.user, notification["id"], call.args["attemptUuid"]
    )
    return Reply(_attempt(call, item, notification["owner"]))


@handler("notifications", "fire")
def fire(call: Call) -> Reply:
    """Send a notification now, once, and answer what came of it."""
    notification = notifications.reach(call.tenant, call.user, call.args["uuid"])
    event = notification["event"] if notification["event"] != "*" else _FORCED
    item = notifier.fire(call.tenant, notification, event)
    return Reply(_attempt(call, item, notification["owner"]))


@handler("notifications", "clearAttempts")
def clear_attempts(call: Call) -> Reply:
    """Forget the attempts that failed."""
    notifications_attempts.clear(call.tenant, call.user, call.args["uuid"])
    return Reply.empty()


@handler("notifications", "deleteAttempt")
def delete_attempt(call: Call) -> Reply:
    """Forget one attempt."""
    notifications_attempts.delete(
        call.tenant, call.user, call.args["uuid"], call.args["attemptUuid"]
    )
    return Reply.empty()
