"""Metadata items: any JSON value under a name, about whatever has a uuid.

An item is a document of ``meta_access`` with ``name``, ``value``, ``schemaId``, ``associationIds``
(agave-metadata ``MetadataCollection`` and ``MetadataResource``).
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import (
    events,
    files_records,
    meta_access,
    meta_pems,
    meta_schemas,
    notifications,
    systems,
)
from agavepy.sandbox.state.meta_access import ITEM, Document
from agavepy.sandbox.state.notifications_definition import requested
from agavepy.sandbox.state.resolve import resolve
from agavepy.sandbox.tenant import Tenant

#: The event of a notification that is given as an address alone.
_ALL = (events.ANY,)
_EMPTY: Document = {"schemaId": None, "associationIds": []}


def create(tenant: Tenant, user: str, body: Any, internal: str = "") -> Document:
    """Add an item for ``user``, with permissions and notifications as asked for, and return it.

    Raises ApiError 400 for a body without name or value, a schema that is not there or that the
    value does not conform to, an association with nothing, and permissions or notifications that
    are none; 403 for a schema that the user may not read.
    """
    _required(body)
    with tenant.store.transaction():
        document = {**_EMPTY, "owner": user, "permissions": {}}
        _change(tenant, user, document, body)
        wanted = requested(body.get("notifications"), _ALL)
        return meta_access.new(tenant, user, ITEM, document, internal, wanted)


def update(tenant: Tenant, user: str, uuid: str, body: Any, *, partly: bool = False) -> Document:
    """Replace name and value of an item, and what else the body has, and return it.

    ``partly``: name or value may be left out too. Raises ApiError as ``reach`` does for WRITE, and
    as :func:`create`.
    """
    with tenant.store.transaction():
        document = meta_access.reach(tenant, user, ITEM, uuid, "WRITE")
        if not partly:
            _required(body)
        _change(tenant, user, document, body)
        notifications.subscribe(tenant, user, uuid, requested(body.get("notifications"), _ALL))
        return meta_access.save(tenant, ITEM, document)


def delete(tenant: Tenant, user: str, uuid: str) -> None:
    """Remove an item, and tell subscribers of what it was about; raises as ``reach`` for WRITE."""
    with tenant.store.transaction():
        for about in meta_access.delete(tenant, user, ITEM, uuid)["associationIds"]:
            events.publish(tenant, about, "METADATA_DELETED")


def _required(body: Any) -> None:
    for field in ("name", "value"):
        if not isinstance(body, dict) or field not in body:
            raise ApiError(
                400, f"No {field} attribute specified. Please associate a {field} with the metadata"
            )


def _change(tenant: Tenant, user: str, document: Document, body: Any) -> None:
    """Take the fields of a body over into an item that is yet to be written."""
    if not isinstance(body, dict):
        raise ApiError(400, "A metadata item must be a JSON object")
    if "name" in body:
        if not isinstance(body["name"], str) or not body["name"].strip():
            raise ApiError(400, f"Invalid name {body['name']!r}: it must be a text")
        document["name"] = body["name"]
    if "value" in body:
        document["value"] = body["value"]
    if "schemaId" in body:
        document["schemaId"] = body["schemaId"] or None
    # An item whose schema was deleted can be changed still.
    kept = None if "schemaId" in body else document["schemaId"]
    if document["schemaId"] and not (kept and resolve(tenant, kept) is None):
        meta_schemas.validate(tenant, user, document["schemaId"], document["value"])
    if "associationIds" in body:
        document["associationIds"] = _associations(tenant, document, body["associationIds"])
    for item in _objects(body, "permissions"):
        meta_pems.put(tenant, document, item.get("username"), item.get("permission"))


def _associations(tenant: Tenant, document: Document, given: Any) -> list[str]:
    """Return the uuids of associations without repetitions.

    Those that the item has already may lead to what is no more.
    """
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(uuid, str) for uuid in given):
        raise ApiError(400, f"Invalid associationIds {given!r:.80}: give an array of uuids")
    for uuid in given:
        if uuid not in document["associationIds"] and resolve(tenant, uuid) is None:
            raise ApiError(400, f"Invalid associationId: no resource found with the uuid {uuid}")
    return list(dict.fromkeys(given))


def _objects(body: Document, field: str) -> list[Document]:
    given = body.get(field) or []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise ApiError(400, f"Invalid {field} {given!r:.80}: give an array of objects")
    return given


def seed_demo(tenant: Tenant, usernames: list[str]) -> None:
    """Add an item about the file ``data/hello.txt`` of the first user."""
    system = systems.find(tenant, "sandbox.storage")
    if system is None or not usernames:
        return
    user = usernames[0]
    record = files_records.ensure(tenant, system, f"/home/{user}/data/hello.txt", user)
    fields = {"name": "greeting", "value": {"language": "en", "lines": 1}}
    create(tenant, user, {**fields, "associationIds": [record["uuid"]]})
