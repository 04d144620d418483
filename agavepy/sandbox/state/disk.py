"""The directory trees behind storage systems: safe paths, durable writes, pages of names.

Each system has one directory below the tenant's state, which stands for the system's ``rootDir``.
A *logical* path is relative to it, absolute and normalised (``/home/ada/x``); nothing that a caller
writes, and no symbolic link that a job leaves, leads out of the tree.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import re
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from agavepy.sandbox.errors import ApiError
from agavepy.sandbox.tenant import Tenant

CHUNK = 1 << 18
#: What the usual disks take, in bytes; the rest of a path is the state directory's.
MAX_NAME, MAX_PATH = 255, 4000
#: agave-files PathResolver drops drive letters.
_DRIVE = re.compile(r"^(/?)[A-Za-z]:(?=/)")
#: A quota and a limit on the size of a file are, to a caller, a full disk.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNUSABLE = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}

System = Mapping[str, Any]


def home(system: System) -> str:
    """Return the logical path of the directory in which relative paths start."""
    return _normal(str((system.get("storage") or {}).get("homeDir") or "/"))


def logical(system: System, path: str) -> str:
    """Return the logical path of what a caller wrote (agave-files ``PathResolver``).

    A leading slash starts at the root, anything else at the home directory; backslashes are
    slashes and drive letters go. Raises ApiError 400 or 404 for a path that leads out.
    """
    text = _DRIVE.sub(r"\1", path.replace("\\", "/"))
    return _normal(text if text.startswith("/") else f"{home(system)}/{text}", path)


def join(directory: str, path: str) -> str:
    """Return the logical path of ``path`` below the logical path ``directory``."""
    return _normal(f"{directory}/{_DRIVE.sub('', path.replace(chr(92), '/'))}", path)


def _normal(path: str, written: str = "") -> str:
    if "\0" in path or any("\ud800" <= mark <= "\udfff" for mark in written):
        raise ApiError(400, f"A path cannot hold NUL or half a character: {written!a}")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise _outside(written or path)
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def _outside(path: str) -> ApiError:
    # The words of agave-transfers' clients: they do not tell what is outside.
    return ApiError(
        404,
        f"The specified path {path} does not exist or the user does not have "
        "permission to view it.",
    )


def root(tenant: Tenant, system: System) -> Path:
    """Return the directory of a system; it exists, and the system's home directory in it."""
    top = tenant.root / "systems" / quote(str(system["id"]), safe="")
    (top / home(system).lstrip("/")).mkdir(parents=True, exist_ok=True)
    return top


def real(
    tenant: Tenant, system: System, path: str, *, user_home: bool = True, follow: bool = True
) -> Path:
    """Return where a path is on this machine; it need not exist.

    ``path`` is what a caller wrote, or with ``user_home=False`` a logical path. With
    ``follow=False`` a link at the end of the path is not followed: for what removes or moves.
    Raises ApiError 400 or 404 for a path that leads out of the system's tree, links included.
    """
    where = logical(system, path) if user_home else _normal(path)
    top = root(tenant, system)
    target = top / where.lstrip("/")
    if any(len(os.fsencode(name)) > MAX_NAME for name in target.parts):
        raise ApiError(400, f"A name cannot be longer than {MAX_NAME} bytes: {path}")
    if len(os.fsencode(target)) > MAX_PATH:
        raise ApiError(400, f"A path cannot be longer than {MAX_PATH} bytes: {path}")
    checked = os.path.realpath(target if follow or where == "/" else target.parent)
    if not _within(top, checked):
        raise _outside(path)
    return target


def inside(tenant: Tenant, system: System, entry: Path) -> bool:
    """Return whether ``entry`` of a system's tree is still in it once links are followed."""
    return _within(root(tenant, system), os.path.realpath(entry))


def _within(top: Path, resolved: str) -> bool:
    limit = os.path.realpath(top)
    return os.path.commonpath([limit, resolved]) == limit


