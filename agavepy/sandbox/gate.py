"""Lets requests in, and keeps them out while the tenant's state is exchanged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agavepy.sandbox.errors import SandboxError


class Gate:
    """Counts the requests inside; closes only when none is, so that one may need another."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._shut = False

    def enter(self) -> None:
        """Go in, once the gate is open."""
        with self._condition:
            while self._shut:
                self._condition.wait()
            self._inside += 1

    def leave(self) -> None:
        """Go out."""
        with self._condition:
            self._inside -= 1
            if not self._inside:
                self._condition.notify_all()

    @contextmanager
    def closed(self, patience_s: float) -> Iterator[None]:
        """Keep everybody out; SandboxError when requests are inside for ``patience_s`` seconds."""
        with self._condition:
            if not self._condition.wait_for(
                lambda: not self._inside and not self._shut, patience_s
            ):
                raise SandboxError(
                    f"{self._inside} requests are still being answered after {patience_s:g} s"
                )
            self._shut = True
        try:
            yield
        finally:
            with self._condition:
                self._shut = False
                self._condition.notify_all()
