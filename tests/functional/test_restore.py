"""Sessions restored from what earlier sessions and programs left, against a running tenant."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.agave import Agave, AgaveError
from agavepy.errors import CredentialsError, UsageError
from agavepy.sandbox import Sandbox


@pytest.fixture
def home() -> Path:
    directory = Path(os.environ["HOME"]) / ".agave"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def login(fresh_sandbox: Sandbox) -> dict[str, Any]:
    """A login as a record holds it: without the password."""
    credentials = fresh_sandbox.credentials("ada")
    del credentials["password"]
    return credentials


def bash(login: dict[str, Any]) -> dict[str, str]:
    """Return the record that agave-cli would have written."""
    expiry = time.ctime(login["created_at"] + login["expires_in"])
    return {
        "tenantid": login["tenant_id"], "baseurl": login["api_server"], "devurl": "",
        "apisecret": login["api_secret"], "apikey": login["api_key"], "username": "ada",
        "access_token": login["token"], "refresh_token": login["refresh_token"],
        "created_at": str(login["created_at"]), "expires_in": str(login["expires_in"]),
        "expires_at": expiry,
    }  # fmt: skip


def put(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document))
    path.chmod(0o600)


@pytest.mark.parametrize("shape", ["object", "array", "config", "bare config", "agpy"])
def test_a_session_of_any_earlier_program_goes_on_and_is_renewed_in_its_file(
    home: Path, login: dict[str, Any], fresh_sandbox: Sandbox, shape: str
) -> None:
    record = bash(login)
    path, document = {
        "object": (home / "current", record),
        "array": (home / "current", [record]),
        "config": (home / "config.json", {"current": {"c": record}}),
        "bare config": (home / "config.json", {"current": record, "sessions": {}}),
        "agpy": (home.parent / ".agpy", [login]),
    }[shape]
    put(path, document)
    ag = Agave.restore()
    assert ag.profiles.get().username == "ada"
    assert ag._token == login["token"], "nothing to renew yet"
    fresh_sandbox.tenant.clock.advance(20_000)
    assert ag.profiles.get().username == "ada"
    text = path.read_text()
    assert str(ag._token) in text
    assert login["token"] not in text
    assert Agave.restore()._token == ag._token


def test_a_record_in_both_spellings_makes_a_client_that_renews_it(
    home: Path, login: dict[str, Any]
) -> None:
    put(home / "current", bash(login))
    ag = Agave(**{**bash(login), **login})
    ag.refresh()
    assert json.loads((home / "current").read_text())["access_token"] == ag._token


def test_a_restored_client_that_shall_not_write_does_not(home: Path, login: dict[str, Any]) -> None:
    put(home / "current", bash(login))
    ag = Agave.restore(cache_client=False)
    ag.refresh()
    assert json.loads((home / "current").read_text()) == bash(login)


def test_selectors_pick_their_session_and_a_miss_is_an_error(
    home: Path, login: dict[str, Any], fresh_sandbox: Sandbox
) -> None:
    grace = fresh_sandbox.credentials("grace")
    put(home / "current", bash(login))
    put(home.parent / ".agpy", [{k: v for k, v in grace.items() if k != "password"}])
    assert Agave.restore().profiles.get().username == "ada"
    for selector in ({"username": "grace"}, {"client_name": "sandbox-grace"},
                     {"api_key": grace["api_key"]}):  # fmt: skip
        assert Agave.restore(**selector).profiles.get().username == "grace"
    with pytest.raises(AgaveError, match="tenant_id='elsewhere'"):
        Agave.restore(tenant_id="elsewhere")
    with pytest.raises(UsageError, match=r"'clientname'.*did you mean 'client_name'"):
        Agave.restore(clientname="sandbox-grace")


def test_variables_make_a_client_that_can_renew_when_they_say_how(
    monkeypatch: pytest.MonkeyPatch, login: dict[str, Any], fresh_sandbox: Sandbox
) -> None:
    names = {"TAPIS_BASE_URL": "api_server", "TAPIS_TOKEN": "token"}
    more = {"TAPIS_REFRESH_TOKEN": "refresh_token", "TAPIS_API_KEY": "api_key",
            "TAPIS_API_SECRET": "api_secret"}  # fmt: skip
    for variable, key in names.items():
        monkeypatch.setenv(variable, login[key])
    bare = Agave.restore()
    assert bare.profiles.get().username == "ada"
    assert not bare.can_refresh
    for variable, key in more.items():
        monkeypatch.setenv(variable, login[key])
    ag = Agave.restore()
    assert ag.can_refresh
    fresh_sandbox.tenant.clock.advance(20_000)
    assert ag.profiles.get().username == "ada"
    with pytest.raises(requests.HTTPError) as caught:
        bare.profiles.get()
    assert caught.value.response is not None
    assert caught.value.response.status_code == 401


def test_a_password_in_the_environment_logs_in(
    monkeypatch: pytest.MonkeyPatch, fresh_sandbox: Sandbox
) -> None:
    login = fresh_sandbox.credentials("ada")
    for variable, key in (("BASE_URL", "api_server"), ("USERNAME", "username"),
                          ("PASSWORD", "password")):  # fmt: skip
        monkeypatch.setenv(f"TAPIS_{variable}", login[key])
    assert Agave.restore().clients.list()
    monkeypatch.setenv("TAPIS_API_KEY", login["api_key"])
    monkeypatch.setenv("TAPIS_API_SECRET", login["api_secret"])
    assert Agave.restore().profiles.get().username == "ada"


def test_a_token_with_its_server_is_enough(login: dict[str, Any]) -> None:
    ag = Agave.restore(token=login["token"], api_server=login["api_server"])
    assert ag.profiles.get().username == "ada"


@pytest.mark.filterwarnings("ignore:.*is torn or no JSON")
@pytest.mark.parametrize("content", ["", '{"apikey": "tor', "[]", "{}"])
def test_a_torn_or_empty_cache_is_no_login_and_the_next_login_repairs_it(
    home: Path, fresh_sandbox: Sandbox, content: str
) -> None:
    (home / "current").write_text(content)
    with pytest.raises(AgaveError, match="no credentials found"):
        Agave.restore()
    ag = Agave(api_server=fresh_sandbox.url, username="ada", password="ada")
    ag.clients.create(body={"clientName": "again"})
    assert Agave.restore().profiles.get().username == "ada"


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a directory"])
def test_what_is_no_file_in_place_of_the_cache_is_no_login_and_keeps_nobody_waiting(
    home: Path, kind: str
) -> None:
    place = home / "current"
    if kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    with (
        pytest.warns(UserWarning, match="cannot read .*current: it is a directory, a pipe or"),
        pytest.raises(AgaveError, match="no credentials found"),
    ):
        Agave.restore()


def test_an_empty_home_names_the_places_and_the_way_in() -> None:
    with pytest.raises(AgaveError, match=r"(?s)\.agave/current.*TAPIS_USERNAME.*clients\.create"):
        Agave.restore()


@pytest.mark.parametrize("selectors", [{}, {"username": "ada"}])
def test_a_cached_token_that_can_be_none_is_told_with_its_file(
    home: Path, login: dict[str, Any], selectors: dict[str, Any]
) -> None:
    put(home / "config.json", {"current": {"c": {**login, "token": "two words"}}})
    with pytest.raises(CredentialsError, match=r"/config\.json: the token has a blank") as caught:
        Agave.restore(**selectors)
    assert "two words" not in str(caught.value)
