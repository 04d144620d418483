"""Who may do what with a path of a system: roles, private homes and grants.

A grant is kept as a document ``{system, path, username, permission, recursive}``. Rules are
those of agave-files' PermissionManager: an administrator of the system may do everything. On a
public storage system everybody reads everything but other users' homes (the directories of their
names in ``homeDir``), and writes only in their own. On a private one GUEST reads, USER and
PUBLISHER write as well. The owner of a file and the holders of grants come on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Flag
from typing import Any

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, files_records, systems, users
from agavepy.sandbox.tenant import Tenant

GRANT = "file_grant"
#: A grant to either is one to everybody, also without a token (agave-files pom.xml).
EVERYBODY = ("public", "world")

System = Mapping[str, Any]


class Rights(Flag):
    """What one may do with a path; the names are the words of the service."""

    NONE = 0
    READ = 1
    WRITE = 2
    EXECUTE = 4
    READ_WRITE = READ | WRITE
    READ_EXECUTE = READ | EXECUTE
    WRITE_EXECUTE = WRITE | EXECUTE
    ALL = READ | WRITE | EXECUTE

    @property
    def word(self) -> str:
        """The name, such as ``READ_WRITE``."""
        return str(self.name)

    @classmethod
    def of(cls, word: str) -> Rights:
        """Return the rights of a word in any case; ApiError 400 for another one."""
        try:
            return cls[word.upper()]
        except KeyError as error:
            words = ", ".join(cls.__members__)
            raise ApiError(
                400, f"Invalid permission value {word!r}: give one of {words}"
            ) from error


_BY_ROLE = {
    "NONE": Rights.NONE,
    "GUEST": Rights.READ,
    "USER": Rights.READ_WRITE,
    "PUBLISHER": Rights.READ_WRITE,
    "ADMIN": Rights.ALL,
    "OWNER": Rights.ALL,
}


def home_owner(tenant: Tenant, system: System, path: str) -> str | None:
    """Return whose private home a logical path is in, on a public storage system; else None."""
    if not system["public"] or system["type"] != "STORAGE":
        return None
    base = disk.home(system)
    if path == base or not disk.below(path, base):
        return None
    name = path[len(base.rstrip("/")) + 1 :].partition("/")[0]
    return name if users.get(tenant, name) is not None else None


def owner(tenant: Tenant, system: System, path: str) -> str:
    """Return who owns a logical path: who put it there, else whose home or system it is in."""
    record = files_records.get(tenant, system, path)
    if record is not None:
        return str(record["owner"])
    return home_owner(tenant, system, path) or str(system["owner"])


def rights(tenant: Tenant, user: str, system: System, path: str, *, tree: bool = False) -> Rights:
    """Return what ``user`` (empty: anybody) may do with a logical path.

    With ``tree``, what the user may do with all that is below it as well.
    """
    base = by_role(tenant, user, system, path, tree=tree)
    if Rights.ALL in base or (user and owner(tenant, system, path) == user):
        return Rights.ALL
    names = {user, *EVERYBODY} - {""}
    found = base
    for directory in _upwards(path):
        for name in names:
            grant = tenant.store.get(GRANT, _key(system, directory, name))
            if grant and (grant["recursive"] or (directory == path and not tree)):
                found |= Rights[grant["permission"]]
    return found


def by_role(tenant: Tenant, user: str, system: System, path: str, *, tree: bool = False) -> Rights:
    """Return what the role of ``user`` on the system, or a home there, lets them do with a path."""
    role = systems.role(tenant, user, dict(system))
    if not system["public"] or role in {"ADMIN", "OWNER"}:
        return _BY_ROLE[role]
    if not user or system["type"] != "STORAGE":
        return Rights.NONE
    owned_by = home_owner(tenant, system, path)
    if owned_by is not None:
        return Rights.ALL if owned_by == user else Rights.NONE
    holds_homes = disk.below(disk.home(system), path)
    return Rights.NONE if tree and holds_homes else Rights.READ


def authorize(
    tenant: Tenant, user: str, system: System, path: str, need: str, *, tree: bool = False
) -> None:
    """Raise ApiError 403 unless ``user`` may READ, WRITE (``need``) a logical path.

    ``tree`` asks about all that is below it too: for what copies or removes whole directories.
    """
    wanted = Rights[need]
    if wanted not in rights(tenant, user, system, path, tree=tree):
        doing = {"READ": "view", "WRITE": "modify"}.get(need, need.lower())
        raise ApiError(403, f"User does not have access to {doing} the requested resource {path}")


def authorize_target(tenant: Tenant, user: str, system: System, path: str) -> None:
    """Raise ApiError 403 unless ``user`` may put something at a logical path.

    What is not there yet may be made by who may write to the nearest directory that is.
    """
    at = path
    while at != "/" and not disk.exists(disk.real(tenant, system, at, user_home=False)):
        if Rights.WRITE in rights(tenant, user, system, at):
            return
        at = disk.parent(at)
    authorize(tenant, user, system, at, "WRITE")


def grants(tenant: Tenant, system: System, path: str) -> list[dict[str, Any]]:
    """Return the grants on a logical path itself, the oldest first."""
    return tenant.store.all(GRANT, system=system["id"], path=path)


def grant(
    tenant: Tenant, system: System, path: str, username: str, wanted: Rights, recursive: bool
) -> None:
    """Let ``username`` do exactly this with a logical path; NONE takes every right away."""
    key = _key(system, path, username)
    if wanted is Rights.NONE:
        tenant.store.delete(GRANT, key)
        return
    document = {
        "system": system["id"],
        "path": path,
        "username": username,
        "permission": wanted.word,
        "recursive": recursive,
    }
    tenant.store.put(GRANT, key, document)


def forget(tenant: Tenant, system: System, path: str, *, within: bool = False) -> None:
    """Remove the grants on a logical path, and ``within`` those on all that is below it."""
    for item in _on(tenant, system, path, within):
        tenant.store.delete(GRANT, _key(system, item["path"], item["username"]))


def move(tenant: Tenant, system: System, path: str, target: str) -> None:
    """Take the grants on a logical path and on all below it along to another path."""
    for item in _on(tenant, system, path, True):
        tenant.store.delete(GRANT, _key(system, item["path"], item["username"]))
        at = target + item["path"][len(path) :]
        kept = Rights[item["permission"]]
        grant(tenant, system, at, item["username"], kept, item["recursive"])


def _on(tenant: Tenant, system: System, path: str, within: bool) -> list[dict[str, Any]]:
    if not within:
        return grants(tenant, system, path)
    everything = tenant.store.all(GRANT, system=system["id"])
    return [item for item in everything if disk.below(item["path"], path)]


def _upwards(path: str) -> Iterator[str]:
    yield path
    while path != "/":
        path = disk.parent(path)
        yield path


def _key(system: System, path: str, username: str) -> str:
    return f"{system['id']}|{path}|{username}"
