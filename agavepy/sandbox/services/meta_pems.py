"""Permissions on metadata items and schemas on the wire (agave-metadata MetadataShareResource)."""

from __future__ import annotations

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import meta_views as views
from agavepy.sandbox.state import meta_pems as pems
from agavepy.sandbox.state.meta_access import ITEM, SCHEMA, Kind


@handler("meta", "listMetadataPermissions")
@handler("meta", "listSchemaPermissions")
def list_permissions(call: Call) -> Reply:
    """List permissions, the owner's first."""
    kind, uuid = _kind(call), call.args["uuid"]
    found = call.page(pems.listing(call.tenant, call.user, kind, uuid))
    return Reply([views.permission(call, kind, uuid, *pair) for pair in found])


@handler("meta", "listMetadataPermissionsForUser")
@handler("meta", "listSchemaPermissionsForUser")
def list_permissions_for_user(call: Call) -> Reply:
    """Answer the permission of one user."""
    kind, uuid, username = _kind(call), call.args["uuid"], call.args["username"]
    word = pems.of(call.tenant, call.user, kind, uuid, username)
    return Reply(views.permission(call, kind, uuid, username, word))


@handler("meta", "updateMetadataPermissions")
@handler("meta", "updateMetadataPermissionsForUser")
@handler("meta", "updateSchemaPermissions")
@handler("meta", "updateSchemaPermissionsForUser")
def update_permissions(call: Call) -> Reply:
    """Give or take a permission of the user in the body, or in the path."""
    body = views.body(call)
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object with a username and a permission")
    kind, uuid = _kind(call), call.args["uuid"]
    named = call.args.get("username")
    username = body.get("username") or named
    if named is not None and username != named:
        raise ApiError(
            400, f"The username of the body, {username!r}, is not the address's: {named}"
        )
    word = pems.grant(call.tenant, call.user, kind, uuid, username, body.get("permission"))
    status = 200 if word == "NONE" else 201
    return Reply(views.permission(call, kind, uuid, str(username), word), status)


@handler("meta", "deleteMetadataPermission")
@handler("meta", "deleteSchemaPermissions")
def delete_permissions(call: Call) -> Reply:
    """Take away every permission but the owner's."""
    pems.clear(call.tenant, call.user, _kind(call), call.args["uuid"])
    return Reply.empty()


@handler("meta", "deleteMetadataPermissionsForUser")
@handler("meta", "deleteSchemaPermissionsForUser")
def delete_permissions_for_user(call: Call) -> Reply:
    """Take away the permission of one user."""
    uuid, username = call.args["uuid"], call.args["username"]
    pems.grant(call.tenant, call.user, _kind(call), uuid, username, "NONE")
    return Reply.empty()


def _kind(call: Call) -> Kind:
    """Return what the operation is about: its name says so."""
    return SCHEMA if "Schema" in call.plan.name else ITEM
