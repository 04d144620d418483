"""Keep the state of a tenant and bring it back: records by SQLite's backup, files by difference."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

from agavepy.sandbox.tenant import KEPT, Tenant

#: Of an entry: mode, size, time of change in nanoseconds, inode; the last three 0 for a directory.
Mark = tuple[int, int, int, int]


class Snapshot:
    """The state of a tenant at one moment.

    A copy of its files is kept. Restoring looks at what is there and repairs the differences, so
    that it costs as little as a test has changed. Nobody may write meanwhile.
    """

    def __init__(self, tenant: Tenant, kept: Path) -> None:
        self._tenant = tenant
        self._kept = kept
        self._records = sqlite3.connect(":memory:", check_same_thread=False)
        tenant.store.copy_to(self._records)
        self._moment = (tenant.clock.offset_s, tenant.ids.state(), tenant.pace.modes())
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(mode=0o700, parents=True)
        self._marks: dict[str, Mark] = {}
        #: When directories changed, in nanoseconds: listings show it.
        self._changed: dict[str, int] = {}
        for relative, mark in _walk(tenant.root).items():
            _copy(tenant.root / relative, kept / relative, mark)
            self._marks[relative] = mark
            if stat.S_ISDIR(mark[0]):
                self._changed[relative] = (tenant.root / relative).lstat().st_mtime_ns

    @property
    def files(self) -> int:
        """How many files and directories it holds."""
        return len(self._marks)

    def restore(self) -> None:
        """Make the tenant's files, records, time, source of ids and modes what they were."""
        root = self._tenant.root
        present = _walk(root)
        for relative in sorted(present.keys() - self._marks.keys(), reverse=True):
            _remove(root / relative, present[relative])
        for relative, mark in self._marks.items():
            found = present.get(relative)
            if found == mark:
                continue
            if found is not None and stat.S_IFMT(found[0]) != stat.S_IFMT(mark[0]):
                _remove(root / relative, found)
            _copy(self._kept / relative, root / relative, mark)
            self._marks[relative] = _mark((root / relative).lstat())
        for relative, changed in self._changed.items():
            if (root / relative).lstat().st_mtime_ns != changed:
                os.utime(root / relative, ns=(changed, changed))
        self._tenant.store.copy_from(self._records)
        offset, ids, modes = self._moment
        self._tenant.pace.set_modes(modes)
        self._tenant.ids.set_state(ids)
        self._tenant.clock.set_offset(offset)

    def close(self) -> None:
        """Give up what is kept."""
        self._records.close()
        shutil.rmtree(self._kept, ignore_errors=True)


def _walk(root: Path) -> dict[str, Mark]:
    """Return what is below the root by relative path, directories before what is in them."""
    found: dict[str, Mark] = {}

    def look(folder: str, relative: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = f"{relative}{entry.name}"
                is_folder = entry.is_dir(follow_symlinks=False)
                if not relative and (not is_folder or entry.name not in KEPT):
                    continue
                found[name] = _mark(entry.stat(follow_symlinks=False))
                if is_folder:
                    look(entry.path, f"{name}/")

    look(os.fspath(root), "")
    return found


def _mark(status: os.stat_result) -> Mark:
    if stat.S_ISDIR(status.st_mode):
        return (status.st_mode, 0, 0, 0)
    return (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)


def _copy(source: Path, target: Path, mark: Mark) -> None:
    mode: Any = mark[0]
    if stat.S_ISDIR(mode):
        target.mkdir(exist_ok=True)
        target.chmod(stat.S_IMODE(mode))
    elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _remove(path: Path, mark: Mark) -> None:
    if stat.S_ISDIR(mark[0]):
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
