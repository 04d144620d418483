"""The state that stateful actors keep between their executions, on the wire."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors


@handler("actors", "getState")
def get_state(call: Call) -> Reply:
    """Show the state of an actor."""
    actor = actors.require(call, "READ")
    return Reply({"state": actor["state"]}, message="Actor state retrieved successfully.")


@handler("actors", "updateState")
def update_state(call: Call) -> Reply:
    """Set the state of a stateful actor."""
    known = actors.require(call, "UPDATE")
    actor = actors.set_state(call.tenant, known["id"], call.body)
    return Reply(actors.view(call, actor), message="Actor state updated successfully.")
