"""From nothing to a logged-in client, and what a client may and may not do with credentials."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import re
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

import agavepy
from agavepy import loader
from agavepy.agave import Agave, AgaveError, AgaveException
from agavepy.errors import ConnectionFailed, CredentialsError, TokenError, UnknownName, UsageError
from agavepy.sandbox import Sandbox
from tests.unit.loopback import Loopback, Reply, Seen


@pytest.fixture
def agave_home() -> Path:
    return Path(os.environ["HOME"]) / ".agave"


def user(sandbox: Sandbox, **more: Any) -> Agave:
    return Agave(api_server=sandbox.url, username="ada", password="ada", **more)


def test_a_first_login_ends_with_a_token_and_a_cached_session(
    fresh_sandbox: Sandbox, agave_home: Path
) -> None:
    ag = user(fresh_sandbox)
    assert ag.token is None
    with pytest.raises(requests.HTTPError):
        ag.clients.delete(clientName="missing")
    with pytest.raises(CredentialsError, match=r"clients\.create"):
        ag.profiles.get()
    made = ag.clients.create(body={"clientName": "laptop", "description": "mine"})
    assert (ag.api_key, ag.api_secret) == (made.consumerKey, made.consumerSecret)
    assert (ag.client_name, ag.tenant_id) == ("laptop", "sandbox")
    assert ag.token is not None
    assert ag.token.token_info["access_token"] == ag._token
    assert ag.expires_in == 14400
    assert ag.profiles.get().username == "ada"
    record = json.loads((agave_home / "current").read_text())
    assert record["access_token"] == ag._token
    assert record["tenantid"] == "sandbox"
    assert json.loads((agave_home / "config.json").read_text())["current"]["laptop"] == record
    modes = {stat.S_IMODE(path.stat().st_mode) for path in agave_home.iterdir()}
    assert (stat.S_IMODE(agave_home.stat().st_mode), modes) == (0o700, {0o600})


def test_a_login_by_password_asks_when_a_token_is_first_needed(
    fresh_sandbox: Sandbox, agave_home: Path
) -> None:
    login = fresh_sandbox.credentials("ada")
    stored = ("api_server", "username", "password", "client_name", "api_key", "api_secret")
    ag = Agave(**{name: login[name] for name in stored})
    assert ag._token is None, "the constructor only stores"
    assert not agave_home.exists()
    assert ag.profiles.get().username == "ada"
    assert Agave.restore().profiles.get().username == "ada"
    assert Agave.restore()._token == ag._token


def test_a_wrong_password_is_a_400_that_says_so(sandbox: Sandbox) -> None:
    login = {**sandbox.credentials("ada"), "password": "wr0ng", "token": "", "refresh_token": ""}
    with pytest.raises(requests.HTTPError) as caught:
        Agave(**login).profiles.get()
    assert str(caught.value).startswith("40")
    assert caught.value.response is not None
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("shape", ["{}", "{}/", "{}//"])
def test_the_address_may_end_in_a_slash(sandbox: Sandbox, shape: str) -> None:
    login = sandbox.credentials("ada")
    ag = Agave(api_server=shape.format(sandbox.url), token=login["token"])
    assert ag.profiles.get().username == "ada"


def test_a_bare_client_has_no_login_to_refresh(sandbox: Sandbox) -> None:
    token = sandbox.credentials("ada")["token"]
    ag = Agave(api_server=sandbox.url, token=token)
    assert ag.token is None
    assert not ag.can_refresh
    assert ag.refresh() == ag._token == token
    assert ag.tokens() == {"access_token": token, "refresh_token": None}


def test_a_client_without_credentials_or_address_says_what_to_give(sandbox: Sandbox) -> None:
    with pytest.raises(AgaveError, match=r"Agave.restore\(\)"):
        Agave(api_server=sandbox.url).profiles.get()
    with pytest.raises(AgaveException, match="api_server="):
        Agave(token="t").profiles.get()
    with pytest.raises(AgaveError, match="password"):
        Agave(api_server=sandbox.url, token="t").clients.list()
    with pytest.raises(AgaveError, match="jwt_header_name"):
        Agave(api_server=sandbox.url, jwt="j")


def test_the_key_of_a_new_client_takes_the_place_of_the_old_one(fresh_sandbox: Sandbox) -> None:
    ag = fresh_sandbox.client("ada")
    before = ag._token
    made = ag.clients.create(body={"clientName": "second"})
    assert ag.api_key == made.consumerKey
    assert ag._token == before, "there is a token: none is asked for"
    fresh_sandbox.tenant.clock.advance(20_000)
    assert ag.profiles.get().username == "ada", "renewed through the new client"


def test_an_administrator_acts_as_another_user(sandbox: Sandbox) -> None:
    login = sandbox.credentials("admin")
    for name in ("token", "refresh_token"):
        del login[name]
    ag = Agave(**login, token_username="grace")
    assert ag.profiles.get().username == "grace"


def test_the_callback_gets_what_a_portal_stores(sandbox: Sandbox) -> None:
    heard: list[dict[str, Any]] = []
    ag = Agave(
        **sandbox.credentials("ada"), cache_client=False,
        token_callback=lambda **info: heard.append(info),
    )  # fmt: skip
    ag.profiles.get()
    assert heard == []
    ag.refresh()
    assert [set(info) for info in heard] == [
        {"access_token", "refresh_token", "token_type", "scope", "expires_in", "created_at",
         "expiration", "expires_at"}
    ]  # fmt: skip
    assert heard[0]["access_token"] == ag._token
    with pytest.raises(AgaveError, match="not callable"):
        Agave(token_callback="x")  # type: ignore[arg-type]


def test_a_jwt_travels_in_its_header_and_the_address_stays_whole() -> None:
    with Loopback() as server:
        server.say(Reply(200, b'{"status": "success", "result": {"username": "ada"}}'))
        ag = Agave(
            api_server=server.url + "/v2", jwt="assert10n", jwt_header_name="X-JWT-Assertion-D"
        )
        ag.profiles.get()
    (seen,) = server.requests
    assert seen.headers["X-JWT-Assertion-D"] == "assert10n"
    assert seen.target.startswith("/v2/profiles/v2")
    assert "Authorization" not in seen.headers


def test_a_nonce_travels_in_place_of_a_token() -> None:
    with Loopback() as server:
        server.say(Reply(200, b'{"status": "success", "result": {}}'))
        Agave(api_server=server.url, use_nonce=True).profiles.get(nonce="n0nce")
        Agave(api_server=server.url, token="t").profiles.get(nonce="n0nce")
    for seen in server.requests:
        assert "x-nonce=n0nce" in seen.target
        assert "Authorization" not in seen.headers


@pytest.mark.filterwarnings("error")
def test_tls_is_checked_for_tokens_and_calls_alike(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Sandbox(tls=True, seed="empty") as sandbox:
        login = {**sandbox.credentials("ada"), "token": None, "refresh_token": None}
        with pytest.raises(ConnectionFailed, match="certificate"):
            Agave(**login).profiles.get()
        assert Agave(**login, verify=sandbox.ca_bundle).profiles.get().username == "ada"
        assert sandbox.client("ada").profiles.get().username == "ada"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.ca_bundle))
        assert Agave(**login).profiles.get().username == "ada"


def test_verify_false_warns_and_is_not_cached(sandbox: Sandbox, agave_home: Path) -> None:
    login = {**sandbox.credentials("ada"), "token": None, "refresh_token": None}
    with pytest.warns(UserWarning, match="certificates are not checked"):
        ag = Agave(**login, verify=False)
    ag.profiles.get()
    assert "verify" not in json.loads((agave_home / "current").read_text())
    assert Agave.restore().verify is True


def test_proxies_hold_for_tokens_and_calls(sandbox: Sandbox) -> None:
    def forward(seen: Seen) -> Reply:
        headers = {k: v for k, v in seen.headers.items() if k in ("Authorization", "Content-Type")}
        answer = requests.request(
            seen.method, seen.target, headers=headers, data=seen.body, timeout=10
        )
        return Reply(answer.status_code, answer.content)

    with Loopback(forward) as proxy:
        login = {**sandbox.credentials("ada"), "token": None, "refresh_token": None}
        ag = Agave(**login, proxies={"http": proxy.url}, cache_client=False)
        assert ag.profiles.get().username == "ada"
        ag.swagger_client("profiles").profiles.get().response()
    assert [seen.target.removeprefix(sandbox.url).split("?")[0] for seen in proxy.requests] == [
        "/token", "/profiles/v2/me", "/profiles/v2/me",
    ]  # fmt: skip


def test_a_sandbox_client_leaves_the_home_directory_alone(
    sandbox: Sandbox, agave_home: Path
) -> None:
    ag = sandbox.client("ada")
    ag.refresh()
    assert ag.profiles.get().username == "ada"
    assert not agave_home.exists()


def test_a_mistyped_keyword_is_told_and_one_of_a_cached_record_is_not(sandbox: Sandbox) -> None:
    with pytest.warns(UserWarning, match="no keyword 'base_url'.*'api_server'"):
        Agave(base_url="https://x")
    with pytest.warns(UserWarning, match="no keyword 'pasword'.*'password'"):
        Agave(api_server=sandbox.url, pasword="x")
    login = sandbox.credentials("ada")
    ag = Agave(
        baseurl=sandbox.url, access_token=login["token"], apikey=login["api_key"],
        apisecret=login["api_secret"], tenantid="sandbox", devurl="",
    )  # fmt: skip
    assert ag.profiles.get().username == "ada"
    assert ag.tenant_id == "sandbox"


def test_an_unknown_service_names_the_nearest() -> None:
    ag = Agave(api_server="https://x", token="t")
    with pytest.raises(UnknownName, match="did you mean 'files'"):
        ag.filess  # noqa: B018
    assert not hasattr(ag, "no_such_service")
    with pytest.raises(UsageError, match="'ftp://x' is no address of a tenant"):
        Agave(api_server="ftp://x")


def test_services_are_listed_and_the_hidden_one_is_reached(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    assert {"files", "jobs", "apps", "systems", "profiles", "clients", "restore"} <= set(dir(ag))
    assert ag.service("token").create.plan.path == "/token"
    assert ag.files is ag.files
    assert ag.files is ag.service("files")


def test_a_copy_shares_the_login_and_a_pickle_carries_it(fresh_sandbox: Sandbox) -> None:
    ag = fresh_sandbox.client("ada")
    ag.profiles.get()
    twins = [copy.copy(ag), copy.deepcopy(ag)]
    moved = pickle.loads(pickle.dumps(ag))
    assert moved.profiles.get().username == "ada"
    assert moved.tokens() == ag.tokens()
    fresh_sandbox.tenant.clock.advance(20_000)
    for client in (ag, *twins):
        assert client.profiles.get().username == "ada", "one renewal served them all"
    assert {client._token for client in twins} == {ag._token}


def test_a_dict_of_a_client_makes_an_equal_client(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    again = Agave(**ag.to_dict(), cache_client=False)
    assert again.to_dict() == ag.to_dict()
    assert again.profiles.get().username == "ada"


@pytest.mark.filterwarnings("ignore:cannot lock")
def test_a_login_can_be_saved_where_one_likes(sandbox: Sandbox, tmp_path: Path) -> None:
    ag = sandbox.client("grace")
    ag.save_configs(tmp_path / "keys")
    record = json.loads((tmp_path / "keys" / "current").read_text())
    assert (record["username"], record["access_token"]) == ("grace", ag._token)
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialsError, match="cannot write the login to"):
        ag.save_configs(tmp_path / "file")


def test_a_tenant_that_does_not_know_its_code_is_no_obstacle_to_a_login(agave_home: Path) -> None:
    token = b'{"access_token": "a", "refresh_token": "r", "expires_in": 100}'
    with Loopback() as server:
        server.answer = lambda seen: Reply(200, token) if seen.method == "POST" else Reply(404)
        ag = Agave(api_server=server.url, username="ada", password="p", api_key="k", api_secret="s")
        assert ag.tokens()["access_token"] == "a"
    assert [seen.target for seen in server.requests] == ["/token", "/tenants"]
    assert "Authorization" not in server.requests[1].headers
    assert ag.tenant_id is None
    restored = Agave.restore(username="ada")
    assert (restored._token, restored.tenant_id) == ("a", None)


def test_a_login_that_cannot_be_kept_still_works(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "file" / "agave"))
    login = {**sandbox.credentials("ada"), "token": None, "refresh_token": None}
    ag = Agave(**login)
    with pytest.warns(UserWarning, match="in memory only"):
        assert ag.profiles.get().username == "ada"
    ag.refresh()
    assert ag.profiles.get().username == "ada", "and no second warning"


def test_no_secret_is_shown_or_logged(
    fresh_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ag = user(fresh_sandbox, cache_client=False)
    ag.clients.create(body={"clientName": "quiet"})
    ag.refresh()
    ag.profiles.get()
    shown = [repr(ag), str(ag), repr(ag.token), repr(ag.profiles), repr(ag.profiles.get)]
    secrets = [ag.api_secret, *ag.tokens().values()]
    calls: list[Callable[[], object]] = [
        lambda: ag.systems.get(systemId="nobody"),
        lambda: ag.no_such_service,
        lambda: ag.profiles.get(nope=1),
    ]
    for call in calls:
        with pytest.raises(AgaveError) as caught:
            call()
        shown += [str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)]
    fresh_sandbox.tenant.clock.advance(20_000)
    assert ag.token is not None
    ag.token.password = None
    stolen = Agave(**{**ag.to_dict(), "password": None}, cache_client=False)
    stolen.refresh()
    with pytest.raises(requests.HTTPError) as dead:
        ag.refresh()
    shown += [str(dead.value), *traceback.format_exception(dead.value)]
    shown += [record.getMessage() for record in caplog.records]
    text = "\n".join(shown)
    assert len(text) > 1000
    for secret in secrets:
        assert secret
        assert secret not in text
    assert not re.search(r"\b[0-9a-f]{32}\b", text), "no token of any time"


MEMORY = """
import gc, resource
from agavepy import Agave
def grown():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
first = Agave(api_server="https://h", token="t", api_key="k", api_secret="s")
for name in ("files", "jobs", "profiles"):
    getattr(first, name)
