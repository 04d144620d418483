"""OAuth clients and the APIs that each is subscribed to (clients-api ``views.py``)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from agavepy import loader
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import tokens
from agavepy.sandbox.tenant import Tenant

TIERS = ("Unlimited", "Gold", "Silver", "Bronze")
#: How the tenants write the names of APIs that are not just the service's, capitalised.
_SPELLING = {"keys": "PublicKeys", "uuids": "UUIDs"}


@dataclass(frozen=True)
class Api:
    """What can be subscribed to: one described service that asks for tokens."""

    service: str
    name: str
    context: str
    version: str
    provider: str = "admin"


@lru_cache(maxsize=1)
def apis() -> dict[str, Api]:
    """Return the APIs by service, read from the bundled descriptions."""
    found = {}
    for service in loader.services():
        for plan in loader.service_plan(service).values():
            if plan.security == "bearer":
                root, version = plan.path.split("/")[1:3]
                name = _SPELLING.get(service, service.capitalize())
                found[service] = Api(service, name, f"/{root}/{version}", version)
                break
    return found


def create(
    tenant: Tenant,
    username: str,
    name: str,
    description: str = "",
    tier: str = "Unlimited",
    callback_url: str = "",
) -> dict[str, Any]:
    """Create a client that is subscribed to every API, and return it with its secret.

    The secret is in this answer only: the store keeps its digest. Raises ApiError 400 for a name
    that the user has given already, an unknown tier or a callback address that is none.
    """
    if not _is_address(callback_url):
        raise ApiError(400, f"callbackUrl is not an address: {callback_url!r}")
    tier = tier_named(tier)
    secret = tenant.ids.key(28)
    with tenant.store.transaction():
        if _find(tenant, username, name) is not None:
            raise ApiError(400, f"A duplicate application already exists by the name - {name}")
        client: dict[str, Any] = {
            "uuid": tenant.ids.uuid("055"),
            "name": name,
            "owner": username,
            "description": description,
            "consumerKey": tenant.ids.key(28),
            "secret_digest": _digest(secret),
            "tier": tier,
            "callbackUrl": callback_url,
            "subscriptions": dict.fromkeys(apis(), tier),
        }
        tenant.store.put("client", client["consumerKey"], client)
    return {**client, "consumerSecret": secret}


def _is_address(text: str) -> bool:
    """Tell whether a browser can be sent to an address, or there is none."""
    try:
        urlsplit(text)
    except ValueError:  # a broken IPv6 address
        return False
    return all(mark.isprintable() and not mark.isspace() for mark in text)


def owned(tenant: Tenant, username: str) -> list[dict[str, Any]]:
    """Return the clients of a user, oldest first."""
    return tenant.store.all("client", owner=username)


def everybodys(tenant: Tenant) -> list[dict[str, Any]]:
    """Return the clients of all users, oldest first."""
    return tenant.store.all("client")


def find(tenant: Tenant, username: str, name: str) -> dict[str, Any]:
    """Return a user's client; raises ApiError 400, as the service has it, for an unknown one."""
    client = _find(tenant, username, name)
    if client is None:
        raise ApiError(400, f"Application not found: {name}")
    return client


def by_key(tenant: Tenant, key: str) -> dict[str, Any] | None:
    """Return the client of a consumer key, or None."""
    return tenant.store.get("client", key)


def check_secret(tenant: Tenant, key: str, secret: str) -> dict[str, Any] | None:
    """Return the client of a consumer key if ``secret`` belongs to it, else None."""
    client = by_key(tenant, key)
    if client and hmac.compare_digest(client["secret_digest"], _digest(secret)):
        return client
    return None


def delete(tenant: Tenant, username: str, name: str) -> None:
    """Remove a user's client; its tokens stop working. Raises ApiError 400 for an unknown one."""
    with tenant.store.transaction():
        _remove(tenant, find(tenant, username, name))


def delete_all(tenant: Tenant, username: str) -> None:
    """Remove what a user who leaves has: clients, and tokens of other people's clients."""
    with tenant.store.transaction():
        for client in owned(tenant, username):
            _remove(tenant, client)
        tokens.end(tenant, username=username)


def subscribe(tenant: Tenant, client: dict[str, Any], wanted: list[Api], tier: str = "") -> None:
    """Let a client call these APIs, at ``tier`` (as before, else the client's, when empty)."""
    with tenant.store.transaction():
        fresh = by_key(tenant, client["consumerKey"]) or client
        for api in wanted:
            kept = fresh["subscriptions"].get(api.service, fresh["tier"])
            fresh["subscriptions"][api.service] = tier_named(tier) if tier else kept
        tenant.store.put("client", fresh["consumerKey"], fresh)


def unsubscribe(tenant: Tenant, client: dict[str, Any], unwanted: list[Api]) -> None:
    """Let a client call these APIs no longer."""
    with tenant.store.transaction():
        fresh = by_key(tenant, client["consumerKey"]) or client
        for api in unwanted:
            fresh["subscriptions"].pop(api.service, None)
        tenant.store.put("client", fresh["consumerKey"], fresh)


def tier_named(text: str) -> str:
    """Return a tier in its own spelling; raises ApiError 400 for an unknown one."""
    for tier in TIERS:
        if tier.lower() == text.lower():
            return tier
    raise ApiError(400, f"Invalid tier {text!r}: choose one of {', '.join(TIERS)}")


def _remove(tenant: Tenant, client: dict[str, Any]) -> None:
    tokens.end(tenant, client_key=client["consumerKey"])
    tenant.store.delete("client", client["consumerKey"])


def _find(tenant: Tenant, username: str, name: str) -> dict[str, Any] | None:
    return next(iter(tenant.store.all("client", owner=username, name=name)), None)


def _digest(secret: str) -> str:
    """Return the digest of a secret; a random one of 28 characters needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
