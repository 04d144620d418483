"""``agavepy auth``, as a user types it: logins of several tenants, users and clients."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
import requests

from agavepy.agave import Agave
from agavepy.cli.main import main
from agavepy.sandbox import Sandbox
from tests.processes import Terminal, command

SECRETS = ("apisecret", "access_token", "refresh_token")


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(check_answers=True) as running:
        yield running


@pytest.fixture(scope="module")
def other_tenant() -> Iterator[Sandbox]:
    with Sandbox(check_answers=True, tenant="other", seed="empty") as running:
        yield running


@pytest.fixture
def home() -> Path:
    return Path(os.environ["HOME"]) / ".agave"


class Done(NamedTuple):
    stdout: str
    stderr: str


def auth(*arguments: str, code: int = 0, stdin: str = "", **environment: str) -> Done:
    """Run ``agavepy auth …`` in this process; check its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch("sys.stdin", io.StringIO(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        assert main(["auth", *arguments]) == code, f"{out.getvalue()}\n{err.getvalue()}"
    return Done(out.getvalue(), err.getvalue())


def log_in(tenant: Sandbox, user: str, *more: str, code: int = 0) -> Any:
    where = ("--server", tenant.url, "--username", user, "--password-stdin")
    return auth("login", *where, *more, stdin=f"{user}\n", code=code)


def current(home: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((home / "current").read_text())
    return record


def listed() -> list[dict[str, Any]]:
    logins: list[dict[str, Any]] = json.loads(auth("list", "--json").stdout)
    return logins


def test_a_login_makes_a_client_once_and_is_what_restore_finds(tenant: Sandbox, home: Path) -> None:
    done = log_in(tenant, "ada")
    record = current(home)
    assert f"ada at {tenant.url} through {record['client_name']}" in done.stdout
    assert not any(record[key] in done.stdout + done.stderr for key in SECRETS)
    assert record["tenantid"] == "sandbox"
    assert Agave.restore().profiles.get().username == "ada"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert (stat.S_IMODE(home.stat().st_mode), modes) == (0o700, {0o600})
    log_in(tenant, "ada")
    again = current(home)
    assert again["apikey"] == record["apikey"], "the client of before is used"
    assert again["access_token"] != ""
    assert Agave.restore().profiles.get().username == "ada"


def test_the_client_is_named_by_the_user_and_never_silently_replaced(
    tenant: Sandbox, home: Path
) -> None:
    log_in(tenant, "ada", "--client-name", "laptop")
    key = current(home)["apikey"]
    (home / "current").unlink()
    (home / "config.json").unlink()
    refused = log_in(tenant, "ada", "--client-name", "laptop", code=1)
    assert "there is a client 'laptop' already" in refused.stderr
    assert not (home / "current").exists()
    log_in(tenant, "ada", "--client-name", "laptop", "--replace-client")
    assert current(home)["apikey"] not in {key, ""}
    first = log_in(tenant, "ada", "--client-name", "laptop-2")
    assert "through laptop-2" in first.stdout
    assert [item["client_name"] for item in listed()] == ["laptop-2", "laptop"]


def test_a_client_that_there_is_needs_no_cache(tenant: Sandbox, home: Path) -> None:
    login = tenant.credentials("grace")
    done = auth(
        "login", "--server", tenant.url, "--username", "grace", "--password-stdin",
        "--api-key", login["api_key"], stdin="grace\n", TAPIS_API_SECRET=login["api_secret"],
    )  # fmt: skip
    assert f"through {login['client_name']}" in done.stdout
    assert current(home)["client_name"] == login["client_name"]


def test_a_client_that_the_tenant_has_forgotten_is_made_anew(tenant: Sandbox, home: Path) -> None:
    log_in(tenant, "ada", "--client-name", "forgotten")
    user = Agave(api_server=tenant.url, username="ada", password="ada")
    user.clients.delete(clientName="forgotten")
    done = log_in(tenant, "ada", "--client-name", "forgotten")
    assert "does not know the client forgotten any more" in done.stderr
    assert Agave.restore().profiles.get().username == "ada"


def test_questions_are_asked_at_a_terminal_and_the_password_is_not_shown(
    tenant: Sandbox, other_tenant: Sandbox, home: Path
) -> None:
    terminal = Terminal(
        sys.executable, "-m", "agavepy", "auth", "login",
        TAPIS_TENANTS_URL=f"{other_tenant.url}/tenants",
    )  # fmt: skip
    terminal.expect("Code of the tenant: ")
    assert re.search(rf"CODE +NAME +URL\nother +.* {other_tenant.url}", terminal.shown)
    terminal.answer("nowhere")
    terminal.expect("Code of the tenant: ")
    terminal.answer("other")
    terminal.expect("Username")
    terminal.answer("grace")
    terminal.expect("Password of grace at ")
    terminal.expect(": ") if not terminal.shown.endswith(": ") else None
    terminal.answer("grace")
    assert terminal.end() == 0, terminal.shown
    assert terminal.shown.count("grace\n") == 1, "the name, which was typed, and no password"
    assert current(home)["baseurl"] == other_tenant.url


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "say which tenant: --server URL or --tenant CODE"),
        (("--server", "http://127.0.0.1:1"), "--username NAME"),
        (("--server", "http://127.0.0.1:1", "--username", "ada"), "--password-stdin"),
        (("--server", "x", "--tenant", "y"), "two ways to say the same"),
        (("--server", "x", "--username", "y", "--password-stdin"), "no password on standard input"),
    ],
)
def test_without_a_terminal_what_is_missing_is_told(arguments: tuple[str, ...], text: str) -> None:
    assert text in auth("login", *arguments, code=2).stderr


