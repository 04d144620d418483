"""Access tokens, refresh tokens and authorization codes: issued once, kept as digests."""

from __future__ import annotations

import contextlib
import hashlib
from functools import partial
from typing import Any

from agavepy.sandbox.errors import SandboxError
from agavepy.sandbox.tenant import Tenant

#: Seconds in which an authorization code must be redeemed (WSO2 API Manager's default).
CODE_TTL_S = 300.0
#: How many ended tokens, the newest, are still told from those that never were.
REMEMBERED = 1000
#: How many tokens are issued between two sweeps.
_SWEEP_EACH = 250
#: Key under which a running tenant counts the tokens issued since the last sweep.
_ISSUED = "tokens"


def issue(
    tenant: Tenant, client: dict[str, Any], username: str, *, refreshable: bool = True
) -> dict[str, Any]:
    """Return a new OAuth token answer for a user of a client; earlier tokens stay good.

    ``client`` needs ``consumerKey`` and ``name``; ``expires_in`` is in seconds.
    """
    access, refresh = tenant.ids.hex(32), tenant.ids.hex(32) if refreshable else ""
    document = {
        "id": _digest(access),
        "refresh_id": _digest(refresh) if refresh else "",
        "username": username,
        "client_key": client["consumerKey"],
        "client_name": client["name"],
        "expires_at": tenant.clock.now() + tenant.token_ttl,
        "active": True,
    }
    with tenant.store.transaction():
        tenant.store.put("token", document["id"], document)
        if refresh:
            tenant.store.put("refresh", document["refresh_id"], {"token": document["id"]})
        _count(tenant)
    answer = {"scope": "default", "token_type": "bearer", "expires_in": tenant.token_ttl}
    if refresh:
        answer["refresh_token"] = refresh
    return {**answer, "access_token": access}


def lookup(tenant: Tenant, access_token: str) -> dict[str, Any] | None:
    """Return what is known of an access token, or None.

    The keys: username, client_key, client_name, expires_at (epoch seconds), active (false once it
    is refreshed away or revoked).
    """
    return tenant.store.get("token", _digest(access_token))


def refresh(tenant: Tenant, client: dict[str, Any], refresh_token: str) -> dict[str, Any] | None:
    """Return a new pair for a refresh token of this client and end the old pair, or None.

    Of several calls with one refresh token, one is answered.
    """
    with tenant.store.transaction():
        old = _by_refresh(tenant, refresh_token)
        if old is None or old["client_key"] != client["consumerKey"]:
            return None
        _end(tenant, old)
        return issue(tenant, client, old["username"])


def revoke(tenant: Tenant, client: dict[str, Any], token: str) -> bool:
    """End the pair to which an access or refresh token of this client belongs.

    Return whether there was one.
    """
    with tenant.store.transaction():
        document = lookup(tenant, token) or _by_refresh(tenant, token)
        if document is None or document["client_key"] != client["consumerKey"]:
            return False
        _end(tenant, document)
        return True


def end(tenant: Tenant, **equals: str) -> None:
    """End every token and code whose ``client_key`` or ``username`` is the one given."""
    with tenant.store.transaction():
        for document in tenant.store.all("token", active=True, **equals):
            _end(tenant, document)
        for document in tenant.store.all("code", **equals):
            tenant.store.delete("code", document["id"])


def issue_code(tenant: Tenant, client: dict[str, Any], username: str) -> str:
    """Return a code that this client can redeem once, within five minutes, for a user's token."""
    code = tenant.ids.hex(32)
    document = {
        "id": _digest(code),
        "username": username,
        "client_key": client["consumerKey"],
        "expires_at": tenant.clock.now() + CODE_TTL_S,
    }
    tenant.store.put("code", document["id"], document)
    return code


def redeem_code(tenant: Tenant, client: dict[str, Any], code: str) -> str | None:
    """Return the user who granted a code to this client, or None; the code is spent."""
    with tenant.store.transaction():
        document = tenant.store.get("code", _digest(code))
        if document is None or document["client_key"] != client["consumerKey"]:
            return None
        tenant.store.delete("code", document["id"])
        return document["username"] if document["expires_at"] > tenant.clock.now() else None


def sweep(tenant: Tenant) -> None:
    """Forget the ended tokens but the newest, and the codes that nobody has redeemed in time.

    Ended is what was refreshed away or revoked, and what is past its time and has no refresh token.
    """
    now = tenant.clock.now()
    ended = tenant.store.all("token", active=False) + [
        document
        for document in tenant.store.all("token", active=True, refresh_id="")
        if document["expires_at"] <= now
    ]
    ended.sort(key=lambda document: document["expires_at"])
    late = [code for code in tenant.store.all("code") if code["expires_at"] <= now]
    with tenant.store.transaction():
        for document in ended[:-REMEMBERED]:
            tenant.store.delete("token", document["id"])
        for code in late:
            tenant.store.delete("code", code["id"])


def _count(tenant: Tenant) -> None:
    """Count a token that is issued, and sweep in the background when it is time to."""
    issued = tenant.live[_ISSUED] = tenant.live.get(_ISSUED, 0) + 1
    if issued % _SWEEP_EACH == 0:
        tenant.store.after_commit(partial(_sweep_aside, tenant))


def _sweep_aside(tenant: Tenant) -> None:
    with contextlib.suppress(SandboxError):  # it is stopping: the next start sweeps
        tenant.background(sweep, tenant)


def _by_refresh(tenant: Tenant, refresh_token: str) -> dict[str, Any] | None:
    found = tenant.store.get("refresh", _digest(refresh_token))
    return tenant.store.get("token", found["token"]) if found else None


def _end(tenant: Tenant, document: dict[str, Any]) -> None:
    """Mark a token as inactive, so that the gateway can tell it from one that never was."""
    tenant.store.put("token", document["id"], {**document, "active": False})
    if document["refresh_id"]:
        tenant.store.delete("refresh", document["refresh_id"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
