"""Postits: requests that others may make in their creator's name, for a time and so many uses.

A postit is kept as a document ``{postit, uuid, creator, client, internalUsername, url, method,
noauth, force, unlimited, remaining, used, created, expires, revoked}``, times in epoch seconds;
``postit`` is the secret key. Rules are those of agave-postits' index.php.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

Postit = dict[str, Any]

KIND = "postit"
METHODS = ("GET", "PUT", "POST", "DELETE")
STATES = ("ACTIVE", "EXPIRED", "NO_USES", "EXPIRED_AND_NO_USES", "REVOKED")
#: A number that a form brings; Python reads no more than 4300 digits.
_DIGITS = re.compile(r"[0-9]{1,20}")
_LIFETIME_S = 2_592_000
_MAX_INT = (1 << 31) - 1
_FLAGS = {"none": False, "": False, "true": True, "1": True, "false": False, "0": False}


def create(tenant: Tenant, user: str, client: str, body: Any) -> Postit:
    """Keep a new postit of ``user``, who called by the OAuth client ``client``; return it.

    Raises ApiError 400 for a field that is missing or of another kind, and for an address that is
    not of this tenant; 501 for a verb that no postit can have.
    """
    fields = _fields(body)
    url = fields.get("url")
    if not isinstance(url, str) or not url:
        raise ApiError(400, "No url specified: give the address that the postit stands for")
    if not tenant.owns(url):
        raise ApiError(400, f"Invalid url {url!r}: it must be an address of {tenant.url}")
    method = fields.get("method")
    if not isinstance(method, str) or not method:
        raise ApiError(400, f"No method specified: give one of {', '.join(METHODS)}")
    if method.upper() not in METHODS:
        raise ApiError(501, f"Invalid method {method!r}: give one of {', '.join(METHODS)}")
    internal = fields.get("internalUsername")
    if internal is not None and not isinstance(internal, str):
        raise ApiError(400, f"Invalid internalUsername {internal!r}: it must be text")
    now, key = tenant.clock.now(), tenant.ids.hex(32)
    postit = {
        "postit": key,
        "uuid": f"{uuid.UUID(hex=tenant.ids.hex(32), version=4)}-010",
        "creator": user,
        "client": client,
        "internalUsername": internal or None,
        "url": url,
        "method": method.upper(),
        "noauth": _flag(fields, "noauth"),
        "force": _flag(fields, "force"),
        "unlimited": _flag(fields, "unlimited"),
        "remaining": _count(fields, "maxUses", 1),
        "used": 0,
        "created": now,
        "expires": now + _count(fields, "lifetime", _LIFETIME_S),
        "revoked": False,
    }
    tenant.store.put(KIND, key, postit)
    return postit


def update(tenant: Tenant, user: str, key: str, body: Any) -> Postit:
    """Change uses and lifetime of a postit, the latter from now on; return it.

    Raises ApiError as :func:`get` does, and 400 for a bad field or a revoked postit.
    """
    fields = _fields(body)
    with tenant.store.transaction():
        postit = get(tenant, user, key)
        if postit["revoked"]:
            raise ApiError(400, f"Postit has been revoked: {key}")
        if fields.get("lifetime") is not None:
            postit["expires"] = tenant.clock.now() + _count(fields, "lifetime", _LIFETIME_S)
        if fields.get("maxUses") is not None:
            postit["remaining"] = _count(fields, "maxUses", 1)
        if fields.get("unlimited") is not None:
            postit["unlimited"] = _flag(fields, "unlimited")
        tenant.store.put(KIND, postit["postit"], postit)
    return postit


def find(tenant: Tenant, key: str) -> Postit | None:
    """Return a postit by its key or its uuid, whatever its state; None when there is none."""
    return tenant.store.get(KIND, key) or next(iter(tenant.store.all(KIND, uuid=key)), None)


def get(tenant: Tenant, user: str, key: str) -> Postit:
    """Return a postit of ``user`` by its key or uuid, whatever its state.

    Raises ApiError 404 for an unknown one, 403 for somebody else's unless ``user`` administers the
    tenant.
    """
    postit = find(tenant, key)
    if postit is None:
        raise ApiError(404, "Unknown postit key.")
    if postit["creator"] != user and not users.is_admin(tenant, user):
        raise ApiError(403, "User does not have permission to view or change this postit.")
    return postit


def listing(tenant: Tenant, user: str, state: str) -> list[Postit]:
    """Return the postits that ``user`` created and that are in a state, the newest first.

    Raises ApiError 400 for an unknown state.
    """
    if state.upper() not in STATES:
        raise ApiError(400, f"Invalid status {state!r}: give one of {', '.join(STATES)}")
    now = tenant.clock.now()
    found = tenant.store.all(KIND, creator=user)
    return [item for item in reversed(found) if status(item, now) == state.upper()]


def status(postit: Postit, now: float) -> str:
    """Return the state of a postit at a time, one of STATES."""
    if postit["revoked"]:
        return "REVOKED"
    expired = postit["expires"] <= now
    spent = not postit["unlimited"] and postit["remaining"] <= 0
    if expired and spent:
        return "EXPIRED_AND_NO_USES"
    return "EXPIRED" if expired else "NO_USES" if spent else "ACTIVE"


def revoke(tenant: Tenant, user: str, key: str) -> None:
    """Let nobody use a postit any more. Raises ApiError as :func:`get`, 404 for a revoked one."""
    with tenant.store.transaction():
        postit = get(tenant, user, key)
        if postit["revoked"]:
            raise ApiError(404, "Unknown postit key.")
        tenant.store.put(KIND, postit["postit"], {**postit, "revoked": True})


def spend(tenant: Tenant, key: str) -> Postit:
    """Count one use of a postit, before it is made, and return the postit.

    Of many who try at once, as many succeed as there are uses. Raises ApiError 404 for an unknown
    or revoked key and one whose creator is gone, 403 for one that has expired or been used up.
    """
    with tenant.store.transaction():
        postit = tenant.store.get(KIND, key)
        if postit is None or postit["revoked"] or users.get(tenant, postit["creator"]) is None:
            raise ApiError(404, "Unknown postit key.")
        if postit["expires"] <= tenant.clock.now():
            raise ApiError(403, "Postit key has expired.")
        if not postit["unlimited"]:
            if postit["remaining"] <= 0:
                raise ApiError(403, "Postit key has already been redeemed.")
            postit["remaining"] -= 1
        postit["used"] += 1
        tenant.store.put(KIND, key, postit)
    return postit


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object or a form")
    return body


def _flag(fields: dict[str, Any], name: str) -> bool:
    """Return a boolean field, false when absent; forms bring words."""
    value = fields.get(name)
    flag = _FLAGS.get(str(value).lower())
    if flag is None:
        raise ApiError(400, f"Invalid {name} {value!r}: give true or false")
    return flag


def _count(fields: dict[str, Any], name: str, default: int) -> int:
    """Return a field that is a positive whole number; forms bring digits."""
    value = fields.get(name)
    if value is None or value == "":
        return default
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _MAX_INT:
        raise ApiError(400, f"Invalid {name} {value!r}: give a whole number from 1 to {_MAX_INT}")
    return number
