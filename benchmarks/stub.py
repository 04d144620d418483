"""Start the stub tenant in a process of its own and know its addresses."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

SYSTEM = "data.storage"
TOKEN = "0123456789abcdef0123456789abcdef"


@contextmanager
def stub_tenant() -> Iterator[str]:
    """Yield the address of a running stub; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the stub server did not start")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()


def most_connections(url: str) -> int:
    """Return how many connections were open at once since the last time this was asked.

    The connection that asks is one of them.
    """
    with urllib.request.urlopen(f"{url}/stub/connections") as answer:
        return int(json.load(answer)["most"])
