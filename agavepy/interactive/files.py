"""Commands for files, whose places are written ``system/path``.

The path is relative to the home directory of the system; a second slash makes it absolute.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agavepy.interactive import tables
from agavepy.interactive.errors import AgaveFilesError, failing_as
from agavepy.interactive.tokens import refresh_tokens
from agavepy.interactive.transfers import save

if TYPE_CHECKING:
    from agavepy.client import Agave

#: Entries that are asked for at once, the most that servers give.
_PAGE = 250


def files_copy(ag: Agave, source: str, destination: str) -> None:
    """Copy a file or directory on its system.

    Of ``destination`` the path counts, not the system: for a copy to another one there is
    :func:`files_import` of an ``agave://`` address. Raises AgaveFilesError, or AgaveAPICallError
    when the server refuses.
    """
    _manage(ag, source, "copy", _place(destination)[1])


def files_move(ag: Agave, source: str, destination: str) -> None:
    """Move a file or directory on its system; arguments and errors are those of a copy."""
    _manage(ag, source, "move", _place(destination)[1])


def files_mkdir(ag: Agave, location: str) -> None:
    """Make a directory, and those above it.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    system, path = _place(location)
    _manage(ag, f"{system}/", "mkdir", path)


def files_delete(ag: Agave, file_path: str) -> None:
    """Delete a file, or a directory with all that is in it.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        _service(ag).delete(**_named(file_path))


def files_download(ag: Agave, source: str, destination: str) -> None:
    """Download a file to the local path ``destination``, whole or not at all.

    Raises AgaveFilesError, also when it cannot be written, or AgaveAPICallError when the server
    refuses.
    """
    with failing_as(AgaveFilesError):
        local = _local(destination)
        save(_service(ag).download(**_named(source)), local)


def files_upload(ag: Agave, source: str, destination: str) -> None:
    """Upload the local file ``source``: into the directory ``destination`` if that ends in a slash.

    Otherwise the last part of ``destination`` is the name that the file gets. Raises
    AgaveFilesError, also when it cannot be read, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        system, path = _place(destination)
        folder, _, name = path.rpartition("/")
        local = _local(source)
        with local.open("rb") as file:
            _service(ag).importData(
                systemId=system,
                filePath=folder or ("/" if path.startswith("/") else ""),
                fileToUpload=(name or local.name, file),
            )


def files_import(ag: Agave, source: str, destination: str) -> None:
    """Let the server fetch ``source``, a URL or an ``agave://`` address, into a directory.

    Returns as soon as the server has taken it on. Raises AgaveFilesError, or AgaveAPICallError when
    the server refuses.
    """
    with failing_as(AgaveFilesError):
        _service(ag).importData(**_named(destination), urlToIngest=source)


def files_list(ag: Agave, system_path: str, long_format: bool = False) -> None:
    """Print the names in a directory, directories with a slash.

    With ``long_format`` there are permissions, size in bytes and time of the last change as well.
    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        entries = _all(_service(ag).list, system_path)
    (tables.show_files_long if long_format else tables.show_files)(entries)


def files_history(ag: Agave, path: str) -> None:
    """Print what has happened to a file or directory: user, event, date and description.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        events = _all(_service(ag).getHistory, path)
    rows = [
        (event.get("createdBy"), event.status, tables.date(event.created), event.description)
        for event in events
    ]
    tables.show(tables.EVENTS, ("USER", "EVENT", "DATE", "DESCRIPTION"), rows)


def files_pems_list(ag: Agave, path: str) -> None:
    """Print who may read, write and execute a file or directory.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        found = _all(_service(ag).listPermissions, path)
    kinds = ("read", "write", "execute")
    rows = [
        (item.username, *(tables.yes_or_no(item.permission.get(kind)) for kind in kinds))
        for item in found
    ]
    tables.show(tables.PERMISSIONS, ("USER", "READ", "WRITE", "EXEC"), rows)


def files_pems_update(
    ag: Agave, path: str, username: str, perms: str, recursive: bool = False
) -> None:
    """Give a user permissions on a file or directory, in place of those that the user has.

    ``perms`` is READ, WRITE, EXECUTE, READ_WRITE, READ_EXECUTE, WRITE_EXECUTE, ALL or NONE;
    ``recursive`` holds for all that is below. Raises AgaveFilesError, or AgaveAPICallError when the
    server refuses.
    """
    body = {"username": username, "permission": perms, "recursive": recursive}
    with failing_as(AgaveFilesError):
        _service(ag).updatePermissions(**_named(path), body=body)


def files_pems_delete(ag: Agave, path: str) -> None:
    """Take away all permissions on a file or directory but those of its owner.

    Raises AgaveFilesError, or AgaveAPICallError when the server refuses.
    """
    with failing_as(AgaveFilesError):
        _service(ag).deletePermissions(**_named(path))


def _manage(ag: Agave, place: str, action: str, path: str) -> None:
    with failing_as(AgaveFilesError):
        _service(ag).manage(**_named(place), body={"action": action, "path": path})


def _service(ag: Agave) -> Any:
    """Return the files service, with a token that is good for another minute if that can be."""
    if ag.expires_at is not None and ag.can_refresh:
        refresh_tokens(ag)
    return ag.service("files")


def _all(operation: Any, place: str) -> list[Any]:
    found: list[Any] = []
    while True:
        page = operation(**_named(place), limit=_PAGE, offset=len(found))
        found += page
        if len(page) < _PAGE:
            return found


def _local(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path)
    except TypeError as error:
        raise AgaveFilesError(f"{path!r} is no path of a local file") from error


def _place(text: str) -> tuple[str, str]:
    """Return the system and the path on it; a slash before the system does not count."""
    if not isinstance(text, str):
        raise AgaveFilesError(f"{text!r} is no text: write 'system/path'")
    system, _, path = text.removeprefix("/").partition("/")
    if not system:
        raise AgaveFilesError(f"{text!r} names no system: write system/path")
    return system, path


def _named(place: str) -> dict[str, str]:
    system, path = _place(place)
    return {"systemId": system, "filePath": path}
