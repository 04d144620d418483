"""Who may do what with actors, aliases and configs (Abaco ``codes.py`` and ``auth.py``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.actors_fields import Fields
from agavepy.sandbox.tenant import Tenant

#: Each level has those before it.
LEVELS = ("NONE", "READ", "EXECUTE", "UPDATE")
#: The user whose permissions everyone has.
WORLD = "ABACO_WORLD"
ADMIN_ROLES = frozenset({"admin", "Internal/abaco-admin"})
PRIVILEGED_ROLES = ADMIN_ROLES | {"Internal/abaco-privileged"}
DENIED = "Not authorized -- you do not have access to this {}."

_KIND = "actor_permissions"


def covers(level: str, needed: str) -> bool:
    """Return whether who has ``level`` may do what needs ``needed``."""
    return LEVELS.index(level) >= LEVELS.index(needed)


def given(tenant: Tenant, what: str, key: str) -> dict[str, str]:
    """Return levels by user; ``what`` is actor, alias or config and ``key`` its id or name."""
    found = tenant.store.get(_KIND, f"{what}/{key}")
    return dict(found["users"]) if found else {}


def allows(
    tenant: Tenant, user: str, roles: Iterable[str], what: str, key: str, level: str
) -> bool:
    """Return whether a user with these roles may do to it what needs ``level``."""
    if not ADMIN_ROLES.isdisjoint(roles):
        return True
    users = given(tenant, what, key)
    return any(covers(users.get(name, "NONE"), level) for name in (user, WORLD))


def require(
    tenant: Tenant, user: str, roles: Iterable[str], what: str, key: str, level: str
) -> None:
    """Raise ApiError 400, which is Abaco's code for it, unless :func:`allows`."""
    if not allows(tenant, user, roles, what, key, level):
        raise ApiError(400, DENIED.format(what))


def put(tenant: Tenant, what: str, key: str, user: str, level: str) -> dict[str, str]:
    """Set the level of a user and return levels by user."""
    with tenant.store.transaction():
        users = {**given(tenant, what, key), user: level}
        tenant.store.put(_KIND, f"{what}/{key}", {"users": users})
    return users


def grant(tenant: Tenant, what: str, key: str, body: Any) -> dict[str, str]:
    """Give the user that a body names the level that it names; return levels by user."""
    fields = Fields(body)
    user = fields.required_text("user")
    level = fields.word("level", LEVELS)
    if level is None:
        raise fields.missing("level")
    return put(tenant, what, key, user, level)


def forget(tenant: Tenant, what: str, key: str) -> None:
    """Remove the permissions on what is gone."""
    tenant.store.delete(_KIND, f"{what}/{key}")
