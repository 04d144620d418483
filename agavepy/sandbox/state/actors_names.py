"""Names of actors: ids, aliases, and what nothing can be called (Abaco ``models.py``)."""

from __future__ import annotations

import string
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

ACTOR, ALIAS = "actor", "actor_alias"
#: Words that are parts of addresses (Abaco ``Alias.RESERVED_WORDS``).
RESERVED = frozenset({"executions", "nonces", "logs", "messages", "adapters", "admin"})
#: Characters that have a meaning in addresses (Abaco ``Alias.FORBIDDEN_CHAR``).
_FORBIDDEN = frozenset("\\ \":/?#[]@!$&'()*+,;=")
_LENGTH = 13
_ALPHABET = string.ascii_letters + string.digits


def dbid(tenant: Tenant, name: str) -> str:
    """Return an id as Abaco keeps it, with the tenant before it."""
    return f"{tenant.tenant_id.upper()}_{name}"


def new_id(tenant: Tenant) -> str:
    """Return an id of an actor; its last character is computed from the others."""
    start = tenant.ids.key(_LENGTH - 1)
    return start + _check(start)


def is_id(text: str) -> bool:
    """Return whether a text is an id, of an actor that exists or not (Abaco ``is_hashid``)."""
    return len(text) == _LENGTH and set(text) <= set(_ALPHABET) and text[-1] == _check(text[:-1])


def _check(start: str) -> str:
    return _ALPHABET[sum(ord(letter) for letter in start) % len(_ALPHABET)]


def resolve(tenant: Tenant, name: str) -> Document | None:
    """Return the actor of an id or alias, or None."""
    actor = tenant.store.get(ACTOR, name)
    if actor is None:
        alias = tenant.store.get(ALIAS, name)
        actor = tenant.store.get(ACTOR, alias["actorId"]) if alias else None
    return actor


def check(what: str, name: str, reserved: frozenset[str] = RESERVED) -> str:
    """Return the name of an alias or config; ApiError 400 says why nothing can be called so."""
    if not name:
        raise ApiError(400, f"Invalid {what}: it is empty.")
    if is_id(name):
        raise ApiError(400, f"Invalid {what} {name!r}: it cannot be the id of an actor.")
    if name in reserved:
        raise ApiError(
            400, f"Invalid {what} {name!r}: it is a reserved word, as {', '.join(sorted(reserved))}"
        )
    wrong = sorted({letter for letter in name if letter in _FORBIDDEN or not letter.isprintable()})
    if wrong or name in {".", ".."}:
        raise ApiError(
            400, f"Invalid {what} {name!r}: it cannot hold {' '.join(map(repr, wrong or [name]))}"
        )
    return name
