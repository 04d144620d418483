"""Credentials on a disk that is full or read-only: calls go on, and what is there stays whole.

Where no disk can be mounted these are skipped; ``test_refresh`` and ``unit/test_cache`` then stand
in for them, with a directory without rights and a limit on the size of files.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agavepy
from agavepy.agave import Agave
from agavepy.sandbox import Sandbox
from tests.disks import Disk, small_disk
from tests.processes import command

ROOT = Path(agavepy.__file__).parent.parent
PROGRAM = """
import sys
from agavepy.agave import Agave
ag = Agave.restore()
for line in sys.stdin:
    if line == "refresh\\n":
        ag.refresh()
    print(ag.profiles.get().username, flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk on which the credentials directory is."""
    with small_disk(tmp_path / "disk") as made:
        monkeypatch.setenv("TAPIS_CACHE_DIR", str(made.path))
        yield made


@pytest.fixture(params=["full", "read-only"])
def trouble(request: pytest.FixtureRequest, disk: Disk) -> Any:
    """What makes the disk unusable, and usable again."""

    def set_to(on: bool) -> None:
        if request.param == "read-only":
            disk.read_only(on)
        elif on:
            disk.fill()
        else:
            disk.empty()

    return set_to


def test_a_program_goes_on_and_writes_when_it_can_again(
    fresh_sandbox: Sandbox, disk: Disk, trouble: Any
) -> None:
    fresh_sandbox.client("ada").save_configs()
    current = disk.path / "current"
    before = current.read_text()
    with subprocess.Popen(
        [sys.executable, "-W", "always", "-c", PROGRAM],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip

        def do(word: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ada\n", word

        do("call")
        trouble(True)
        do("call")
        fresh_sandbox.tenant.clock.advance(20_000)
        do("call")
        do("refresh")
        assert current.read_text() == before
        assert not [path for path in disk.path.iterdir() if path.name.startswith(".")]
        trouble(False)
        do("refresh")
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    assert said.count("Warning") == said.count("in memory only") == 1, said
    assert current.read_text() != before
    assert stat.S_IMODE(current.stat().st_mode) == 0o600
    assert Agave.restore().profiles.get().username == "ada"


def test_a_new_login_works_in_memory_and_is_told(
    fresh_sandbox: Sandbox, disk: Disk, trouble: Any
) -> None:
    trouble(True)
    ag = Agave(api_server=fresh_sandbox.url, username="ada", password="ada")
    with pytest.warns(UserWarning, match="in memory only"):
        ag.clients.create(body={"clientName": "diskless"})
    assert ag.profiles.get().username == "ada"
    assert not (disk.path / "current").exists() or not (disk.path / "current").read_text()


def test_the_command_line_says_what_is_wrong_and_changes_nothing(
    fresh_sandbox: Sandbox, disk: Disk, trouble: Any
) -> None:
    for user in ("grace", "ada"):
        fresh_sandbox.client(user).save_configs()
    before = {path.name: path.read_text() for path in disk.path.iterdir()}
    clients = Agave(api_server=fresh_sandbox.url, username="ada", password="ada").clients
    there = len(clients.list())
    trouble(True)
    where = ("--server", fresh_sandbox.url, "--username", "ada", "--password-stdin")
    for arguments, text in (
        (("login", *where, "--client-name", "new"), "the login could not be kept"),
        (("switch", "--username", "grace"), "cannot write to"),
    ):
        done = command("auth", *arguments, stdin="ada\n")
        assert done.returncode == 1, done.stdout
        assert text in done.stderr
        assert "Traceback" not in done.stderr
    assert len(clients.list()) == there
    token = command("auth", "token")
    assert token.stdout.strip() == json.loads(before["current"])["access_token"]
    after = {path.name: path.read_text() for path in disk.path.iterdir() if path.name in before}
    assert after == before
    trouble(False)
    assert command("auth", "switch", "--username", "grace").returncode == 0
    assert Agave.restore().profiles.get().username == "grace"


def test_a_login_is_forgotten_on_a_full_disk_and_told_to_be_there_on_a_read_only_one(
    fresh_sandbox: Sandbox, disk: Disk
) -> None:
    for user in ("grace", "ada"):
        fresh_sandbox.client(user).save_configs()
    disk.read_only(True)
    refused = command("auth", "logout")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"cannot write to {disk.path}: Read-only file system" in refused.stderr
    assert Agave.restore().profiles.get().username == "ada"
    disk.read_only(False)
    disk.fill()
    assert command("auth", "logout", "--all").returncode == 0
    assert not (disk.path / "current").exists()
