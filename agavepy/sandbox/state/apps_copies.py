"""Copies of apps: published for everybody, cloned for oneself (agave-apps)."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import apps, apps_assets, apps_history, systems, users
from agavepy.sandbox.state.apps_definition import App, app_id_of, check_name, check_version
from agavepy.sandbox.tenant import Tenant

_PUBLISHED = re.compile(r"u(\d+)")
#: What a copy has of its own.
_OWN = ("id", "uuid", "owner", "revision", "isPublic", "created", "lastModified", "permissions")


def publish(tenant: Tenant, user: str, app_id: str, wish: Mapping[str, Any]) -> App:
    """Make a public copy of an app and its files and return it.

    ``wish`` may have ``name``, ``version`` and ``executionSystem`` of the copy. The id ends in
    ``u`` and the number of the publication, which is the copy's revision. Raises ApiError as
    ``apps.visible`` (WRITE) and ``apps.execution_system`` do, 400 for an app that is public, 403
    when somebody else has published that name and version.
    """
    app = apps.visible(tenant, user, app_id, "WRITE")
    if app["isPublic"]:
        raise ApiError(400, f"Application is public already: {app_id}")
    execution = _execution(tenant, user, app, wish)
    source = _files_of(tenant, app)
    target = _public_storage(tenant, user, source)
    name, version = _identity(app, wish)
    base = app_id_of(name, version)
    with tenant.lock(f"app {base}"):
        earlier = _publications(tenant, user, name, version)
        number = max(earlier, default=0) + 1
        public_id = f"{base}u{number}"
        fields = {
            **_definition(app, name, version, execution),
            "deploymentSystem": target["id"],
            "deploymentPath": apps_assets.publish(tenant, app, source, target, public_id),
        }
        with tenant.store.transaction():
            public = apps.create(tenant, user, fields, id=public_id, revision=number, isPublic=True)
            apps_history.note(tenant, public_id, "CREATED", user, f"Published from {app_id}")
            event = "REPUBLISHED" if earlier else "PUBLISHED"
            apps_history.note(tenant, app_id, event, user, f"App was published as {public_id}")
    return public


def clone(tenant: Tenant, user: str, app_id: str, wish: Mapping[str, Any]) -> App:
    """Make a private copy of an app and its files that ``user`` owns and return it.

    ``wish`` may have ``name``, ``version`` and ``executionSystem`` of the copy, and
    ``deploymentSystem`` (the user's default storage if left out) and ``deploymentPath``
    (``<user>/apps/<id>`` below the home directory) for its files. Raises ApiError as
    ``apps.visible``, ``apps.execution_system``, ``apps.deployment_system`` and
    ``apps_assets.clone`` do, and 400 when the id is taken.
    """
    app = apps.visible(tenant, user, app_id)
    execution = _execution(tenant, user, app, wish)
    target = apps.deployment_system(
        tenant, user, _text(wish, "deploymentSystem") or _text(wish, "storageSystem")
    )
    name, version = _identity(app, wish)
    clone_id = app_id_of(name, version)
    path = _text(wish, "deploymentPath") or f"{user}/apps/{clone_id}"
    with tenant.lock(f"app {clone_id}"):
        _check_free(tenant, clone_id)
        apps_assets.clone(tenant, user, app, _files_of(tenant, app), target, path)
        fields = {
            **_definition(app, name, version, execution),
            "deploymentSystem": target["id"],
            "deploymentPath": path,
            "available": True,
        }
        with tenant.store.transaction():
            _check_free(tenant, clone_id)
            cloned = apps.create(tenant, user, fields)
            apps_history.note(tenant, clone_id, "CREATED", user, f"Cloned from {app_id}")
            apps_history.note(tenant, app_id, "CLONED", user, f"App was cloned as {clone_id}")
    return cloned


def _text(wish: Mapping[str, Any], name: str) -> str | None:
    value = wish.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError(400, f"Invalid value for {name}. It must be text, not {value!r}")
    return value or None


def _identity(app: App, wish: Mapping[str, Any]) -> tuple[str, str]:
    name, version = _text(wish, "name"), _text(wish, "version")
    return check_name(name or app["name"]), check_version(version or app["version"])


def _execution(tenant: Tenant, user: str, app: App, wish: Mapping[str, Any]) -> str:
    wanted = _text(wish, "executionSystem") or app["executionSystem"]
    system = apps.execution_system(tenant, user, wanted)
    return str(system["id"])


def _definition(app: App, name: str, version: str, execution: str) -> App:
    fields = {key: copy.deepcopy(value) for key, value in app.items() if key not in _OWN}
    if execution != app["executionSystem"]:
        fields["defaultQueue"] = None  # queues belong to a system
    return {**fields, "name": name, "version": version, "executionSystem": execution}


def _check_free(tenant: Tenant, app_id: str) -> None:
    if tenant.store.get(apps.KIND, app_id) is not None:
        raise ApiError(
            400, f"An application with this name and version exists, choose others: {app_id}"
        )


def _files_of(tenant: Tenant, app: App) -> dict[str, Any]:
    system = systems.find(tenant, app["deploymentSystem"])
    if system is None:
        raise ApiError(
            400, f"The deploymentSystem of the application is gone: {app['deploymentSystem']}"
        )
    return system


def _public_storage(tenant: Tenant, user: str, source: dict[str, Any]) -> dict[str, Any]:
    """Return the system for public copies: the app's own if public, else the global default."""
    if source["public"]:
        return source
    public = [
        system
        for system in systems.listing(tenant, user)
        if system["public"] and system["type"] == "STORAGE"
    ]
    if not public:
        raise ApiError(
            400, "There is no public storage system for the files of a public application"
        )
    chosen = [system for system in public if systems.is_global_default(tenant, system)]
    return (chosen or public)[0]


def _publications(tenant: Tenant, user: str, name: str, version: str) -> list[int]:
    """Return the numbers under which a name and version have been published.

    Raises ApiError 403 when somebody else has done so.
    """
    numbers = []
    for app in tenant.store.all(apps.KIND, name=name, version=version, isPublic=True):
        if app["owner"] != user and not users.is_admin(tenant, user):
            raise ApiError(
                403, f"Permission denied. Another user published an application {app['id']}"
            )
        match = _PUBLISHED.fullmatch(app["id"].removeprefix(app_id_of(name, version)))
        numbers.append(int(match[1]) if match else 0)
    return numbers
