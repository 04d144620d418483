"""What happened to each app, oldest first (agave-apps ``SoftwareEventType``)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state.events import publish, record
from agavepy.sandbox.tenant import Tenant

APP = "app"
_KIND = "app_event"

DESCRIPTIONS = {
    "CREATED": "App was registered",
    "UPDATED": "App was updated",
    "CLONED": "App was cloned",
    "DELETED": "App was deleted",
    "RESTORED": "App was restored",
    "DISABLED": "App was disabled",
    "PUBLISHED": "App was published",
    "REPUBLISHED": "App was published again",
    "PERMISSION_GRANT": "Permission was granted",
    "PERMISSION_REVOKE": "Permission was revoked",
}


def note(tenant: Tenant, app_id: str, status: str, user: str, description: str = "") -> None:
    """Record and publish what ``user`` did to an app; ``status`` is a key of DESCRIPTIONS."""
    text, of = description or DESCRIPTIONS[status], {"app": app_id}
    with tenant.store.transaction():
        record(tenant, _KIND, "026", of, status, user, text)
        app = tenant.store.get(APP, app_id)
        if app is not None:
            publish(tenant, app["uuid"], status, owner=app["owner"])


def events(tenant: Tenant, app_id: str) -> list[dict[str, Any]]:
    """Return the events of an app, oldest first; ``created`` is in epoch seconds."""
    return tenant.store.all(_KIND, app=app_id)


def event(tenant: Tenant, app_id: str, uuid: str) -> dict[str, Any]:
    """Return one event of an app. Raises ApiError 404 when the app has no event of that uuid."""
    found = tenant.store.get(_KIND, uuid)
    if found is None or found["app"] != app_id:
        raise ApiError(404, f"No history event of application {app_id} found with id {uuid}")
    return found


def forget(tenant: Tenant, app_id: str) -> None:
    """Remove every event of an app."""
    for item in events(tenant, app_id):
        tenant.store.delete(_KIND, item["id"])
