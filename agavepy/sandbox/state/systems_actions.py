"""What PUT does to a system: publishing, defaults, cloning, enabling, erasing.

The words and who may use them are those of agave-systems SystemManagementResource.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, files_access, files_records, systems, users
from agavepy.sandbox.state import systems_definition as definitions
from agavepy.sandbox.state.systems_fields import Fields
from agavepy.sandbox.tenant import Tenant

Document = dict[str, Any]
Action = Callable[[Tenant, str, Document, Fields], Document | None]


def manage(tenant: Tenant, user: str, system_id: str, body: Any) -> Document | None:
    """Do the ``action`` that a body names, in any case, and return the system; None once erased.

    ``clone`` returns the new system. Raises ApiError 400 for an unknown action, 403 when ``user``
    may not do it, 404 when there is no such system.
    """
    fields = Fields(body)
    fields.require("action")
    word = fields.text("action") or ""
    if word.lower() not in _ACTIONS:
        raise ApiError(400, f"Unknown action {word!r}; the actions are {', '.join(_WORDS)}")
    action, needed = _ACTIONS[word.lower()]
    with tenant.store.transaction():
        system = tenant.store.get(systems.SYSTEM, system_id)
        # An erased system may have been deleted before: erasing is what frees its id.
        if system is None or (system["deleted"] and action is not _erase):
            raise ApiError(404, f"No system found matching {system_id}")
        allowed = (
            users.is_admin(tenant, user)
            if needed == "tenant"
            else systems.may(tenant, user, system, needed)
        )
        if not allowed:
            who = "Only tenant administrators may" if needed == "tenant" else "You may not"
            raise ApiError(403, f"Permission denied. {who} {word} system {system_id}")
        return action(tenant, user, system, fields)


def _publish(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    system["public"] = True
    return systems.save(tenant, system, "PUBLISH", user, f"System was published by {user}")


def _unpublish(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    system["public"] = False
    systems.unset_default(tenant, system, "")
    return systems.save(tenant, system, "UNPUBLISH", user, f"System was made private by {user}")


def _set_default(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    _defaultable(system)
    systems.set_default(tenant, system, user)
    text = f"System is the default {system['type']} system of {user}"
    return systems.save(tenant, system, "SET_USER_DEFAULT", user, text)


def _unset_default(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    systems.unset_default(tenant, system, user)
    text = f"System is no longer the default {system['type']} system of {user}"
    return systems.save(tenant, system, "UNSET_USER_DEFAULT", user, text)


def _set_global_default(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    _defaultable(system)
    if not system["public"]:
        raise ApiError(400, f"A global default must be public: publish system {system['id']} first")
    systems.set_default(tenant, system, "")
    text = f"System is the default {system['type']} system of the tenant"
    return systems.save(tenant, system, "SET_PUBLIC_DEFAULT", user, text)


def _unset_global_default(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    systems.unset_default(tenant, system, "")
    text = f"System is no longer the default {system['type']} system of the tenant"
    return systems.save(tenant, system, "UNSET_PUBLIC_DEFAULT", user, text)


def _defaultable(system: Document) -> None:
    if system["type"] not in systems.DEFAULT_TYPES:
        types = " and ".join(systems.DEFAULT_TYPES)
        is_a = f"{system['id']} is of type {system['type']}"
        raise ApiError(400, f"There are defaults of {types} systems only; {is_a}")


def _enable(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    system["available"] = True
    return systems.save(tenant, system, "ENABLED", user, f"System was enabled by {user}")


def _disable(tenant: Tenant, user: str, system: Document, _: Fields) -> Document:
    system["available"] = False
    return systems.save(tenant, system, "DISABLED", user, f"System was disabled by {user}")


def _clone(tenant: Tenant, user: str, system: Document, fields: Fields) -> Document:
    """Copy the definition, not its credentials, roles and publicity (DOC guides/systems)."""
    fields.require("id")
    wanted = definitions.system_id(fields.raw("id"))
    if tenant.store.get(systems.SYSTEM, wanted) is not None:
        raise ApiError(400, f"A system with this id already exists: {wanted}")
    copied = {name: system[name] for name in definitions.FIELDS if name in system}
    copied["name"] = fields.text("name", system["name"], limit=64)
    return systems.create(tenant, user, wanted, copied, [])


def _erase(tenant: Tenant, _user: str, system: Document, _: Fields) -> None:
    """Remove a system with all that was on it: nothing is left for the next owner of its id."""
    systems.forget_defaults(tenant, system)
    for event in tenant.store.all(systems.EVENT, system=system["id"]):
        tenant.store.delete(systems.EVENT, event["id"])
    tenant.store.delete(systems.SYSTEM, system["id"])
    files_records.forget(tenant, system, "/")
    files_access.forget(tenant, system, "/", within=True)
    disk.remove(disk.root(tenant, system))


#: Each word, what it does, and who may: administrators of the tenant, or from a role on.
_WORDS: dict[str, tuple[Action, str]] = {
    "publish": (_publish, "tenant"),
    "unpublish": (_unpublish, "tenant"),
    "setDefault": (_set_default, "USER"),
    "unsetDefault": (_unset_default, "USER"),
    "setGlobalDefault": (_set_global_default, "tenant"),
    "unsetGlobalDefault": (_unset_global_default, "tenant"),
    "clone": (_clone, "USER"),
    "enable": (_enable, "ADMIN"),
    "disable": (_disable, "ADMIN"),
    "erase": (_erase, "tenant"),
}
_ACTIONS = {word.lower(): action for word, action in _WORDS.items()}
