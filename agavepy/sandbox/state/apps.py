"""The tenant's apps: who sees and changes which, and their registration.

An app is a dict with the fields that the service answers (``Software.java`` of agave-apps), except
that ``created`` and ``lastModified`` are epoch seconds. ``deleted`` marks one that is hidden but
whose id is kept, ``permissions`` maps users to permission words such as READ_EXECUTE.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import apps_assets, apps_history, systems, users
from agavepy.sandbox.state.apps_definition import App, app_id_of, normalise
from agavepy.sandbox.state.permissions import ALLOWS
from agavepy.sandbox.tenant import Tenant

KIND = apps_history.APP
#: agave-systems ``RoleType.canPublish``.
MAY_PUBLISH = frozenset({"PUBLISHER", "ADMIN", "OWNER"})


def find(tenant: Tenant, app_id: str) -> App | None:
    """Return an app, disabled ones (``available`` false) too; None when deleted or never there."""
    app = tenant.store.get(KIND, app_id)
    return None if app is None or app["deleted"] else app


def by_uuid(tenant: Tenant, uuid: str) -> App | None:
    """Return an app by uuid, a deleted one too; None when there is none."""
    return next(iter(tenant.store.all(KIND, uuid=uuid)), None)


def owns(tenant: Tenant, user: str, app: App) -> bool:
    """Return whether the app is the user's, as every app is a tenant administrator's."""
    return bool(app["owner"] == user) or users.is_admin(tenant, user)


def may(tenant: Tenant, user: str, app: App, need: str) -> bool:
    """Return whether ``user`` has the permission ``need`` (READ, WRITE or EXECUTE) on an app.

    Everybody may read and execute a public app; only its owner and administrators may change it.
    """
    if app["isPublic"]:
        return need != "WRITE" or owns(tenant, user, app)
    granted = app["permissions"].get(user, "NONE")
    return need in ALLOWS[granted] or owns(tenant, user, app)


def visible(tenant: Tenant, user: str, app_id: str, need: str = "READ") -> App:
    """Return an app on which ``user`` has the permission ``need``.

    Raises ApiError 404 for an unknown or deleted app, 403 without the permission.
    """
    app = find(tenant, app_id)
    if app is None:
        raise ApiError(404, f"No application found matching {app_id}")
    if not may(tenant, user, app, need):
        verb = {"READ": "view", "WRITE": "modify", "EXECUTE": "run"}[need]
        raise ApiError(
            403, f"Permission denied. You do not have permission to {verb} application {app_id}"
        )
    return app


def listing(tenant: Tenant, user: str) -> list[App]:
    """Return the apps that ``user`` may read, disabled ones too, in the order of registration."""
    found = tenant.store.all(KIND, deleted=False)
    return [app for app in found if may(tenant, user, app, "READ")]


def save(tenant: Tenant, app: App) -> None:
    """Write an app as modified now."""
    app["lastModified"] = tenant.clock.now()
    tenant.store.put(KIND, app["id"], app)


def create(tenant: Tenant, user: str, fields: dict[str, Any], **more: Any) -> App:
    """Write a new app of normalised ``fields`` and return it; ``more`` overrides what is new."""
    now = tenant.clock.now()
    app = {
        "id": app_id_of(fields["name"], fields["version"]),
        "uuid": tenant.ids.uuid("005"),
        **fields,
        "owner": user,
        "revision": 1,
        "isPublic": False,
        "created": now,
        "deleted": False,
        "permissions": {},
        **more,
    }
    save(tenant, app)
    return app


def execution_system(tenant: Tenant, user: str, system_id: str) -> dict[str, Any]:
    """Return a system on which ``user`` may have apps run.

    Raises ApiError 404 or 403 as ``systems.visible`` does, 400 for a storage system, and 403 when
    the user is not a publisher, administrator or owner of it.
    """
    system = systems.visible(tenant, user, system_id)
    if system["type"] != "EXECUTION":
        raise ApiError(400, f"executionSystem is not an execution system: {system_id}")
    if not users.is_admin(tenant, user) and systems.role(tenant, user, system) not in MAY_PUBLISH:
        raise ApiError(
            403,
            "Permission denied. The role of PUBLISHER, ADMIN or OWNER is needed to have apps on "
            f"system {system_id}",
        )
    return system


def deployment_system(tenant: Tenant, user: str, system_id: str | None) -> dict[str, Any]:
    """Return the named system, else the user's default storage system.

    Raises ApiError 400 when there is no default, 404 or 403 as ``systems.visible`` does.
    """
    if system_id:
        return systems.visible(tenant, user, system_id)
    system = systems.default(tenant, user, "STORAGE")
    if system is None:
        raise ApiError(
            400, "No deploymentSystem given, and no default storage system is set for the user"
        )
    return system


def accept(tenant: Tenant, user: str, definition: Any) -> dict[str, Any]:
    """Return the normalised fields of a definition that ``user`` may register.

    Raises ApiError 400 for a faulty definition, missing assets or an unknown queue; 403 and 404 as
    :func:`execution_system` and :func:`deployment_system` do.
    """
    fields = normalise(definition)
    execution = execution_system(tenant, user, fields["executionSystem"])
    if fields["defaultQueue"] and systems.queue(execution, fields["defaultQueue"]) is None:
        raise ApiError(
            400,
            f"defaultQueue is no queue of system {fields['executionSystem']}: "
            f"{fields['defaultQueue']}",
        )
    deployment = deployment_system(tenant, user, fields["deploymentSystem"])
    fields["deploymentSystem"] = deployment["id"]
    apps_assets.check(tenant, user, deployment, fields)
    return fields


def register(tenant: Tenant, user: str, definition: Any) -> App:
    """Register an app, or update the caller's own one of that id, and return it.

    Raises ApiError as :func:`accept` does, and 403 when the id is somebody else's.
    """
    fields = accept(tenant, user, definition)
    app_id = app_id_of(fields["name"], fields["version"])
    with tenant.store.transaction():
        existing = tenant.store.get(KIND, app_id)
        if existing is None:
            app = create(tenant, user, fields)
            apps_history.note(tenant, app_id, "CREATED", user)
            return app
        if not owns(tenant, user, existing):
            raise ApiError(
                403, f"Permission denied. Another user has an application with the id {app_id}"
            )
        return _replace(tenant, user, existing, fields)


def update(tenant: Tenant, user: str, app_id: str, definition: Any) -> App:
    """Replace the definition of an app and return it, its revision one higher.

    Raises ApiError as :func:`visible` (WRITE) and :func:`accept` do, and 400 when the definition
    has another name or version, of which the id consists.
    """
    app = visible(tenant, user, app_id, "WRITE")
    fields = accept(tenant, user, definition)
    if (fields["name"], fields["version"]) != (app["name"], app["version"]):
        raise ApiError(
            400,
            f"name and version must be {app['name']} and {app['version']}, or the application be "
            f"registered or cloned anew: {app_id}",
        )
    with tenant.store.transaction():
        return _replace(tenant, user, visible(tenant, user, app_id, "WRITE"), fields)


def _replace(tenant: Tenant, user: str, app: App, fields: dict[str, Any]) -> App:
    app.update(fields, revision=app["revision"] + 1, deleted=False)
    save(tenant, app)
    apps_history.note(tenant, app["id"], "UPDATED", user)
    return app


def delete(tenant: Tenant, user: str, app_id: str) -> None:
    """Hide an app; its owner brings it back by registering or enabling it.

    Raises ApiError 404 for an unknown app and 401 for who is neither owner nor administrator.
    """
    with tenant.store.transaction():
        app = find(tenant, app_id)
        if app is None:
            raise ApiError(404, f"No application found matching {app_id}")
        if not owns(tenant, user, app):
            raise ApiError(401, f"User does not have permission to delete application {app_id}")
        app["deleted"] = True
        save(tenant, app)
        apps_history.note(tenant, app_id, "DELETED", user)


def set_available(tenant: Tenant, user: str, app_id: str, available: bool) -> App:
    """Enable an app (a deleted one of the caller's own too) or disable it, and return it.

    Raises ApiError as :func:`visible` (WRITE) does.
    """
    with tenant.store.transaction():
        hidden = tenant.store.get(KIND, app_id)
        if available and hidden is not None and hidden["deleted"] and owns(tenant, user, hidden):
            app = hidden
        else:
            app = visible(tenant, user, app_id, "WRITE")
        app.update(available=available, deleted=False)
        save(tenant, app)
        apps_history.note(tenant, app_id, "RESTORED" if available else "DISABLED", user)
        return app


def erase(tenant: Tenant, user: str, app_id: str) -> None:
    """Remove an app and its history for good, so that the id is free again.

    Raises ApiError 403 for who does not administer the tenant, 404 for an unknown app.
    """
    if not users.is_admin(tenant, user):
        raise ApiError(
            403, f"Permission denied. Only a tenant administrator may erase application {app_id}"
        )
    with tenant.store.transaction():
        if not tenant.store.delete(KIND, app_id):
            raise ApiError(404, f"No application found matching {app_id}")
        apps_history.forget(tenant, app_id)


def seed_demo(tenant: Tenant, names: list[str]) -> None:
    """Make the public app ``wc-1.0``, owned by a tenant administrator, with its files."""
    from agavepy.sandbox.state.apps_demo import seed

    seed(tenant, names)
