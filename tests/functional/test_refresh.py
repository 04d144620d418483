"""Expired tokens: renewed once for all threads and processes, or a clear error."""

from __future__ import annotations

import concurrent.futures
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import agavepy
from agavepy.agave import Agave
from agavepy.auth import keeper
from agavepy.auth.oauth import Grants
from agavepy.sandbox import Sandbox
from tests.waiting import wait_for

ROOT = Path(agavepy.__file__).parent.parent


class Tenant:
    """A sandbox of the test's own that says what it was asked."""

    def __init__(self, faults: str = "json") -> None:
        self.lines: list[str] = []
        self.sandbox = Sandbox(check_answers=True, faults=faults, log=self.lines.append)

    def grants(self) -> int:
        return sum(line.startswith("POST /token ") for line in self.lines)

    def expire(self) -> None:
        self.sandbox.tenant.clock.advance(20_000)

    def record(self, user: str = "ada") -> dict[str, Any]:
        login = self.sandbox.credentials(user)
        del login["password"]
        return login


@pytest.fixture(params=["json", "xml"])
def any_tenant(request: pytest.FixtureRequest) -> Iterator[Tenant]:
    tenant = Tenant(request.param)
    with tenant.sandbox:
        yield tenant


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    tenant = Tenant()
    with tenant.sandbox:
        yield tenant


@pytest.fixture
def cache(tenant: Tenant) -> Path:
    """The file ``current`` with a login of ada."""
    path = Path(os.environ["HOME"]) / ".agave" / "current"
    path.parent.mkdir(mode=0o700)
    path.write_text(json.dumps(tenant.record()))
    path.chmod(0o600)
    return path


def token_in(path: Path) -> str:
    return str(json.loads(path.read_text())["token"])


def test_an_expired_token_is_renewed_unasked(any_tenant: Tenant) -> None:
    ag = Agave(**any_tenant.record())
    before = ag.tokens()
    any_tenant.expire()
    assert ag.profiles.get().username == "ada"
    after = ag.tokens()
    assert not set(before.values()) & set(after.values())
    assert any_tenant.grants() == 1


def test_sixty_four_threads_with_an_expired_token_ask_for_one(tenant: Tenant) -> None:
    ag = Agave(**tenant.record())
    tenant.expire()
    together = threading.Barrier(64)

    def call(_: int) -> str:
        together.wait(20)
        return str(ag.profiles.get().username)

    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(call, range(64))) == ["ada"] * 64
    assert tenant.grants() == 1


PROGRAM = """
import sys
from agavepy.agave import Agave
ag = Agave.restore()
print("ready", flush=True)
sys.stdin.readline()
print(ag.profiles.get().username, ag._token)
"""


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_share_a_cache_refresh_once_and_all_go_on(
    tenant: Tenant, cache: Path, count: int
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for _ in range(count)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    tenant.expire()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=30)[0].split() for process in processes]
    assert said == [["ada", token_in(cache)]] * count
    assert tenant.grants() == 1
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    assert Agave.restore().profiles.get().username == "ada"


def test_a_client_takes_over_what_another_process_has_renewed(tenant: Tenant, cache: Path) -> None:
    slow = Agave.restore()
    assert slow.profiles.get().username == "ada"
    Agave.restore().refresh()
    assert slow.profiles.get().username == "ada"
    assert slow._token == token_in(cache)
    assert tenant.grants() == 1


