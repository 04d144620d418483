"""Permissions on metadata items and schemas (agave-metadata ``MetadataShareResource``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import users
from agavepy.sandbox.state.meta_access import EVERYBODY, Document, Kind, publish, reach
from agavepy.sandbox.state.permissions import WITHOUT_EXECUTE
from agavepy.sandbox.tenant import Tenant


def listing(tenant: Tenant, user: str, kind: Kind, uuid: str) -> list[tuple[str, str]]:
    """Return users and their permission words, the owner first; raises as ``reach`` for READ."""
    document = reach(tenant, user, kind, uuid)
    return [(document["owner"], "ALL"), *document["permissions"].items()]


def of(tenant: Tenant, user: str, kind: Kind, uuid: str, username: str) -> str:
    """Return the permission word of ``username``; raises as :func:`listing`, and ApiError 404."""
    word = dict(listing(tenant, user, kind, uuid)).get(username)
    if word is None:
        raise ApiError(404, f"No permissions found for user {username} on the {kind.noun} {uuid}")
    return word


def grant(tenant: Tenant, user: str, kind: Kind, uuid: str, username: Any, word: Any) -> str:
    """Give ``username`` exactly this permission, NONE to take all away; return the word.

    Raises ApiError as ``reach`` does for WRITE, and 400 for a missing or unknown user, the owner,
    or an unknown word.
    """
    with tenant.store.transaction():
        document = reach(tenant, user, kind, uuid, "WRITE")
        level = put(tenant, document, username, word)
        tenant.store.put(kind.documents, uuid, document)
        event = "PERMISSION_REVOKE" if level == "NONE" else "PERMISSION_GRANT"
        publish(tenant, document, event)
    return level


def put(tenant: Tenant, document: Document, username: Any, word: Any) -> str:
    """Put a permission into a document that is yet to be written; raises as :func:`grant`."""
    if not isinstance(username, str) or not username:
        raise ApiError(400, "No username specified")
    if username not in EVERYBODY and users.get(tenant, username) is None:
        raise ApiError(400, f"No user found matching {username}")
    level = word.upper() if isinstance(word, str) else ""
    if level not in WITHOUT_EXECUTE:
        raise ApiError(
            400, f"Invalid permission. It must be one of {', '.join(WITHOUT_EXECUTE)}, not {word!r}"
        )
    if username == document["owner"]:
        raise ApiError(400, f"The permission of the owner cannot be changed: {username}")
    document["permissions"].pop(username, None)
    if level != "NONE":
        document["permissions"][username] = level
    return level


def clear(tenant: Tenant, user: str, kind: Kind, uuid: str) -> None:
    """Take away every permission but the owner's; raises as ``reach`` does for WRITE."""
    with tenant.store.transaction():
        document = reach(tenant, user, kind, uuid, "WRITE")
        document["permissions"] = {}
        tenant.store.put(kind.documents, uuid, document)
        publish(tenant, document, "PERMISSION_REVOKE")
