"""Bringing files in: what was acknowledged is staged in the background, also after a crash.

A task is kept as a document ``{id, target, system, path, user, upload, url, append, ready,
transfer}`` until its file is in place. ``upload`` and ``ready`` name files in the tenant's staging
directory: what a caller sent, and what only needs to be moved into place. Tasks for one path run in
their order, each at the pace of the kind ``files``.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from agavepy.sandbox import outside
from agavepy.sandbox.errors import ApiError, SandboxError
from agavepy.sandbox.state import (
    disk,
    files_records,
    notifications,
    sources,
    systems,
    transfers,
)
from agavepy.sandbox.state.files_access import owner
from agavepy.sandbox.tenant import Tenant

_log = logging.getLogger(__name__)

TASK = "file_staging"
#: Key under which a running tenant holds the targets that somebody is at work on.
_BUSY = "staging"
#: The states of an import, which are words of its file's history.
QUEUED, STAGING, DONE, FAILED = (
    "STAGING_QUEUED",
    "STAGING",
    "STAGING_COMPLETED",
    "STAGING_FAILED",
)
#: Seconds to connect to where a file is fetched from, and between two blocks of it.
_TIMEOUT_S = (10.0, 30.0)
_AGAIN_S = 1.0
_SCHEMES = ("agave", "http", "https")

System = Mapping[str, Any]
Task = dict[str, Any]


class _Stopping(Exception):
    """The sandbox stops while a file is being fetched; the task goes on at the next start."""


def adopt(tenant: Tenant, spooled: Path) -> Path:
    """Take over a file received on the tenant's disk, durably; return where it is now."""
    disk.flush(spooled)
    kept = disk.spare(tenant)
    disk.place(spooled, kept)
    return kept


def name_of(url: str) -> str:
    """Return the file name at the end of an address, empty when there is none."""
    return unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]


