"""Permissions on actors, aliases and configs on the wire."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors, actors_aliases, actors_configs
from agavepy.sandbox.state import actors_permissions as permissions


def _shown(call: Call, what: str, key: str) -> Reply:
    users = permissions.given(call.tenant, what, key)
    return Reply(users, message="Permissions retrieved successfully.")


def _granted(call: Call, what: str, key: str) -> Reply:
    users = permissions.grant(call.tenant, what, key, call.body)
    return Reply(users, message="Permission added successfully.")


@handler("actors", "getPermissions")
def get_permissions(call: Call) -> Reply:
    """Show who may do what with an actor."""
    return _shown(call, "actor", actors.require(call, "READ")["id"])


@handler("actors", "updatePermissions")
def update_permissions(call: Call) -> Reply:
    """Give a user a permission on an actor."""
    return _granted(call, "actor", actors.require(call, "UPDATE")["id"])


@handler("actors", "getAliasPermissions")
def get_alias_permissions(call: Call) -> Reply:
    """Show who may do what with an alias."""
    return _shown(call, "alias", actors_aliases.require(call, "READ")["alias"])


@handler("actors", "updateAliasPermissions")
def update_alias_permissions(call: Call) -> Reply:
    """Give a user a permission on an alias."""
    return _granted(call, "alias", actors_aliases.require(call, "UPDATE")["alias"])


@handler("actors", "getConfigPermissions")
def get_config_permissions(call: Call) -> Reply:
    """Show who may do what with a config."""
    return _shown(call, "config", actors_configs.require(call, "READ")["name"])


@handler("actors", "updateConfigPermissions")
def update_config_permissions(call: Call) -> Reply:
    """Give a user a permission on a config."""
    return _granted(call, "config", actors_configs.require(call, "UPDATE")["name"])