HOLDER = """
import filelock, sys
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_holder_of_the_lock_does_not_stop_the_others(tenant: Tenant, cache: Path) -> None:
    ag = Agave.restore()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(cache.parent / "current.lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder, ThreadPoolExecutor(1) as pool:  # fmt: skip
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            renewal = pool.submit(ag.refresh)
            with pytest.raises(concurrent.futures.TimeoutError):
                renewal.result(0.2)
            assert tenant.grants() == 0
        finally:
            holder.kill()
        assert renewal.result(20) == token_in(cache)


def test_a_lock_that_is_never_let_go_delays_no_longer_than_it_says(
    tenant: Tenant, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    monkeypatch.setattr(keeper, "LOCK_TIMEOUT_S", 0.2)
    ag = Agave.restore()
    with (
        filelock.FileLock(cache.parent / "current.lock"),
        ThreadPoolExecutor(1) as pool,
        pytest.warns(UserWarning, match="another process has held"),
    ):
        assert pool.submit(ag.refresh).result(20) == token_in(cache)


def test_a_dead_refresh_token_is_an_http_error_that_says_what_to_do(
    tenant: Tenant, cache: Path
) -> None:
    stolen = Agave(**{**tenant.record(), **json.loads(cache.read_text())}, cache_client=False)
    stolen.refresh()  # the pair in the file is used up, and nobody wrote the new one there
    before = cache.read_text()
    ag = Agave.restore()
    for call in (ag.profiles.get, ag.refresh, ag.profiles.get):
        with pytest.raises(requests.HTTPError, match=r"(?s)^40[01] .*log in again") as caught:
            call()
        assert caught.value.response is not None
        assert caught.value.response.status_code in (400, 401)
    assert cache.read_text() == before
    stolen.save_configs()
    assert ag.profiles.get().username == "ada", "a login elsewhere brings the client back"


def test_a_known_password_logs_in_again_when_the_refresh_token_is_dead(tenant: Tenant) -> None:
    login = tenant.sandbox.credentials("ada")
    ag = Agave(**login, cache_client=False)
    Agave(**{**login, "password": None}, cache_client=False).refresh()
    assert ag.profiles.get().username == "ada"


def test_a_revoked_login_says_to_log_in_again(any_tenant: Tenant) -> None:
    login = any_tenant.record()
    ag = Agave(**login)
    Grants(ag.transport, login["api_key"], login["api_secret"]).revoke(str(ag._token))
    with pytest.raises(requests.HTTPError, match="log in again"):
        ag.profiles.get()


def test_a_refused_permission_does_not_cost_the_token(tenant: Tenant) -> None:
    ag = Agave(**tenant.record())
    with pytest.raises(requests.HTTPError):
        ag.systems.get(systemId="nobody.knows")
    assert tenant.grants() == 0


NOBODY = 65534
READ_ONLY = """
import importlib, os, pkgutil, sys, tempfile
import agavepy, filelock
from agavepy import loader
from agavepy.agave import Agave
# All of it now: nobody may not be allowed to read the checkout.
for module in pkgutil.walk_packages(agavepy.__path__, "agavepy."):
    if module.name.split(".")[1] not in {"sandbox", "cli", "build", "__main__"}:
        importlib.import_module(module.name)
for service in loader.services():
    list(loader.service_plan(service).values())
ag = Agave.restore()
if os.geteuid() == 0:
    os.setuid(65534)  # for root no directory is read-only
for line in sys.stdin:
    if line == "refresh\\n":
        ag.refresh()
    print(ag.profiles.get().username, flush=True)
"""


def test_a_read_only_cache_is_used_with_one_warning(tenant: Tenant) -> None:
    with tempfile.TemporaryDirectory() as name:  # where nobody may look
        directory = Path(name)
        current = directory / "current"
        current.write_text(json.dumps(tenant.record()))
        directory.chmod(0o555)
        if os.geteuid() == 0:
            os.chown(current, NOBODY, -1)
            os.chown(directory, NOBODY, -1)
        before = current.read_text()
        with subprocess.Popen(
            [sys.executable, "-W", "always", "-c", READ_ONLY],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=ROOT, env={**os.environ, "TAPIS_CACHE_DIR": name, "HOME": name},
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            for wanted in ("call", "expire", "expire", "refresh", "call"):
                if wanted == "expire":
                    tenant.expire()
                process.stdin.write(f"{wanted}\n")
                process.stdin.flush()
                assert process.stdout.readline() == "ada\n", wanted
            said = process.communicate(timeout=20)[1]
        assert process.returncode == 0
        assert said.count("in memory only") == 1
        assert current.read_text() == before
        directory.chmod(0o755)
    assert tenant.grants() == 3


def test_a_password_machine_of_the_netrc_does_not_replace_the_token(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password eve\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ag = Agave(**tenant.record())
    assert ag.profiles.get().username == "ada"
    tenant.expire()
    assert ag.profiles.get().username == "ada", "nor the key and secret of a token request"
    response = ag.swagger_client("profiles").profiles.get().response()
    assert response.result.result.username == "ada"


def test_a_token_about_to_expire_is_renewed_before_it_is_sent(tenant: Tenant) -> None:
    login = tenant.record()
    ag = Agave(**{**login, "created_at": login["created_at"] - login["expires_in"] + 30})
    assert ag.profiles.get().username == "ada"
    wait_for(lambda: len(tenant.lines) == 2)
    assert [line.split()[0] for line in tenant.lines] == ["POST", "GET"], "no 401 on the way"
