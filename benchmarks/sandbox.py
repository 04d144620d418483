"""How soon the sandbox is there and how long it takes to answer."""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Iterator

import requests

from agavepy.sandbox import Sandbox
from benchmarks.measure import Line, account

START = """
import json, time
from agavepy.sandbox import Sandbox
started = time.perf_counter()
with Sandbox(seed="demo") as sandbox:
    ready = time.perf_counter()
print(json.dumps(ready - started))
"""


def run() -> Iterator[Line]:
    """Measure a start in fresh processes and a listing over one connection; yield the lines."""
    starts = [float(json.loads(account(START).output)) for _ in range(5)]
    yield Line(
        "sandbox: start with the demo seed",
        f"{statistics.median(starts) * 1000:.0f} ms",
        "≤ 300 ms",
        detail="from `Sandbox()` to ready, imports done",
    )
    yield Line(
        "sandbox: one listing",
        f"{_listing_s() * 1000:.2f} ms",
        "≤ 2 ms",
        detail="on the clock, by requests in the same process",
    )
    yield Line(
        "sandbox: restore of a snapshot",
        f"{_restore_s() * 1000:.2f} ms",
        "≤ 5 ms",
        detail="after a test that wrote a file and a record",
    )


def _restore_s() -> float:
    with Sandbox(seed="demo") as sandbox:
        sandbox.control.snapshot()
        home = sandbox.tenant.root / "systems" / "sandbox.storage" / "home" / "ada"
        times = []
        for number in range(40):
            (home / f"{number}.txt").write_text("written by a test")
            sandbox.tenant.store.put("benchmark", str(number), {"number": number})
            started = time.perf_counter()
            sandbox.control.restore()
            times.append(time.perf_counter() - started)
        return statistics.median(times[5:])


def _listing_s() -> float:
    with Sandbox(seed="demo") as sandbox, contextlib.closing(requests.Session()) as session:
        session.headers["Authorization"] = f"Bearer {sandbox.credentials('ada')['token']}"
        url = f"{sandbox.url}/files/v2/listings/system/sandbox.storage/ada/data"
        times = []
        for _ in range(200):
            started = time.perf_counter()
            session.get(url).raise_for_status()
            times.append(time.perf_counter() - started)
        return statistics.median(times[20:])
