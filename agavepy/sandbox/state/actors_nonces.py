"""Nonces: passwords for one actor or alias, which stand for an access token (Abaco ``Nonce``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.actors_fields import Fields
from agavepy.sandbox.state.actors_names import dbid
from agavepy.sandbox.state.actors_permissions import LEVELS, covers
from agavepy.sandbox.tenant import Tenant

Nonce = dict[str, Any]

_KIND = "actor_nonce"
#: Levels of the nonces of actors and of aliases, by what they are for.
_LEVELS = {"actor": LEVELS, "alias": LEVELS[:-1]}


def add(tenant: Tenant, user: str, roles: Iterable[str], what: str, key: str, body: Any) -> Nonce:
    """Make a nonce for the actor or alias (``what``) with this id or name; return it.

    Raises ApiError 400 for a level or number of uses that there is not.
    """
    fields = Fields({} if body is None else body)
    level = fields.word("level", _LEVELS[what]) or "EXECUTE"
    uses = fields.number("maxUses")
    uses = -1 if uses is None else uses
    if uses != -1 and uses < 1:
        raise fields.refuse("maxUses", f"{uses} is neither -1, for any number, nor 1 or more.")
    nonce: Nonce = {
        "id": dbid(tenant, tenant.ids.key(26)),
        "what": what,
        "key": key,
        "owner": user,
        "roles": sorted(roles),
        "level": level,
        "maxUses": uses,
        "description": fields.text("description") or "",
        "createTime": tenant.clock.now(),
        "lastUseTime": None,
        "currentUses": 0,
        "remainingUses": uses,
    }
    tenant.store.put(_KIND, nonce["id"], nonce)
    return nonce


def listing(tenant: Tenant, what: str, key: str) -> list[Nonce]:
    """Return the nonces of an actor or alias, oldest first."""
    return tenant.store.all(_KIND, what=what, key=key)


def get(tenant: Tenant, what: str, key: str, nonce_id: str) -> Nonce:
    """Return a nonce of this actor or alias; ApiError 400, Abaco's code for it, for another id."""
    nonce = tenant.store.get(_KIND, nonce_id)
    if nonce is None or (nonce["what"], nonce["key"]) != (what, key):
        raise ApiError(400, f"No nonce found with id {nonce_id} for {what} {key}.")
    return nonce


def delete(tenant: Tenant, what: str, key: str, nonce_id: str) -> None:
    """Remove a nonce. Errors as :func:`get`."""
    with tenant.store.transaction():
        get(tenant, what, key, nonce_id)
        tenant.store.delete(_KIND, nonce_id)


def forget(tenant: Tenant, what: str, key: str) -> None:
    """Remove the nonces of what is gone."""
    for nonce in listing(tenant, what, key):
        tenant.store.delete(_KIND, nonce["id"])


def identify(tenant: Tenant, nonce_id: str) -> Nonce:
    """Return the nonce that a request brings; ApiError 400 for one that there is not."""
    nonce = tenant.store.get(_KIND, nonce_id)
    if nonce is None:
        raise ApiError(400, "Not authorized -- the nonce does not exist.")
    return nonce


def redeem(tenant: Tenant, nonce_id: str, what: str, key: str, level: str) -> None:
    """Use a nonce once for this actor or alias.

    Raises ApiError 400 when it is of another one, has too low a level, or has been used up.
    """
    with tenant.store.transaction():
        nonce = identify(tenant, nonce_id)
        if (nonce["what"], nonce["key"]) != (what, key):
            raise ApiError(400, f"Not authorized -- the nonce is not valid for {what} {key}.")
        if not covers(nonce["level"], level):
            raise ApiError(
                400,
                f"Not authorized -- the nonce has the level {nonce['level']} where {level} "
                "is needed.",
            )
        if nonce["remainingUses"] == 0:
            raise ApiError(400, "Not authorized -- the nonce has no uses left.")
        nonce["currentUses"] += 1
        nonce["remainingUses"] -= nonce["maxUses"] != -1
        nonce["lastUseTime"] = tenant.clock.now()
        tenant.store.put(_KIND, nonce_id, nonce)


def detail(tenant: Tenant, nonce: Nonce, actor_id: str) -> dict[str, Any]:
    """Return a nonce as the service shows it; ``actor_id`` is of its actor or its alias'."""
    shown = {name: value for name, value in nonce.items() if name not in {"what", "key"}}
    of_alias = nonce["what"] == "alias"
    # Abaco has no actor for a nonce of an alias and writes None into its address.
    where = {"actorId": "None" if of_alias else actor_id, "nonceId": nonce["id"]}
    return {
        **shown,
        **({"alias": nonce["key"]} if of_alias else {"actorId": actor_id}),
        "apiServer": tenant.url,
        "createTime": dates.abaco(nonce["createTime"]),
        "lastUseTime": dates.abaco(nonce["lastUseTime"]),
        "_links": {
            "self": tenant.link("actors", "getNonce", **where),
            "owner": tenant.link("profiles", "listByUsername", username=nonce["owner"]),
            "actor": tenant.link("actors", "get", actorId=actor_id),
        },
    }