def exists(path: Path) -> bool:
    """Return whether there is something at ``path``, a link that leads nowhere included."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno in _UNUSABLE | {errno.ELOOP}:
            return False
        raise
    return True


def listing(directory: Path, offset: int, limit: int) -> list[str]:
    """Return one page of the names in a directory, sorted; nothing is looked at but the names."""
    return sorted(names(directory))[offset : offset + limit]


def names(directory: Path) -> list[str]:
    """Return the names in a directory, in no order."""
    return os.listdir(directory)  # noqa: PTH208 - names only: iterdir makes a Path of each


@contextlib.contextmanager
def storing(system: System) -> Iterator[None]:
    """Turn the failures of a system's disk into errors that say what to do.

    Raises ApiError 500 for a full disk, 400 for a name that the disk does not take or a file in
    the place of a directory, 404 for what is gone by now.
    """
    try:
        yield
    except OSError as error:
        name = system["id"]
        if error.errno in FULL:
            raise ApiError(
                500,
                f"No space left on the storage of system {name}: nothing was written. Free "
                "some space and try again.",
            ) from error
        if error.errno in _UNUSABLE:
            raise ApiError(
                400, f"System {name} cannot store that name: {error.strerror}"
            ) from error
        if isinstance(error, FileNotFoundError):
            raise ApiError(404, "File/folder does not exist") from error
        if isinstance(error, NotADirectoryError | IsADirectoryError | FileExistsError) or (
            error.errno == errno.ENOTEMPTY
        ):
            raise ApiError(
                400,
                f"A file is where a directory would be, or the other way round: {error.strerror}",
            ) from error
        raise


def spare(tenant: Tenant) -> Path:
    """Return a fresh path on the disk of the systems, in no listing; nothing is there yet."""
    folder = tenant.root / "staging"
    folder.mkdir(exist_ok=True)
    return folder / uuid.uuid4().hex


def flush(path: Path) -> None:
    """Return once what ``path`` (a file or a directory) holds would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def chunks(source: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a stream in blocks."""
    while block := source.read(CHUNK):
        yield block


def write_stream(tenant: Tenant, target: Path, source: Iterable[bytes]) -> int:
    """Write blocks to ``target`` and return how many bytes: all of them, durably, or none.

    What was there stays until the new content is complete. OSErrors pass (see :func:`storing`).
    """
    part = spare(tenant)
    try:
        with part.open("xb") as out:
            count = sum(out.write(block) for block in source)
            out.flush()
            os.fsync(out.fileno())
        place(part, target)
    finally:
        part.unlink(missing_ok=True)
    return count


def place(ready: Path, target: Path) -> None:
    """Move a complete file to ``target``, over a file that is there, and make that durable."""
    ready.replace(target)
    flush(target.parent)


def copy_tree(tenant: Tenant, source: Path, target: Path) -> None:
    """Copy a file or a whole directory; a directory that is there is merged into.

    What is new at ``target`` appears when it is complete. Modes are kept, because jobs run what
    they copy; links stay links; what is neither file, directory nor link is left out. A directory
    must not be copied into itself. OSErrors pass (see :func:`storing`).
    """
    if target.is_dir() and not target.is_symlink() and source.is_dir():
        for name in names(source):
            copy_tree(tenant, source / name, target / name)
        return
    part = spare(tenant)
    try:
        _copy(source, part)
        if exists(part):
            place(part, target)
    finally:
        if exists(part):
            remove(part)


def _copy(source: Path, target: Path) -> None:
    kind = source.lstat().st_mode
    if stat.S_ISLNK(kind):
        target.symlink_to(os.readlink(source))  # noqa: PTH115 - the text of the link, as it is
    elif stat.S_ISDIR(kind):
        target.mkdir()
        for name in names(source):
            _copy(source / name, target / name)
        shutil.copymode(source, target)
    elif stat.S_ISREG(kind):
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def extent(path: Path) -> tuple[int, int]:
    """Return how many files there are at a path or below it, and their bytes; links not followed.

    What goes away meanwhile is not counted.
    """
    count = size = 0
    entries = (
        [path] if not path.is_dir() else (Path(t, n) for t, _, ns in os.walk(path) for n in ns)
    )
    for entry in entries:
        with contextlib.suppress(FileNotFoundError):
            status = entry.lstat()
            if stat.S_ISREG(status.st_mode):
                count, size = count + 1, size + status.st_size
    return count, size


def remove(path: Path) -> None:
    """Remove a file, a link, or a directory with all that it holds."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    flush(path.parent)


def parent(logical_path: str) -> str:
    """Return the logical path of the directory that holds a logical path."""
    return posixpath.dirname(logical_path) or "/"


def below(logical_path: str, directory: str) -> bool:
    """Return whether a logical path is ``directory`` or something in it."""
    return directory in {"/", logical_path} or logical_path.startswith(directory + "/")
