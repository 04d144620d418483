"""Making, copying, moving, renaming and deleting (agave-files FileManagementResource)."""

from __future__ import annotations

import contextlib
from itertools import chain

from agavepy.sandbox.call import Call, Reply
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.registry import handler
from agavepy.sandbox.services.files import (
    IN_MEDIA,
    MISSING,
    Place,
    body_fields,
    flag,
    internal_user,
    place,
    require,
)
from agavepy.sandbox.state import disk, files_access, files_records, transfers
from agavepy.sandbox.state.files_access import authorize, authorize_target
from agavepy.sandbox.state.files_views import logical_file


@handler("files", "manage")
@handler("files", "manageOnDefaultSystem")
def manage(call: Call) -> Reply:
    """Do what the body's ``action`` says with a file or directory."""
    fields = body_fields(call)
    internal_user(call)  # one that does not exist is told before anything is done
    action = str(fields.get("action") or "").lower()
    path = str(fields.get("path") or "")
    if not action:
        raise ApiError(400, "Please provide a file action to perform")
    if action == "mkdir":
        return _mkdir(call, path)
    if action == "rename":
        return _rename(call, path)
    if action == "move":
        return _move(call, path)
    if action == "copy":
        return _copy(call, path, flag(fields.get("append"), "append"))
    raise ApiError(501, f"Action {action} is not implemented: give mkdir, copy, move or rename")


@handler("files", "delete")
@handler("files", "deleteFromDefaultSystem")
def delete(call: Call) -> Reply:
    """Delete a file, or a directory with all that it holds and all that was known of it."""
    at = place(call, IN_MEDIA, follow=False)
    require(call, at, "WRITE", tree=_is_tree(at))
    _not_root(at, "deleted")
    with call.tenant.lock(_lock(at)), disk.storing(at.system):
        disk.remove(at.real)
        with call.tenant.store.transaction():
            _forget(call, at)
    return Reply.empty()


def _mkdir(call: Call, path: str) -> Reply:
    if not path:
        raise ApiError(400, "No path given: give the name of the new directory as path")
    at = place(call, IN_MEDIA)
    new = _at(call, at, disk.join(at.logical, path))
    authorize_target(call.tenant, call.user, new.system, new.logical)
    there = new.real.is_dir()
    if not there and disk.exists(new.real):
        raise ApiError(400, f"A file of that name exists: {new.logical}")
    try:
        with disk.storing(new.system), call.tenant.store.transaction():
            new.real.mkdir(parents=True, exist_ok=True)
            record = _record(call, new, new=not there)
            record["nativeFormat"] = "dir"
            files_records.event(call.tenant, record, "CREATED", call.user, "Directory created")
    except ApiError:
        if not there:
            with contextlib.suppress(OSError):  # it was not even made, or is in use by now
                new.real.rmdir()
        raise
    if there:
        message = f"Directory {new.logical} already exists"
        return Reply(logical_file(call, call.tenant, call.user, record), 200, message)
    return Reply(logical_file(call, call.tenant, call.user, record), 201)


def _rename(call: Call, name: str) -> Reply:
    if not name:
        raise ApiError(400, "No path given: give the new name as path")
    at = place(call, IN_MEDIA, follow=False)
    if not at.text.strip("/"):
        raise ApiError(400, "The home or root directory of a system cannot be renamed")
    require(call, at, "WRITE", tree=_is_tree(at))
    _not_root(at, "renamed")
    to = _at(call, at, disk.join(disk.parent(at.logical), name), follow=False)
    authorize_target(call.tenant, call.user, to.system, to.logical)
    if disk.exists(to.real):
        raise ApiError(400, f"A file or directory of that name exists: {to.logical}")
    return _moved(call, at, to, "RENAME", "Rename success")


def _move(call: Call, path: str) -> Reply:
    if not path:
        raise ApiError(400, "No path given: give the destination, with the new name, as path")
    at = place(call, IN_MEDIA, follow=False)
    require(call, at, "WRITE", tree=_is_tree(at))
    _not_root(at, "moved")
    to = _target(call, at, path, follow=False)
    if _is_tree(at) and disk.exists(to.real):
        raise ApiError(400, f"The destination exists: {to.logical}")
    return _moved(call, at, to, "MOVED", "Move success")


