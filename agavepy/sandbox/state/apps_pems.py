"""Permissions on private apps (agave-apps ``SoftwarePermissionManager``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import apps, apps_history, permissions
from agavepy.sandbox.state.apps_definition import App
from agavepy.sandbox.tenant import Tenant

Permission = dict[str, Any]


def listing(tenant: Tenant, user: str, app_id: str) -> list[Permission]:
    """Return the permissions on an app, the owner's first.

    Raises ApiError as ``apps.visible`` does, and 501 for a public app.
    """
    app = _private(tenant, user, app_id, "READ")
    return [_permission(app, name) for name in (app["owner"], *app["permissions"])]


def of(tenant: Tenant, user: str, app_id: str, username: str) -> Permission:
    """Return what ``username`` may do with an app, all false without a permission.

    Raises ApiError as :func:`listing` does.
    """
    return _permission(_private(tenant, user, app_id, "READ"), username)


def grant(tenant: Tenant, user: str, app_id: str, username: Any, word: Any) -> Permission:
    """Give ``username`` the permission ``word`` in place of an earlier one; NONE takes it away.

    Raises ApiError as ``apps.visible`` (WRITE) does, 501 for a public app, 400 without a user
    name, for an unknown word and for the owner.
    """
    if not username or not isinstance(username, str):
        raise ApiError(400, "No username specified")
    level = word.upper() if isinstance(word, str) else ""
    if level not in permissions.ALLOWS:
        raise ApiError(
            400,
            f"Invalid permission. It must be one of {', '.join(permissions.ALLOWS)}, not {word!r}",
        )
    with tenant.store.transaction():
        app = _private(tenant, user, app_id, "WRITE")
        if username == app["owner"]:
            raise ApiError(400, f"The permission of the owner cannot be changed: {username}")
        app["permissions"].pop(username, None)
        if level != "NONE":
            app["permissions"][username] = level
        tenant.store.put(apps.KIND, app_id, app)
        if level == "NONE":
            event, text = "PERMISSION_REVOKE", f"The permission of {username} was revoked"
        else:
            event, text = "PERMISSION_GRANT", f"{level} was granted to {username}"
        apps_history.note(tenant, app_id, event, user, text)
        return _permission(app, username)


def clear(tenant: Tenant, user: str, app_id: str) -> None:
    """Take away every permission but the owner's. Raises ApiError as :func:`grant` does."""
    with tenant.store.transaction():
        app = _private(tenant, user, app_id, "WRITE")
        app["permissions"].clear()
        tenant.store.put(apps.KIND, app_id, app)
        text = "The permissions of everybody but the owner were revoked"
        apps_history.note(tenant, app_id, "PERMISSION_REVOKE", user, text)


def _private(tenant: Tenant, user: str, app_id: str, need: str) -> App:
    app = apps.find(tenant, app_id)
    if app is not None and app["isPublic"]:
        raise ApiError(501, f"Permissions are not supported on public applications: {app_id}")
    return apps.visible(tenant, user, app_id, need)


def _permission(app: App, username: str) -> Permission:
    word = "ALL" if username == app["owner"] else app["permissions"].get(username, "NONE")
    return {
        "username": username,
        "permission": permissions.flags(word, "READ", "WRITE", "EXECUTE"),
    }
