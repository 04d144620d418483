"""The tags service (agave-tags ``TagsCollectionImpl`` and its neighbours)."""

from __future__ import annotations

from typing import Any

from agavepy import loader
from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.uuids import look
from agavepy.sandbox.state import events, permissions, tags, tags_pems
from agavepy.sandbox.state.tags import Tag
from agavepy.sandbox.tenant import Tenant


@handler("tags", "list")
def list_tags(call: Call) -> Reply:
    """List the tags that the caller may see."""
    return Reply(call.select([_item(call, tag) for tag in tags.listing(call.tenant, call.user)]))


@handler("tags", "add")
def add(call: Call) -> Reply:
    """Create a tag: 201, as the newer source has it; older live tenants answered 200."""
    _check(call, tags.wanted(call.body))
    return Reply(_item(call, tags.add(call.tenant, call.user, call.body)), 201)


@handler("tags", "get")
def get(call: Call) -> Reply:
    """Show a tag."""
    return Reply(_item(call, _tag(call)))


@handler("tags", "update")
def update(call: Call) -> Reply:
    """Replace name and associations of a tag."""
    tag = tags.reach(call.tenant, call.user, call.args["tagId"], "WRITE")
    _check(call, tags.wanted(call.body), tag)
    return Reply(_item(call, tags.update(call.tenant, call.user, tag["id"], call.body)))


@handler("tags", "delete")
def delete(call: Call) -> Reply:
    """Remove a tag."""
    tags.delete(call.tenant, call.user, call.args["tagId"])
    return Reply.empty()


@handler("tags", "listAssociations")
def list_associations(call: Call) -> Reply:
    """List what a tag is about."""
    tag = _tag(call)
    return Reply([_association(call, tag, uuid) for uuid in call.page(tag["associationIds"])])


@handler("tags", "addAssociations")
def add_associations(call: Call) -> Reply:
    """Add resources to a tag and answer all that are in it."""
    if not isinstance(call.body, list):
        raise ApiError(400, "The body must be a JSON array of uuids")
    tag = _associate(call, tags.wanted({"associationIds": call.body}))
    return Reply([_association(call, tag, uuid) for uuid in tag["associationIds"]])


@handler("tags", "deleteAssociations")
def delete_associations(call: Call) -> Reply:
    """Take all resources out of a tag."""
    tags.dissociate(call.tenant, call.user, call.args["tagId"])
    return Reply.empty()


@handler("tags", "getAssociation")
def get_association(call: Call) -> Reply:
    """Show one resource of a tag."""
    tag = _tag(call)
    tags.require(tag, call.args["uuid"])
    return Reply(_association(call, tag, call.args["uuid"]))


@handler("tags", "addAssociation")
def add_association(call: Call) -> Reply:
    """Add one resource to a tag."""
    uuid = call.args["uuid"]
    tag = _associate(call, [uuid])
    return Reply(_association(call, tag, uuid))


@handler("tags", "deleteAssociation")
def delete_association(call: Call) -> Reply:
    """Take one resource out of a tag."""
    tags.dissociate(call.tenant, call.user, call.args["tagId"], call.args["uuid"])
    return Reply.empty()


@handler("tags", "listPermissions")
def list_permissions(call: Call) -> Reply:
    """List everybody's permissions, the owner's first."""
    tag = _tag(call)
    return Reply([_permission(call, tag, *pair) for pair in call.page(tags_pems.listing(tag))])


@handler("tags", "listPermissionsForUser")
def list_permissions_for_user(call: Call) -> Reply:
    """Show one user's permission."""
    tag, username = _tag(call), call.args["username"]
    return Reply(_permission(call, tag, username, tags_pems.get(call.tenant, tag, username)))


@handler("tags", "updatePermissions")
@handler("tags", "updatePermissionsForUser")
def update_permissions(call: Call) -> Reply:
    """Give or take a permission: 200 either way, unlike the other services."""
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body must be a JSON object with a username and a permission")
    named, given = call.args.get("username"), call.body.get("username")
    if named is not None and given not in (None, named):
        raise ApiError(400, f"The body names the user {given!r} and the address {named}")
    username = named or given
    tag, word = tags_pems.grant(
        call.tenant, call.user, call.args["tagId"], username, call.body.get("permission")
    )
    return Reply(_permission(call, tag, str(username), word))


@handler("tags", "deletePermissions")
def delete_permissions(call: Call) -> Reply:
    """Take everybody's permission but the owner's."""
    tags_pems.clear(call.tenant, call.user, call.args["tagId"])
    return Reply.empty()


