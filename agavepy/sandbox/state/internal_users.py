"""Internal users: those on whose behalf a user's program works (agave-profiles)."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import users
from agavepy.sandbox.tenant import Tenant

FIELDS = (
    "email", "firstName", "lastName", "position", "institution", "phone", "fax", "department",
    "city", "state", "country", "researchArea", "fundingAgency", "gender",
)  # fmt: skip
_GENDERS = {"male", "female"}


def owned(tenant: Tenant, caller: str, owner: str) -> list[dict[str, Any]]:
    """Return the internal users of ``owner``, oldest first.

    Raises ApiError 403 when they are none of the caller's business, 404 when there is no such user.
    """
    if caller != owner and not users.is_admin(tenant, caller):
        text = f"User does not have permission to view the internal users of {owner}"
        raise ApiError(403, text)
    if users.get(tenant, owner) is None:
        raise ApiError(404, f"No user found matching {owner}")
    return tenant.store.all("internal_user", owner=owner)


def find(tenant: Tenant, caller: str, owner: str, name: str) -> dict[str, Any]:
    """Return one internal user; raises as :func:`owned` does, and ApiError 404."""
    for item in owned(tenant, caller, owner):
        if item["username"] == name:
            return item
    raise ApiError(404, f"No internal user found matching {name}")


def add(tenant: Tenant, caller: str, owner: str, body: Any) -> dict[str, Any]:
    """Create an internal user; raises as :func:`owned` does, and ApiError 400 for a wrong body."""
    fields = _fields(body)
    for name in ("username", "email"):
        if not body.get(name):
            raise ApiError(400, f"No {name} provided for the internal user.")
    name = body["username"]
    if not isinstance(name, str) or "/" in name:
        raise ApiError(400, f"Invalid username for an internal user: {name!r}")
    with tenant.store.transaction():
        if any(item["username"] == name for item in owned(tenant, caller, owner)):
            raise ApiError(400, f"Internal user {name} already exists.")
        item = {"owner": owner, "username": name, "status": "Active", **dict.fromkeys(FIELDS)}
        item["uuid"] = tenant.ids.uuid("003")
        item.update(fields)
        tenant.store.put("internal_user", f"{owner}/{name}", item)
    return item


def update(tenant: Tenant, caller: str, owner: str, name: str, body: Any) -> dict[str, Any]:
    """Change fields of an internal user; raises as :func:`find` and :func:`add` do."""
    fields = _fields(body)
    if body.get("username") not in (None, name):
        raise ApiError(400, "The username of an internal user cannot be changed.")
    with tenant.store.transaction():
        item = {**find(tenant, caller, owner, name), **fields}
        tenant.store.put("internal_user", f"{owner}/{name}", item)
    return item


def delete(tenant: Tenant, caller: str, owner: str, name: str | None = None) -> None:
    """Remove one internal user, or without a name all of a user's; raises as :func:`find` does."""
    with tenant.store.transaction():
        if name is None:
            unwanted = owned(tenant, caller, owner)
        else:
            unwanted = [find(tenant, caller, owner, name)]
        for item in unwanted:
            tenant.store.delete("internal_user", f"{owner}/{item['username']}")


def _fields(body: Any) -> dict[str, str | None]:
    """Return the fields of a body that can be set; ApiError 400 for values of another type."""
    if not isinstance(body, dict):
        raise ApiError(400, "The body is not a JSON object")
    fields = {name: body[name] for name in FIELDS if name in body}
    for name, value in fields.items():
        if value is not None and not isinstance(value, str):
            raise ApiError(400, f"Invalid {name} value: {value!r} is not text")
    email, gender = fields.get("email"), fields.get("gender")
    if "email" in fields and (not email or "@" not in email):
        raise ApiError(400, f"Invalid email address: {email!r}")
    if gender:
        fields["gender"] = gender.lower()
        if fields["gender"] not in _GENDERS:
            raise ApiError(400, f"Invalid gender {gender!r}: male or female")
    return fields
