"""Credentials by which the platform would log in to a system (SystemCredentialResource).

Secrets are checked and dropped (see ``systems_definition``): what is kept is which kind of
credential whose system has for what.
"""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import systems
from agavepy.sandbox.state import systems_definition as definitions
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]

#: What a credential is for: the system's storage, or logging in to it.
PARENTS = ("storage", "login")


def current(system: Document, parent: str, internal_username: str | None = None) -> Document | None:
    """Return the credential for ``parent``: that internal user's, else the default; else None."""
    default = None
    for item in system["credentials"]:
        if item["parentType"] == parent:
            if internal_username and item["internalUsername"] == internal_username:
                return dict(item)
            if item["default"]:
                default = dict(item)
    return default


def need(system: Document, parent: str) -> None:
    """Raise ApiError 412 when there is nothing to log in to a system's storage or login with."""
    endpoint = system.get(parent)
    if endpoint is None or endpoint["protocol"] == "LOCAL":
        return
    if all(item["parentType"] != parent for item in system["credentials"]):
        raise ApiError(412, f"System {system['id']} has no {parent} credentials: add some first")


def listing(
    tenant: Tenant,
    user: str,
    system_id: str,
    internal_username: str | None = None,
    kind: str | None = None,
) -> list[Document]:
    """Return the credentials of a system, for which ``user`` needs the role ADMIN.

    ``internal_username`` and ``kind`` (storage or login, in any case) restrict them.
    """
    system = _own(tenant, user, system_id)
    parents = _parents(system, kind)
    return [item for item in system["credentials"] if _among(item, internal_username, parents)]


def update(
    tenant: Tenant,
    user: str,
    system_id: str,
    body: Any,
    internal_username: str | None = None,
    kind: str | None = None,
) -> None:
    """Set credentials, the system's own or an internal user's; ``user`` needs the role ADMIN.

    A body is one credential, which holds for storage and login, or for ``kind`` only; or it has
    one under each of the keys ``storage`` and ``login``. With ``default: true`` an internal user's
    credential becomes the one that is used for everybody who has none.
    """
    fields = Fields(body)
    named = fields.text("internalUsername")
    if internal_username is not None and named not in (None, internal_username):
        why = f"{named!r} is not the internal user in the address, {internal_username!r}"
        raise fields.refuse("internalUsername", why)
    owner = internal_username or named
    with tenant.store.transaction():
        system = _own(tenant, user, system_id)
        wanted = _parents(system, kind)
        parts = [(parent, fields.inner(parent)) for parent in wanted if parent in fields]
        for parent, part in parts or [(parent, fields) for parent in wanted]:
            assert part is not None
            _set(tenant, system, parent, owner, part)
        event = "UPDATE_DEFAULT_CREDENTIAL" if owner is None else "UPDATE_CREDENTIAL"
        text = f"Credentials of {owner or 'the system'} were updated by {user}"
        systems.save(tenant, system, event, user, text)


def _set(tenant: Tenant, system: Document, parent: str, owner: str | None, fields: Fields) -> None:
    credential = {
        "parentType": parent,
        "internalUsername": owner,
        "default": fields.flag("default", owner is None),
        "created": tenant.clock.now(),
        **definitions.credential(fields),
    }
    kept = [
        item
        for item in system["credentials"]
        if (item["parentType"], item["internalUsername"]) != (parent, owner)
    ]
    if credential["default"]:
        for item in kept:
            item["default"] = item["default"] and item["parentType"] != parent
    system["credentials"] = [*kept, credential]


def remove(
    tenant: Tenant,
    user: str,
    system_id: str,
    internal_username: str | None = None,
    kind: str | None = None,
) -> None:
    """Remove credentials: all of a system's, or those that the other arguments name.

    ``user`` needs the role ADMIN; removing what is not there is no error.
    """
    with tenant.store.transaction():
        system = _own(tenant, user, system_id)
        parents = _parents(system, kind)
        gone = [item for item in system["credentials"] if _among(item, internal_username, parents)]
        system["credentials"] = [item for item in system["credentials"] if item not in gone]
        if internal_username is None:
            event = "CLEAR_CREDENTIALS"
        elif any(item["default"] for item in gone):
            event = "REMOVE_DEFAULT_CREDENTIAL"
        else:
            event = "REMOVE_CREDENTIAL"
        text = f"Credentials of {internal_username or 'the system'} were removed by {user}"
        systems.save(tenant, system, event, user, text)


def _own(tenant: Tenant, user: str, system_id: str) -> Document:
    return systems.require(tenant, user, system_id, "ADMIN", "manage credentials of system")


def _parents(system: Document, kind: str | None) -> list[str]:
    """Return what the system has credentials for, or just ``kind`` of that."""
    present = [parent for parent in PARENTS if parent in system]
    if kind is None:
        return present
    if kind.lower() not in present:
        raise ApiError(
            400,
            f"Unknown credential type {kind!r}; system {system['id']} has {', '.join(present)}",
        )
    return [kind.lower()]


def _among(credential: Document, internal_username: str | None, parents: list[str]) -> bool:
    return credential["parentType"] in parents and internal_username in (
        None,
        credential["internalUsername"],
    )
