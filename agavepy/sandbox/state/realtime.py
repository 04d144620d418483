"""Channels of events, one of each user's own (science-apis agave-realtime).

The service has no operation that makes one: users find theirs when they first ask. One that was
deleted stays away. The sandbox has no push server: nothing is told over the channels.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

CHANNEL = "realtime_channel"
#: Says that a user has been given a channel.
_GIVEN = "realtime_given"

Channel = dict[str, Any]


def owned(tenant: Tenant, owner: str) -> list[Channel]:
    """Return the channels of a user, dates in epoch seconds."""
    with tenant.store.transaction():
        if tenant.store.get(_GIVEN, owner) is None:
            _open(tenant, owner)
        return tenant.store.all(CHANNEL, owner=owner)


def find(tenant: Tenant, user: str, channel_id: str) -> Channel:
    """Return a channel of the user's, or for administrators anybody's.

    Raises ApiError 404 for an unknown one, 403 for somebody else's.
    """
    channel = tenant.store.get(CHANNEL, channel_id)
    if channel is None:
        raise ApiError(404, f"No realtime channel found matching {channel_id}")
    if channel["owner"] != user and not users.is_admin(tenant, user):
        text = f"User does not have permission to access the realtime channel {channel_id}"
        raise ApiError(403, text)
    return channel


def delete(tenant: Tenant, user: str, channel_id: str) -> None:
    """Remove a channel; raises as :func:`find` does."""
    with tenant.store.transaction():
        tenant.store.delete(CHANNEL, find(tenant, user, channel_id)["id"])


def _open(tenant: Tenant, owner: str) -> None:
    now = tenant.clock.now()
    channel: Channel = {
        "id": tenant.ids.uuid("054"),
        "name": f"{tenant.tenant_id}/{owner}",
        "owner": owner,
        "enabled": True,
        "protocol": "WEBSOCKET",
        "events": ["*"],
        "lastUpdated": now,
        "created": now,
    }
    tenant.store.put(CHANNEL, channel["id"], channel)
    tenant.store.put(_GIVEN, owner, {"at": now})
