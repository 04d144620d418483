"""What portals and command lines of earlier releases meet on a bad day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import agavepy
from agavepy.agave import Agave
from agavepy.sandbox import Sandbox
from tests.disks import small_disk


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def tenant(lines: list[str]) -> Iterator[Sandbox]:
    with Sandbox(check_answers=True, log=lines.append) as running:
        yield running


@pytest.fixture
def current(tenant: Sandbox) -> Path:
    """The file with a login of ada, as another program has left it."""
    tenant.client("ada").save_configs()
    return Path(os.environ["HOME"]) / ".agave" / "current"


def test_an_administrator_gets_a_token_of_a_user(tenant: Sandbox) -> None:
    login = tenant.credentials("admin")
    keys = ("api_server", "username", "password", "api_key", "api_secret")
    ag = Agave(**{key: login[key] for key in keys}, token_username="grace")
    assert ag.profiles.get().username == "grace"
    assert ag.token is not None
    assert set(ag.token.token_info) >= {"access_token", "refresh_token", "expires_in"}
    ag.refresh()
    assert ag.profiles.get().username == "grace"


def test_of_two_processes_with_one_cache_the_newer_pair_survives(
    tenant: Sandbox, current: Path, lines: list[str]
) -> None:
    slow = Agave.restore()
    program = "from agavepy.agave import Agave; print(Agave.restore().refresh())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(agavepy.__file__).parent.parent,
    )
    newer = json.loads(current.read_text())["access_token"]
    assert done.stdout.strip() == newer
    before = sum(line.startswith("POST /token") for line in lines)
    assert slow.profiles.get().username == "ada"
    assert sum(line.startswith("POST /token") for line in lines) == before
    assert (slow._token, json.loads(current.read_text())["access_token"]) == (newer, newer)


def test_a_dead_refresh_token_is_an_http_error_and_the_cache_is_intact(
    tenant: Sandbox, current: Path
) -> None:
    record = json.loads(current.read_text())
    Agave(**record, cache_client=False).refresh()
    before = current.read_bytes()
    with pytest.raises(requests.HTTPError) as caught:
        Agave.restore().profiles.get()
    assert caught.value.response is not None
    assert caught.value.response.status_code in (400, 401)
    assert str(caught.value).startswith(("400", "401"))
    assert current.read_bytes() == before


def test_calls_work_with_a_cache_that_is_read_only(
    tenant: Sandbox, current: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk.path / "current").write_bytes(current.read_bytes())
        disk.read_only(True)
        monkeypatch.setenv("TAPIS_CACHE_DIR", str(disk.path))
        ag = Agave.restore()
        assert ag.profiles.get().username == "ada"
        tenant.tenant.clock.advance(20_000)
        with pytest.warns(UserWarning, match="in memory only"):
            assert ag.profiles.get().username == "ada"