def check_source(tenant: Tenant, user: str, url: str) -> None:
    """Raise ApiError when a file cannot be brought in from ``url``.

    400 for an address that cannot be fetched; 403 or 404 for one of this tenant that ``user`` may
    not read or that does not exist.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a broken IPv6 address or port
        usable = False
    if not usable:
        raise ApiError(
            400,
            f"Cannot import from {url!r}: give an address that begins with agave://, http:// "
            "or https://",
        )
    source = sources.locate(tenant, user, url)
    if source is not None:
        source.there()


def queue(
    tenant: Tenant,
    user: str,
    system: System,
    path: str,
    source: str,
    *,
    upload: Path | None = None,
    append: bool = False,
    native_format: str = "raw",
    told: Sequence[notifications.Notification] = (),
    internal_user: str | None = None,
) -> files_records.Record:
    """Acknowledge a file for a logical path: kept from now on, staged soon. Return its record.

    ``upload`` is what :func:`adopt` returned; without it the content is fetched from ``source``.
    ``told`` are the notifications that were asked for along with it, ``internal_user`` is on whose
    behalf a new file is brought in.
    """
    target = disk.real(tenant, system, path, user_home=False)
    task: Task = {
        "id": tenant.ids.uuid("020"),
        "target": f"{system['id']}|{path}",
        "system": system["id"],
        "path": path,
        "user": user,
        "upload": upload.name if upload else None,
        "url": None if upload else source,
        "append": append,
        "ready": None,
        "transfer": None,
    }
    there = target.exists()
    keeper = owner(tenant, system, path) if there else user
    with tenant.store.transaction():
        record = files_records.ensure(tenant, system, path, keeper)
        shown = transfers.without_password(source)
        record.update(source=shown, nativeFormat=native_format)
        if not there:
            record["internalUsername"] = internal_user
        notifications.subscribe(tenant, user, record["uuid"], told)
        if there:
            word = "CONTENT_CHANGE" if append else "OVERWRITTEN"
            text = f"File will be {'appended to' if append else 'replaced'}"
            files_records.event(tenant, record, word, user, text)
        task["transfer"] = transfers.add(tenant, user, source, f"agave://{system['id']}/{path}")
        files_records.event(
            tenant,
            record,
            QUEUED,
            user,
            "File/folder queued for staging",
            task["transfer"],
        )
        tenant.store.put(TASK, task["id"], task)
    _begin(tenant, task, record)
    return record


def resume(tenant: Tenant) -> None:
    """Go on with what was acknowledged before the tenant was last stopped; forget the rest."""
    tasks = tenant.store.all(TASK)
    wanted = {task[field] for task in tasks for field in ("upload", "ready")}
    folder = disk.spare(tenant).parent
    for left in folder.iterdir():
        if left.name not in wanted:
            disk.remove(left)
    for task in tasks:
        _begin(tenant, task, _record(tenant, task))


def _begin(tenant: Tenant, task: Task, record: files_records.Record | None) -> None:
    ids = [record["uuid"]] if record is not None else []
    ids += [task[name] for name in ("transfer", "id") if task.get(name)]
    tenant.pace.begin("files", task["id"], QUEUED, ids)
    with contextlib.suppress(SandboxError):  # it is stopping: the next start goes on
        tenant.background(stage, tenant, task["target"], kind="files")


def stage(tenant: Tenant, target: str) -> None:
    """Put what was acknowledged for a target into place, unless somebody is at it.

    While not even that can be written down, on a full disk, it is tried again and again.
    """
    busy: set[str] = tenant.live.setdefault(_BUSY, set())
    with _locked(tenant, target):
        if target in busy:
            return
        busy.add(target)
    try:
        while (task := _next(tenant, target, busy)) is not None:
            try:
                _stage(tenant, task)
            except OSError as error:
                _log.warning("staging of %s waits: %s", target, error)
                tenant.stopping.wait(_AGAIN_S)
    except BaseException:
        busy.discard(target)
        raise


def _next(tenant: Tenant, target: str, busy: set[str]) -> Task | None:
    """Return the oldest task for a target; None, and nobody is at it, when there is none."""
    with _locked(tenant, target):
        waiting = tenant.store.all(TASK, target=target)
        if waiting and not tenant.stopping.is_set():
            return waiting[0]
        busy.discard(target)
        return None


def _locked(tenant: Tenant, target: str) -> AbstractContextManager[None]:
    """Hold the mutex of a path, which those who manage files hold as well."""
    return tenant.lock(f"file/{target}")


def _stage(tenant: Tenant, task: Task) -> None:
    """Take a task through its states. While it is held in one, its path is free for others."""
    stopping = tenant.stopping.is_set
    tenant.pace.hold(task["id"], stopping)
    if stopping() or not _tell(tenant, task, STAGING, "File/folder is being staged"):
        return
    tenant.pace.hold(task["id"], stopping)
    if stopping():
        return
    with _locked(tenant, task["target"]):
        system = systems.find(tenant, task["system"])
        # Without its record, the file was deleted since, with its directory or its system.
        if system is None or _record(tenant, task) is None:
            _finish(tenant, task)
            return
        try:
            with disk.storing(system):
                _put(tenant, system, task)
        except _Stopping:
            return
        except (ApiError, OSError) as error:  # a RequestException is an OSError
            reason = error.message if isinstance(error, ApiError) else str(error)
            word, text = FAILED, f"Staging failed: {reason}"
        else:
            word, text = DONE, "Staging completed successfully"
        _tell(tenant, task, word, text)


def _record(tenant: Tenant, task: Task) -> files_records.Record | None:
    return files_records.get(tenant, {"id": task["system"]}, task["path"])


def _tell(tenant: Tenant, task: Task, word: str, text: str) -> bool:
    """Add an event to the file that a task is about; return whether it has a record still.

    The task goes with the last event, and when there is no record.
    """
    with tenant.store.transaction():
        record = _record(tenant, task)
        transfer = task.get("transfer")
        if record is not None:
            files_records.event(tenant, record, word, task["user"], text, transfer)
            _move_on(tenant, task, word)
            entered, last = (task["id"], word, tenant.clock.now()), word != STAGING
            tenant.store.after_commit(partial(tenant.pace.enter, *entered, last=last))
        if word != STAGING or record is None:
            _finish(tenant, task)
    return record is not None


def _move_on(tenant: Tenant, task: Task, word: str) -> None:
    """Give the transfer of a task the state that goes with a word of the file's history."""
    if task.get("transfer") is None:  # acknowledged by an earlier release
        return
    if word == DONE:
        system = {"id": task["system"]}
        place = disk.real(tenant, system, task["path"], user_home=False)
        count, size = disk.extent(place)
        transfers.end(tenant, task["transfer"], "COMPLETED", count, size)
    elif word == FAILED:
        transfers.end(tenant, task["transfer"], "FAILED")
    else:
        transfers.start(tenant, task["transfer"])


