"""Aliases of actors on the wire, and their nonces."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors_aliases as aliases
from agavepy.sandbox.state import actors_nonces as nonces


@handler("actors", "listAliases")
def list_aliases(call: Call) -> Reply:
    """List all aliases of the tenant."""
    shown = [aliases.detail(call.tenant, alias) for alias in aliases.listing(call.tenant)]
    return Reply(shown, message="Aliases retrieved successfully.")


@handler("actors", "addAlias")
def add_alias(call: Call) -> Reply:
    """Give an actor an alias."""
    alias = aliases.add(call.tenant, call.user, call.roles, call.body)
    return Reply(aliases.detail(call.tenant, alias), message="Actor alias created successfully.")


@handler("actors", "getAlias")
def get_alias(call: Call) -> Reply:
    """Show an alias."""
    shown = aliases.detail(call.tenant, aliases.require(call, "READ"))
    return Reply(shown, message="Actor alias retrieved successfully.")


@handler("actors", "updateAlias")
def update_alias(call: Call) -> Reply:
    """Point an alias at another actor."""
    name = aliases.require(call, "UPDATE")["alias"]
    alias = aliases.update(call.tenant, call.user, call.roles, name, call.body)
    return Reply(aliases.detail(call.tenant, alias), message="Actor alias updated successfully.")


@handler("actors", "deleteAlias")
def delete_alias(call: Call) -> Reply:
    """Delete an alias."""
    name = aliases.require(call, "UPDATE")["alias"]
    aliases.delete(call.tenant, name)
    return Reply(None, message=f"Actor alias {name} deleted successfully.")


@handler("actors", "listAliasNonces")
def list_nonces(call: Call) -> Reply:
    """List the nonces of an alias."""
    alias = aliases.require(call, "READ")
    found = nonces.listing(call.tenant, "alias", alias["alias"])
    shown = [nonces.detail(call.tenant, nonce, alias["actorId"]) for nonce in found]
    return Reply(shown, message="Alias nonces retrieved successfully.")


@handler("actors", "addAliasNonce")
def add_nonce(call: Call) -> Reply:
    """Make a nonce for an alias."""
    alias = aliases.require(call, "UPDATE")
    nonce = nonces.add(call.tenant, call.user, call.roles, "alias", alias["alias"], call.body)
    shown = nonces.detail(call.tenant, nonce, alias["actorId"])
    return Reply(shown, message="Alias nonce created successfully.")


@handler("actors", "getAliasNonce")
def get_nonce(call: Call) -> Reply:
    """Show a nonce of an alias."""
    alias = aliases.require(call, "READ")
    nonce = nonces.get(call.tenant, "alias", alias["alias"], call.args["nonceId"])
    shown = nonces.detail(call.tenant, nonce, alias["actorId"])
    return Reply(shown, message="Alias nonce retrieved successfully.")


@handler("actors", "deleteAliasNonce")
def delete_nonce(call: Call) -> Reply:
    """Delete a nonce of an alias."""
    alias = aliases.require(call, "UPDATE")
    nonces.delete(call.tenant, "alias", alias["alias"], call.args["nonceId"])
    return Reply(None, message="Alias nonce deleted successfully.")