def test_what_is_wrong_with_a_login_is_told_in_one_message(tenant: Sandbox, home: Path) -> None:
    where = ("login", "--server", tenant.url, "--username", "ada", "--password-stdin")
    wrong = auth(*where, stdin="wrong\n", code=1)
    assert f"{tenant.url} does not let ada in" in wrong.stderr
    key = ("--api-key", "nobodys")
    unknown = auth(*where, *key, stdin="ada\n", code=1, TAPIS_API_SECRET="x")
    assert f"{tenant.url} does not know this client" in unknown.stderr
    known = ("--tenant", "nowhere", "--username", "ada", "--password-stdin")
    nowhere = auth(
        "login", *known, stdin="ada\n", code=1, TAPIS_TENANTS_URL=f"{tenant.url}/tenants"
    )
    assert "no tenant 'nowhere'" in nowhere.stderr
    gone = auth("login", "--server", "http://127.0.0.1:1", *known[2:], stdin="ada\n", code=1)
    assert "127.0.0.1:1" in gone.stderr
    assert not (home / "current").exists()
    log_in(tenant, "ada")
    before = (home / "current").read_bytes()
    wrong = auth(*where, stdin="wrong\n", code=1)
    assert f"{tenant.url} does not let ada in" in wrong.stderr
    assert (home / "current").read_bytes() == before


def test_the_tenant_is_found_by_its_code_and_the_password_in_a_variable(
    tenant: Sandbox, home: Path
) -> None:
    auth(
        "login", "--tenant", "SANDBOX", TAPIS_TENANTS_URL=f"{tenant.url}/tenants",
        TAPIS_BASE_URL="http://127.0.0.1:1", TAPIS_USERNAME="ada", TAPIS_PASSWORD="ada",
    )  # fmt: skip
    found = current(home)
    assert (found["baseurl"], found["tenantid"]) == (tenant.url, tenant.tenant_id)
    auth("login", "--server", tenant.url, "--username", "ada", TAPIS_PASSWORD="ada")
    assert len(json.loads(auth("list", "--json").stdout)) == 1, "it is the same tenant"


