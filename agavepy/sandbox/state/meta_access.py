"""What metadata items and schemas have in common: who may see and change them, and their times.

Either is a document ``{uuid, owner, internalUsername, created, lastUpdated, permissions}`` and
more, times in epoch seconds, permissions by user name (agave-metadata
``MetadataPermissionManager``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, internal_users, notifications, users
from agavepy.sandbox.state.permissions import ALLOWS
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

#: Names that stand for everybody.
EVERYBODY = ("public", "world")


@dataclass(frozen=True)
class Kind:
    """One of the two: its kind of document, the end of its uuids, and its name for people."""

    documents: str
    number: str
    noun: str


ITEM = Kind("metadata", "012", "metadata item")
SCHEMA = Kind("schema", "013", "metadata schema")


def may(tenant: Tenant, user: str, document: Document, need: str) -> bool:
    """Return whether ``user`` has READ or WRITE on a document, as administrators have."""
    return granted(user, document, need) or users.is_admin(tenant, user)


def granted(user: str, document: Document, need: str) -> bool:
    """Return whether ``user`` has READ or WRITE on a document without being an administrator."""
    given = document["permissions"]
    return document["owner"] == user or any(
        need in ALLOWS[given.get(name, "NONE")] for name in (user, *EVERYBODY)
    )


def reach(tenant: Tenant, user: str, kind: Kind, uuid: str, need: str = "READ") -> Document:
    """Return the document on which ``user`` has the permission ``need``.

    Raises ApiError 404 for an unknown one, 403 without the permission.
    """
    document = tenant.store.get(kind.documents, uuid)
    if document is None:
        raise ApiError(404, f"No {kind.noun} found for user with id {uuid}")
    if not may(tenant, user, document, need):
        verb = {"READ": "view", "WRITE": "modify"}[need]
        raise ApiError(
            403, f"Permission denied. You do not have permission to {verb} the {kind.noun} {uuid}"
        )
    return document


def listing(tenant: Tenant, user: str, kind: Kind, *, privileged: bool = True) -> list[Document]:
    """Return what ``user`` may read, oldest first.

    Without ``privileged`` an administrator sees what is their own or shared with them.
    """
    found = tenant.store.all(kind.documents)
    if privileged and users.is_admin(tenant, user):
        return found
    return [document for document in found if granted(user, document, "READ")]


def new(
    tenant: Tenant,
    user: str,
    kind: Kind,
    fields: Document,
    internal: str = "",
    wanted: Iterable[Document] = (),
) -> Document:
    """Write a new document of ``user``, with the notifications ``wanted`` for it, and return it.

    ``internal`` is the internal user on whose behalf it is made. Raises ApiError 404 when ``user``
    has no such internal user.
    """
    if internal:
        internal_users.find(tenant, user, user, internal)
    now = tenant.clock.now()
    document = {
        "uuid": tenant.ids.uuid(kind.number),
        "owner": user,
        "internalUsername": internal or None,
        "created": now,
        "lastUpdated": now,
        "permissions": {},
        **fields,
    }
    with tenant.store.transaction():
        tenant.store.put(kind.documents, document["uuid"], document)
        notifications.subscribe(tenant, user, document["uuid"], wanted)
        publish(tenant, document, "CREATED")
    return document


def save(tenant: Tenant, kind: Kind, document: Document) -> Document:
    """Write a document as updated now, and return it."""
    document["lastUpdated"] = tenant.clock.now()
    with tenant.store.transaction():
        tenant.store.put(kind.documents, document["uuid"], document)
        publish(tenant, document, "UPDATED")
    return document


def delete(tenant: Tenant, user: str, kind: Kind, uuid: str) -> Document:
    """Remove a document and return what it was; raises as :func:`reach` does for WRITE."""
    with tenant.store.transaction():
        document = reach(tenant, user, kind, uuid, "WRITE")
        publish(tenant, document, "DELETED")
        tenant.store.delete(kind.documents, uuid)
    return document


def publish(tenant: Tenant, document: Document, event: str) -> None:
    """Tell the subscribers of a document of an event, a word of MetadataEventType."""
    events.publish(tenant, document["uuid"], event, owner=document["owner"])