@handler("tags", "deletePermissionsForUser")
def delete_permissions_for_user(call: Call) -> Reply:
    """Take one user's permission."""
    username = call.args["username"]
    tags_pems.grant(call.tenant, call.user, call.args["tagId"], username, "NONE")
    return Reply.empty()


@handler("tags", "getHistory")
def get_history(call: Call) -> Reply:
    """List what happened to a tag, oldest first."""
    tag = _tag(call)
    found = call.page(tags.history(call.tenant, tag))
    return Reply([_event(call, tag, item) for item in found])


@handler("tags", "getHistoryEvent")
def get_history_event(call: Call) -> Reply:
    """Show one event of a tag."""
    tag = _tag(call)
    return Reply(_event(call, tag, tags.event(call.tenant, tag, call.args["eventId"])))


def _tag(call: Call) -> Tag:
    return tags.reach(call.tenant, call.user, call.args["tagId"])


def _associate(call: Call, uuids: list[str]) -> Tag:
    tag = tags.reach(call.tenant, call.user, call.args["tagId"], "WRITE")
    _check(call, uuids, tag)
    return tags.associate(call.tenant, call.user, tag["id"], uuids)


def _check(call: Call, uuids: list[str], tag: Tag | None = None) -> None:
    """Raise ApiError 400 for a resource, not in the tag yet, that the caller is not shown."""
    for uuid in uuids:
        if tag is not None and uuid in tag["associationIds"]:
            continue
        try:
            look(call, uuid)
        except ApiError as error:
            text = f"No associated object found with uuid {uuid}: {error.message}"
            raise ApiError(400, text) from error


def _item(call: Call, tag: Tag) -> dict[str, Any]:
    own = {"tagId": tag["id"]}
    return {
        "id": tag["id"],
        "name": tag["name"],
        "associationIds": tag["associationIds"],
        "lastUpdated": dates.java(tag["lastUpdated"]),
        "created": dates.java(tag["created"]),
        "_links": hrefs(
            {
                "self": call.link("tags", "get", **own),
                "associations": call.link("tags", "listAssociations", **own),
                "history": call.link("tags", "getHistory", **own),
                "permissions": call.link("tags", "listPermissions", **own),
                "owner": _profile(call, tag["owner"]),
            }
        ),
    }


def _association(call: Call, tag: Tag, uuid: str) -> dict[str, Any]:
    """Return a resource of a tag; of one that is gone or hidden, neither type nor address."""
    try:
        found = look(call, uuid)
    except ApiError:
        kind = href = None
    else:
        kind, href = found.type, found.href
    own = call.link("tags", "getAssociation", tagId=tag["id"], uuid=uuid)
    tag_href = call.link("tags", "get", tagId=tag["id"])
    links = {"self": {"href": own}, "resource": {"href": href}, "tag": {"href": tag_href}}
    return {"uuid": uuid, "type": kind, "_links": links}


def _permission(call: Call, tag: Tag, username: str, word: str) -> dict[str, Any]:
    own = {"tagId": tag["id"], "username": username}
    return {
        "username": username,
        "permission": permissions.flags(word),
        "_links": hrefs(
            {
                "self": call.link("tags", "listPermissionsForUser", **own),
                "tag": call.link("tags", "get", tagId=tag["id"]),
                "profile": _profile(call, username),
            }
        ),
    }


def _event(call: Call, tag: Tag, event: dict[str, Any]) -> dict[str, Any]:
    own = {"tagId": tag["id"]}
    return {
        "id": event["id"],
        "status": event["status"],
        "createdBy": event["createdBy"],
        "description": event["description"],
        "created": dates.java(event["created"]),
        "_links": hrefs(
            {
                "self": call.link("tags", "getHistoryEvent", eventId=event["id"], **own),
                "tag": call.link("tags", "get", **own),
                "profile": _profile(call, event["createdBy"]),
            }
        ),
    }


def _profile(call: Call, username: str) -> str:
    return call.link("profiles", "listByUsername", username=username)


def _as_seen(tenant: Tenant, user: str, tag: Tag) -> dict[str, Any]:
    """Return a tag as ``user`` is answered it, outside of any request."""
    return _item(Call(tenant, loader.service_plan("tags")["get"], user=user), tag)


events.register(
    "048",
    events.Source(
        name="tag",
        find=tags.find,
        may=lambda tenant, user, tag: tags.may(tenant, user, tag, "READ"),
        link=lambda linker, tag: linker.link("tags", "get", tagId=tag["id"]),
        document=_as_seen,
    ),
)
