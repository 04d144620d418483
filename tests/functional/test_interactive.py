"""The commands of agavepy 0.9 for clients, tokens and logins: what they ask, do and print."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.agave import Agave, Token
from agavepy.clients.exceptions import AgaveClientError
from agavepy.errors import AgaveError
from agavepy.sandbox import Sandbox
from agavepy.tokens.exceptions import AgaveTokenError
from agavepy.utils import AgaveAPICallError
from tests.functional.interactive_support import PASSWORD_QUESTIONS, person
from tests.unit.loopback import Loopback, Reply


@pytest.fixture
def agave_home() -> Path:
    return Path(os.environ["HOME"]) / ".agave"


def logged_in(sandbox: Sandbox, name: str) -> Agave:
    ag = Agave(api_server=sandbox.url)
    with person("ada", password="ada"):
        ag.clients_create(name, "for tests")
        ag.get_access_token()
    return ag


def test_a_client_is_created_by_name_and_password_and_gone_on_with(sandbox: Sandbox) -> None:
    ag = Agave(api_server=sandbox.url)
    with person("ada", password="ada") as ada:
        made = ag.clients_create("asked", "some description")
    assert ada.questions == ["API username: "]
    ada.passwords.assert_called_once_with(prompt="API password: ")
    assert made == {"api_key": ag.api_key, "api_secret": ag.api_secret, "client_name": "asked"}
    assert (ag.username, ag.client_name, ag.password) == ("ada", "asked", None)
    assert sandbox.client("ada").profiles.get().username == "ada"


def test_what_is_given_is_not_asked_for(sandbox: Sandbox) -> None:
    ag = Agave(api_server=sandbox.url)
    with person() as nobody:
        made = ag.clients_create(username="ada", password="ada", quiet=True)
    assert nobody.questions == []
    assert not nobody.passwords.called
    host, *words = made["client_name"].removeprefix(socket.gethostname().lower()).split("-")
    assert (host, len(words)) == ("", 2), "the name is the host's and two words"
    assert all(3 <= len(word) <= 6 for word in words)
    with pytest.raises(AgaveClientError, match=r"quiet=True.*password=") as caught:
        Agave(api_server=sandbox.url).clients_create("x", username="ada", quiet=True)
    assert caught.value.msg == str(caught.value)


def test_a_client_at_another_tenant_leaves_this_one_alone(sandbox: Sandbox) -> None:
    ag = Agave(api_server="https://127.0.0.1:1", username="grace", api_key="k", api_secret="s")
    made = ag.clients_create("elsewhere", None, sandbox.url, "ada", "ada", quiet=True)
    assert made["client_name"] == "elsewhere"
    assert (ag.username, ag.api_key, ag.client_name) == ("grace", "k", None)
    fresh = Agave(tenant_id="sandbox")
    fresh.clients_create("first", tenant_url=sandbox.url, username="ada", password="ada")
    assert (fresh.api_server, fresh.client_name) == (sandbox.url, "first")


def test_a_refusal_tells_the_servers_reason(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agavepy.timing.pause", lambda seconds: None)
    ag = Agave(api_server=sandbox.url, username="ada")
    with person(password="wrong"), pytest.raises(AgaveAPICallError, match="400") as caught:
        ag.clients_create("refused", "")
    error = caught.value
    assert isinstance(error, requests.HTTPError | AgaveError)
    assert isinstance(error.__cause__, requests.HTTPError)
    assert error.msg == str(error)
    assert error.response is not None
    assert error.response.status_code == 400
    assert "wrong" not in str(error)
    assert "clients.create: check the username and the password, or else the arg" in str(error)
    unreachable = Agave(api_server="http://127.0.0.1:1", username="ada")
    with person(password="ada"), pytest.raises(AgaveClientError, match="cannot reach"):
        unreachable.clients_list()


@pytest.mark.filterwarnings("ignore:Agave.clients_subscribtions is deprecated")
def test_clients_are_listed_subscribed_and_deleted(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ag = logged_in(sandbox, "managed")
    with person(password="ada", question=PASSWORD_QUESTIONS[2]) as ada:
        ag.clients_list()
    ada.passwords.assert_called_once()
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading == f"{'NAME':<30} {'DESCRIPTION':<80}"
    assert f"{'managed':<30} {'for tests':<80}" in lines
    with person(password="ada", question=PASSWORD_QUESTIONS[3]):
        ag.clients_subscribe("Files", "v2", "admin")
    for command in (ag.clients_subscribtions, ag.clients_subscriptions):
        with person(password="ada", question=PASSWORD_QUESTIONS[4]):
            command()
        heading, *lines = capsys.readouterr().out.splitlines()
        assert heading == f"{'NAME':<16} {'VERSION':^8} {'PROVIDER':<20}"
        assert f"{'Files':<16} {'v2':^8} {'admin':<20}" in lines
    with person(password="ada", question=PASSWORD_QUESTIONS[1]):
        ag.clients_delete()
    assert (ag.api_key, ag.api_secret) == ("", "")
    with person(password="ada"):
        ag.clients_list()
        with pytest.raises(AgaveAPICallError):
            ag.clients_delete("managed")
        with pytest.raises(AgaveClientError, match="client_name"):
            Agave(api_server=sandbox.url, username="ada").clients_delete()
    assert "managed" not in capsys.readouterr().out


def test_a_token_is_got_by_password_and_used_by_every_call(
    sandbox: Sandbox, agave_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ag = Agave(api_server=sandbox.url)
    ag.get_access_token()
    hint = 'Please create a client first. See "clients_create(client_name, description)"\n\n'
    assert capsys.readouterr().out == hint
    login = sandbox.credentials("ada")
    ag = Agave(api_server=sandbox.url, api_key=login["api_key"], api_secret=login["api_secret"])
    with person("ada", password="ada", question=PASSWORD_QUESTIONS[5]) as ada:
        ag.get_access_token()
    assert ada.questions == ["API username: "]
    ada.passwords.assert_called_once_with(prompt="API password: ")
    assert ag.password is None
    assert ag.files.list(systemId="sandbox.storage", filePath="ada")
    token = ag.token
    assert token is not None
    assert token.token_info["access_token"] == token == ag._token
    assert f"Bearer {token}" == "Bearer " + str(ag._token)
    assert json.loads(json.dumps({"token": token})) == {"token": ag._token}
    assert str(token) not in repr(token)
    assert (ag.expires_in, ag.refresh_token) == (14400, token.token_info["refresh_token"])
    record = json.loads((agave_home / "current").read_text())
    assert record["access_token"] == ag._token


def test_a_wrong_password_leaves_the_login_as_it_was(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    before = ag._token
    with person(password="wrong"), pytest.raises(AgaveAPICallError):
        ag.get_access_token()
    assert ag._token == before
    assert ag.profiles.get().username == "ada"


def test_the_text_of_a_token_stays_and_the_login_behind_it_goes_on(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    first = ag.token
    assert first is not None
    text = str(first)
    second = first.refresh()
    assert text == first != second == ag.token
    assert first.token_info["access_token"] == second
    first.username = "grace"
    assert [getattr(ag.token, name) for name in ("username", "api_key")] == ["grace", ag.api_key]


def test_a_token_that_is_about_to_expire_is_refreshed_and_that_is_told(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ag = Agave(api_server=sandbox.url)
    ag.refresh_tokens()
    assert capsys.readouterr().out == "You must create a token first. Try get_access_token()\n"
    ag = sandbox.client("ada")
    ag.profiles.get()
    first = ag._token
    ag.refresh_tokens()
    assert (ag._token, capsys.readouterr().out) == (first, "")
    assert ag.created_at is not None
    ag.created_at -= 14400 - 59
    ag.refresh_tokens()
    assert capsys.readouterr().out == "Refreshing token...\n"
    assert ag._token != first
    assert ag.profiles.get().username == "ada"
    ag.refresh_token, ag.created_at = "used-up", 1
    with pytest.raises(AgaveAPICallError, match="log in again"):
        ag.refresh_tokens()


def test_a_login_of_its_own_can_be_given_to_a_client(sandbox: Sandbox) -> None:
    ada, grace = sandbox.credentials("ada"), sandbox.credentials("grace")
    key = (grace["api_server"], grace["api_key"], grace["api_secret"])
    ag = Agave(**ada, cache_client=False)
    ag.token = Token("grace", "grace", *key, True, None)
    assert ag.token is not None
    assert ag.token.create() == ag._token == ag.token
    assert ag.profiles.get().username == "grace"


def test_what_a_program_sets_by_hand_is_what_is_sent() -> None:
    answer = b'{"access_token": "new", "refresh_token": "next", "expires_in": 14400}'
    with Loopback() as server:
        server.say(Reply(200, answer))
        ag = Agave(api_server=server.url, cache_client=False)
        ag.client_name, ag.username = "name", "ada"
        ag.api_key, ag.api_secret = "key", "secret"
        ag.token, ag.refresh_token = "old", "r1"
        ag.created_at, ag.expires_in, ag.expires_at = "1588343141", "14400", "in some words"
        assert (ag._token, ag.created_at, ag.expires_in) == ("old", 1588343141, 14400)
        ag.refresh_tokens()
        (seen,) = server.requests
        assert b"refresh_token=r1" in seen.body
        assert (ag.token, ag.refresh_token) == ("new", "next")
        ag.token = "mine"
        server.say(Reply(200, b'{"status": "success", "result": []}'))
        ag.systems.list()
        assert server.requests[0].headers["Authorization"] == "Bearer mine"


def test_a_login_is_saved_under_its_name_and_loaded_again(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ag = sandbox.client("grace")
    first = ag.client_name
    ag.client_name = None
    ag.save_configs(tmp_path / "keys")
    assert "You must set the client_name" in capsys.readouterr().out
    assert not (tmp_path / "keys").exists()
    ag.client_name = first
    ag.save_configs(tmp_path / "keys")
    sandbox.client("ada").save_configs(tmp_path / "keys")
    text = (tmp_path / "keys" / "config.json").read_text()
    assert '\n    "current"' in text, "people read it: four blanks for each level"
    assert set(json.loads(text)["sessions"]["sandbox"]) == {"grace"}
    other = Agave(api_server="https://127.0.0.1:1", cache_client=False)
    other.load_configs(tmp_path / "keys")
    assert (other.username, other.profiles.get().username) == ("ada", "ada")
    other.load_configs(tmp_path / "keys", "sandbox", "grace", first)
    assert (other.api_server, other.profiles.get().username) == (sandbox.url, "grace")
    assert other.to_dict()["refresh_token"] == ag.refresh_token
    with pytest.raises(KeyError, match="keeps no login with client_name='nobody'"):
        other.load_configs(tmp_path / "keys", client_name="nobody")
    with pytest.raises(FileNotFoundError):
        other.load_configs(tmp_path / "nowhere")


def test_a_new_client_is_saved_before_it_has_a_token(sandbox: Sandbox, tmp_path: Path) -> None:
    ag = Agave(api_server=sandbox.url)
    with person("ada", password="ada"):
        ag.clients_create("tokenless", "")
    ag.save_configs(tmp_path)
    later = Agave(api_server=sandbox.url)
    later.load_configs(tmp_path)
    assert (later.api_key, later._token) == (ag.api_key, None)
    with person(password="ada"):
        later.get_access_token()
    assert later.profiles.get().username == "ada"


def test_questions_that_nobody_answers_are_an_error(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: Any, **__: Any) -> str:
        raise EOFError

    ag = Agave(api_server=sandbox.url, api_key="k", api_secret="s")
    monkeypatch.setattr("builtins.input", ended)
    commands: list[tuple[Callable[[], object], type[AgaveError]]] = [
        (ag.clients_list, AgaveClientError),
        (ag.get_access_token, AgaveTokenError),
    ]
    for command, kind in commands:
        with pytest.raises(kind, match=r"'API username:'.*the input has ended"):
            command()
    ag.username = "ada"
    monkeypatch.setattr("getpass.getpass", ended)
    for command, kind in commands:
        with pytest.raises(kind, match="password: the input has ended"):
            command()
