"""Permissions on tags (agave-tags ``TagPermissionManager``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import tags, users
from agavepy.sandbox.state.permissions import WITHOUT_EXECUTE
from agavepy.sandbox.state.tags import Tag
from agavepy.sandbox.tenant import Tenant


def listing(tag: Tag) -> list[tuple[str, str]]:
    """Return users and their permission words, the owner first."""
    return [(tag["owner"], "ALL"), *tag["permissions"].items()]


def get(tenant: Tenant, tag: Tag, username: str) -> str:
    """Return the permission word of a user; ApiError 404 for an unknown user."""
    if users.get(tenant, username) is None:
        raise ApiError(404, f"No user found with the name {username}")
    return "ALL" if username == tag["owner"] else str(tag["permissions"].get(username, "NONE"))


def grant(tenant: Tenant, user: str, tag_id: str, username: Any, word: Any) -> tuple[Tag, str]:
    """Give ``username`` exactly this permission, NONE to take all away; return tag and word.

    Raises ApiError as ``tags.reach`` (WRITE) does, and 400 for a missing or unknown user, the
    owner, or an unknown word.
    """
    if not isinstance(username, str) or not username:
        raise ApiError(400, "No username specified")
    level = word.upper() if isinstance(word, str) else ""
    if level not in WITHOUT_EXECUTE:
        words = ", ".join(WITHOUT_EXECUTE)
        raise ApiError(400, f"Invalid permission value {word!r}: give one of {words}")
    with tenant.store.transaction():
        tag = tags.reach(tenant, user, tag_id, "WRITE")
        if users.get(tenant, username) is None:
            raise ApiError(400, f"No user found with the name {username}")
        if username == tag["owner"]:
            raise ApiError(400, f"The permission of the owner cannot be changed: {username}")
        _set(tenant, user, tag, username, level)
    return tag, level


def clear(tenant: Tenant, user: str, tag_id: str) -> None:
    """Take every permission away but the owner's. Raises ApiError as ``tags.reach`` (WRITE)."""
    with tenant.store.transaction():
        tag = tags.reach(tenant, user, tag_id, "WRITE")
        for username in list(tag["permissions"]):
            _set(tenant, user, tag, username, "NONE")


def _set(tenant: Tenant, user: str, tag: Tag, username: str, word: str) -> None:
    had = tag["permissions"].pop(username, None)
    if word != "NONE":
        tag["permissions"][username] = word
    tags.save(tenant, tag)
    if word != "NONE":
        tags.note(tenant, tag, "PERMISSION_GRANT", user, f"{word} was granted to {username}")
    elif had is not None:
        text = f"The permission of {username} was revoked"
        tags.note(tenant, tag, "PERMISSION_REVOKE", user, text)
