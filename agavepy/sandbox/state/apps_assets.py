"""The files of apps: whether they are where a definition says, and their copies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.state import disk, files_access
from agavepy.sandbox.tenant import Tenant

System = Mapping[str, Any]


def check(tenant: Tenant, user: str, system: System, fields: Mapping[str, Any]) -> None:
    """Refuse a definition whose files ``user`` cannot have copied to jobs.

    Raises ApiError 400 when ``deploymentPath`` is no directory of the system, or ``templatePath``
    or ``testPath`` no file in it; 403 when the user may not read all of the directory.
    """
    written = fields["deploymentPath"]
    directory = _place(tenant, system, "deploymentPath", written)
    if not directory.real.is_dir():
        raise ApiError(400, f"deploymentPath is no directory on system {system['id']}: {written}")
    files_access.authorize(tenant, user, system, directory.logical, "READ", tree=True)
    for name in ("templatePath", "testPath"):
        file = _place(tenant, system, name, fields[name], directory.logical)
        if not disk.below(file.logical, directory.logical):
            raise ApiError(400, f"{name} must be inside deploymentPath {written}: {fields[name]}")
        if not file.real.is_file():
            raise ApiError(
                400, f"{name} is no file in {written} on system {system['id']}: {fields[name]}"
            )


class _Place(NamedTuple):
    logical: str
    real: Path


def _place(
    tenant: Tenant, system: System, name: str, written: str, directory: str | None = None
) -> _Place:
    """Return where a path of a definition leads, from ``directory`` or as a path of its own.

    Raises ApiError 400 naming the field when it leads out of the system.
    """
    try:
        if directory is None:
            logical = disk.logical(system, written)
        else:
            logical = disk.join(directory, written)
        return _Place(logical, disk.real(tenant, system, logical, user_home=False))
    except ApiError as error:
        raise ApiError(400, f"{name} is no path on system {system['id']}: {written}") from error


def publish(
    tenant: Tenant, app: Mapping[str, Any], source: System, target: System, app_id: str
) -> str:
    """Copy the files of an app to the public ones of ``target``; return the directory's path.

    What an interrupted publication left there is replaced. Raises ApiError 400 when the files of
    the app have gone, 403 when its owner may no longer read them.
    """
    public = target["storage"].get("publicAppsDir") or "/apps"
    path = disk.join(disk.logical(target, public), app_id)
    with tenant.lock(f"app files {path}"), disk.storing(target):
        copy = disk.real(tenant, target, path, user_home=False)
        if disk.exists(copy):
            disk.remove(copy)
        _copy(tenant, app, source, target, path)
    return path


def clone(
    tenant: Tenant, user: str, app: Mapping[str, Any], source: System, target: System, path: str
) -> None:
    """Copy the files of an app to the path that ``user`` wrote, which must not be there yet.

    Raises ApiError 403 when the user may not write there or the app's owner may no longer read its
    files, 400 when something is there or the files have gone.
    """
    directory = disk.logical(target, path)
    files_access.authorize_target(tenant, user, target, directory)
    with tenant.lock(f"app files {directory}"), disk.storing(target):
        if disk.exists(disk.real(tenant, target, directory, user_home=False)):
            raise ApiError(400, f"deploymentPath exists on system {target['id']} already: {path}")
        _copy(tenant, app, source, target, directory)


def _copy(
    tenant: Tenant, app: Mapping[str, Any], source: System, target: System, directory: str
) -> None:
    written = app["deploymentPath"]
    deployed = disk.logical(source, written)
    origin = disk.real(tenant, source, deployed, user_home=False)
    if not origin.is_dir():
        raise ApiError(
            400,
            f"The files of application {app['id']} are no longer on system {source['id']}: "
            f"{written}",
        )
    # Who could read them when the app was registered may have lost the permission since.
    files_access.authorize(tenant, app["owner"], source, deployed, "READ", tree=True)
    if source["id"] == target["id"] and disk.below(directory, deployed):
        raise ApiError(400, f"deploymentPath is inside the application's own one: {directory}")
    copy = disk.real(tenant, target, directory, user_home=False)
    copy.parent.mkdir(parents=True, exist_ok=True)
    disk.copy_tree(tenant, origin, copy)
