"""Permissions on apps on the wire (agave-apps ``SoftwarePermissionCollectionImpl``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services import apps_views as views
from agavepy.sandbox.state import apps_pems as pems


@handler("apps", "listPermissions")
def list_permissions(call: Call) -> Reply:
    """List the permissions on an app, the owner's first."""
    app_id = call.args["appId"]
    found = call.page(pems.listing(call.tenant, call.user, app_id))
    return Reply([views.permission(call, app_id, item) for item in found])


@handler("apps", "listPermissionsForUser")
def list_permissions_for_user(call: Call) -> Reply:
    """Answer the permission of one user."""
    app_id = call.args["appId"]
    item = pems.of(call.tenant, call.user, app_id, call.args["username"])
    return Reply(views.permission(call, app_id, item))


@handler("apps", "updateApplicationPermissions")
def update_application_permissions(call: Call) -> Reply:
    """Grant or revoke the permission of the user in the body."""
    body = _body(call)
    return _grant(call, body.get("username"), body.get("permission"))


@handler("apps", "updatePermissionsForUser")
def update_permissions_for_user(call: Call) -> Reply:
    """Grant or revoke the permission of the user in the path."""
    body = _body(call)
    username = call.args["username"]
    if body.get("username", username) != username:
        raise ApiError(
            400, f"The username of the body, {body['username']!r}, is not the address's: {username}"
        )
    return _grant(call, username, body.get("permission"))


@handler("apps", "deletePermissions")
def delete_permissions(call: Call) -> Reply:
    """Revoke every permission but the owner's."""
    pems.clear(call.tenant, call.user, call.args["appId"])
    return Reply.empty()


@handler("apps", "deletePermissionsForUser")
def delete_permissions_for_user(call: Call) -> Reply:
    """Revoke the permission of one user."""
    pems.grant(call.tenant, call.user, call.args["appId"], call.args["username"], "NONE")
    return Reply.empty()


def _body(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body must be a JSON object with a username and a permission")
    return call.body


def _grant(call: Call, username: Any, word: Any) -> Reply:
    app_id = call.args["appId"]
    item = pems.grant(call.tenant, call.user, app_id, username, word)
    status = 201 if any(item["permission"].values()) else 200
    return Reply(views.permission(call, app_id, item), status)
