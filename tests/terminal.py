"""A program at a terminal: what it shows there, and the answers that a person types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from types import TracebackType


class Terminal:
    """Runs a command with a terminal of its own; ``shown`` is all that has appeared on it."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,  # so that /dev/tty is not the terminal of who runs the tests
            env={**os.environ, **environment},
        )
        os.close(slave)
        self.shown = ""
        self._read_up_to = 0

    def expect(self, text: str, timeout_s: float = 60) -> None:
        """Wait until ``text`` appears after all that was waited for before."""
        deadline = time.monotonic() + timeout_s
        while (found := self.shown.find(text, self._read_up_to)) < 0:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} within {timeout_s} s: {self.shown}"
            assert self._more(left), f"it ended without {text!r}: {self.shown}"
        self._read_up_to = found + len(text)

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type the answer."""
        self.expect(question)
        os.write(self._master, f"{text}\n".encode())

    def end(self, timeout_s: float = 60) -> int:
        """Wait for the end of the program and return its exit code."""
        deadline = time.monotonic() + timeout_s
        while self._more(max(0.0, deadline - time.monotonic())):
            assert time.monotonic() < deadline, f"no end within {timeout_s} s: {self.shown}"
        return self.process.wait(timeout_s)

    def _more(self, timeout_s: float) -> bool:
        if not select.select([self._master], [], [], timeout_s)[0]:
            return True
        try:
            read = os.read(self._master, 4096)
        except OSError:  # all its ends are closed
            return False
        self.shown += read.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(read)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
