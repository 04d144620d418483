"""Real processes for tests: the command line, started, watched and ended."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import wait_for


def command(*arguments: str, timeout_s: float = 120, stdin: str = "", **environment: str) -> Any:
    """Run ``agavepy …`` to its end and return the completed process, its output as text."""
    return subprocess.run(
        [sys.executable, "-m", "agavepy", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **environment},
    )


class Terminal:
    """A process at a terminal of its own: what it shows is ``shown``, and it can be answered."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.shown = ""
        self._expected = 0
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - what getpass opens is /dev/tty
            env={**os.environ, **environment},
        )
        os.close(slave)

    def expect(self, text: str, timeout_s: float = 60) -> None:
        """Wait until ``text`` is shown, after whatever was expected before."""
        deadline = time.monotonic() + timeout_s
        while text not in self.shown[self._expected :]:
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self._master], [], [], left)[0], f"no {text!r} in {self.shown!r}"
            assert self._read(), f"it ended without {text!r}: {self.shown!r}"
        self._expected = self.shown.index(text, self._expected) + len(text)

    def answer(self, line: str) -> None:
        """Type a line."""
        os.write(self._master, f"{line}\n".encode())

    def end(self) -> int:
        """Read all that comes, and return the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(60)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 4096)
        except OSError:  # Linux ends a terminal so
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def sandbox_process(
    folder: Path, *arguments: str, port: str = "0"
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run ``agavepy sandbox`` and yield its process and ready file; it is killed at the end."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "agavepy", "sandbox", "--port", port, "--ready-file", str(ready),
         *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},  # what a kill leaves goes with the folder
    ) as process:  # fmt: skip
        try:
            wait_for(lambda: ready.exists() or process.poll() is not None, timeout_s=30)
            assert process.poll() is None, process.stdout and process.stdout.read()
            yield process, json.loads(ready.read_text())
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