def _finish(tenant: Tenant, task: Task) -> None:
    tenant.store.delete(TASK, task["id"])
    tenant.store.after_commit(partial(tenant.pace.end, task["id"]))
    if task.get("transfer") is not None:
        transfers.cancel(tenant, task["transfer"])
    for field in ("upload", "ready"):
        if task[field] is not None:
            left = disk.spare(tenant).with_name(task[field])
            if disk.exists(left):
                disk.remove(left)


def _put(tenant: Tenant, system: System, task: Task) -> None:
    """Put the content of a task into place; done again after a crash, it has the same effect."""
    target = disk.real(tenant, system, task["path"], user_home=False)
    spare = disk.spare(tenant)
    if task["ready"] is None:
        ready = _prepare(tenant, task, target)
        if ready.is_dir() and target.is_dir():  # merged: again is the same as once
            disk.copy_tree(tenant, ready, target)
            disk.remove(ready)
            return
        # Known as ready before it is moved: once it is gone from here, it has been moved, and
        # what was to be appended is not appended twice.
        task["ready"] = ready.name
        tenant.store.put(TASK, task["id"], task)
    ready = spare.with_name(task["ready"])
    if ready.exists():
        disk.place(ready, target)


def _prepare(tenant: Tenant, task: Task, target: Path) -> Path:
    """Return a complete file or directory in the staging directory, only to be moved into place."""
    if task["upload"] is not None:
        content = disk.spare(tenant).with_name(task["upload"])
    else:
        content = disk.spare(tenant)
        _fetch(tenant, task["user"], task["url"], content)
    if not (task["append"] and target.is_file()):
        return content
    try:
        if content.is_dir():
            raise ApiError(400, f"A directory cannot be appended to a file: {task['url']}")
        whole = disk.spare(tenant)
        with target.open("rb") as first, content.open("rb") as second:
            disk.write_stream(tenant, whole, chain(disk.chunks(first), disk.chunks(second)))
        return whole
    finally:
        if task["upload"] is None:
            disk.remove(content)


def _fetch(tenant: Tenant, user: str, url: str, target: Path) -> None:
    source = sources.locate(tenant, user, url)
    if source is not None:
        with disk.storing(source.system):
            disk.copy_tree(tenant, source.there().real, target)
        return
    more = outside.options(tenant, url)
    with requests.get(url, stream=True, timeout=_TIMEOUT_S, **more) as answer:
        if not answer.ok:
            shown = transfers.without_password(url)
            raise ApiError(400, f"{shown} answered {answer.status_code} {answer.reason}")
        disk.write_stream(tenant, target, _until_stopped(tenant, answer))


def _until_stopped(tenant: Tenant, answer: requests.Response) -> Iterator[bytes]:
    for block in answer.iter_content(disk.CHUNK):
        if tenant.stopping.is_set():
            raise _Stopping
        yield block
