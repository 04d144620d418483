"""Notifications: who is told of which events of which resource, and who may see and change them.

A notification is a document with the field names of answers, times in epoch seconds. Beside those
it has ``fired``: whether one that is not persistent has had its event. Rules are those of
agave-notifications NotificationsCollection and NotificationResource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, users
from agavepy.sandbox.state.events import ANY, DELIVERY, NOTIFICATION
from agavepy.sandbox.state.notifications_definition import DEFAULT_POLICY, parse
from agavepy.sandbox.tenant import Tenant

ATTEMPT = "notification_attempt"

_UUID = re.compile(r"[0-9a-fA-F]+(-[0-9a-fA-F]+)+-\d{3}")

Notification = dict[str, Any]


def add(tenant: Tenant, user: str, body: Any) -> Notification:
    """Subscribe ``user`` to events of a resource, and return the notification.

    Raises ApiError 400 for a bad request, 404 for an unknown resource, 403 for one that the user
    may not see and, unless the user administers the tenant, for all resources (``*``).
    """
    fields = parse(body)
    reach_resource(tenant, user, fields["associatedUuid"])
    return _create(tenant, user, fields)


def subscribe(tenant: Tenant, user: str, uuid: str, wanted: Iterable[Notification]) -> None:
    """Add the notifications that a user asked for along with a resource that is just made."""
    for fields in wanted:
        _create(tenant, user, {**fields, "associatedUuid": uuid})


def _create(tenant: Tenant, user: str, fields: Notification) -> Notification:
    now = tenant.clock.now()
    notification: Notification = {
        "id": tenant.ids.uuid("011"),
        "owner": user,
        "persistent": False,
        "status": "ACTIVE",
        **fields,
        "policy": {**DEFAULT_POLICY, **fields.get("policy", {})},
        "responseCode": None,
        "attempts": 0,
        "lastSent": None,
        "success": None,
        "created": now,
        "lastUpdated": now,
        "fired": False,
    }
    tenant.store.put(NOTIFICATION, notification["id"], notification)
    return notification


def reach_resource(tenant: Tenant, user: str, uuid: str) -> None:
    """Raise ApiError unless ``user`` may be told of a resource: 400, 403 or 404."""
    if uuid == ANY:
        if not users.is_admin(tenant, user):
            raise ApiError(
                403,
                "Permission denied. Only tenant administrators may subscribe to every resource: "
                "give one uuid as associatedUuid",
            )
        return
    if not _UUID.fullmatch(uuid):
        raise ApiError(400, f"Invalid associatedUuid: {uuid} is not the uuid of a resource")
    source = events.source_of(uuid)
    resource = source.find(tenant, uuid) if source else None
    if source is None or resource is None or resource.get("deleted"):
        raise ApiError(404, f"No resource found matching associatedUuid {uuid}")
    if not source.may(tenant, user, resource) and not users.is_admin(tenant, user):
        raise ApiError(
            403,
            f"Permission denied. You do not have permission to view the {source.name} {uuid}",
        )


def reach(tenant: Tenant, user: str, notification_id: str) -> Notification:
    """Return a notification that is the user's, as all are a tenant administrator's.

    Raises ApiError 404 for an unknown one, 403 for somebody else's.
    """
    notification = tenant.store.get(NOTIFICATION, notification_id)
    if notification is None:
        raise ApiError(404, f"No notification found with id {notification_id}")
    if notification["owner"] != user and not users.is_admin(tenant, user):
        raise ApiError(
            403, f"Permission denied. You do not have permission to view {notification_id}"
        )
    return notification


def listing(tenant: Tenant, user: str) -> list[Notification]:
    """Return the user's notifications, an administrator everybody's, oldest first."""
    if users.is_admin(tenant, user):
        return tenant.store.all(NOTIFICATION)
    return tenant.store.all(NOTIFICATION, owner=user)


def of(tenant: Tenant, user: str, uuid: str) -> list[Notification]:
    """Return the notifications of ``user`` about one resource, oldest first."""
    return tenant.store.all(NOTIFICATION, associatedUuid=uuid, owner=user)


def update(tenant: Tenant, user: str, notification_id: str, body: Any) -> Notification:
    """Change the fields that a body gives, make the notification active again, and return it.

    Raises ApiError as :func:`reach` and :func:`add` do, and 412 for one that has fired.
    """
    fields = parse(body, required=())
    with tenant.store.transaction():
        notification = reach(tenant, user, notification_id)
        if notification["status"] == "COMPLETE" or notification["fired"]:
            raise ApiError(
                412,
                f"Notification {notification_id} has already fired and cannot be changed: add a "
                "new one",
            )
        if "associatedUuid" in fields:
            reach_resource(tenant, user, fields["associatedUuid"])
        fields["policy"] = {**notification["policy"], **fields.get("policy", {})}
        notification.update({"status": "ACTIVE", **fields}, lastUpdated=tenant.clock.now())
        tenant.store.put(NOTIFICATION, notification_id, notification)
    return notification


def delete(tenant: Tenant, user: str, notification_id: str) -> None:
    """Remove a notification, what it still had to send, and its attempts.

    Raises ApiError as :func:`reach` does.
    """
    with tenant.store.transaction():
        reach(tenant, user, notification_id)
        for delivery in tenant.store.all(DELIVERY, notification=notification_id):
            tenant.store.delete(DELIVERY, delivery["key"])
        for attempt in tenant.store.all(ATTEMPT, notification=notification_id):
            tenant.store.delete(ATTEMPT, attempt["id"])
        tenant.store.delete(NOTIFICATION, notification_id)
