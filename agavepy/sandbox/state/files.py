"""Files of storage systems as other services use them: access, addresses, entries, history."""

from __future__ import annotations

import contextlib
import posixpath
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from agavepy import loader
from agavepy.sandbox import dates
from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.links import Linker
from agavepy.sandbox.router import Router
from agavepy.sandbox.state import disk, files_records, systems
from agavepy.sandbox.state.files_access import Rights, authorize, owner, rights
from agavepy.sandbox.tenant import Tenant

__all__ = [
    "Rights",
    "address",
    "authorize",
    "default_system",
    "entry",
    "is_own",
    "metadata_link",
    "mime_type",
    "note",
    "owner",
    "parse_uri",
    "readable",
    "readable_name",
    "rights",
    "seed_demo",
    "usable",
]

System = Mapping[str, Any]

#: What a JVM knows of extensions (its content-types.properties), which is what agave-files asks.
_MIME_TYPES = {
    "application/pdf": "pdf",
    "application/postscript": "ai eps ps",
    "application/rtf": "rtf",
    "application/x-csh": "csh",
    "application/x-latex": "latex",
    "application/x-sh": "sh shar",
    "application/x-tar": "tar",
    "application/x-tex": "tex",
    "application/x-texinfo": "texi texinfo",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/basic": "au snd",
    "audio/x-wav": "wav",
    "image/gif": "gif",
    "image/jpeg": "jfif jfif-tbnl jpe jpeg jpg",
    "image/png": "png",
    "image/tiff": "tif tiff",
    "image/vnd.fpx": "fpix fpx",
    "image/x-portable-bitmap": "pbm",
    "image/x-portable-graymap": "pgm",
    "image/x-portable-pixmap": "ppm",
    "image/x-xbitmap": "xbm",
    "image/x-xpixmap": "xpm",
    "text/html": "htm html",
    "text/plain": "c c++ cc el h java pl text txt",
    "text/tab-separated-values": "tsv",
    "video/mpeg": "mpe mpeg mpg",
    "video/quicktime": "mov qt",
}
_BY_EXTENSION = {
    extension: kind for kind, group in _MIME_TYPES.items() for extension in group.split()
}
#: What `demo` puts into each user's home.
_HELLO = "Hello, {user}! This file is on sandbox.storage.\n"
_READS = "\n".join(
    f">read{number} sample of the sandbox\n{bases}"
    for number, bases in enumerate(
        ("GATTACAGATTACA", "ACGTACGTACGTACGT", "TTGACCATGCAAGGTC", "CCCGGGAAATTT"), start=1
    )
)


def readable(tenant: Tenant, user: str, system: System, path: str) -> bool:
    """Return whether ``user`` may read a logical path."""
    return Rights.READ in rights(tenant, user, system, path)


def usable(system: System) -> System:
    """Return the system; ApiError 400 when its storage is not to be reached now."""
    if not system.get("available", True):
        raise ApiError(400, f"System {system['id']} is not available: it is disabled")
    if system["status"] in {"DOWN", "MAINTENANCE"}:
        raise ApiError(
            400, f"System {system['id']} is not available: its status is {system['status']}"
        )
    return system


def parse_uri(tenant: Tenant, user: str, uri: str) -> tuple[dict[str, Any], str]:
    """Return the system and the logical path that an address names.

    Takes ``agave://system/path``, addresses of files and listings of this tenant, and a bare path
    on the user's default storage system; a second slash before a path makes it absolute in each.
    Raises ApiError 404 for a system that ``user`` does not see, 400 for an address of elsewhere.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise ApiError(400, f"Not an address: {uri}: {error}") from error
    if parts.scheme == "agave":
        system = _visible(tenant, user, unquote(parts.netloc))
        return system, disk.logical(system, unquote(_after_slash(parts.path)))
    if is_own(tenant, uri):
        plan, arguments, _ = _router().match("GET", parts.path[len(urlsplit(tenant.url).path) :])
        if plan is None:
            raise ApiError(400, f"Not the address of a file: {uri}")
        path = arguments.get("filePath", arguments.get("sourcefilePath", ""))
        if "systemId" in arguments:
            system = _visible(tenant, user, arguments["systemId"])
        else:
            system = default_system(tenant, user)
        return system, disk.logical(system, path)
    if parts.scheme and "://" in uri:
        raise ApiError(400, f"Not an address of this tenant: {uri}")
    system = default_system(tenant, user)
    return system, disk.logical(system, uri)


def is_own(tenant: Tenant, uri: str) -> bool:
    """Return whether an address is one of the files service of this tenant."""
    if not tenant.owns(uri):
        return False
    path = urlsplit(uri).path[len(urlsplit(tenant.url).path) :]
    return _router().match("GET", path)[0] is not None


def default_system(tenant: Tenant, user: str) -> dict[str, Any]:
    """Return the user's default storage system; ApiError 404 without one."""
    system = systems.default(tenant, user, "STORAGE")
    if system is None:
        raise ApiError(
            404,
            f"No default storage system found for user {user}: name a system, or make one "
            "the default",
        )
    return system


