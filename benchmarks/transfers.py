"""How fast files come and go, and how much memory that takes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import MIB, Account, Line, account, accounts
from benchmarks.stub import SYSTEM, TOKEN, stub_tenant

ROUNDS = 5
SIZE = 256 * MIB
REQUESTS = f"""
import json, sys, time, requests
url, size, path = sys.argv[1:]
session = requests.Session()
session.headers["Authorization"] = "Bearer {TOKEN}"
"""
AGAVEPY = f"""
import json, sys, time
from agavepy import Agave
url, size, path = sys.argv[1:]
ag = Agave(api_server=url, token="{TOKEN}")
ag.files.list(systemId="{SYSTEM}", filePath="1")
"""
SAVE = """
started = time.perf_counter()
with open(path, "wb") as file:
    for chunk in {answer}.iter_content(1 << 20):
        file.write(chunk)
print(json.dumps(time.perf_counter() - started))
import os; assert os.path.getsize(path) == int(size)
"""
DOWNLOADS = {
    "requests": REQUESTS
    + SAVE.format(
        answer=f'session.get(url + "/files/v2/media/system/{SYSTEM}/" + size, stream=True)'
    ),
    "agavepy": AGAVEPY
    + SAVE.format(answer=f'ag.files.download(systemId="{SYSTEM}", filePath=size)'),
}
SEND = """
started = time.perf_counter()
with open(path, "rb") as file:
    {call}
print(json.dumps(time.perf_counter() - started))
"""
UPLOADS = {
    "requests": REQUESTS
    + SEND.format(
        call=f'session.put(url + "/files/v2/media/system/{SYSTEM}/home", data=file)'
        ".raise_for_status()"
    ),
    "agavepy": AGAVEPY
    + SEND.format(
        call=f'ag.files.importData(systemId="{SYSTEM}", filePath="home", fileToUpload=file)'
    ),
}


def run() -> Iterator[Line]:
    """Measure each transfer in a process of its own and yield the lines."""
    with stub_tenant() as url, tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "file")
        yield from _download(url, path)
        path.write_bytes(bytes(SIZE))
        yield from _upload(url, path)


def _speed(kept: list[Account]) -> float:
    """Return the best MiB a second: a transfer is slowed by others, never sped up."""
    return max(SIZE / MIB / float(json.loads(cost.output)) for cost in kept)


def _growth(program: str, url: str, path: Path, kept: list[Account]) -> float:
    """Return the MiB of memory that a transfer of SIZE takes over one of a single byte."""
    if path.exists() and program in UPLOADS.values():
        small = path.with_name("small")
        small.write_bytes(b"x")
    else:
        small = path
    least = account(program, url, "1", str(small)).peak
    return (min(cost.peak for cost in kept) - least) / MIB


def _download(url: str, path: Path) -> Iterator[Line]:
    kept = accounts(DOWNLOADS, url, str(SIZE), str(path), rounds=ROUNDS)
    speeds = {name: _speed(costs) for name, costs in kept.items()}
    yield Line(
        "download to a file: speed",
        f"{speeds['agavepy'] / speeds['requests']:.2f} ×",
        "≥ 0.95 × requests' best loop",
        detail=f"{speeds['agavepy']:.0f} MiB/s; requests {speeds['requests']:.0f} MiB/s",
    )
    growth = _growth(DOWNLOADS["agavepy"], url, path, kept["agavepy"])
    yield Line(
        "download to a file: memory",
        f"+ {growth:.1f} MiB",
        "+ 32 MiB",
        detail=f"{SIZE // MIB} MiB against one byte",
    )


def _upload(url: str, path: Path) -> Iterator[Line]:
    kept = accounts(UPLOADS, url, str(SIZE), str(path), rounds=ROUNDS)
    speeds = {name: _speed(costs) for name, costs in kept.items()}
    yield Line(
        "upload from a file: speed",
        f"{speeds['agavepy'] / speeds['requests']:.2f} ×",
        "≥ 2 × `requests.put(data=file)`",
        "5",
        detail=f"{speeds['agavepy']:.0f} MiB/s; requests {speeds['requests']:.0f} MiB/s",
    )
    growth = _growth(UPLOADS["agavepy"], url, path, kept["agavepy"])
    theirs = _growth(UPLOADS["requests"], url, path, kept["requests"])
    yield Line(
        "upload from a file: memory",
        f"+ {growth:.1f} MiB",
        "as requests",
        detail=f"requests + {theirs:.1f} MiB; {SIZE // MIB} MiB against one byte",
    )
