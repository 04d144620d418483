"""Cached logins as programs for agavepy 0.9 and 1.0 reach for them: through the class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agavepy.agave import Agave
from agavepy.errors import CredentialsError
from agavepy.sandbox import Sandbox
from agavepy.sessions import switch

#: `_read_clients` and its kin are private by name only; type checkers do not find them.
Client: Any = Agave


@pytest.fixture
def agave_home() -> Path:
    return Path(os.environ["HOME"]) / ".agave"


def keep(sandbox: Sandbox, user: str = "ada") -> Agave:
    """Make the login of a user the current cached one."""
    ag = Agave(**sandbox.credentials(user))
    ag.save_configs()
    return ag


def test_the_records_are_read_the_way_they_are_kept(sandbox: Sandbox, agave_home: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client._read_clients()
    with pytest.raises(FileNotFoundError):
        Client._read_current()
    assert Client._read_sessions() == {"sessions": {}}
    assert Client.agpy_path() == Client.tapis_current_path() == str(agave_home / "current")
    assert Client.agavecurrent_path() == Client.tapis_current_path()
    assert Client.tapis_sessions_path() == str(agave_home / "config.json")
    ag = keep(sandbox)
    current = Client._read_current()
    assert current["baseurl"] == sandbox.url
    assert "api_server" not in current
    keywords = Client._read_current(agave_kwargs=True)
    assert (keywords["api_server"], keywords["token"]) == (sandbox.url, ag._token)
    assert not {"baseurl", "apikey", "apisecret", "access_token", "tenantid"} & set(keywords)
    (record,) = Client._read_clients()
    assert record["api_key"] == record["apikey"] == ag.api_key
    assert record["verify"] is True
    assert list(Client._read_sessions()["current"]) == [ag.client_name]


def test_the_credentials_directory_is_made_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "made"))
    assert Client.tapis_cache_path() == str(tmp_path / "made")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(ValueError, match="no directory"):
        Client.tapis_cache_path()


@pytest.mark.filterwarnings("ignore:Agave._restore_client is deprecated")
def test_a_client_is_restored_from_one_place_only(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for restore in (Client._restore_direct, Client._restore_cached, Client._restore_env):
        with pytest.raises(CredentialsError):
            restore()
    ag = keep(sandbox)
    assert Client._restore_cached().profiles.get().username == "ada"
    assert Client._restore_client(client_name=ag.client_name).api_key == ag.api_key
    with pytest.raises(CredentialsError, match="client_name='other'"):
        Client._restore_cached(client_name="other")
    monkeypatch.setenv("TAPIS_BASE_URL", sandbox.url)
    monkeypatch.setenv("TAPIS_TOKEN", sandbox.credentials("grace")["token"])
    assert Client._restore_direct().profiles.get().username == "grace"
    assert Client._restore_env().profiles.get().username == "grace"
    assert Client._restore_cached().profiles.get().username == "ada"
    assert Client._restore_direct(token="other")._token == "other"


def test_only_a_client_that_can_renew_its_token_is_written(
    sandbox: Sandbox, agave_home: Path
) -> None:
    bare: Any = Agave(api_server=sandbox.url, token="t")
    assert bare._write_client() is False
    with pytest.raises(NotImplementedError):
        bare._write_client(permissive=False)
    assert not agave_home.exists()
    ag: Any = Agave(**sandbox.credentials("ada"))
    assert ag._write_client() is True
    assert Client._read_current()["access_token"] == ag._token


def test_logins_are_switched_and_the_one_before_is_kept(
    sandbox: Sandbox, agave_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyError, match="anything"):
        switch("anything")
    ada, grace = keep(sandbox, "ada"), keep(sandbox, "grace")
    assert Agave.restore().username == "grace"
    assert switch(str(ada.client_name), username="ada") is True
    assert Agave.restore().profiles.get().username == "ada"
    assert switch(str(ada.client_name)) is False
    assert switch(str(grace.api_key), "grace", "sandbox") is True
    assert Agave.restore().profiles.get().username == "grace"
    with pytest.raises(KeyError, match="nobody"):
        switch(str(ada.client_name), username="nobody")
    shown = capsys.readouterr()
    assert shown.out + shown.err == "", "agavepy 1.0 printed the whole login"
