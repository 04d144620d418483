"""The token service: the OAuth grants, revoking, and the gateway's public key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.gateway import oauth_error
from agavepy.sandbox.registry import handler, on_start
from agavepy.sandbox.state import clients, signing, tokens, users
from agavepy.sandbox.tenant import Tenant

#: No cache may keep a token (RFC 6749, section 5.1).
_PRIVATE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_REFUSED = "Provided Authorization Grant is invalid"
_UNKNOWN_REFRESH = "Persisted access token data not found"

Grant = Callable[[Call, dict[str, Any]], Reply]


@handler("token", "create")
def create(call: Call) -> Reply:
    """Answer a token by the grant asked for, or the OAuth error that says why not."""
    grant_type = call.args.get("grant_type")
    if not grant_type:
        return _missing("grant_type")
    if grant_type not in _GRANTS:
        return oauth_error(400, "unsupported_grant_type", f"Unsupported grant_type {grant_type}")
    grant, needed = _GRANTS[grant_type]
    for name in needed:
        if not call.args.get(name):
            return _missing(name)
    client = clients.find(call.tenant, call.user, call.client_name)
    return grant(call, client)


@handler("token", "revoke")
def revoke(call: Call) -> Reply:
    """End a token of the calling client; an unknown one is answered alike (RFC 7009)."""
    if not call.args.get("token"):
        return _missing("token")
    client = clients.find(call.tenant, call.user, call.client_name)
    tokens.revoke(call.tenant, client, call.args["token"])
    return Reply.empty()


@handler("token", "getPublicKey")
def get_public_key(call: Call) -> Reply:
    """Answer the key that verifies the gateway's assertions."""
    return Reply.raw(signing.public_key(call.tenant).encode(), "text/plain; charset=UTF-8")


@on_start
def sweep(tenant: Tenant) -> None:
    """Forget what an earlier run of the tenant has left of ended tokens."""
    tokens.sweep(tenant)


def _password(call: Call, client: dict[str, Any]) -> Reply:
    username = call.args["username"]
    if not users.check_password(call.tenant, username, call.args["password"]):
        return oauth_error(400, "invalid_grant", _REFUSED)
    return _granted(tokens.issue(call.tenant, client, username))


def _admin_password(call: Call, client: dict[str, Any]) -> Reply:
    admin, username = call.args["username"], call.args["token_username"]
    if (
        not users.check_password(call.tenant, admin, call.args["password"])
        or not users.is_admin(call.tenant, admin)
        or users.get(call.tenant, username) is None
    ):
        return oauth_error(400, "invalid_grant", _REFUSED)
    return _granted(tokens.issue(call.tenant, client, username))


def _refresh_token(call: Call, client: dict[str, Any]) -> Reply:
    pair = tokens.refresh(call.tenant, client, call.args["refresh_token"])
    if pair is None:
        return oauth_error(400, "invalid_grant", _UNKNOWN_REFRESH)
    return _granted(pair)


def _client_credentials(call: Call, client: dict[str, Any]) -> Reply:
    return _granted(tokens.issue(call.tenant, client, client["owner"], refreshable=False))


def _authorization_code(call: Call, client: dict[str, Any]) -> Reply:
    if not client["callbackUrl"]:
        text = "The client has no callback address and may not use the grant authorization_code"
        return oauth_error(401, "unauthorized_client", text)
    username = tokens.redeem_code(call.tenant, client, call.args["code"])
    if username is None or call.args["redirect_uri"] != client["callbackUrl"]:
        return oauth_error(400, "invalid_grant", _REFUSED)
    return _granted(tokens.issue(call.tenant, client, username))


_GRANTS: dict[str, tuple[Grant, tuple[str, ...]]] = {
    "password": (_password, ("username", "password")),
    "refresh_token": (_refresh_token, ("refresh_token",)),
    "client_credentials": (_client_credentials, ()),
    "authorization_code": (_authorization_code, ("code", "redirect_uri")),
    "admin_password": (_admin_password, ("username", "password", "token_username")),
}


def _granted(pair: dict[str, Any]) -> Reply:
    return Reply.plain(pair, headers=dict(_PRIVATE))


def _missing(name: str) -> Reply:
    return oauth_error(400, "invalid_request", f"Missing parameter: {name}")
