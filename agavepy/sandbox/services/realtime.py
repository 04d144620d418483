"""The realtime service (science-apis agave-realtime): the channels of events."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import realtime


@handler("realtime", "listChannels")
def list_channels(call: Call) -> Reply:
    """Answer the caller's channels."""
    found = [_answer(call, item) for item in realtime.owned(call.tenant, call.user)]
    return Reply(call.select(found))


@handler("realtime", "getChannel")
def get_channel(call: Call) -> Reply:
    """Answer one channel."""
    return Reply(_answer(call, realtime.find(call.tenant, call.user, call.args["channelId"])))


@handler("realtime", "deleteChannel")
def delete_channel(call: Call) -> Reply:
    """Remove a channel."""
    realtime.delete(call.tenant, call.user, call.args["channelId"])
    return Reply.empty()


def _answer(call: Call, channel: dict[str, Any]) -> dict[str, Any]:
    owner = call.link("profiles", "listByUsername", username=channel["owner"])
    return {
        **channel,
        "lastUpdated": dates.java(channel["lastUpdated"]),
        "created": dates.java(channel["created"]),
        "_links": {
            "self": {"href": call.link("realtime", "getChannel", channelId=channel["id"])},
            "owner": {"href": owner},
        },
    }