before = grown()
clients = [
    Agave(api_server="https://h", token=str(n), api_key="k", api_secret="s") for n in range(1000)
]
for client in clients:
    client.files, client.jobs, client.profiles
print(grown() - before)
"""


def test_a_thousand_clients_share_what_they_can() -> None:
    root = Path(agavepy.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, cwd=root
    )
    assert int(done.stdout) <= 5 << 20


def test_a_wrong_password_is_refused_although_a_good_login_is_cached(
    fresh_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPIS_CACHE_DIR", str(tmp_path / "login"))
    good = fresh_sandbox.credentials("ada")
    keys = ("api_server", "username", "password", "client_name", "api_key", "api_secret")
    login = {name: good[name] for name in keys}
    assert Agave(**login).profiles.get().username == "ada"
    before = (tmp_path / "login" / "current").read_bytes()
    with pytest.raises(TokenError, match="400"):
        Agave(**{**login, "password": "wrong"}).profiles.get()
    assert (tmp_path / "login" / "current").read_bytes() == before
    assert Agave.restore().profiles.get().username == "ada"


@pytest.mark.parametrize("service", loader.services())
def test_help_describes_every_operation_on_a_live_client(service: str) -> None:
    group = Agave(api_server="http://127.0.0.1:1", token="t").service(service)
    plans = loader.service_plan(service)
    assert plans.title in str(group.__doc__)
    for name, plan in plans.items():
        operation = getattr(group, name)
        assert plan.summary in str(operation.__doc__)
        names = {item.name for item in plan.parameters if item.name.isidentifier()}
        assert names <= set(operation.__signature__.parameters)
