"""The users of a tenant: profiles, hashed passwords, roles, and who administers the tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import clients
from agavepy.sandbox.tenant import Tenant

#: Cheap on purpose (about 2 ms): every call of the clients service checks a password, and every
#: start of a sandbox makes some.
_METHOD = "scrypt:1024:8:1"
#: A name is a path segment of addresses and of home directories.
_USERNAME = re.compile(r"\w[\w.+-]*")
_FIRST_UID = 1000
#: The role that everybody has, and the one that makes a tenant administrator.
EVERYBODY, ADMIN = "Internal/everyone", "admin"


def get(tenant: Tenant, username: str) -> dict[str, Any] | None:
    """Return a user, or None; ``password`` is a hash and ``create_time`` in epoch seconds."""
    return tenant.store.get("user", username)


def everybody(tenant: Tenant) -> list[dict[str, Any]]:
    """Return all people, oldest first; service accounts, which log in too, are not among them."""
    return [user for user in tenant.store.all("user") if not user.get("service")]


def username_error(tenant: Tenant, username: str) -> str:
    """Return why nobody new can have this name, or an empty text (pyprofiles-api serializers)."""
    if username == "me":
        return "This username is reserved."
    if not _USERNAME.fullmatch(username):
        return "Use letters, digits and _ . + - with a letter, a digit or _ first."
    if get(tenant, username) is not None:
        return "A user with that username already exists."
    return ""


def add(
    tenant: Tenant,
    username: str,
    password: str,
    admin: bool = False,
    profile: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Create a user, who gets a ``DefaultApplication`` as on every tenant, and return it.

    ``profile`` holds first_name, email and the like. Raises ApiError 400 for a name that nobody
    can have.
    """
    with tenant.store.transaction():
        problem = username_error(tenant, username)
        if problem:
            raise ApiError(400, f"Invalid username {username!r}: {problem}")
        user = {
            "uuid": tenant.ids.uuid("001"),
            "username": username,
            "password": _hash(password),
            "first_name": username.capitalize(),
            "last_name": "",
            "email": f"{username}@example.org",
            "phone": "",
            "mobile_phone": "",
            "status": "Active",
            "uid": _FIRST_UID + tenant.store.counter("uid"),
            "admin": admin,
            "create_time": tenant.clock.now(),
            **(profile or {}),
        }
        tenant.store.put("user", username, user)
        clients.create(tenant, username, "DefaultApplication")
    return user


def update(
    tenant: Tenant, username: str, password: str, profile: Mapping[str, str]
) -> dict[str, Any]:
    """Change fields of a user, and the password unless it is empty; return the user.

    Raises ApiError 404 for a user that does not exist.
    """
    with tenant.store.transaction():
        user = get(tenant, username)
        if user is None:
            raise ApiError(404, f"No user {username!r}")
        user.update(profile)
        if password:
            user["password"] = _hash(password)
        tenant.store.put("user", username, user)
    return user


def delete(tenant: Tenant, username: str) -> bool:
    """Remove a user, their clients and tokens; return whether there was such a user."""
    with tenant.store.transaction():
        clients.delete_all(tenant, username)
        return tenant.store.delete("user", username)


def check_password(tenant: Tenant, username: str, password: str) -> bool:
    """Return whether there is such a user with that password."""
    user = get(tenant, username)
    return user is not None and check_password_hash(user["password"], password)


def is_admin(tenant: Tenant, username: str) -> bool:
    """Return whether the user administers the tenant."""
    user = get(tenant, username)
    return user is not None and bool(user["admin"])


def roles(user: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the roles that a user (as :func:`get` returns it) has."""
    held = {EVERYBODY, *user.get("roles", ())}
    return frozenset(held | {ADMIN} if user["admin"] else held)


def set_role(tenant: Tenant, user: dict[str, Any], role: str, held: bool) -> None:
    """Give a user a role, or take it away; ``user`` is changed too."""
    if role == ADMIN:
        user["admin"] = held
    else:
        others = [name for name in user.get("roles", ()) if name != role]
        user["roles"] = [*others, role] if held else others
    tenant.store.put("user", user["username"], user)


def _hash(password: str) -> str:
    return generate_password_hash(password, method=_METHOD)
