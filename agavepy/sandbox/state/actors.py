"""Actors: registered, changed, shared and deleted (Abaco ``controllers.py`` and ``auth.py``).

Every user of the sandbox has the role that Abaco asks of its callers; administrators are
privileged and may do everything with all actors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox import dates
from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import actors_definition as definitions
from agavepy.sandbox.state import actors_names as names
from agavepy.sandbox.state import actors_nonces as nonces
from agavepy.sandbox.state import actors_permissions as permissions
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

Actor = dict[str, Any]

CONFIG, DELETED = "actor_config", "actor_deleted"
#: What the demo tenant begins with.
_DEMO = {"name": "echo", "image": "sandbox/echo", "description": "Answers with its message."}


def find(tenant: Tenant, name: str) -> Actor | None:
    """Return the actor with this id or alias, or None."""
    return names.resolve(tenant, name)


def save(tenant: Tenant, actor: Actor) -> None:
    """Write an actor; read and write it in one transaction, for others write it too."""
    tenant.store.put(names.ACTOR, actor["id"], actor)


def every(tenant: Tenant) -> list[Actor]:
    """Return all actors, oldest first."""
    return tenant.store.all(names.ACTOR)


def may(tenant: Tenant, user: str, roles: Iterable[str], actor: Actor, level: str) -> bool:
    """Return whether a user with these roles has ``level`` (READ, EXECUTE, UPDATE) or more."""
    return permissions.allows(tenant, user, roles, "actor", actor["id"], level)


def listing(tenant: Tenant, user: str, roles: Iterable[str]) -> list[Actor]:
    """Return the actors that a user may read, oldest first."""
    return [actor for actor in every(tenant) if may(tenant, user, roles, actor, "READ")]


def named(tenant: Tenant, name: str) -> Actor:
    """Return the actor with this id or alias; ApiError 404 when there is none."""
    actor = find(tenant, name)
    if actor is None:
        raise ApiError(404, f"Actor with identifier '{name}' not found")
    return actor


def require(call: Call, level: str) -> Actor:
    """Return the actor in the address of a call whose caller has ``level``; once in each call.

    A nonce is used up by it: an actor's where the address has the id, an alias' where it has the
    alias. Raises ApiError 404 for no actor, 400 for too little permission or the wrong nonce.
    """
    name = str(call.args["actorId"])
    actor = named(call.tenant, name)
    permissions.require(call.tenant, call.user, call.roles, "actor", actor["id"], level)
    if call.nonce:
        what = "actor" if name == actor["id"] else "alias"
        nonces.redeem(call.tenant, call.nonce, what, name, level)
    return actor


def register(tenant: Tenant, user: str, roles: Iterable[str], body: Any) -> Actor:
    """Make an actor of ``user``, SUBMITTED, and return it. Errors as ``actors_definition.read``."""
    now = tenant.clock.now()
    actor_id = names.new_id(tenant)
    person = users.get(tenant, user)
    uid = person["uid"] if person else None
    with tenant.store.transaction():
        actor: Actor = {
            "id": actor_id,
            "dbid": names.dbid(tenant, actor_id),
            "owner": user,
            **definitions.read(tenant, user, roles, body),
            "state": {},
            "status": "SUBMITTED",
            "statusMessage": "",
            "revision": 1,
            "mounts": [],
            "tasdir": f"{uid:05d}/{user}" if uid is not None else None,
            "uid": uid,
            "gid": uid,
            "createTime": now,
            "lastUpdateTime": now,
        }
        save(tenant, actor)
        permissions.put(tenant, "actor", actor_id, user, "UPDATE")
    return actor


def update(tenant: Tenant, user: str, roles: Iterable[str], actor_id: str, body: Any) -> Actor:
    """Replace the definition of an actor and return it: SUBMITTED if its image is to be fetched.

    Errors as ``actors_definition.read``; 404 when it has been deleted meanwhile.
    """
    with tenant.store.transaction():
        actor = named(tenant, actor_id)
        fields = definitions.read(tenant, user, roles, body, actor)
        if fields["image"] != actor["image"] or definitions.forced(body):
            actor.update(status="SUBMITTED", statusMessage="", revision=actor["revision"] + 1)
        actor.update(fields, lastUpdateTime=tenant.clock.now())
        save(tenant, actor)
    return actor


def set_state(tenant: Tenant, actor_id: str, state: Any) -> Actor:
    """Keep the state of a stateful actor and return the actor.

    Raises ApiError 404 for a stateless actor, as Abaco does, and 400 for no state.
    """
    with tenant.store.transaction():
        actor = named(tenant, actor_id)
        if actor["stateless"]:
            raise ApiError(404, "actor is stateless.")
        if state is None:
            raise ApiError(400, "state: Missing required parameter: give any JSON but null.")
        actor["state"] = state
        save(tenant, actor)
    return actor


def leave(tenant: Tenant, actor_id: str) -> Actor:
    """Mark an actor as being deleted: it takes no more messages. Return it; 404 when it is gone."""
    with tenant.store.transaction():
        actor = named(tenant, actor_id)
        actor["status"] = "SHUTTING_DOWN"
        save(tenant, actor)
    return actor


def delete(tenant: Tenant, actor: Actor, used: dict[str, int]) -> None:
    """Remove an actor with its permissions, nonces and aliases.

    ``used`` is what its executions used, which the administrators' totals go on counting.
    """
    with tenant.store.transaction():
        aliases = tenant.store.all(names.ALIAS, actorId=actor["id"])
        for what, key in [("actor", actor["id"]), *(("alias", a["alias"]) for a in aliases)]:
            permissions.forget(tenant, what, key)
            nonces.forget(tenant, what, key)
        for alias in aliases:
            tenant.store.delete(names.ALIAS, alias["alias"])
        tenant.store.put(DELETED, actor["id"], {"id": actor["id"], **used})
        tenant.store.delete(names.ACTOR, actor["id"])


def view(call: Call, actor: Actor) -> dict[str, Any]:
    """Return an actor as the service shows it; what is not set has no key."""
    shown = {name: actor[name] for name in actor if name != "dbid" and actor[name] is not None}
    return {
        **shown,
        "createTime": dates.abaco(actor["createTime"]),
        "lastUpdateTime": dates.abaco(actor["lastUpdateTime"]),
        "_links": {
            "self": call.link("actors", "get", actorId=actor["id"]),
            "owner": call.link("profiles", "listByUsername", username=actor["owner"]),
            "executions": call.link("actors", "listExecutions", actorId=actor["id"]),
        },
    }


def configs_for(tenant: Tenant, actor: Actor) -> dict[str, str]:
    """Return the values of the configs that an actor's executions find, by name.

    An alias may lead elsewhere by now: a config follows it only to actors of the same owners.
    """
    found = {}
    for config in tenant.store.all(CONFIG):
        if actor["owner"] not in config.get("owners", ()):
            continue
        resolved = (names.resolve(tenant, name) for name in config["actors"])
        if any(other is not None and other["id"] == actor["id"] for other in resolved):
            found[str(config["name"])] = str(config["value"])
    return found


def seed_demo(tenant: Tenant, people: list[str]) -> None:
    """Register the actor ``echo`` of the first of these users."""
    if people:
        register(tenant, people[0], (), _DEMO)
