"""Systems on the wire: listing, registering, changing, managing, deleting, history."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from agavepy import loader
from agavepy.sandbox import dates
from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import events, systems, systems_actions
from agavepy.sandbox.state import systems_credentials as credentials
from agavepy.sandbox.state import systems_definition as definitions
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

_SUMMARY = ("id", "name", "type", "description", "status", "public", "lastUpdated", "default")


def link(address: str) -> dict[str, str]:
    """Return a reference as answers have them."""
    return {"href": address}


def profile_link(call: Call, username: str) -> dict[str, str]:
    """Return a reference to a user's profile."""
    return link(call.link("profiles", "listByUsername", username=username))


def system_link(call: Call, system_id: str) -> dict[str, str]:
    """Return a reference to a system."""
    return link(call.link("systems", "get", systemId=system_id))


class Defaults(NamedTuple):
    """The ids of the caller's default systems, and of the tenant's."""

    own: set[str]
    everybodys: set[str]


def _defaults(call: Call) -> Defaults:
    chosen = (systems.default(call.tenant, call.user, kind) for kind in systems.DEFAULT_TYPES)
    own = {system["id"] for system in chosen if system}
    return Defaults(own, systems.global_defaults(call.tenant))


def _body(system: Document, defaults: Defaults) -> Document:
    """Return a system as answers have it, its links aside."""
    body = {
        "id": system["id"],
        "uuid": system["uuid"],
        "name": system["name"],
        "status": system["status"],
        "available": system["available"],
        "type": system["type"],
        "description": system["description"],
        "site": system["site"],
        "revision": system["revision"],
        "public": system["public"],
        "globalDefault": system["id"] in defaults.everybodys,
        "default": system["id"] in defaults.own,
        "lastModified": dates.java(system["lastUpdated"]),
        "owner": system["owner"],
    }
    body |= {name: system[name] for name in definitions.FIELDS if name in system}
    for parent in credentials.PARENTS:
        if parent in system:
            body[parent] = {**system[parent], "auth": _auth(credentials.current(system, parent))}
    return body


def _auth(credential: Document | None) -> Document | None:
    if credential is None:
        return None
    told = {name: credential[name] for name in ("server", "caCerts") if credential[name]}
    return {"type": credential["type"], **told}


def _whole(call: Call, system: Document, body: Document | None = None) -> Document:
    """Return a system with its links."""
    about = json.dumps({"associationIds": system["uuid"]}, separators=(",", ":"))
    name = {"systemId": system["id"]}
    metadata = call.link("meta", "listMetadata", q=about)
    return {
        **(body or _body(system, _defaults(call))),
        "_links": {
            "self": system_link(call, system["id"]),
            "roles": link(call.link("systems", "listRoles", **name)),
            "credentials": link(call.link("systems", "listCredentials", **name)),
            **({"metadata": link(metadata)} if metadata else {}),
            "history": link(call.link("systems", "getHistory", **name)),
            "owner": profile_link(call, system["owner"]),
        },
    }


def _as_seen(tenant: Tenant, user: str, system: Document) -> Document:
    """Return a system as ``user`` is answered it, outside of any request."""
    plan = loader.service_plan("systems")["get"]
    return _whole(Call(tenant, plan, user=user), system)


events.register(
    "006",
    events.Source(
        name="system",
        find=systems.by_uuid,
        may=lambda tenant, user, system: systems.may(tenant, user, system, "GUEST"),
        link=lambda linker, system: linker.link("systems", "get", systemId=system["id"]),
        document=_as_seen,
    ),
)


def _summary(call: Call, body: Document) -> Document:
    summary = {name: body["lastModified" if name == "lastUpdated" else name] for name in _SUMMARY}
    return {**summary, "_links": {"self": system_link(call, body["id"])}}


@handler("systems", "list")
def list_systems(call: Call) -> Reply:
    """List visible systems, narrowed by type, publicity, being a default, and search terms."""
    defaults = _defaults(call)
    kind = call.args.get("type", "").upper()
    if kind and kind not in definitions.TYPES:
        known = ", ".join(definitions.TYPES)
        raise ApiError(400, f"Invalid value for type: {call.args['type']!r} is not one of {known}")
    public, default = call.args.get("public"), call.args.get("default")
    found = [
        _body(system, defaults)
        for system in systems.listing(call.tenant, call.user)
        if (not kind or system["type"] == kind)
        and (public is None or system["public"] is public)
        and (system["public"] or not call.args.get("publicOnly"))
        and (not system["public"] or not call.args.get("privateOnly"))
        and (default is None or (system["id"] in defaults.own) is default)
        and (system["id"] in defaults.own or not call.args.get("defaultOnly"))
    ]
    chosen = call.select(found, default="lastModified")
    if call.wants_full:
        return Reply([_whole(call, body, body) for body in chosen])
    return Reply([_summary(call, body) for body in chosen])


@handler("systems", "add")
def add(call: Call) -> Reply:
    """Register a system, or update one of that id that the caller owns."""
    return Reply(_whole(call, systems.register(call.tenant, call.user, call.body)), 201)


@handler("systems", "get")
def get(call: Call) -> Reply:
    """Show a system."""
    return Reply(_whole(call, systems.visible(call.tenant, call.user, call.args["systemId"])))


@handler("systems", "update")
def update(call: Call) -> Reply:
    """Replace the definition of a system."""
    system = systems.update(call.tenant, call.user, call.args["systemId"], call.body)
    return Reply(_whole(call, system))


@handler("systems", "manage")
def manage(call: Call) -> Reply:
    """Publish, clone, enable, disable, erase a system or make it a default."""
    system = systems_actions.manage(call.tenant, call.user, call.args["systemId"], call.body)
    return Reply.empty() if system is None else Reply(_whole(call, system))


@handler("systems", "delete")
def delete(call: Call) -> Reply:
    """Delete a system."""
    systems.delete(call.tenant, call.user, call.args["systemId"])
    return Reply.empty()


@handler("systems", "getHistory")
def history(call: Call) -> Reply:
    """List a system's events, the newest last."""
    events = systems.history(call.tenant, call.user, call.args["systemId"])
    return Reply(
        [
            {
                "id": event["id"],
                "status": event["status"],
                "created": dates.java(event["created"]),
                "createdBy": event["createdBy"],
                "description": event["description"],
                "_links": {
                    "system": system_link(call, event["system"]),
                    "profile": profile_link(call, event["createdBy"]),
                },
            }
            for event in call.page(events)
        ]
    )