def entry(
    linker: Linker,
    tenant: Tenant,
    system: System,
    logical: str,
    path: Path,
    *,
    granted: Rights = Rights.ALL,
    itself: bool = False,
) -> dict[str, Any] | None:
    """Return the listing entry of what is at ``path``; None when it is gone by now.

    ``itself`` is for the first entry of a listing, whose keys are in another order and which has
    the links ``metadata`` and ``history`` (agave-files FileListingResource).
    """
    try:
        status = path.lstat()
        # A link that leads nowhere, or out of the system's tree, is shown as a link.
        if stat.S_ISLNK(status.st_mode) and path.exists() and disk.inside(tenant, system, path):
            status = path.stat()
    except FileNotFoundError:
        return None
    folder = stat.S_ISDIR(status.st_mode)
    name = "." if itself and folder else posixpath.basename(logical)
    item: dict[str, Any] = {
        "name": readable_name(name),
        "path": readable_name(logical),
        "lastModified": dates.java(float(int(status.st_mtime))),
        "length": status.st_size,
        "permissions": granted.word,
        "format": "folder" if folder else "raw" if stat.S_ISREG(status.st_mode) else "unknown",
    }
    kind = {"mimeType": mime_type(name, folder), "type": "dir" if folder else "file"}
    item |= {**kind, "system": system["id"]} if itself else {"system": system["id"], **kind}
    links = {
        "self": {"href": linker.link("files", "download", **address(system, logical))},
        "system": {"href": linker.link("systems", "get", systemId=system["id"])},
    }
    if itself:
        with contextlib.suppress(OSError):  # on a full disk, which cannot keep the uuid
            record = files_records.ensure(tenant, system, logical, owner(tenant, system, logical))
            about = metadata_link(linker, record["uuid"])
            links |= {"metadata": {"href": about}} if about else {}
        links["history"] = {"href": linker.link("files", "getHistory", **address(system, logical))}
    item["_links"] = links
    return item


def address(system: System, logical: str) -> dict[str, str]:
    """Return the arguments with which an operation's link names a logical path."""
    return {"systemId": str(system["id"]), "filePath": readable_name(logical)}


def metadata_link(linker: Linker, uuid: str) -> str:
    """Return the address of the metadata about what has this uuid."""
    return linker.link("meta", "listMetadata", q=f'{{"associationIds":"{uuid}"}}')


def mime_type(name: str, folder: bool = False) -> str:
    """Return the MIME type that a server gives a name."""
    if folder:
        return "text/directory"
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return _BY_EXTENSION.get(extension, "application/octet-stream")


def readable_name(name: str) -> str:
    """Return a name of the disk as text: bytes that are not UTF-8 become replacement marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def note(
    tenant: Tenant, system: System, logical: str, event: str, user: str, description: str = ""
) -> None:
    """Add an event (a word of agave-files' FileEventType) to the history of a logical path."""
    with tenant.store.transaction():
        record = files_records.ensure(tenant, system, logical, user)
        files_records.event(tenant, record, event, user, description)


def seed_demo(tenant: Tenant, users: list[str]) -> None:
    """Make the private home of each user on ``sandbox.storage``, with two files to work with."""
    system = systems.find(tenant, "sandbox.storage")
    if system is None:
        raise ApiError(404, "The demo files need the system sandbox.storage")
    for user in users:
        directory = f"{disk.home(system).rstrip('/')}/{user}/data"
        real = disk.real(tenant, system, directory, user_home=False)
        real.mkdir(parents=True, exist_ok=True)
        for name, text in (("hello.txt", _HELLO.format(user=user)), ("reads.fa", _READS + "\n")):
            (real / name).write_text(text, encoding="utf-8")


def _visible(tenant: Tenant, user: str, system_id: str) -> dict[str, Any]:
    try:
        return systems.visible(tenant, user, system_id)
    except ApiError as error:
        # SystemDao looks among the systems that the user sees, so a hidden one does not exist.
        raise ApiError(404, f"No system found for user with id {system_id}") from error


def _after_slash(path: str) -> str:
    return path.removeprefix("/")


@lru_cache(maxsize=1)
def _router() -> Router:
    """Return the routes under which the tenant's files are known."""
    plan = loader.service_plan("files")
    names = (
        "download",
        "downloadFromDefaultSystem",
        "downloadPublic",
        "list",
        "listOnDefaultSystem",
    )
    return Router(plan[name] for name in names)
