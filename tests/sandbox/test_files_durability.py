"""What was acknowledged is kept: over a kill, a crash at any point, a full disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox.state import disk, files_records, files_staging, systems, users
from agavepy.sandbox.tenant import Settings, Tenant
from tests.conftest import Http
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import at, content, names, staged, upload, workplace
from tests.waiting import wait_for

PATH = "/home/ada/file"

#: A sandbox in a process of its own: it prints its address and a token of ada's, then waits.
SERVER = textwrap.dedent(
    """
    import sys
    from agavepy.sandbox import Sandbox
    with Sandbox(state=sys.argv[1]) as sandbox:
        print(sandbox.url, sandbox.credentials("ada")["token"], flush=True)
        sys.stdin.read()
    """
)


@contextmanager
def server(state: Path, **options: Any) -> Iterator[tuple[subprocess.Popen[str], Http]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        assert process.stdout is not None
        url, token = process.stdout.readline().split()
        with Http(url, token) as http:
            yield process, http
        if process.poll() is None:
            process.kill()


def test_acknowledged_uploads_survive_a_kill(tmp_path: Path) -> None:
    contents = {f"f{number}": os.urandom(20_000) for number in range(30)}
    with server(tmp_path) as (process, http):
        for name, data in contents.items():
            files = {"fileToUpload": (name, data)}
            assert http.post(at("media", "ada"), files=files).status_code == 202
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    with server(tmp_path) as (_, http):
        for name, data in contents.items():
            assert staged(http, f"ada/{name}")[-1] == "STAGING_COMPLETED"
            assert content(http, f"ada/{name}") == data
    assert not list((tmp_path / "staging").iterdir())


def test_a_full_disk_is_told_and_keeps_what_was_there(tmp_path: Path) -> None:
    size = 3_000_000
    # A limit on the size of files is the full disk that a test may have; the process gets it.
    limits = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
    with server(tmp_path, **limits) as (_, http):
        where = workplace(http)
        upload(http, where, "most", bytes(2_000_000))
        files = {"fileToUpload": ("large", bytes(4_000_000))}
        assert "stored" in refusal(http.post(at("media", where), files=files), 500)
        upload(http, where, "log", b"kept")
        body = {"action": "copy", "path": f"{where}/log", "append": True}
        result(http.put(at("media", f"{where}/most"), json=body))
        message = refusal(http.put(at("media", f"{where}/most"), json=body), 500)
        assert message.startswith("No space left on the storage of system sandbox.storage")
        files = {"fileToUpload": ("log", bytes(2_000_000))}
        more = http.post(at("media", where), files=files, data={"append": "true"})
        result(more, 202)
        assert staged(http, f"{where}/log", times=2)[-1] == "STAGING_FAILED"
        last = result(http.get(at("history", f"{where}/log")))[-1]
        assert "No space left" in last["description"]
        assert content(http, f"{where}/log") == b"kept" + bytes(2_000_000)
        assert names(http, where) == [".", "log", "most"]
    left = [*(tmp_path / "staging").iterdir(), *(tmp_path / "spool").iterdir()]
    assert left == []


class Crash:
    """A tenant that is given up with an upload acknowledged and not staged, and its successor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before = Tenant(root, Settings())
        users.add(self.before, "ada", "ada")
        self.system = systems.register(
            self.before,
            "ada",
            {
                "id": "data",
                "name": "data",
                "type": "STORAGE",
                "storage": {
                    "host": "h.example.org",
                    "port": 22,
                    "protocol": "SFTP",
                    "homeDir": "/home/ada",
                    "auth": {"type": "PASSWORD", "username": "ada", "password": "x"},
                },
            },
        )
        self.target = disk.real(self.before, self.system, PATH, user_home=False)
        # Staging waits for this mutex, and so is never done in the first life.
        self.held = self.before.lock(f"file/data|{PATH}")
        self.held.__enter__()

    def accept(self, data: bytes, *, append: bool = False) -> None:
        spooled = self.root / "spool" / "upload"
        spooled.write_bytes(data)
        kept = files_staging.adopt(self.before, spooled)
        files_staging.queue(
            self.before, "ada", self.system, PATH, "http://h/file", upload=kept, append=append
        )

    def restarted(self) -> list[str]:
        """Start on the same state, wait for staging and return the words of the history."""
        after = Tenant(self.root, Settings())
        files_staging.resume(after)
        wait_for(lambda: not after.store.all(files_staging.TASK))
        record = files_records.get(after, self.system, PATH)
        after.close()
        assert record is not None
        assert not list((self.root / "staging").iterdir())
        return [event["status"] for event in record["events"]]

    def end(self) -> None:
        self.held.__exit__(None, None, None)
        self.before.close()


@pytest.fixture
def crash(tmp_path: Path) -> Iterator[Crash]:
    made = Crash(tmp_path)
    yield made
    made.end()


def test_an_upload_is_staged_at_the_next_start(crash: Crash) -> None:
    crash.accept(b"content")
    assert not crash.target.exists()
    assert crash.restarted() == ["STAGING_QUEUED", "STAGING", "STAGING_COMPLETED"]
    assert crash.target.read_bytes() == b"content"


def test_uploads_of_one_name_are_staged_in_their_order_after_a_crash(crash: Crash) -> None:
    for number in range(5):
        crash.accept(b"version %d" % number)
    crash.restarted()
    assert crash.target.read_bytes() == b"version 4"


def test_an_append_is_done_once_although_the_crash_came_after_it(crash: Crash) -> None:
    crash.target.write_bytes(b"one ")
    crash.accept(b"two", append=True)
    task = crash.before.store.all(files_staging.TASK)[0]
    # As left by a crash between moving the file into place and forgetting the task.
    crash.before.store.put(files_staging.TASK, task["id"], {**task, "ready": "moved"})
    crash.target.write_bytes(b"one two")
    assert crash.restarted()[-1] == "STAGING_COMPLETED"
    assert crash.target.read_bytes() == b"one two"


def test_an_append_is_done_although_the_crash_came_before_it(crash: Crash) -> None:
    crash.target.write_bytes(b"one ")
    crash.accept(b"two", append=True)
    assert crash.restarted()[-1] == "STAGING_COMPLETED"
    assert crash.target.read_bytes() == b"one two"


def test_what_was_not_acknowledged_is_cleared_away(crash: Crash) -> None:
    spooled = crash.root / "spool" / "half"
    spooled.write_bytes(b"half")
    files_staging.adopt(crash.before, spooled)
    crash.accept(b"content")
    crash.restarted()
    assert crash.target.read_bytes() == b"content"


def test_an_upload_into_a_directory_that_is_deleted_does_not_come_back(crash: Crash) -> None:
    crash.accept(b"content")
    files_records.forget(crash.before, crash.system, "/home/ada")
    after = Tenant(crash.root, Settings())
    files_staging.resume(after)
    wait_for(lambda: not after.store.all(files_staging.TASK))
    after.close()
    assert not crash.target.exists()
    assert not list((crash.root / "staging").iterdir())
