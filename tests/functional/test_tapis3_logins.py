"""Logins of Tapis v3 are kept for the next program, apart from those that v2 programs share."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy import Agave
from agavepy.cli.main import main
from agavepy.errors import CredentialsError, NotAuthenticated
from tests.tapis3_support import (
    CLIENT,
    HEADER,
    KEY,
    PASSWORD,
    SYSTEMS,
    USER,
    Tapis3,
    client,
    encoded,
)

GRACE = b'{"tapis/username": "grace"}'


@pytest.fixture(scope="module")
def running() -> Iterator[Tapis3]:
    with Tapis3() as tenant:
        yield tenant


@pytest.fixture
def tenant(running: Tapis3) -> Tapis3:
    return running.begin()


@pytest.fixture
def home() -> Path:
    return Path(os.environ["HOME"]) / ".agave"


def restored(**selectors: Any) -> Agave:
    return Agave.restore(flavour="tapis3", specs={"systems": SYSTEMS}, **selectors)


def auth(*arguments: str, code: int = 0) -> str:
    """Run ``agavepy auth --flavour tapis3 …`` in this process and return what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["auth", "--flavour", "tapis3", *arguments]) == code, err.getvalue()
    return f"{out.getvalue()}{err.getvalue()}"


def test_a_login_is_there_for_the_next_program(tenant: Tapis3, home: Path) -> None:
    client(tenant).systems.getSystems()
    for selectors in ({}, {"username": USER}, {"tenant_id": "tacc"}, {"api_server": tenant.url}):
        ag = restored(**selectors)
        assert ag.systems.getSystems()[0].id == "one"
        assert ag.username == USER
    assert len(tenant.grants) == 1
    assert len({seen.headers[HEADER] for seen in tenant.requests if HEADER in seen.headers}) == 1
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert not [path for path in kept if PASSWORD in path.read_text()]


def test_programs_that_know_v2_only_find_their_logins_as_they_were(
    tenant: Tapis3, home: Path
) -> None:
    mine: dict[str, Any] = {"client_name": "mine", "tenant_id": "v2", "username": "ada"}
    mine |= {"token": "t", "refresh_token": "r", "api_key": "k", "api_secret": "s"}
    Agave(api_server="https://v2.example", **mine).save_configs()
    with pytest.raises(CredentialsError, match=r"flavour='tapis3', .*\.save_configs\(\)"):
        restored()
    before = {path: path.read_bytes() for path in home.iterdir() if path.is_file()}
    assert {path.name for path in before} >= {"current", "config.json"}
    client(tenant).systems.getSystems()
    assert {path: path.read_bytes() for path in home.iterdir() if path.is_file()} == before
    assert Agave.restore().api_server == "https://v2.example"
    assert restored().api_server == tenant.url
    ag = client(tenant, username=None, password=None)
    ag.load_configs()
    assert ag.systems.getSystems()
    with pytest.raises(CredentialsError, match="no cached login has api_key='k'"):
        restored(api_key="k")


def test_a_pair_that_one_program_renews_is_that_of_all(tenant: Tapis3) -> None:
    client(tenant, api_key=CLIENT, api_secret=KEY).systems.getSystems()
    first, second = restored(), restored()
    ahead = time.time() + tenant.lifetime_s + 1
    tenant.clock = lambda: ahead
    for ag in (first, second, restored()):
        assert ag.systems.getSystems()
    assert [grant["grant_type"] for grant in tenant.grants] == ["password", "refresh_token"]


def test_a_login_that_shall_not_be_kept_is_kept_nowhere(tenant: Tapis3, home: Path) -> None:
    ag = client(tenant, cache_client=False)
    ag.systems.getSystems()
    assert not home.exists()
    ag.save_configs()
    assert restored().systems.getSystems()


def test_a_password_is_checked_by_the_server_whatever_is_kept(tenant: Tapis3) -> None:
    client(tenant).systems.getSystems()
    client(tenant).systems.getSystems()
    assert len(tenant.grants) == 2


def test_a_login_without_a_client_ends_with_its_token(tenant: Tapis3) -> None:
    client(tenant).systems.getSystems()
    ag = restored()
    assert not ag.can_refresh
    ahead = time.time() + tenant.lifetime_s + 1
    tenant.clock = lambda: ahead
    with pytest.raises(NotAuthenticated, match=r"expired[\s\S]*log in again: Agave\(api_s"):
        ag.systems.getSystems()
    ag.password = PASSWORD
    assert ag.systems.getSystems()
    assert restored().systems.getSystems()


@pytest.mark.parametrize("token", [f"e30.{encoded(GRACE)}.x", "opaque"])
def test_a_token_of_one_user_never_becomes_that_of_another(tenant: Tapis3, token: str) -> None:
    client(tenant).systems.getSystems()
    client(tenant, username=None, password=None, token=token).save_configs()
    assert restored().tokens()["access_token"] == token
    assert restored(username=USER).systems.getSystems()
    assert len(auth("list").splitlines()) == 3, "a head and both of them"
    client(tenant).systems.getSystems()
    assert auth("switch")
    assert restored().tokens()["access_token"] == token


def test_logins_are_made_listed_used_and_forgotten_on_the_command_line(
    tenant: Tapis3, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--server", tenant.url, "--username", USER, "--password-stdin")
    monkeypatch.setattr("sys.stdin", io.StringIO("mistyped\n"))
    assert "does not let ada in: Invalid username/password" in auth("login", *where, code=1)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    told = auth("login", *where)
    assert f"Logged in: ada at {tenant.url}. The token is good until " in told
    assert "refreshed" not in told
    monkeypatch.setenv("TAPIS_API_SECRET", KEY)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert "refreshed from then on" in auth("login", *where, "--api-key", CLIENT)
    token = auth("token").strip()
    assert token in (home / "tapis3" / "current").read_text()
    lines = auth("list").splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["*", CLIENT, USER],
        ["(token)", USER, "tacc"],
    ]
    assert "Current now" in auth("switch")
    assert auth("token").strip() != token
    assert main(["auth", "list"]) == 1, "none of v2"
    assert "Its token is not revoked: good until" in auth("logout", CLIENT)
    assert "Its token is not revoked: good until" in auth("logout")
    told = auth("list", code=1)
    assert (
        f"there is no login in {home / 'tapis3'}; try: agavepy auth --flavour tapis3 login" in told
    )
    assert not tenant.requests[-1].target.endswith("revoke")
    for wrong in (("--tenant", "x"), ("--client-name", "x"), ("--replace-client",)):
        assert "a tenant of v3 is told by --server" in auth("login", *wrong, code=2)
    assert "say which tenant: --server URL" in auth("login", code=2)
