"""The clients service (clients-api ``views.py``): OAuth clients and their subscriptions."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.state import apis, clients
from agavepy.sandbox.state.clients import Api

_ALL = "*"


@handler("clients", "list")
def list_clients(call: Call) -> Reply:
    """Answer the caller's clients without their secrets."""
    found = call.page(clients.owned(call.tenant, call.user))
    text = "Clients retrieved successfully."
    return Reply([_client(call, client) for client in found], message=text)


@handler("clients", "create")
def create(call: Call) -> Reply:
    """Create a client; the answer is the only one that holds its secret."""
    body = _body(call)
    name = _text(body, "clientName")
    if not name.strip():
        raise ApiError(400, "clientName is required")
    client = clients.create(
        call.tenant,
        call.user,
        name,
        _text(body, "description"),
        _text(body, "tier") or clients.TIERS[0],
        _text(body, "callbackUrl"),
    )
    return Reply(_client(call, client), 201, "Client created successfully.")


@handler("clients", "getClientByName")
def get_client(call: Call) -> Reply:
    """Answer one client without its secret."""
    text = "Client details retrieved successfully."
    return Reply(_client(call, _named(call)), message=text)


@handler("clients", "delete")
def delete(call: Call) -> Reply:
    """Remove a client; its tokens stop working."""
    clients.delete(call.tenant, call.user, call.args["clientName"])
    return Reply.empty(message="Client removed successfully.")


@handler("clients", "listSubscriptionsForClient")
def list_subscriptions(call: Call) -> Reply:
    """Answer the APIs that a client may call."""
    client = _named(call)
    found = [
        _subscription(call, client, api)
        for service, api in clients.apis().items()
        if service in client["subscriptions"]
    ]
    return Reply(found, message="Subscriptions retrieved successfully.")


@handler("clients", "addSubscriptionForClient")
def add_subscription(call: Call) -> Reply:
    """Let a client call an API, or all."""
    client, body = _named(call), _body(call)
    clients.subscribe(call.tenant, client, _wanted(body), _text(body, "tier"))
    return Reply.empty(message="Subscription added successfully.")


@handler("clients", "deleteSubscriptionsForClient")
def delete_subscriptions(call: Call) -> Reply:
    """Let a client call an API, or all, no longer."""
    client = _named(call)
    clients.unsubscribe(call.tenant, client, _wanted(_body(call)))
    return Reply.empty(message="Subscription removed successfully.")


def _named(call: Call) -> dict[str, Any]:
    return clients.find(call.tenant, call.user, call.args["clientName"])


def _body(call: Call) -> dict[str, Any]:
    if call.body is None:
        return {}
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body is not a JSON object")
    return call.body


def _text(body: dict[str, Any], name: str) -> str:
    """Return a field that is text, empty when absent or null; ApiError 400 for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError(400, f"{name} is not text: {value!r}")
    return value or ""


def _wanted(body: dict[str, Any]) -> list[Api]:
    """Return the APIs that a body names; raises ApiError 400 when there is none of that kind."""
    name = _text(body, "apiName")
    if not name:
        raise ApiError(400, "apiName is required")
    version, provider = _text(body, "apiVersion"), _text(body, "apiProvider")
    known = clients.apis().values()
    found = [
        api
        for api in known
        if (name == _ALL or api.name.lower() == name.lower())
        and version in {"", api.version}
        and provider in {"", api.provider}
    ]
    if not found:
        wanted = " ".join(part for part in (name, version, provider) if part)
        names = ", ".join(api.name for api in known)
        raise ApiError(400, f"API not found: {wanted}. There are {names}, or * for all")
    return found


def _client(call: Call, client: dict[str, Any]) -> dict[str, Any]:
    name = client["name"]
    answer: dict[str, Any] = {
        key: client[key]
        for key in ("name", "description", "consumerKey", "consumerSecret", "tier", "callbackUrl")
        if key in client
    }
    subscriptions = call.link("clients", "listSubscriptionsForClient", clientName=name)
    answer["_links"] = {
        "self": {"href": call.link("clients", "getClientByName", clientName=name)},
        "subscriber": {"href": call.link("profiles", "listByUsername", username=client["owner"])},
        "subscriptions": {"href": f"{subscriptions}/"},
    }
    return answer


def _subscription(call: Call, client: dict[str, Any], api: Api) -> dict[str, Any]:
    name = client["name"]
    subscriptions = call.link("clients", "listSubscriptionsForClient", clientName=name)
    return {
        "apiName": api.name,
        "apiContext": api.context,
        "apiProvider": api.provider,
        "apiStatus": apis.status(call.tenant, api),
        "apiVersion": api.version,
        "tier": client["subscriptions"][api.service],
        "_links": {
            "self": {"href": f"{subscriptions}/"},
            "api": {"href": call.tenant.url + api.context},
            "client": {"href": call.link("clients", "getClientByName", clientName=name)},
        },
    }
