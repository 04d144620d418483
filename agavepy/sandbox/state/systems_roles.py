"""Roles of users on systems (agave-systems SystemRoleResource, SystemRoleManager)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import systems
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]


def administers(tenant: Tenant, user: str, system: Document) -> bool:
    """Return whether ``user`` may see and change everybody's role on a system."""
    return systems.may(tenant, user, system, "ADMIN")


def listing(tenant: Tenant, user: str, system: Document) -> dict[str, str]:
    """Return roles by username: everybody's, the owner's first; just the caller's own to others."""
    if not administers(tenant, user, system):
        return {user: systems.role(tenant, user, system)}
    return {system["owner"]: "OWNER", **system["roles"]}


def get(tenant: Tenant, user: str, system: Document, username: str) -> str:
    """Return the role of ``username``; ApiError 404 without one, 403 for another user's role."""
    if username != user and not administers(tenant, user, system):
        raise ApiError(
            403,
            "Permission denied. You may see no role but your own on system " + system["id"],
        )
    role = systems.role(tenant, username, system)
    if role == "NONE":
        raise ApiError(404, f"No role on system {system['id']} found for user {username}")
    return role


def grant(
    tenant: Tenant, user: str, system_id: str, body: Any, username: str | None = None
) -> tuple[Document, str, str]:
    """Give a user the role that a body names, NONE to take it away.

    ``username`` is the one in the address; without it the body names the user. Returns the system,
    the user and the role. Raises ApiError 400, 403, 404, or 501 when the system is public.
    """
    fields = Fields(body)
    if username is None:
        fields.require("username")
    given = fields.text("username")
    if username is not None and given not in (None, username):
        raise fields.refuse("username", f"{given!r} is not the user in the address, {username!r}")
    fields.require("role")
    role = fields.word("role", systems.ROLES)
    target = username or given
    assert target is not None
    assert role is not None
    with tenant.store.transaction():
        system = _changeable(tenant, user, system_id)
        if target == system["owner"] or role == "OWNER":
            raise ApiError(400, f"The owner of a system cannot be changed: {system_id}")
        _set(tenant, user, system, target, role)
    return system, target, role


def revoke(tenant: Tenant, user: str, system_id: str, username: str) -> None:
    """Take a user's role away; one who has none is no error. Errors as :func:`grant`."""
    with tenant.store.transaction():
        system = _changeable(tenant, user, system_id)
        if username == system["owner"]:
            raise ApiError(400, f"The owner of a system cannot be changed: {system_id}")
        _set(tenant, user, system, username, "NONE")


def clear(tenant: Tenant, user: str, system_id: str) -> None:
    """Take all roles away but the owner's. Errors as :func:`grant`."""
    with tenant.store.transaction():
        system = _changeable(tenant, user, system_id)
        for username in list(system["roles"]):
            _set(tenant, user, system, username, "NONE")


def _changeable(tenant: Tenant, user: str, system_id: str) -> Document:
    system = systems.visible(tenant, user, system_id)
    if system["public"]:
        raise ApiError(501, f"Roles are not supported on public systems: {system_id}")
    return systems.require(tenant, user, system_id, "ADMIN", "change roles on system")


def _set(tenant: Tenant, user: str, system: Document, username: str, role: str) -> None:
    if role != "NONE":
        system["roles"][username] = role
        text = f"Role {role} was granted to {username}"
        systems.save(tenant, system, "ROLES_GRANT", user, text)
    elif system["roles"].pop(username, None) is not None:
        systems.save(tenant, system, "ROLES_REVOKE", user, f"Role of {username} was revoked")
