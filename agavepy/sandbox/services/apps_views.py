"""Apps, their permissions and events as answers have them, with links."""

from __future__ import annotations

from typing import Any

from agavepy import loader
from agavepy.sandbox import dates
from agavepy.sandbox.call import Call
from agavepy.sandbox.links import hrefs
from agavepy.sandbox.state import apps, events, files
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

_SUMMARY = (
    "id", "name", "version", "revision", "executionSystem", "shortDescription", "isPublic", "label",
    "lastModified",
)  # fmt: skip
#: What the tenant keeps of an app and does not tell.
_KEPT = ("created", "deleted", "permissions")


def body(app: Document) -> Document:
    """Return a whole app without its links."""
    told = {name: value for name, value in app.items() if name not in _KEPT}
    return {**told, "lastModified": dates.java(app["lastModified"])}


def whole(call: Call, told: Document) -> Document:
    """Return what :func:`body` returned, with links."""
    this = {"appId": told["id"]}
    links = {
        "self": call.link("apps", "get", **this),
        "executionSystem": call.link("systems", "get", systemId=told["executionSystem"]),
        "storageSystem": call.link("systems", "get", systemId=told["deploymentSystem"]),
        "history": call.link("apps", "getHistory", **this),
        "metadata": files.metadata_link(call, told["uuid"]),
        "owner": call.link("profiles", "listByUsername", username=told["owner"]),
        "permissions": call.link("apps", "listPermissions", **this),
    }
    return {**told, "_links": hrefs(links)}


def _as_seen(tenant: Tenant, user: str, app: Document) -> Document:
    """Return an app as ``user`` is answered it, outside of any request."""
    return whole(Call(tenant, loader.service_plan("apps")["get"], user=user), body(app))


events.register(
    "005",
    events.Source(
        name="app",
        find=apps.by_uuid,
        may=lambda tenant, user, app: apps.may(tenant, user, app, "READ"),
        link=lambda linker, app: linker.link("apps", "get", appId=app["id"]),
        document=_as_seen,
    ),
)


def summary(call: Call, told: Document) -> Document:
    """Return the summary of what :func:`body` returned."""
    links = {"self": call.link("apps", "get", appId=told["id"])}
    return {**{name: told[name] for name in _SUMMARY}, "_links": hrefs(links)}


def permission(call: Call, app_id: str, item: Document) -> Document:
    """Return a permission on an app with links."""
    username = item["username"]
    links = {
        "self": call.link("apps", "listPermissionsForUser", appId=app_id, username=username),
        "app": call.link("apps", "get", appId=app_id),
        "profile": call.link("profiles", "listByUsername", username=username),
    }
    return {**item, "_links": hrefs(links)}


def event(call: Call, item: Document) -> Document:
    """Return an event of an app with links."""
    app_id = item["app"]
    links = {
        "self": call.link("apps", "getHistoryEvent", appId=app_id, uuid=item["id"]),
        "app": call.link("apps", "get", appId=app_id),
        "profile": call.link("profiles", "listByUsername", username=item["createdBy"]),
    }
    told = {name: item[name] for name in ("id", "status", "description", "createdBy")}
    return {**told, "created": dates.java(item["created"]), "_links": hrefs(links)}
