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
