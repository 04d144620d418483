"""Many processes and threads on one credentials file, while its tokens last two seconds."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import agavepy
from agavepy.agave import Agave
from agavepy.sandbox import Sandbox
from tests.waiting import wait_for

ROOT = Path(agavepy.__file__).parent.parent
PROCESSES, THREADS, CALLS, TTL_S = 16, 64, 1000, 2

#: Forks the processes, so that the package is imported once. Each begins when standard input ends
#: and goes on until the pipe of its second argument does. The first process is killed in the end:
#: after some calls it begins a renewal, says so, and goes no further.
CALLERS = """
import json, os, select, sys, threading
from agavepy.agave import Agave
from agavepy.auth.oauth import Grants
processes, threads, stop = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def call(ag, done, errors, enough):
    while not enough(len(done)):
        try:
            done.append(ag.profiles.get().username)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            return

def main(number):
    os.read(0, 1)
    ag = Agave.restore()
    done, errors = [], []
    ended = lambda _: bool(select.select([stop], [], [], 0)[0])
    enough = (lambda count: count >= 40) if number == 0 else ended
    running = []
    for _ in range(threads):
        running.append(threading.Thread(target=call, args=(ag, done, errors, enough)))
        running[-1].start()
    for thread in running:
        thread.join()
    if number == 0:
        def stuck(self, *arguments):
            os.write(1, f"inside {os.getpid()}\\n".encode())
            os.read(stop, 1)
        Grants._send = stuck
        ag.refresh()
    report = {"calls": len(done), "errors": errors, "users": sorted(set(done))}
    os.write(1, f"{json.dumps(report)}\\n".encode())

children = []
for number in range(processes):
    child = os.fork()
    if child == 0:
        main(number)
        os._exit(0)
    children.append(child)
print("ready", flush=True)
for child in children:
    os.waitpid(child, 0)
"""
#: Reads the files over and over and reports what was wrong with them, and the tokens in order.
WATCHER = """
import json, os, select, stat, sys
stop, paths = int(sys.argv[1]), sys.argv[2:]
report = {path: {"reads": 0, "wrong": [], "tokens": []} for path in paths}
while not select.select([stop], [], [], 0.001)[0]:
    for path, told in report.items():
        with open(path) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
        told["reads"] += 1
        try:
            record = json.loads(text)
            if "current" in record:
                (record,) = record["current"].values()
            token = record["access_token"]
        except (ValueError, KeyError) as error:
            told["wrong"].append(f"torn: {error!r}: {text[:80]}")
            continue
        if mode != 0o600:
            told["wrong"].append(f"mode {mode:o}")
        if not told["tokens"] or told["tokens"][-1] != token:
            told["tokens"].append(token)