def test_sessions_of_several_tenants_users_and_clients_are_told_apart_and_switched(
    tenant: Sandbox, other_tenant: Sandbox, home: Path
) -> None:
    log_in(tenant, "ada", "--client-name", "one")
    log_in(tenant, "grace", "--client-name", "one")
    log_in(other_tenant, "ada", "--client-name", "one")
    log_in(other_tenant, "ada", "--client-name", "two")
    table = auth("list").stdout
    assert [line.split()[:4] for line in table.splitlines()[1:2]] == [["*", "two", "ada", "other"]]
    assert len(table.splitlines()) == 5
    assert table.count("good until") == 4
    secrets = [item for path in (home / "current", home / "config.json")
               for item in re.findall(r'"(?:apisecret|access_token|refresh_token)": "(\w+)"',
                                      path.read_text())]  # fmt: skip
    assert len(set(secrets)) == 12
    assert not any(secret in table for secret in secrets)
    assert "current now: ada" in auth("switch", "one").stdout.lower(), "that of the same tenant"
    assert (current(home)["client_name"], current(home)["tenantid"]) == ("one", "other")
    assert Agave.restore().api_server == other_tenant.url
    ambiguous = auth("switch", "--tenant", "sandbox", code=1).stderr
    assert ambiguous.count("through one") == 2
    auth("switch", "one", "--tenant", "sandbox", "--username", "grace")
    assert Agave.restore().profiles.get().username == "grace"
    assert "Current already" in auth("switch", "--username", "grace").stdout
    missing = auth("switch", "three", code=1).stderr
    assert "no cached login has name 'three'; there are:" in missing
    assert missing.count("\n  ") == 4
    assert "say which" in auth("switch", code=2).stderr
    for tenant_id, user, client in (("sandbox", "ada", "one"), ("other", "ada", "two")):
        ag = Agave.restore(tenant_id=tenant_id, username=user, client_name=client)
        assert ag.profiles.get().username == user


def test_what_a_file_of_logins_says_commands_no_terminal(home: Path) -> None:
    home.mkdir(mode=0o700)
    hostile = {"tenantid": "t\x1b[2J", "baseurl": "https://h.example", "apikey": "k",
               "apisecret": "s", "username": "a\nb", "client_name": "c\x9bm"}  # fmt: skip
    (home / "current").write_text(json.dumps(hostile))
    (home / "current").chmod(0o600)
    assert "* c?m     a?b   t?[2J" in auth("list").stdout
    assert "a?b" in auth("show").stdout
    assert "a?b at https://h.example (tenant t?[2J) through c?m" in auth("show", "x", code=1).stderr


def test_a_login_is_shown_with_its_secrets_only_when_asked(tenant: Sandbox, home: Path) -> None:
    log_in(tenant, "ada", "--client-name", "shown")
    record = current(home)
    shown = auth("show")
    for key in ("client_name", "username", "tenantid", "baseurl", "apikey"):
        assert record[key] in shown.stdout
    assert not any(record[key] in shown.stdout + shown.stderr for key in SECRETS)
    assert not any(record[key] in auth("show", "--json").stdout for key in SECRETS)
    told = json.loads(auth("show", "shown", "--secrets", "--json").stdout)
    keys = ("api_secret", "token", "refresh_token")
    assert [told[key] for key in keys] == [record[key] for key in SECRETS]
    assert told["current"] is True
    assert told["files"] == [str(home / "current"), str(home / "config.json")]
    plain = auth("show", "--secrets").stdout
    assert all(record[key] in plain for key in SECRETS)


def test_a_script_gets_a_token_that_is_good_now(tenant: Sandbox, home: Path) -> None:
    log_in(tenant, "ada", "--client-name", "script")
    log_in(tenant, "grace")
    token = auth("token", "script").stdout
    assert token == auth("token", "script", "--username", "ada").stdout
    headers = {"Authorization": f"Bearer {token.strip()}"}
    answer = requests.get(f"{tenant.url}/profiles/v2/me", headers=headers, timeout=20)
    assert answer.json()["result"]["username"] == "ada"
    assert auth("token").stdout.strip() == current(home)["access_token"]
    tenant.tenant.clock.advance(20_000)
    record = current(home)
    record.update(created_at="1", expires_at="Thu Jan  1 04:00:01 1970")
    for path in (home / "config.json", home / "current"):
        path.unlink()
    (home / "current").write_text(json.dumps(record))
    renewed = auth("token").stdout.strip()
    assert renewed == current(home)["access_token"] != record["access_token"]
    forced = auth("token", "--refresh").stdout.strip()
    assert forced == current(home)["access_token"] != renewed
    bare: dict[str, Any] = {"TAPIS_BASE_URL": tenant.url, "TAPIS_TOKEN": "abc"}
    assert auth("token", **bare).stdout == "abc\n"
    assert "cannot be refreshed" in auth("token", "--refresh", code=1, **bare).stderr
    assert "TAPIS_TOKEN are set" in auth("list", **bare).stderr


