"""The tenant's durable state: documents by kind and key in one SQLite file."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (kind, key));
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    """Documents (dicts of JSON values) by kind and key, safe for many threads.

    What a finished call has written is on disk when it returns and survives a killed process:
    SQLite's write-ahead log is written before a commit returns. On a full disk the writing methods
    raise OSError ENOSPC and nothing is changed.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._committed: list[Callable[[], object]] = []
        path.touch(mode=0o600)  # it holds passwords, whoever may look into its directory
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy all documents and counters into another database."""
        with self._lock:
            self._connection.backup(target)

    def copy_from(self, source: sqlite3.Connection) -> None:
        """Replace all documents and counters by those of a copy."""
        with self._lock:
            source.backup(self._connection)

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are kept or none; may be nested, the outermost one commits."""
        after: list[Callable[[], object]] = []
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._execute("COMMIT")
                    after, self._committed = self._committed, []
            except BaseException:
                if self._depth == 1:
                    self._committed = []
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1
        for function in after:
            function()

    def after_commit(self, function: Callable[[], object]) -> None:
        """Call ``function`` when what is being written has been kept, outside of every lock.

        Within a transaction that is its end, without one at once; never when it was rolled back.
        """
        with self._lock:
            if self._depth:
                self._committed.append(function)
                return
        function()

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Write a document; one that exists keeps its place in the order of :meth:`all`."""
        with self._lock:
            self._execute(
                "INSERT INTO document (kind, key, data) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET data = excluded.data",
                (kind, key, json.dumps(document, separators=(",", ":"))),
            )

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a fresh copy of a document, None when there is none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT data FROM document WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def delete(self, kind: str, key: str) -> bool:
        """Remove a document; return whether there was one."""
        with self._lock:
            cursor = self._execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))
        return cursor.rowcount > 0

    def all(self, kind: str, **equals: Any) -> list[dict[str, Any]]:
        """Return the documents of a kind, oldest first, whose fields have these values."""
        query = "SELECT data FROM document WHERE kind = ?"
        values: list[Any] = [kind]
        for field, value in equals.items():
            query += f" AND json_extract(data, '$.{field}') IS ?"
            values.append(int(value) if isinstance(value, bool) else value)
        with self._lock:
            rows = self._connection.execute(query + " ORDER BY number", values).fetchall()
        return [json.loads(row[0]) for row in rows]

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run a statement that writes; a full disk is told as the files' writes tell it."""
        try:
            return self._connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if "disk is full" not in str(error):
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error

    def counter(self, name: str) -> int:
        """Return 1, 2, 3, … at each call for ``name``."""
        with self.transaction():
            self._execute(
                "INSERT INTO counter VALUES (?, 1)"
                " ON CONFLICT (name) DO UPDATE SET value = value + 1",
                (name,),
            )
            row = self._connection.execute("SELECT value FROM counter WHERE name = ?", (name,))
            return int(row.fetchone()[0])
