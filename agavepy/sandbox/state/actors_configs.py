"""Configs: named values in the environment of actors' executions (Abaco ``ActorConfig``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import actors, actors_names, actors_permissions
from agavepy.sandbox.state.actors_fields import Fields
from agavepy.sandbox.tenant import Tenant

Config = dict[str, Any]

_HIDDEN = "********"
_RESERVED = actors_names.RESERVED | {"utilization"}


def listing(tenant: Tenant, user: str, roles: Iterable[str]) -> list[Config]:
    """Return the configs that a user may read, oldest first."""
    return [
        config
        for config in tenant.store.all(actors.CONFIG)
        if actors_permissions.allows(tenant, user, roles, "config", config["name"], "READ")
    ]


def named(tenant: Tenant, name: str) -> Config:
    """Return a config; ApiError 404 when there is none."""
    config = tenant.store.get(actors.CONFIG, name)
    if config is None:
        raise ApiError(404, f"No config found with name: {name}.")
    return config


def require(call: Call, level: str) -> Config:
    """Return the config in the address of a call whose caller has ``level``; ApiError 404, 400."""
    config = named(call.tenant, str(call.args["configName"]))
    actors_permissions.require(call.tenant, call.user, call.roles, "config", config["name"], level)
    return config


def add(tenant: Tenant, user: str, roles: Iterable[str], body: Any) -> Config:
    """Make a config, which ``user`` may update, and return it.

    Raises ApiError 400 for a name that cannot be or is taken, for fields that are missing, and for
    actors that the user cannot update; 404 for names that are no actors.
    """
    fields = Fields(body)
    name = actors_names.check("config", fields.required_text("name"), _RESERVED)
    config = _read(tenant, user, roles, name, fields)
    with tenant.store.transaction():
        if tenant.store.get(actors.CONFIG, name) is not None:
            raise ApiError(400, f"Config {name} already exists.")
        tenant.store.put(actors.CONFIG, name, config)
        actors_permissions.put(tenant, "config", name, user, "UPDATE")
    return config


def update(tenant: Tenant, user: str, roles: Iterable[str], name: str, body: Any) -> Config:
    """Replace a config. Errors as :func:`add`, and for another name in the body."""
    fields = Fields(body)
    given = fields.required_text("name")
    if given != name:
        raise fields.refuse("name", f"{given!r} is not the name in the address, {name!r}.")
    config = _read(tenant, user, roles, name, fields)
    with tenant.store.transaction():
        named(tenant, name)
        tenant.store.put(actors.CONFIG, name, config)
    return config


def delete(tenant: Tenant, name: str) -> None:
    """Remove a config and its permissions; ApiError 404 when there is none."""
    with tenant.store.transaction():
        named(tenant, name)
        tenant.store.delete(actors.CONFIG, name)
        actors_permissions.forget(tenant, "config", name)


def detail(config: Config) -> dict[str, Any]:
    """Return a config as the service shows it: of a secret just that it has a value."""
    value = _HIDDEN if config["isSecret"] else config["value"]
    shown = {name: config[name] for name in config if name != "owners"}
    return {**shown, "value": value, "actors": ",".join(config["actors"])}


def _read(tenant: Tenant, user: str, roles: Iterable[str], name: str, fields: Fields) -> Config:
    value, secret = fields.text("value"), fields.flag("isSecret")
    if value is None:
        raise fields.missing("value")
    if secret is None:
        raise fields.missing("isSecret")
    wanted = [part.strip() for part in fields.required_text("actors").split(",") if part.strip()]
    if not wanted:
        raise fields.missing("actors")
    owners = set()
    for item in wanted:
        actor = actors.named(tenant, item)
        actors_permissions.require(tenant, user, roles, "actor", actor["id"], "UPDATE")
        owners.add(actor["owner"])
    return {
        "name": name,
        "value": value,
        "isSecret": secret,
        "actors": wanted,
        "owners": sorted(owners),
    }