def test_a_logout_revokes_the_tokens_and_leaves_no_trace_of_them(
    tenant: Sandbox, home: Path
) -> None:
    log_in(tenant, "ada", "--client-name", "stays")
    log_in(tenant, "grace", "--client-name", "goes")
    record = current(home)
    gone = Agave(api_server=tenant.url, token=record["access_token"])
    assert gone.profiles.get().username == "grace"
    done = auth("logout")
    assert "Logged out: grace" in done.stdout
    assert "No login is current now" in done.stdout
    with pytest.raises(requests.HTTPError):
        gone.profiles.get()
    left = "".join(path.read_text() for path in home.iterdir())
    assert not any(record[key] in left for key in (*SECRETS, "apikey"))
    assert "no cached login is current" in auth("logout", code=1).stderr
    assert [item["client_name"] for item in listed()] == ["stays"]
    auth("switch")
    assert Agave.restore().profiles.get().username == "ada"
    auth("logout", "--all")
    assert f"There is no login in {home}." in auth("logout", "--all").stdout
    assert not (home / "current").exists()
    assert "agavepy auth login" in auth("list", code=1).stderr
    assert "agavepy auth login" in auth("token", code=1).stderr


def test_a_logout_without_the_tenant_removes_the_login_and_says_what_is_left(
    home: Path, tmp_path: Path
) -> None:
    with Sandbox(check_answers=True) as short_lived:
        log_in(short_lived, "ada")
    record = current(home)
    done = auth("logout", code=1)
    assert "could not be revoked" in done.stderr
    assert not any(record[key] in done.stderr + done.stdout for key in SECRETS)
    assert listed() == []


def test_a_process_says_all_of_it_without_a_traceback(tenant: Sandbox, home: Path) -> None:
    where = ("auth", "login", "--server", tenant.url, "--username", "ada", "--password-stdin")
    for password, code, text in (("wrong", 1, "does not let ada in"), ("ada", 0, "Logged in")):
        done = command(*where, stdin=password)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False)
        assert text in done.stdout + done.stderr
    (home / "config.json").write_text("{torn")
    done = command("auth", "list")
    assert done.stderr.splitlines() == [
        f"Warning: {home / 'config.json'} is torn or no JSON: it is left alone and not used"
    ]
    assert command("auth", "switch", "nobody").returncode == 1


def test_a_login_that_cannot_be_kept_is_refused_before_anything_is_made(
    tenant: Sandbox, tmp_path: Path
) -> None:
    user = Agave(api_server=tenant.url, username="ada", password="ada")
    before = len(user.clients.list())
    file = tmp_path / "file"
    file.touch()
    where = ("login", "--server", tenant.url, "--username", "ada", "--password-stdin")
    done = auth(*where, stdin="ada\n", code=1, TAPIS_CACHE_DIR=str(file / "below"))
    assert "cannot be written" in done.stderr
    assert len(user.clients.list()) == before


def test_a_client_of_somebody_else_is_kept_by_its_key(
    tenant: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tenant.credentials("grace")
    monkeypatch.setenv("TAPIS_API_SECRET", theirs["api_secret"])
    assert theirs["api_key"] in log_in(tenant, "ada", "--api-key", theirs["api_key"]).stdout
    assert Agave.restore().username == "ada"
    assert current(home)["apikey"] == theirs["api_key"]
