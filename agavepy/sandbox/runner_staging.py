"""The files of a job: its directory, the app's deployment, the inputs, and the archive."""

from __future__ import annotations

import json
import os
import posixpath
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from agavepy.sandbox import outside
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import (
    disk,
    files,
    files_access,
    jobs_outputs,
    sources,
    systems,
    transfers,
)
from agavepy.sandbox.state.jobs import Job
from agavepy.sandbox.tenant import Tenant

#: Called between files; raises when the job has been stopped meanwhile.
Check = Callable[[], None]

#: Seconds to wait for a connection, and for the next bytes, of an http(s) input.
_TIMEOUT = (10.0, 60.0)


def make_directory(tenant: Tenant, job: Job, app: dict[str, Any]) -> Path:
    """Make the job's directory with a copy of the app's deployment in it, and return it.

    What an earlier attempt left there goes. Raises ApiError when the deployment is gone or the disk
    is full.
    """
    system, logical = jobs_outputs.work(tenant, job)
    directory = disk.real(tenant, system, logical, user_home=False)
    source_system = systems.find(tenant, app["deploymentSystem"])
    if source_system is None:
        raise ApiError(
            404, f"The deployment system {app['deploymentSystem']} of app {app['id']} is gone"
        )
    source = disk.real(tenant, source_system, app["deploymentPath"])
    if not source.is_dir():
        raise ApiError(
            404,
            f"The deployment path {app['deploymentPath']} of app {app['id']} does not exist on "
            f"{source_system['id']}",
        )
    with disk.storing(system):
        if disk.exists(directory):
            disk.remove(directory)
        directory.mkdir(parents=True)
        disk.copy_tree(tenant, source.resolve(), directory)
    return directory


def route_in(tenant: Tenant, job: Job) -> tuple[str, str] | None:
    """Return from where to where the inputs of a job move, as transfers tell it; None for none."""
    given = [transfers.without_password(item) for items in job["inputs"].values() for item in items]
    return (";".join(given), _address(*jobs_outputs.work(tenant, job))) if given else None


def route_out(tenant: Tenant, job: Job) -> tuple[str, str]:
    """Return from where to where the outputs of a job move when they are archived."""
    archive_at = _address(*jobs_outputs.archive(tenant, job))
    return _address(*jobs_outputs.work(tenant, job)), archive_at


def _address(system: dict[str, Any], logical: str) -> str:
    return f"agave://{system['id']}/{logical}"


def stage_inputs(tenant: Tenant, job: Job, directory: Path, check: Check) -> dict[str, list[str]]:
    """Bring the inputs to the top of the job's directory; return the names they have there, by id.

    The later of two inputs of one name replaces the earlier one. Raises ApiError naming the input
    that cannot be had.
    """
    system, _ = jobs_outputs.work(tenant, job)
    names: dict[str, list[str]] = {}
    given = [(input_id, value) for input_id, values in job["inputs"].items() for value in values]
    with transfers.making(tenant, job.get("transfer", "")) as arrived:
        for input_id, value in given:
            check()
            try:
                with disk.storing(system):
                    name = _stage(tenant, job, input_id, value, directory, check)
            except ApiError as error:
                shown = transfers.without_password(value)
                text = f"Cannot stage input {input_id}, {shown}: {error.message}"
                raise ApiError(error.status, text) from error
            arrived(directory / name)
            names.setdefault(input_id, []).append(name)
    return names


def _stage(
    tenant: Tenant, job: Job, input_id: str, value: str, directory: Path, check: Check
) -> str:
    found = sources.locate(tenant, job["owner"], value)
    if found is None:
        name = posixpath.basename(unquote(urlsplit(value).path).rstrip("/")) or input_id
        target = _clear(directory, name, folder=False)
        disk.write_stream(tenant, target, _download(tenant, value, check))
        return name
    name = posixpath.basename(found.there().logical)
    if not name:
        raise ApiError(400, "The whole of a system cannot be an input: name a directory of it")
    disk.copy_tree(tenant, found.real, _clear(directory, name, folder=found.real.is_dir()))
    return name


def _clear(directory: Path, name: str, *, folder: bool) -> Path:
    """Return where an input goes, after removing what is there and is of the other kind."""
    if name in {".", ".."} or "/" in name:
        raise ApiError(400, f"{name!r} is no name for a file")
    target = directory / name
    if disk.exists(target) and target.is_dir() != folder:
        disk.remove(target)
    return target


def _download(tenant: Tenant, url: str, check: Check) -> Iterator[bytes]:
    try:
        more = outside.options(tenant, url)
        with requests.get(url, stream=True, timeout=_TIMEOUT, **more) as response:
            if response.status_code != 200:
                raise ApiError(400, f"the server answered {response.status_code} {response.reason}")
            for block in response.iter_content(disk.CHUNK):
                check()
                yield block
    except requests.RequestException as error:
        raise ApiError(400, f"the download failed: {error}") from error


def remember(directory: Path, record: Path) -> None:
    """Write down what the job's directory holds before it runs: all of that is no output."""
    names = [str(entry.relative_to(directory)) for entry in _walk(directory)]
    record.parent.mkdir(parents=True, exist_ok=True)
    part = record.with_suffix(".part")
    part.write_text(json.dumps(names))
    part.replace(record)


def archive(tenant: Tenant, job: Job, record: Path, check: Check) -> int:
    """Copy what is new since :func:`remember` to the job's archive; return how many files.

    Raises ApiError when the archive cannot be written, or the job's directory is gone.
    """
    system, logical = jobs_outputs.work(tenant, job)
    directory = disk.real(tenant, system, logical, user_home=False)
    target_system, target_logical = jobs_outputs.archive(tenant, job)
    files_access.authorize_target(tenant, job["owner"], target_system, target_logical)
    target = disk.real(tenant, target_system, target_logical, user_home=False)
    try:
        known = set(json.loads(record.read_text()))
    except (OSError, ValueError) as error:
        raise ApiError(500, f"What the job began with is not known any more: {error}") from error
    copied = 0
    making = transfers.making(tenant, job.get("transfer", ""))  # earlier releases kept none
    with making as arrived, disk.storing(target_system):
        target.mkdir(parents=True, exist_ok=True)
        text = f"Archive of job {job['id']}"
        files.note(tenant, target_system, target_logical, "CREATED", job["owner"], text)
        for entry in _walk(directory):
            check()
            relative = entry.relative_to(directory)
            if str(relative) in known:
                continue
            copy = target / relative
            if entry.is_dir() and not entry.is_symlink():
                copy.mkdir(parents=True, exist_ok=True)
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            disk.copy_tree(tenant, entry, copy)
            arrived(copy)
            copied += 1
    return copied


def remove_directory(tenant: Tenant, job: Job) -> None:
    """Remove the directory in which a job ran, once all that counts is in its archive."""
    system, logical = jobs_outputs.work(tenant, job)
    shutil.rmtree(disk.real(tenant, system, logical, user_home=False), ignore_errors=True)


def _walk(directory: Path) -> Iterator[Path]:
    """Yield everything below a directory, directories before what they hold; links not followed."""
    for top, folders, names in os.walk(directory):
        for name in sorted([*folders, *names]):
            yield Path(top, name)
