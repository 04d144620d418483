"""Aliases of actors: names that stand for their ids in addresses (Abaco ``AliasesResource``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import actors, actors_names, actors_nonces, actors_permissions
from agavepy.sandbox.state.actors_fields import Fields
from agavepy.sandbox.tenant import Tenant

Alias = dict[str, Any]


def listing(tenant: Tenant) -> list[Alias]:
    """Return all aliases of the tenant, oldest first: Abaco shows them to everybody."""
    return tenant.store.all(actors_names.ALIAS)


def named(tenant: Tenant, name: str) -> Alias:
    """Return an alias; ApiError 404 when there is none."""
    alias = tenant.store.get(actors_names.ALIAS, name)
    if alias is None:
        raise ApiError(404, f"No alias found with name: {name}.")
    return alias


def require(call: Call, level: str) -> Alias:
    """Return the alias in the address of a call whose caller has ``level``; once in each call.

    A nonce of the alias is used up by it. Raises ApiError 404 or, for permissions, 400.
    """
    alias = named(call.tenant, str(call.args["alias"]))
    name = alias["alias"]
    actors_permissions.require(call.tenant, call.user, call.roles, "alias", name, level)
    if call.nonce:
        actors_nonces.redeem(call.tenant, call.nonce, "alias", name, level)
    return alias


def add(tenant: Tenant, user: str, roles: Iterable[str], body: Any) -> Alias:
    """Make an alias, which ``user`` owns, and return it.

    Raises ApiError 400 for a name that cannot be or is taken and for an actor that the user cannot
    update, 404 for no actor.
    """
    fields = Fields(body)
    name = actors_names.check("alias", fields.required_text("alias"))
    actor = _actor(tenant, user, roles, fields)
    with tenant.store.transaction():
        if tenant.store.get(actors_names.ALIAS, name) is not None:
            raise ApiError(400, f"Alias {name} already exists.")
        alias = {"alias": name, "actorId": actor["id"], "owner": user}
        tenant.store.put(actors_names.ALIAS, name, alias)
        actors_permissions.put(tenant, "alias", name, user, "UPDATE")
    return alias


def update(tenant: Tenant, user: str, roles: Iterable[str], name: str, body: Any) -> Alias:
    """Point an alias at another actor. Errors as :func:`add`, and for another name in the body."""
    fields = Fields(body)
    given = fields.text("alias")
    if given is not None and given != name:
        raise fields.refuse("alias", f"{given!r} is not the alias in the address, {name!r}.")
    actor = _actor(tenant, user, roles, fields)
    with tenant.store.transaction():
        alias = {**named(tenant, name), "actorId": actor["id"]}
        tenant.store.put(actors_names.ALIAS, name, alias)
    return alias


def delete(tenant: Tenant, name: str) -> None:
    """Remove an alias with its permissions and nonces; ApiError 404 when there is none."""
    with tenant.store.transaction():
        named(tenant, name)
        tenant.store.delete(actors_names.ALIAS, name)
        actors_permissions.forget(tenant, "alias", name)
        actors_nonces.forget(tenant, "alias", name)


def detail(tenant: Tenant, alias: Alias) -> dict[str, Any]:
    """Return an alias as the service shows it."""
    return {
        **alias,
        "_links": {
            "self": tenant.link("actors", "getAlias", alias=alias["alias"]),
            "owner": tenant.link("profiles", "listByUsername", username=alias["owner"]),
            "actor": tenant.link("actors", "get", actorId=alias["actorId"]),
        },
    }


def _actor(tenant: Tenant, user: str, roles: Iterable[str], fields: Fields) -> actors.Actor:
    actor = actors.named(tenant, fields.required_text("actorId"))
    actors_permissions.require(tenant, user, roles, "actor", actor["id"], "UPDATE")
    return actor
