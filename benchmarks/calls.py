"""What one call costs, short and long, and what many threads get through one client."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import requests
from bravado.client import SwaggerClient
from bravado.requests_client import RequestsClient

from agavepy import Agave, loader
from benchmarks.measure import Line, cpu_per_call, ratio, steady
from benchmarks.stub import SYSTEM, TOKEN, most_connections, stub_tenant

THREADS = 32
CALLS_A_THREAD = 40
Listing = Callable[[int], Any]


def requests_listing(url: str) -> Listing:
    """Return the plain way to list a directory of so many entries."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"

    def listing(count: int) -> Any:
        answer = session.get(
            f"{url}/files/v2/listings/system/{SYSTEM}/{count}", params={"limit": 250}
        )
        answer.raise_for_status()
        return answer.json()["result"]

    return listing


def agavepy_listing(url: str) -> Listing:
    """Return the same by one client of ours."""
    client = Agave(api_server=url, token=TOKEN)
    return lambda count: client.files.list(systemId=SYSTEM, filePath=str(count), limit=250)


def bravado_listing(url: str) -> Listing:
    """Return the same by stock bravado, with its own defaults, on the same description."""
    host = url.partition("//")[2]
    http = RequestsClient()
    http.set_api_key(host, f"Bearer {TOKEN}", "Authorization", "header")
    document = loader.document("files")
    document.update(host=host, schemes=["http"])
    client = SwaggerClient.from_spec(  # type: ignore[no-untyped-call]
        document, (loader.SPECS / "files.yaml").as_uri(), http
    )

    def listing(count: int) -> Any:
        call = client.files.list(systemId=SYSTEM, filePath=str(count), limit=250)
        return call.response().result.result

    return listing


WAYS = {"requests": requests_listing, "agavepy": agavepy_listing, "bravado": bravado_listing}


def run() -> Iterator[Line]:
    """Measure in this process, in turns, and yield the lines."""
    with stub_tenant() as url:
        ways = {name: make(url) for name, make in WAYS.items()}
        for way in ways.values():
            assert len(way(250)) == 250
        yield _one_call(ways, 1, "one call, one entry: CPU", "≤ 0.85 × requests", "0.6")
        yield _one_call(ways, 250, "one call, 250 entries: CPU", "≤ 1.15 × requests", "0.9")
    yield from _threads()


def _one_call(ways: dict[str, Listing], count: int, what: str, bound: str, aim: str) -> Line:
    contestants = {name: partial(way, count) for name, way in ways.items()}
    costs = cpu_per_call(contestants, calls=200 if count == 1 else 30, rounds=9)
    base = costs["requests"]
    return Line(
        what,
        ratio(costs["agavepy"], base),
        bound,
        aim,
        ratio(costs["bravado"], base),
        f"{costs['agavepy'] * 1e6:.0f} µs; requests {base * 1e6:.0f} µs",
    )


def _threads() -> Iterator[Line]:
    rates: dict[str, list[float]] = {"requests": [], "agavepy": []}
    most: dict[str, int] = {}
    for _ in range(5):
        for name, kept in rates.items():
            with stub_tenant() as url:
                kept.append(_calls_a_second(WAYS[name](url)))
                most[name] = max(most.get(name, 0), most_connections(url) - 1)
    own, base = (statistics.median(rates[name]) for name in ("agavepy", "requests"))
    yield Line(
        f"{THREADS} threads, one client: calls a second",
        ratio(own, base),
        "≥ 1.2 × requests",
        detail=f"{own:.0f} a second; requests {base:.0f}",
    )
    yield Line(
        f"{THREADS} threads, one client: connections",
        str(most["agavepy"]),
        f"≤ {THREADS}",
        detail="open at once at the server",
    )


def _calls_a_second(listing: Listing) -> float:
    def work(_: int) -> None:
        for _ in range(CALLS_A_THREAD):
            listing(1)

    with ThreadPoolExecutor(THREADS) as pool, steady():
        started = time.perf_counter()
        list(pool.map(work, range(THREADS)))
        return THREADS * CALLS_A_THREAD / (time.perf_counter() - started)
