"""Credential files: JSON read with care, written whole or not at all, for the owner only."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import warnings
from pathlib import Path
from typing import Any


def read(path: Path, *, shared: bool = False) -> Any:
    """Return the JSON document of a file, None when there is none that can be read.

    A file that is no JSON (torn by a crash, or foreign) counts as absent, with a UserWarning.
    The rights of group and others are taken away from a file of our own, unless it is ``shared``:
    then it keeps them, and one that may not be read counts as absent.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or a device would never end
            raise OSError(errno.EINVAL, "it is a directory, a pipe or a device")
        with path.open("rb") as file:
            if not shared:
                _tighten(file.fileno())
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if shared and isinstance(error, PermissionError):
            return None
        warnings.warn(f"cannot read {path}: {error.strerror}", stacklevel=2)
        return None
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        warnings.warn(f"{path} is torn or no JSON: it is left alone and not used", stacklevel=2)
        return None


def _tighten(descriptor: int) -> None:
    status = os.fstat(descriptor)
    if stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid == os.geteuid():
        with contextlib.suppress(OSError):  # a read-only disk
            os.fchmod(descriptor, 0o600)


def write(path: Path, document: Any, indent: int | None = None) -> None:
    """Replace a file by a document, mode 0600: a reader sees the old or the new one, whole.

    Directories that are missing are made, mode 0700. A symbolic link stays one. Raises OSError.
    """
    import tempfile  # here, because a client that writes no file need not pay for it

    make_directory(path.parent)
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=indent)
            file.flush()
            os.fchmod(handle, 0o600)  # whatever the umask made of it
            _keep_owner(target, handle)
            os.fsync(handle)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def make_directory(path: Path) -> None:
    """Make a directory for the owner only; one that is there keeps its rights.

    Raises OSError.
    """
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)  # whatever the umask made of it


def check_writable(directory: Path) -> None:
    """Make sure that files can be put into a directory, which is made. Raises OSError."""
    import tempfile

    make_directory(directory)
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(4096))  # a full disk makes empty files
        file.flush()
        os.fsync(file.fileno())


def set_aside(path: Path) -> None:
    """Keep the content of a file, which is about to be replaced, under a free name beside it."""
    for number in range(1, 1000):
        copy = path.with_name(f"{path.name}.{number}.bak")
        try:
            os.link(path.resolve(), copy)
        except FileExistsError:
            continue
        except FileNotFoundError:
            return
        except OSError:  # no hard links here
            copy.write_bytes(path.read_bytes())
            copy.chmod(0o600)
        return


def _keep_owner(target: Path, descriptor: int) -> None:
    """Under sudo, leave a user's file to the user."""
    with contextlib.suppress(OSError):
        owner = target.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync_directory(path: Path) -> None:
    with contextlib.suppress(OSError):  # not every file system can
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
