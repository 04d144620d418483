"""Real processes for tests: the command line, started, watched and ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.waiting import wait_for


def command(*arguments: str, timeout_s: float = 120, **environment: str) -> Any:
    """Run ``agavepy …`` to its end and return the completed process, its output as text."""
    return subprocess.run(
        [sys.executable, "-m", "agavepy", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **environment},
    )


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
