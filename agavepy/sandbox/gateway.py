"""The API manager before the services: who calls, may their client call this, and its faults.

Codes and texts: WSO2 API Manager, "API handler error codes"; basic authentication of the clients
service: clients-api ``views.py``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.datastructures import Headers, MultiDict

from agavepy.plan import Plan
from agavepy.sandbox.call import Reply
from agavepy.sandbox.errors import ApiError, Fault
from agavepy.sandbox.state import actors_nonces, apis, clients, signing, tokens, users
from agavepy.sandbox.tenant import Tenant

#: Code to short text and HTTP status.
FAULTS: dict[int, tuple[str, int]] = {
    900900: ("Unclassified Authentication Failure", 500),
    900901: ("Invalid Credentials", 401),
    900902: ("Missing Credentials", 401),
    900903: ("Access Token Expired", 401),
    900904: ("Access Token Inactive", 401),
    900905: ("Incorrect Access Token Type is provided", 401),
    900906: ("No matching resource found in the API for the given request", 404),
    900907: ("The requested API is temporarily blocked", 503),
    900908: ("Resource forbidden", 403),
    900909: ("The subscription to the API is inactive", 403),
    900910: ("The access token does not allow you to access the requested resource", 403),
    900800: ("Message throttled out", 429),
}
#: Gateways that answer JSON tell an expired or revoked token only so: old clients refresh on no
#: other text.
_AS_INVALID = {900903, 900904}
_MISSING = (
    "Required OAuth credentials not provided. Make sure your API invocation call has a header: "
    '"Authorization: Bearer ACCESS_TOKEN"'
)
#: The query parameter that takes the place of a token (Abaco ``auth.check_nonce``).
NONCE = "x-nonce"


@dataclass(frozen=True)
class Identity:
    """Who calls: the user (empty on public operations), their roles, and by which OAuth client.

    ``nonce`` is the actor's nonce that stands for the token: its maker calls, up to its level.
    """

    username: str = ""
    roles: frozenset[str] = frozenset()
    client_name: str = ""
    nonce: str = ""


def authenticate(
    tenant: Tenant,
    plan: Plan,
    headers: Headers,
    query: MultiDict[str, str],
    acting: Identity | None = None,
) -> Identity:
    """Return who calls an operation, by the credential that its description asks for.

    ``acting`` is for whom the tenant itself makes the request: it stands for an access token.
    Without a token, an assertion of the gateway's own counts, as who is behind it sends it; and a
    nonce is taken by the operations that have a parameter for it.

    Raises Fault for a token that is missing, unknown, expired, ended, or of a client that is not
    subscribed to the API; and for a wrong key or secret of a client. Raises ApiError for wrong
    basic credentials of a user, for an assertion that is not good, and for a nonce that is unknown
    or whose maker is gone.
    """
    header = headers.get("Authorization") or ""
    if plan.security == "bearer":
        if acting is not None:
            return acting
        if header:
            return _bearer(tenant, plan, header)
        return _without_token(tenant, plan, headers, query)
    if plan.security == "user":
        return _user(tenant, header)
    if plan.security == "client":
        return _client(tenant, header)
    if plan.security == "secret":
        given = headers.get("X-Sandbox-Secret") or ""
        if not hmac.compare_digest(given.encode(), tenant.control.secret.encode()):
            raise ApiError(401, "The header X-Sandbox-Secret does not hold the secret of this run")
    return Identity()


def identity(tenant: Tenant, username: str, client_name: str = "") -> Identity | None:
    """Return a user as who the tenant may act, None when there is no such user any more."""
    user = users.get(tenant, username)
    return None if user is None else _identity(user, client_name)


def fault_reply(tenant: Tenant, fault: Fault, plan: Plan | None) -> Reply:
    """Return a fault as the tenant's gateway writes it: JSON or, by its settings, XML.

    Operations that authenticate a client are OAuth's: they tell who is not let in
    ``invalid_client``.
    ``plan`` is None when no operation has the path.
    """
    message, status = FAULTS[fault.code]
    if plan is not None and plan.security == "client" and status == 401:
        return oauth_error(401, "invalid_client", "Client Authentication failed.")
    code = fault.code
    xml = tenant.settings.faults == "xml"
    if code in _AS_INVALID and not xml:
        code = 900901
        message, status = FAULTS[code]
    description = fault.description
    if plan is not None:
        where = "/".join(plan.path.split("/")[:3])
        description = f"Access failure for API: {where}, version: {where.rpartition('/')[2]}"
        if fault.description:
            description += f". {fault.description}"
        elif code == 900901 and not xml:
            description += ". Make sure you have given the correct access token"
    headers = dict(fault.headers)
    if status == 401:
        headers["WWW-Authenticate"] = 'OAuth2 realm="WSO2 API Manager"'
    if not xml:
        body = {"fault": {"code": code, "message": message, "description": description}}
        kind = "application/json; charset=UTF-8"
        return Reply.raw(json.dumps(body).encode(), kind, status, headers)
    # XML has no way to write most control characters, which a path may hold.
    description = "".join(letter if letter.isprintable() else "?" for letter in description)
    text = (
        '<ams:fault xmlns:ams="http://wso2.org/apimanager/security">'
        f"<ams:code>{code}</ams:code><ams:message>{escape(message)}</ams:message>"
        f"<ams:description>{escape(description)}</ams:description></ams:fault>"
    )
    return Reply.raw(text.encode(), "application/xml; charset=UTF-8", status, headers)


def oauth_error(status: int, error: str, description: str) -> Reply:
    """Return a bare OAuth error object (RFC 6749, section 5.2)."""
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="WSO2 API Manager"'
    return Reply.plain({"error": error, "error_description": description}, status, headers)


def _bearer(tenant: Tenant, plan: Plan, header: str) -> Identity:
    """Return whom an access token stands for; a Fault too when its API is not published."""
    scheme, _, access_token = header.partition(" ")
    access_token = access_token.strip()
    if scheme.lower() != "bearer" or not access_token:
        raise Fault(900902, _MISSING)
    token = tokens.lookup(tenant, access_token)
    if token is None:
        raise Fault(900901)
    client = clients.by_key(tenant, token["client_key"])
    user = users.get(tenant, token["username"])
    if not token["active"] or client is None or user is None:
        raise Fault(900904)
    if token["expires_at"] <= tenant.clock.now():
        raise Fault(900903)
    blocked = apis.fault(tenant, plan.service)
    if blocked:
        raise Fault(blocked)
    if plan.service not in client["subscriptions"]:
        raise Fault(900908, f"The client {client['name']} is not subscribed to this API")
    return _identity(user, client["name"])


def _without_token(
    tenant: Tenant, plan: Plan, headers: Headers, query: MultiDict[str, str]
) -> Identity:
    """Return whom something else than an access token stands for."""
    assertion = headers.get(signing.header_name(tenant))
    if assertion is not None:
        return _asserted(tenant, assertion)
    if NONCE in query and any(item.name == NONCE for item in plan.parameters):
        return _nonce(tenant, plan, query[NONCE])
    return Identity() if plan.anonymous else _bearer(tenant, plan, "")


def _asserted(tenant: Tenant, text: str) -> Identity:
    """Return whom an assertion names, with the roles that it has."""
    said = signing.verified(tenant, text)
    if said is None or users.get(tenant, said.username) is None:
        why = f"The header {signing.header_name(tenant)} holds no assertion of this gateway."
        raise ApiError(401, f"Permission denied. No authentication credentials found. {why}")
    return Identity(said.username, said.roles, said.client_name)


def _nonce(tenant: Tenant, plan: Plan, nonce_id: str) -> Identity:
    """Return the maker of a nonce, with the roles that they had when they made it."""
    blocked = apis.fault(tenant, plan.service)
    if blocked:
        raise Fault(blocked)
    nonce = actors_nonces.identify(tenant, nonce_id)
    if users.get(tenant, nonce["owner"]) is None:
        raise ApiError(400, "Not authorized -- the user who made the nonce is gone.")
    return Identity(nonce["owner"], frozenset(nonce["roles"]), nonce=nonce["id"])


def _user(tenant: Tenant, header: str) -> Identity:
    name, password = _basic(header)
    if not name:
        text = "Authorization header missing or invalid."
        raise ApiError(401, text, headers={"WWW-Authenticate": 'Basic realm="Agave Platform"'})
    user = users.get(tenant, name)
    if user is None or not users.check_password(tenant, name, password):
        text = "Login failed. Please recheck the username and password and try again."
        raise ApiError(400, text)
    return _identity(user)


def _client(tenant: Tenant, header: str) -> Identity:
    client = clients.check_secret(tenant, *_basic(header))
    if client is None:
        raise Fault(900901)
    user = users.get(tenant, client["owner"])
    if user is None:
        raise Fault(900901)
    return _identity(user, client["name"])


def _identity(user: dict[str, Any], client_name: str = "") -> Identity:
    return Identity(user["username"], users.roles(user), client_name)


def _basic(header: str) -> tuple[str, str]:
    """Return name and password of a basic Authorization header, empty ones when it is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        data = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "", ""
    try:
        text = data.decode()
    except UnicodeDecodeError:  # requests encodes names and passwords in Latin-1
        text = data.decode("latin-1")
    name, _, password = text.partition(":")
    return name, password