print(json.dumps(report))
"""


class Tenant:
    """A sandbox with tokens of two seconds that knows when it was asked for new ones."""

    def __init__(self) -> None:
        self.granted: list[str] = []
        self.calls = 0
        self.last_call = 0.0
        self.refused: list[str] = []
        self.sandbox = Sandbox(token_ttl=TTL_S, log=self.note)

    def note(self, line: str) -> None:
        if line.startswith("POST /token "):
            self.granted.append(line)
        elif " 200 " in line:
            self.calls += 1
            self.last_call = time.monotonic()
        else:
            self.refused.append(line)

    def issued(self, key: str) -> dict[str, float]:
        """Return when each token of an OAuth client ends, by its digest, oldest first."""
        found = self.sandbox.tenant.store.all("token", client_key=key)
        ends = {item["id"]: item["expires_at"] for item in found}
        return dict(sorted(ends.items(), key=lambda item: item[1]))


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    made = Tenant()
    with made.sandbox:
        yield made


@pytest.fixture
def home(tenant: Tenant) -> Path:
    """A credentials directory with a fresh login of ada, without a password."""
    tenant.sandbox.client("ada").save_configs()
    tenant.granted.clear()
    return Path(os.environ["HOME"]) / ".agave"


@contextlib.contextmanager
def python(program: str, *arguments: object) -> Iterator[Any]:
    """Run a program; yield its process, and what closes the pipe that PIPE stands for."""
    reading, writing = os.pipe()
    closed = False

    def end() -> None:
        nonlocal closed
        if not closed:
            closed = True
            os.close(writing)

    command = [sys.executable, "-c", program, *map(str, arguments)]
    command = [part.replace("PIPE", str(reading)) for part in command]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        pass_fds=(reading,),
    ) as process:
        os.close(reading)
        try:
            yield process, end
        finally:
            end()
            process.kill()


def test_a_thousand_calls_of_many_processes_survive_every_expiry_and_a_kill(
    tenant: Tenant, home: Path
) -> None:
    files = (home / "current", home / "config.json")
    with (
        python(WATCHER, "PIPE", *files) as (watcher, end_watching),
        python(CALLERS, PROCESSES, THREADS // PROCESSES, "PIPE") as (callers, end_calling),
    ):
        assert callers.stdout.readline() == "ready\n"
        callers.stdin.close()
        word, victim = callers.stdout.readline().split()
        assert word == "inside"
        # It holds the lock, so that soon nobody has a token that is good.
        before = len(tenant.granted)
        wait_for(lambda: time.monotonic() - tenant.last_call > 1)
        assert len(tenant.granted) == before, "somebody renewed what another was renewing"
        os.kill(int(victim), signal.SIGKILL)
        wait_for(lambda: len(tenant.granted) >= before + 3 and tenant.calls >= CALLS, timeout_s=90)
        end_calling()
        reports = [json.loads(line) for line in callers.stdout]
        end_watching()
        watched = json.loads(watcher.stdout.read())
    assert [report["errors"] for report in reports] == [[]] * (PROCESSES - 1)
    assert {user for report in reports for user in report["users"]} == {"ada"}
    assert min(report["calls"] for report in reports) > 0
    assert all(" 200 " in line for line in tenant.granted), tenant.granted
    assert all(" 401 " in line for line in tenant.refused), tenant.refused
    ends = tenant.issued(json.loads(files[0].read_text())["apikey"])
    shortest = min(later - sooner for sooner, later in itertools.pairwise(ends.values()))
    # A token is renewed in the last tenth of its life, which is counted from a whole second.
    assert shortest > 0.9 * TTL_S - 1, f"renewed after {shortest:.2f} s"
    issued = list(ends)
    for path, told in watched.items():
        assert told["wrong"] == [], path
        assert told["reads"] > 100
        digests = [hashlib.sha256(token.encode()).hexdigest() for token in told["tokens"]]
        seen = [issued.index(digest) for digest in digests]
        assert seen == sorted(set(seen)), f"{path} went back to an older token"
        assert len(seen) >= len(tenant.granted), f"{path} missed a token"
        assert seen[-1] == len(issued) - 1, f"{path} has not the newest token in the end"
    names = sorted(path.name for path in home.iterdir())
    assert names == ["config.json", "current", "current.lock"], "something was left behind"


KILLED_LATE = """
import os
from agavepy.agave import Agave
from agavepy.auth.keeper import CachedLogin

def stuck(self, pair):
    os.write(1, b"answered\\n")
    os.read(0, 1)

CachedLogin.save = stuck
Agave.restore().refresh()
"""


def test_a_pair_that_died_with_its_process_is_got_back_by_the_password_alone(
    tenant: Tenant, home: Path
) -> None:
    record = (home / "current").read_text()
    with python(KILLED_LATE) as (process, _):
        assert process.stdout.readline() == "answered\n"
        process.kill()
    assert (home / "current").read_text() == record, "the file is as it was"
    with pytest.raises(requests.HTTPError, match="agavepy auth login"):
        Agave.restore().profiles.get()
    assert Agave(**json.loads(record), password="ada").profiles.get().username == "ada"
    assert Agave.restore().profiles.get().username == "ada", "for all others too"
