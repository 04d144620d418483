"""The uuids service (agave-uuids ``UuidCollection``, ``UuidResource``): what a uuid names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agavepy.sandbox import inside
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.gateway import Identity
from agavepy.sandbox.ids import KINDS
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import clients
from agavepy.sandbox.state.resolve import resolve

_CODES = {word: code for code, word in KINDS.items()}


@dataclass(frozen=True)
class Found:
    """What a uuid names: kind of resource, address, and the resource as its service shows it."""

    type: str
    href: str
    resource: Any


@handler("uuids", "list")
@handler("uuids", "listUuid")
def list_uuids(call: Call) -> Reply:
    """Resolve several uuids; what cannot be resolved is told in its place."""
    call.tenant.jobs.offer(call.plan, "uuids.get for each of them")
    items = []
    for uuid in call.args["uuids"]:
        try:
            items.append(_item(call, uuid))
        except ApiError as error:
            items.append({"status": "error", "message": error.message})
    return Reply(items)


@handler("uuids", "get")
@handler("uuids", "getUuid")
def get(call: Call) -> Reply:
    """Resolve one uuid."""
    return Reply(_item(call, call.args["uuid"]))


@handler("uuids", "create")
@handler("uuids", "createUuid")
def create(call: Call) -> Reply:
    """Make a new uuid of a type."""
    call.tenant.jobs.offer(call.plan, "the uuid of what you make")
    kind = call.body.get("type") if isinstance(call.body, dict) else None
    if not isinstance(kind, str) or not kind:
        raise ApiError(400, f"No type specified: give one of {', '.join(_CODES)}")
    code = _CODES.get(kind.lower())
    if code is None:
        raise ApiError(400, f"Unknown type {kind!r}: give one of {', '.join(_CODES)}")
    return Reply({"uuid": call.tenant.ids.uuid(code), "type": kind.lower()})


def look(call: Call, uuid: str) -> Found:
    """Return what a uuid names, as the caller is shown it.

    The resource is asked for in the caller's name, so that nobody learns of what they may not see.
    Raises ApiError 404 for a uuid that names nothing, and as the resource's service refuses.
    """
    found = resolve(call.tenant, uuid)
    if found is None:
        raise ApiError(404, f"No resource found matching {uuid}")
    kind, service, operation, arguments = found
    href = call.link(service, operation, **arguments)
    if kind == "clients":  # shown for a password only, which is not ours to ask for
        owner = next(item["owner"] for item in call.tenant.store.all("client", uuid=uuid))
        if owner != call.user and not call.is_admin:
            raise ApiError(403, f"Permission denied. You do not have permission to view {uuid}")
        return Found(kind, href, _client(call, owner, arguments["clientName"]))
    asked = href
    if kind == "file":  # its own address holds its bytes, its listing begins with its entry
        asked = call.link("files", "list", **arguments, limit=1)
    acting = Identity(call.user, call.roles, call.client_name)
    answer = inside.request(call.tenant, acting, "GET", asked, remote_addr=call.remote_addr)
    document = answer.document()
    if answer.status >= 400 or not isinstance(document, dict):
        text = document.get("message") if isinstance(document, dict) else None
        raise ApiError(answer.status, text or f"The resource of {uuid} cannot be shown")
    resource = document.get("result")
    if kind in {"file", "tenant"} and isinstance(resource, list) and resource:
        resource = resource[0]
    return Found(kind, href, resource)


def _item(call: Call, uuid: str) -> Any:
    found = look(call, uuid)
    if call.args.get("expand"):
        return found.resource
    return {"uuid": uuid, "type": found.type, "_links": {"self": {"href": found.href}}}


def _client(call: Call, owner: str, name: str) -> dict[str, Any]:
    client = clients.find(call.tenant, owner, name)
    shown = ("name", "description", "consumerKey", "tier", "callbackUrl")
    links = {
        "self": {"href": call.link("clients", "getClientByName", clientName=name)},
        "subscriber": {"href": call.link("profiles", "listByUsername", username=owner)},
    }
    return {**{key: client[key] for key in shown}, "_links": links}
