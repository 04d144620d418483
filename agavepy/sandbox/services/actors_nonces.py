"""Nonces of actors on the wire."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors
from agavepy.sandbox.state import actors_nonces as nonces


@handler("actors", "listNonces")
def list_nonces(call: Call) -> Reply:
    """List the nonces of an actor."""
    key = actors.require(call, "READ")["id"]
    found = nonces.listing(call.tenant, "actor", key)
    shown = [nonces.detail(call.tenant, nonce, key) for nonce in found]
    return Reply(shown, message="Actor nonces retrieved successfully.")


@handler("actors", "addNonce")
def add_nonce(call: Call) -> Reply:
    """Make a nonce for an actor."""
    key = actors.require(call, "UPDATE")["id"]
    nonce = nonces.add(call.tenant, call.user, call.roles, "actor", key, call.body)
    shown = nonces.detail(call.tenant, nonce, key)
    return Reply(shown, message="Actor nonce created successfully.")


@handler("actors", "getNonce")
def get_nonce(call: Call) -> Reply:
    """Show a nonce of an actor."""
    key = actors.require(call, "READ")["id"]
    nonce = nonces.get(call.tenant, "actor", key, call.args["nonceId"])
    shown = nonces.detail(call.tenant, nonce, key)
    return Reply(shown, message="Actor nonce retrieved successfully.")


@handler("actors", "deleteNonce")
def delete_nonce(call: Call) -> Reply:
    """Delete a nonce of an actor."""
    key = actors.require(call, "UPDATE")["id"]
    nonces.delete(call.tenant, "actor", key, call.args["nonceId"])
    return Reply(None, message="Actor nonce deleted successfully.")
