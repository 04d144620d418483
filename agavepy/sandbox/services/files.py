"""What the handlers of the files service share: the place that a request names, and its body."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agavepy.sandbox.call import Call
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.links import Linker
from agavepy.sandbox.state import (
    disk,
    events,
    files,
    files_records,
    files_views,
    internal_users,
    systems,
)
from agavepy.sandbox.state.files_access import authorize
from agavepy.sandbox.tenant import Tenant

#: agave-files words an unknown system differently in FileManagementResource and elsewhere.
IN_MEDIA = "No system found for user with id {id}"
ELSEWHERE = "No resource found for user with system id '{id}'"
MISSING = "File/folder does not exist"


@dataclass(frozen=True)
class Place:
    """A path of a system: ``text`` as it was written, ``logical`` and ``real`` what it means."""

    system: dict[str, Any]
    text: str
    logical: str
    real: Path


def _may(tenant: Tenant, user: str, record: files_records.Record) -> bool:
    system = systems.find(tenant, record["system"])
    return system is not None and files.readable(tenant, user, system, record["path"])


def _link(linker: Linker, record: files_records.Record) -> str:
    address = files.address({"id": record["system"]}, record["path"])
    return linker.link("files", "download", **address)


events.register(
    "002",
    events.Source(
        name="file",
        find=files_records.by_uuid,
        may=_may,
        link=_link,
        document=lambda tenant, user, record: files_views.logical_file(
            tenant, tenant, user, record
        ),
    ),
)


def place(call: Call, unknown: str = ELSEWHERE, *, user: str = "", follow: bool = True) -> Place:
    """Return the place that a call names, on the default system when it names none.

    ``user`` is whose systems are meant, the caller's if empty. ApiError 404 for a system that they
    do not see (worded as ``unknown``) or a path that leads out of it, 400 for one that is down.
    """
    user = user or call.user
    text = str(call.args.get("filePath", call.args.get("sourcefilePath", "")))
    if "systemId" in call.args:
        system = _visible(call, user, unknown)
    else:
        system = files.default_system(call.tenant, user)
    files.usable(system)
    logical = disk.logical(system, text)
    real = disk.real(call.tenant, system, logical, user_home=False, follow=follow)
    return Place(system, text, logical, real)


def _visible(call: Call, user: str, unknown: str) -> dict[str, Any]:
    system_id = call.args["systemId"]
    try:
        return systems.visible(call.tenant, user, system_id)
    except ApiError as error:
        # SystemDao looks among the systems that the user sees: a hidden one does not exist.
        raise ApiError(404, unknown.format(id=system_id)) from error


def require(call: Call, at: Place, need: str, *, tree: bool = False) -> None:
    """Raise ApiError 403 without the right ``need`` at a place, 404 when nothing is there."""
    authorize(call.tenant, call.user, at.system, at.logical, need, tree=tree)
    if not disk.exists(at.real):
        raise ApiError(404, MISSING)


def internal_user(call: Call) -> str | None:
    """Return the internal user on whose behalf the caller asks; ApiError 404 when there is none."""
    name = call.internal_user or None
    if name is not None:
        internal_users.find(call.tenant, call.user, call.user, name)
    return name


def flag(value: Any, name: str) -> bool:
    """Return a boolean that may have travelled as text; ApiError 400 for anything else."""
    text = str("" if value is None else value).lower()
    if text not in {"true", "1", "on", "false", "0", "off", ""}:
        raise ApiError(400, f"Invalid value for {name}: {value!r} is neither true nor false")
    return text in {"true", "1", "on"}


def body_fields(call: Call) -> dict[str, Any]:
    """Return the fields of a body that came as JSON or as a form; ApiError 400 for another body."""
    if not isinstance(call.body, dict):
        raise ApiError(400, "The body must be a JSON object or a form")
    return call.body
