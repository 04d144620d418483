"""Configs of actors on the wire."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import actors_configs as configs


@handler("actors", "listConfigs")
def list_configs(call: Call) -> Reply:
    """List the configs that the caller may read."""
    found = configs.listing(call.tenant, call.user, call.roles)
    shown = [configs.detail(config) for config in found]
    return Reply(shown, message="Configs retrieved successfully.")


@handler("actors", "addConfig")
def add_config(call: Call) -> Reply:
    """Make a config."""
    config = configs.add(call.tenant, call.user, call.roles, call.body)
    return Reply(configs.detail(config), message="Config created successfully.")


@handler("actors", "getConfig")
def get_config(call: Call) -> Reply:
    """Show a config."""
    config = configs.require(call, "READ")
    return Reply(configs.detail(config), message="Config retrieved successfully.")


@handler("actors", "updateConfig")
def update_config(call: Call) -> Reply:
    """Replace a config."""
    name = configs.require(call, "UPDATE")["name"]
    config = configs.update(call.tenant, call.user, call.roles, name, call.body)
    return Reply(configs.detail(config), message="Config updated successfully.")


@handler("actors", "deleteConfig")
def delete_config(call: Call) -> Reply:
    """Delete a config."""
    name = configs.require(call, "UPDATE")["name"]
    configs.delete(call.tenant, name)
    return Reply(None, message=f"Config {name} deleted successfully.")
