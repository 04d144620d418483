"""Permissions on jobs: READ to see one and its outputs, WRITE to manage it."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import jobs, users
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.state.permissions import ALLOWS
from agavepy.sandbox.tenant import Tenant


def listing(job: Job) -> list[tuple[str, str]]:
    """Return users and their permission words, the owner first."""
    return [(job["owner"], "ALL"), *job["permissions"].items()]


def get(tenant: Tenant, job: Job, username: str) -> str:
    """Return the permission word of a user; ApiError 404 for an unknown one."""
    if users.get(tenant, username) is None:
        raise ApiError(404, f"No user found with the name {username}")
    return "ALL" if username == job["owner"] else job["permissions"].get(username, "NONE")


def grant(tenant: Tenant, job: Job, by: str, username: Any, permission: Any) -> str:
    """Give a user exactly this permission, NONE to take all away; return the word.

    Raises ApiError 400 for a missing or unknown user, the owner, or an unknown word.
    """
    if not isinstance(username, str) or not username:
        raise ApiError(400, "No username specified")
    if users.get(tenant, username) is None:
        raise ApiError(400, f"No user found with the name {username}")
    word = permission.upper() if isinstance(permission, str) else ""
    if word not in ALLOWS:
        words = ", ".join(ALLOWS)
        raise ApiError(400, f"Invalid permission value {permission!r}: give one of {words}")
    if username == job["owner"]:
        raise ApiError(400, f"The permission of the owner {username} cannot be changed")
    with tenant.store.transaction():
        current = jobs.find(tenant, job["id"]) or job
        permissions = {**current["permissions"], username: word}
        if word == "NONE":
            del permissions[username]
        _save(tenant, current, permissions, by, username, word)
    return word


def clear(tenant: Tenant, job: Job, by: str) -> None:
    """Take every permission away but the owner's."""
    with tenant.store.transaction():
        current = jobs.find(tenant, job["id"]) or job
        for username in list(current["permissions"]):
            rest = {n: w for n, w in current["permissions"].items() if n != username}
            current = _save(tenant, current, rest, by, username, "NONE")


def _save(
    tenant: Tenant, job: Job, permissions: dict[str, str], by: str, username: str, word: str
) -> Job:
    job = jobs.change(tenant, job, permissions=permissions)
    if word == "NONE":
        jobs.note(tenant, job, "PERMISSION_REVOKE", by, f"Permission of {username} was revoked")
    else:
        jobs.note(tenant, job, "PERMISSION_GRANT", by, f"{word} was granted to {username}")
    return job
