"""Metadata items, schemas and their permissions as answers have them, and bodies as they come."""

from __future__ import annotations

import json
from typing import Any

from agavepy import loader
from agavepy.sandbox import dates
from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.search import order
from agavepy.sandbox.services.uuids import look
from agavepy.sandbox.state import events, permissions
from agavepy.sandbox.state.meta_access import ITEM, SCHEMA, Document, Kind, may
from agavepy.sandbox.state.resolve import resolve
from agavepy.sandbox.tenant import Tenant

_ITEM_FIELDS = (
    "uuid", "schemaId", "internalUsername", "associationIds", "lastUpdated", "name", "value",
    "created", "owner",
)  # fmt: skip
_SCHEMA_FIELDS = ("uuid", "internalUsername", "lastUpdated", "schema", "created", "owner")
_FIELDS = {ITEM: _ITEM_FIELDS, SCHEMA: _SCHEMA_FIELDS}
#: The operations that show one, and its permissions.
_OPERATIONS = {
    ITEM: ("getMetadata", "listMetadataPermissions", "listMetadataPermissionsForUser"),
    SCHEMA: ("getSchema", "listSchemaPermissions", "listSchemaPermissionsForUser"),
}
#: Fields that a form carries as JSON text.
_JSON_FIELDS = ("value", "associationIds", "permissions", "notifications")


def body(call: Call) -> Any:
    """Return the body of a request: JSON, the JSON text of it, or a form with JSON in its fields.

    A form's value that is no JSON is a text. Raises ApiError 400 for text that is not JSON.
    """
    given = call.body
    if isinstance(given, str | bytes):
        try:
            return json.loads(given)
        except ValueError as error:
            raise ApiError(400, f"Invalid JSON in the body of the request: {error}") from error
    kind = call.headers.get("Content-Type", "")
    form = kind.startswith("application/x-www-form-urlencoded") or (
        kind.startswith("multipart/") and "fileToUpload" not in call.files
    )
    if not form or not isinstance(given, dict):
        return given
    return {
        name: _from_form(name, text) if name in _JSON_FIELDS else text
        for name, text in given.items()
    }


def _from_form(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if name == "value":
            return text
        raise ApiError(400, f"Invalid JSON in the field {name}: {error}") from error


def check_associations(call: Call, given: Any, uuid: str = "") -> None:
    """Raise ApiError 400 for an association, new to the item ``uuid``, with what is not shown.

    Its address would tell the caller of it, and a deletion of the item its subscribers.
    """
    wanted = given.get("associationIds") if isinstance(given, dict) else None
    kept = call.tenant.store.get(ITEM.documents, uuid) if uuid else None
    known = kept["associationIds"] if kept else []
    for other in wanted if isinstance(wanted, list) else ():
        if isinstance(other, str) and other not in known and resolve(call.tenant, other):
            try:
                look(call, other)
            except ApiError as error:
                text = f"Invalid associationId: {other}: {error.message}"
                raise ApiError(400, text) from error


def told(kind: Kind, document: Document) -> Document:
    """Return an item or schema as it is answered, without links."""
    given = {name: document[name] for name in _FIELDS[kind]}
    return {**given, **{name: dates.java(document[name]) for name in ("created", "lastUpdated")}}


def whole(call: Call, kind: Kind, document: Document) -> Document:
    """Return an item or schema with its links."""
    uuid = document["uuid"]
    show, permissions, _ = _OPERATIONS[kind]
    links: Document = {
        "self": _link(call, show, uuid=uuid),
        "permissions": _link(call, permissions, uuid=uuid),
        "owner": {"href": call.link("profiles", "listByUsername", username=document["owner"])},
    }
    if kind is ITEM:
        links["associationIds"] = [_association(call, item) for item in document["associationIds"]]
        if document["schemaId"]:
            links["SCHEMA"] = _link(call, "getSchema", uuid=document["schemaId"])
    return {**told(kind, document), "_links": links}


def _source(kind: Kind, name: str) -> events.Source:
    show = _OPERATIONS[kind][0]

    def document(tenant: Tenant, user: str, found: Document) -> Document:
        return whole(Call(tenant, loader.service_plan("meta")[show], user=user), kind, found)

    return events.Source(
        name=name,
        find=lambda tenant, uuid: tenant.store.get(kind.documents, uuid),
        may=lambda tenant, user, found: may(tenant, user, found, "READ"),
        link=lambda linker, found: linker.link("meta", show, uuid=found["uuid"]),
        document=document,
    )


events.register(ITEM.number, _source(ITEM, "metadata"))
events.register(SCHEMA.number, _source(SCHEMA, "schema"))


def permission(call: Call, kind: Kind, uuid: str, username: str, word: str) -> Document:
    """Return a permission with links."""
    show, _, permission_of = _OPERATIONS[kind]
    address = call.link("meta", permission_of, uuid=uuid, username=username)
    if kind is ITEM:  # the server leaves the collection out of this address, and so leads nowhere
        collection = call.link("meta", "listMetadata")
        address = collection.rpartition("/")[0] + address.removeprefix(collection)
    return {
        "username": username,
        "permission": permissions.flags(word),
        "_links": {
            "self": {"href": address},
            "parent": _link(call, show, uuid=uuid),
            "profile": {"href": call.link("profiles", "listByUsername", username=username)},
        },
    }


def ordered(call: Call, kind: Kind, documents: list[Document]) -> list[Document]:
    """Return documents in the order that a listing asks for, the last updated first by default.

    Raises ApiError 400 for another field than those that can be sorted by.
    """
    fields = ("tenantId", *_FIELDS[kind])
    known = {name.lower(): name for name in fields if name != "associationIds"}
    wanted = str(call.args.get("orderBy") or "lastUpdated")
    if wanted.lower() not in known:
        words = ", ".join(known.values())
        raise ApiError(400, f"Invalid orderBy {wanted}: it must be one of {words}")
    direction = str(call.args.get("order") or "DESC")
    return order(documents, {}, known[wanted.lower()], direction)


def _association(call: Call, uuid: str) -> Document:
    found = resolve(call.tenant, uuid)
    if found is None:
        return {"rel": uuid, "href": None, "title": None}
    title, service, operation, arguments = found
    return {"rel": uuid, "href": call.link(service, operation, **arguments) or None, "title": title}


def _link(call: Call, operation: str, **arguments: str) -> dict[str, str]:
    return {"href": call.link("meta", operation, **arguments)}
