"""Sharing of files and directories (agave-files FilePermissionResource)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.files import Place, body_fields, flag, place, require
from agavepy.sandbox.state import files, files_access, systems_credentials
from agavepy.sandbox.state.files_access import Rights


@handler("files", "listPermissions")
@handler("files", "listPermissionsOnDefaultSystem")
@handler("files", "listHomePermissions")
@handler("files", "listHomePermissionsOnDefaultSystem")
def list_permissions(call: Call) -> Reply:
    """Answer who may do what with a path, its owner first."""
    at = place(call)
    require(call, at, "READ")
    systems_credentials.need(at.system, "storage")
    owner = files_access.owner(call.tenant, at.system, at.logical)
    found = [(owner, Rights.ALL, True)]
    found += [
        (grant["username"], Rights[grant["permission"]], grant["recursive"])
        for grant in files_access.grants(call.tenant, at.system, at.logical)
        if grant["username"] != owner
    ]
    username = call.args.get("username", call.args.get("username.eq"))
    if username is not None:
        found = [item for item in found if item[0] == username]
    if "permission" in call.args:
        wanted = Rights.of(call.args["permission"])
        found = [item for item in found if item[1] is wanted]
    return Reply(call.page([_item(call, at, *item) for item in found]))


@handler("files", "updatePermissions")
@handler("files", "updatePermissionsOnDefaultSystem")
def update_permissions(call: Call) -> Reply:
    """Let a user do exactly what ``permission`` says with a path; NONE takes it all away."""
    at = place(call)
    _require_owner(call, at)
    fields = body_fields(call)
    username = fields.get("username")
    if not username:
        raise ApiError(400, "No username specified")
    if not fields.get("permission"):
        raise ApiError(400, "No permission specified: give one of " + ", ".join(Rights.__members__))
    wanted = Rights.of(str(fields["permission"]))
    recursive = flag(fields.get("recursive"), "recursive")
    if username == files_access.owner(call.tenant, at.system, at.logical):
        raise ApiError(400, f"The permissions of the owner, {username}, cannot be changed")
    with call.tenant.store.transaction():
        files_access.grant(call.tenant, at.system, at.logical, str(username), wanted, recursive)
        word = "PERMISSION_GRANT" if wanted else "PERMISSION_REVOKE"
        text = f"{username} now has {wanted.word}"
        files.note(call.tenant, at.system, at.logical, word, call.user, text)
    item = _item(call, at, str(username), wanted, recursive)
    return Reply([item], 201 if wanted else 200)


@handler("files", "deletePermissions")
@handler("files", "deletePermissionsOnDefaultSystem")
def delete_permissions(call: Call) -> Reply:
    """Take every right on a path away from everybody but its owner."""
    at = place(call)
    _require_owner(call, at)
    with call.tenant.store.transaction():
        files_access.forget(call.tenant, at.system, at.logical)
        files.note(
            call.tenant, at.system, at.logical, "PERMISSION_REVOKE", call.user, "Grants removed"
        )
    return Reply.empty()


def _require_owner(call: Call, at: Place) -> None:
    """Sharing on is for the owner and for those who were given everything."""
    require(call, at, "ALL")


def _item(call: Call, at: Place, username: str, granted: Rights, recursive: bool) -> dict[str, Any]:
    address = files.address(at.system, at.logical)
    return {
        "username": username,
        "internalUsername": None,
        "permission": {
            "read": Rights.READ in granted,
            "write": Rights.WRITE in granted,
            "execute": Rights.EXECUTE in granted,
        },
        "recursive": recursive,
        "_links": {
            "self": {
                "href": call.link(
                    "files", "listPermissions", **address, **{"username.eq": username}
                )
            },
            "file": {"href": call.link("files", "download", **address)},
            "profile": {"href": call.link("profiles", "listByUsername", username=username)},
        },
    }
