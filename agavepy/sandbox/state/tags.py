"""Tags: names for groups of resources, who may see and change them, and their history.

A tag is kept as a document ``{id, name, owner, associationIds, permissions, created,
lastUpdated}``, times in epoch seconds; ``permissions`` maps users to words. Rules are those of
agave-tags' TagManager and TagPermissionManager; words of history those of its TagEventType.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import events, users
from agavepy.sandbox.state.permissions import ALLOWS
from agavepy.sandbox.tenant import Tenant

Tag = dict[str, Any]

KIND = "tag"
EVENT = "tag_event"
_LONGEST = 256


def may(tenant: Tenant, user: str, tag: Tag, need: str) -> bool:
    """Return whether ``user`` has the permission ``need`` (READ or WRITE) on a tag."""
    return _granted(user, tag, need) or users.is_admin(tenant, user)


def _granted(user: str, tag: Tag, need: str) -> bool:
    return tag["owner"] == user or need in ALLOWS[tag["permissions"].get(user, "NONE")]


def listing(tenant: Tenant, user: str) -> list[Tag]:
    """Return the tags that ``user`` owns or may read, oldest first."""
    found = tenant.store.all(KIND)
    if users.is_admin(tenant, user):
        return found
    return [tag for tag in found if _granted(user, tag, "READ")]


def find(tenant: Tenant, uuid: str) -> Tag | None:
    """Return a tag by its id, None when there is none. Checks no permission."""
    return tenant.store.get(KIND, uuid)


def reach(tenant: Tenant, user: str, tag_id: str, need: str = "READ") -> Tag:
    """Return the tag of an id or a name on which ``user`` has the permission ``need``.

    Of several tags of a name, the user's own is meant, else the oldest that the user may read.
    Raises ApiError 404 for an unknown one, 403 without the permission.
    """
    tag = find(tenant, tag_id)
    if tag is None:
        named = tenant.store.all(KIND, name=tag_id)
        named.sort(key=lambda item: (item["owner"] != user, not may(tenant, user, item, "READ")))
        tag = named[0] if named else None
    if tag is None:
        raise ApiError(404, f"No tag found matching {tag_id}")
    if not may(tenant, user, tag, need):
        doing = {"READ": "view", "WRITE": "modify"}[need]
        raise ApiError(
            403, f"Permission denied. You do not have permission to {doing} tag {tag_id}"
        )
    return tag


def add(tenant: Tenant, user: str, body: Any) -> Tag:
    """Keep a new tag of ``user`` and return it.

    Raises ApiError 400 for a name that is missing or that the user has given already. That the
    associations name something is for the caller to check, as who sees them decides.
    """
    fields = _fields(body)
    now = tenant.clock.now()
    with tenant.store.transaction():
        tag: Tag = {
            "id": tenant.ids.uuid("048"),
            "name": _name(tenant, user, fields),
            "owner": user,
            "associationIds": wanted(fields),
            "permissions": {},
            "created": now,
            "lastUpdated": now,
        }
        tenant.store.put(KIND, tag["id"], tag)
        note(tenant, tag, "CREATED", user, f"Tag was created by {user}")
        _tell(tenant, tag, user, [], tag["associationIds"])
    return tag


def update(tenant: Tenant, user: str, tag_id: str, body: Any) -> Tag:
    """Replace name and associations of a tag; without the latter, they stay. Return the tag.

    Raises ApiError as :func:`reach` (WRITE) and :func:`add` do.
    """
    fields = _fields(body)
    with tenant.store.transaction():
        tag = reach(tenant, user, tag_id, "WRITE")
        tag["name"] = _name(tenant, tag["owner"], fields, tag)
        before = tag["associationIds"]
        if fields.get("associationIds") is not None:
            tag["associationIds"] = wanted(fields)
        save(tenant, tag)
        note(tenant, tag, "UPDATED", user, f"Tag was updated by {user}")
        _tell(tenant, tag, user, before, tag["associationIds"])
    return tag


def delete(tenant: Tenant, user: str, tag_id: str) -> None:
    """Remove a tag and its history. Raises ApiError as :func:`reach` (WRITE) does."""
    with tenant.store.transaction():
        tag = reach(tenant, user, tag_id, "WRITE")
        note(tenant, tag, "DELETED", user, f"Tag was deleted by {user}")
        for event in history(tenant, tag):
            tenant.store.delete(EVENT, event["id"])
        tenant.store.delete(KIND, tag["id"])


def associate(tenant: Tenant, user: str, tag_id: str, uuids: list[str]) -> Tag:
    """Add resources to a tag, which may be in it already; return the tag.

    Raises ApiError as :func:`reach` (WRITE) does.
    """
    with tenant.store.transaction():
        tag = reach(tenant, user, tag_id, "WRITE")
        before = tag["associationIds"]
        tag["associationIds"] = list(dict.fromkeys([*before, *uuids]))
        save(tenant, tag)
        _tell(tenant, tag, user, before, tag["associationIds"])
    return tag


def dissociate(tenant: Tenant, user: str, tag_id: str, uuid: str | None = None) -> None:
    """Take a resource, without ``uuid`` all, out of a tag.

    Raises ApiError as :func:`reach` (WRITE) does, and 404 for one that is not in it.
    """
    with tenant.store.transaction():
        tag = reach(tenant, user, tag_id, "WRITE")
        if uuid is not None:
            require(tag, uuid)
        before = tag["associationIds"]
        tag["associationIds"] = [item for item in before if uuid not in (None, item)]
        save(tenant, tag)
        _tell(tenant, tag, user, before, tag["associationIds"])


def require(tag: Tag, uuid: str) -> None:
    """Raise ApiError 404 when a resource is not in a tag."""
    if uuid not in tag["associationIds"]:
        raise ApiError(404, f"No association of tag {tag['id']} found for {uuid}")


def wanted(body: Any) -> list[str]:
    """Return the associations that a body asks for, each once; ApiError 400 when they are none.

    Forms bring them as one text, separated by commas.
    """
    uuids = body.get("associationIds") if isinstance(body, dict) else None
    if uuids is None:
        return []
    if isinstance(uuids, str):
        uuids = [part.strip() for part in uuids.split(",") if part.strip()]
    if not isinstance(uuids, list) or not all(isinstance(uuid, str) for uuid in uuids):
        raise ApiError(400, f"Associations must be an array of uuids, not {uuids!r:.200}")
    return list(dict.fromkeys(uuids))


def save(tenant: Tenant, tag: Tag) -> None:
    """Write a tag as updated now."""
    tag["lastUpdated"] = tenant.clock.now()
    tenant.store.put(KIND, tag["id"], tag)


def note(tenant: Tenant, tag: Tag, status: str, user: str, description: str) -> None:
    """Add an event to the history of a tag and publish it."""
    of = {"tag": tag["id"]}
    with tenant.store.transaction():
        events.record(tenant, EVENT, "049", of, status, user, description)
        events.publish(tenant, tag["id"], status, owner=tag["owner"])


def history(tenant: Tenant, tag: Tag) -> list[dict[str, Any]]:
    """Return the events of a tag, oldest first; ``created`` is in epoch seconds."""
    return tenant.store.all(EVENT, tag=tag["id"])


def event(tenant: Tenant, tag: Tag, event_id: str) -> dict[str, Any]:
    """Return one event of a tag. Raises ApiError 404 when it has none of that id."""
    found = tenant.store.get(EVENT, event_id)
    if found is None or found["tag"] != tag["id"]:
        raise ApiError(404, f"No event of tag {tag['id']} found with id {event_id}")
    return found


def _tell(tenant: Tenant, tag: Tag, user: str, before: list[str], after: list[str]) -> None:
    """Note what came into a tag and what left it."""
    for uuid in after:
        if uuid not in before:
            note(tenant, tag, "RESOURCE_ADDED", user, f"{uuid} was added to the tag")
    for uuid in before:
        if uuid not in after:
            note(tenant, tag, "RESOURCE_REMOVED", user, f"{uuid} was removed from the tag")


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object with a name and associationIds")
    return body


def _name(tenant: Tenant, owner: str, fields: dict[str, Any], tag: Tag | None = None) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, f"No name specified for the tag: {name!r}")
    if len(name) > _LONGEST:
        raise ApiError(400, f"The name of a tag has {_LONGEST} characters at the most: {name!r}")
    for other in tenant.store.all(KIND, name=name, owner=owner):
        if tag is None or other["id"] != tag["id"]:
            raise ApiError(400, f"A tag with this name already exists: {name}")
    return name