def _moved(call: Call, at: Place, to: Place, event: str, message: str) -> Reply:
    """Move what is at ``at``, with all that is known of it, over a file that may be at ``to``."""
    tenant, system = call.tenant, at.system
    with tenant.lock(_lock(to)), disk.storing(system):
        event = "OVERWRITTEN" if disk.exists(to.real) else event
        disk.place(at.real, to.real)
        with tenant.store.transaction():
            _forget(call, to)
            record = _record(call, at)
            files_records.event(
                tenant, record, event, call.user, f"{at.logical} became {to.logical}"
            )
            files_records.move(tenant, system, at.logical, to.logical)
            files_access.move(tenant, system, at.logical, to.logical)
            record = _record(call, to)
    return Reply(logical_file(call, call.tenant, call.user, record), 200, message)


def _copy(call: Call, path: str, append: bool) -> Reply:
    if not path:
        raise ApiError(400, "No path given: give the destination, with the new name, as path")
    at = place(call, IN_MEDIA)
    tree = at.real.is_dir()
    require(call, at, "READ", tree=tree)
    to = _target(call, at, path)
    tenant = call.tenant
    if tree and append:
        raise ApiError(400, f"A directory cannot be appended to a file: {at.logical}")
    with tenant.lock(_lock(to)), disk.storing(to.system):
        there = disk.exists(to.real)
        if append and there:
            mode = to.real.stat().st_mode
            with to.real.open("rb") as first, at.real.open("rb") as second:
                both = chain(disk.chunks(first), disk.chunks(second))
                disk.write_stream(tenant, to.real, both)
            to.real.chmod(mode & 0o7777)
        else:
            disk.copy_tree(tenant, at.real, to.real)
        with tenant.store.transaction():
            record = _record(call, to, new=not there)
            record["source"] = f"agave://{at.system['id']}/{at.logical}"
            word = ("CONTENT_CHANGE" if append else "OVERWRITTEN") if there else "CREATED"
            transfer = transfers.record(
                tenant,
                call.user,
                record["source"],
                f"agave://{to.system['id']}/{to.logical}",
                *disk.extent(at.real),
            )
            text = f"Copied from {at.logical}"
            files_records.event(tenant, record, word, call.user, text, transfer)
    return Reply(logical_file(call, call.tenant, call.user, record), 200, "Copy success")


def _target(call: Call, at: Place, path: str, *, follow: bool = True) -> Place:
    """Return the destination of a copy or move, which the caller may write.

    It includes the new name: nothing is put "into" a directory that is there. ApiError 400 when
    it is the source or below it, or of the other kind; 404 when its directory is missing.
    """
    to = _at(call, at, disk.logical(at.system, path), follow=follow)
    if path.lower() == at.text.lower() or to.logical == at.logical:
        raise ApiError(400, f"Source and destination are the same: {path}")
    if disk.below(to.logical, at.logical):
        raise ApiError(400, f"{at.logical} cannot be put into itself: {to.logical}")
    authorize_target(call.tenant, call.user, to.system, to.logical)
    if disk.exists(to.real):
        authorize(call.tenant, call.user, to.system, to.logical, "WRITE", tree=to.real.is_dir())
        if at.real.is_dir() != to.real.is_dir():
            kinds = ("file", "directory") if to.real.is_dir() else ("directory", "file")
            raise ApiError(400, f"A {kinds[0]} cannot replace a {kinds[1]}: {to.logical}")
    elif not to.real.parent.is_dir():
        raise ApiError(404, f"{MISSING}: {disk.parent(to.logical)}")
    return to


def _at(call: Call, like: Place, logical: str, *, follow: bool = True) -> Place:
    real = disk.real(call.tenant, like.system, logical, user_home=False, follow=follow)
    return Place(like.system, logical, logical, real)


def _is_tree(at: Place) -> bool:
    return at.real.is_dir() and not at.real.is_symlink()


def _not_root(at: Place, done: str) -> None:
    if at.logical == "/":
        raise ApiError(400, f"The root directory of a system cannot be {done}")


def _record(call: Call, at: Place, *, new: bool = False) -> files_records.Record:
    """Return the record of a place; what is ``new`` there is the caller's."""
    tenant = call.tenant
    keeper = call.user if new else files_access.owner(tenant, at.system, at.logical)
    record = files_records.ensure(tenant, at.system, at.logical, keeper)
    return {**record, "internalUsername": call.internal_user or None} if new else record


def _forget(call: Call, at: Place) -> None:
    files_records.forget(call.tenant, at.system, at.logical)
    files_access.forget(call.tenant, at.system, at.logical, within=True)


def _lock(at: Place) -> str:
    """Return the name of the mutex of a path, which staging holds as well."""
    return f"file/{at.system['id']}|{at.logical}"
