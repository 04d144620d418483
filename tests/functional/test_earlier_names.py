"""What programs for earlier releases reach for beside the commands: functions, settings, views."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import agavepy
from agavepy import agave, constants, settings, util, utils
from agavepy.agave import Agave, AgaveError, AttrDict
from agavepy.earlier import Door, Earlier
from agavepy.errors import UsageError
from agavepy.sandbox import Sandbox
from tests.functional.interactive_support import PASSWORD_QUESTIONS, person
from tests.unit.loopback import Loopback, Reply

#: `_read_clients` and its kin are private by name only; type checkers do not find them.
Client: Any = Agave
PAGE = Path(agavepy.__file__).parent.parent / "docs" / "compatibility.rst"
UNTOLD = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")


@pytest.fixture
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each deprecated name warn in this test, whatever others have used."""
    monkeypatch.setattr("agavepy.deprecation._told", set())


# --- deprecated names


def deprecated() -> Iterator[tuple[str, str]]:
    """Yield each deprecated name of the package and what is to be used instead."""
    package = Path(agavepy.__file__).parent
    for path in package.rglob("*.py"):
        if "@deprecated(" not in path.read_text("utf-8"):
            continue
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for value in list(vars(importlib.import_module(name)).values()):
            inside = vars(value).values() if inspect.isclass(value) else ()
            for function in (value, *inside):
                told = getattr(function, "__deprecated__", None)
                if isinstance(told, tuple):
                    yield told


def test_what_is_deprecated_is_listed_with_its_replacement() -> None:
    text = " ".join(PAGE.read_text("utf-8").rpartition("Deprecated\n")[2].split())
    listed = dict(re.findall(r"\* ``([\w.]+)``: (.+?)\.(?= \* |$)", text))
    assert listed == dict(deprecated())
    assert len(listed) > 30


@pytest.mark.usefixtures("nothing_told")
def test_a_deprecated_name_warns_once_and_names_the_replacement(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    ag = sandbox.client("ada")
    with (
        pytest.warns(
            DeprecationWarning, match=r"clients_subscribtions .*clients_subscriptions"
        ) as w,
        person(password="ada"),
    ):
        ag.clients_subscribtions()
    told = [warning for warning in w if "clients_subscribtions" in str(warning.message)]
    assert [warning.filename for warning in told] == [__file__]
    with person(password="ada"), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Agave.clients_subscribtions")
        ag.clients_subscribtions()
    assert capsys.readouterr().out


# --- functions beside the methods


@UNTOLD
def test_the_functions_for_clients_do_what_the_methods_do(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with person(password="ada"):
        key, secret = agave.clients_create("ada", "by-function", "described", sandbox.url)
        with pytest.raises(AgaveError, match="invalid client_name"):
            agave.clients_create("ada", "", "described", sandbox.url)
        agave.clients_subscribe("ada", "by-function", sandbox.url, "Files", "v2", "admin")
        agave.clients_list("ada", sandbox.url)
        assert "by-function" in capsys.readouterr().out
        agave.clients_subscribtions("ada", "by-function", sandbox.url)
        assert "Files" in capsys.readouterr().out
    with person(password="ada", question=PASSWORD_QUESTIONS[5]):
        got = agave.token_create("ada", key, secret, sandbox.url)
        with pytest.raises(AgaveError, match="api_key"):
            agave.token_create("ada", "", "", sandbox.url)
    assert set(got) == {"access_token", "refresh_token", "expires_in", "created_at", "expires_at"}
    assert Agave(api_server=sandbox.url, token=got["access_token"]).profiles.get().username == "ada"
    later = agave.refresh_token(key, secret, got["refresh_token"], sandbox.url)
    assert later["refresh_token"] != got["refresh_token"]
    with pytest.raises(requests.HTTPError):
        agave.refresh_token(key, secret, got["refresh_token"], sandbox.url)
    with person(password="ada"):
        agave.clients_delete(sandbox.url, "ada", "by-function")
    assert int(got["created_at"]) > 1_700_000_000


@UNTOLD
def test_a_record_is_saved_and_loaded_by_functions(sandbox: Sandbox, tmp_path: Path) -> None:
    for user in ("ada", "grace"):
        login = sandbox.credentials(user)
        record = {
            "tenantid": "sandbox", "baseurl": login["api_server"], "devurl": "",
            "apisecret": login["api_secret"], "apikey": login["api_key"], "username": user,
            "access_token": login["token"], "refresh_token": login["refresh_token"],
            "created_at": "", "expires_in": "", "expires_at": "",
        }  # fmt: skip
        agave.save_config(str(tmp_path), record, f"of-{user}")
    name, found = agave.load_config(str(tmp_path), None, None, None)
    assert (name, found["username"]) == ("of-grace", "grace")
    name, found = agave.load_config(str(tmp_path), "sandbox", "ada", "of-ada")
    assert (name, found["apikey"]) == ("of-ada", sandbox.credentials("ada")["api_key"])
    with pytest.raises(FileNotFoundError):
        agave.load_config(str(tmp_path / "none"), None, None, None)


@UNTOLD
def test_an_answer_that_is_no_success_is_raised_by_the_handler(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/nowhere", timeout=10)
    with pytest.raises(utils.AgaveAPICallError, match="404"):
        utils.handle_bad_response_status_code(answer)
    utils.handle_bad_response_status_code(requests.get(f"{sandbox.url}/tenants", timeout=10))


@UNTOLD
def test_a_function_is_called_again_after_its_token_was_renewed(fresh_sandbox: Sandbox) -> None:
    ag = fresh_sandbox.client("ada")
    ag.profiles.get()
    calls: list[str] = []

    def me(path: str) -> requests.Response:
        calls.append(str(ag._token))
        response = requests.get(path, headers={"Authorization": f"Bearer {ag._token}"}, timeout=10)
        response.raise_for_status()
        return response

    fresh_sandbox.tenant.clock.advance(20_000)
    answer = util.with_refresh(ag, me, ag.profiles.get.uri)
    assert answer.json()["result"]["username"] == "ada"
    assert len(set(calls)) == 2
    with pytest.raises(requests.HTTPError):
        util.with_refresh(ag, me, f"{fresh_sandbox.url}/nowhere")
    assert len(calls) == 3, "what is no expired token is not tried again"
    assert util.json_response(me)(ag.profiles.get.uri)["status"] == "success"


def test_names_of_clients_can_be_read_and_hardly_collide() -> None:
    made = {util.random_client_name() for _ in range(200)}
    assert len(made) > 190
    assert all(re.fullmatch(r"[a-z]{3,6}-[a-z]{3,6}-[a-z]{2,6}", name) for name in made)
    assert re.fullmatch(r"[a-z]{2,3}", util.random_client_name(words=1, letters=3))
    assert util.random_client_name(words=2, hostname=True).count("-") >= 2
    assert util.clients_url("https://host/") == "https://host/clients/v2"


def test_constants_and_settings_are_those_that_the_package_goes_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert f"{constants.BASE_URL}/tenants" == constants.DEFAULT_TENANTS_URL
    assert settings.TAPIS_TENANTS_URL == constants.DEFAULT_TENANTS_URL
    assert (settings.TAPISPY_VERIFY_SSL, settings.SHOW_CURL, settings.VERBOSE_ERRORS) == (
        True, False, True,
    )  # fmt: skip
    monkeypatch.setenv(constants.ENV_TENANTS_URL, "https://127.0.0.1/tenants")
    monkeypatch.setenv(constants.ENV_DEFAULT_VERIFY_SSL, "0")
    monkeypatch.setenv(constants.ENV_DEFAULT_TENANT_ID, "sandbox")
    monkeypatch.setenv("TAPIS_PY_SHOW_CURL", "1")
    monkeypatch.setenv("TAPIS_PY_VERBOSE_ERRORS", "0")
    monkeypatch.setenv("TAPIS_PY_LOG_LEVEL", "INFO")
    monkeypatch.setenv("TAPIS_PY_TAPISPY_LOG_LEVEL", "DEBUG")
    assert settings.all_settings() == {
        "TAPIS_TENANTS_URL": "https://127.0.0.1/tenants",
        "TAPIS_DEFAULT_TENANT_ID": "sandbox",
        "TAPISPY_VERIFY_SSL": False,
        "SHOW_CURL": True,
        "VERBOSE_ERRORS": False,
        "LOG_LEVEL": "INFO",
        "TAPISPY_LOG_LEVEL": "DEBUG",
        "SWAGGERPY_LOG_LEVEL": "DEBUG",
    }
    with pytest.warns(UserWarning, match="certificates are not checked"):
        assert Agave(api_server="https://127.0.0.1").show_curl
    for name in (constants.ENV_BASE_URL, constants.ENV_TOKEN):
        monkeypatch.setenv(name, "https://127.0.0.1:1")
    monkeypatch.setenv(constants.SESSION_CACHE_DIRS[0], "/nowhere/at/all")
    monkeypatch.delenv(constants.ENV_DEFAULT_VERIFY_SSL)
    assert Client.restore().api_server == "https://127.0.0.1:1"
    assert Client.tapis_current_path() == f"/nowhere/at/all/{constants.CACHE_FILENAME}"


@UNTOLD
def test_documents_are_merged_and_templates_filled_in() -> None:
    from jinja2 import DictLoader, Environment

    base = {"a": {"b": 1}, "l": [1]}
    merged = agave.updateDict(base, {"a": {"c": 2}, "l": [2], "new": {"x": [3]}, "t": "text"})
    assert merged == {"a": {"b": 1, "c": 2}, "l": [1, 2], "new": {"x": [3]}, "t": "text"}
    environment = Environment(loader=DictLoader({"host.j2": "at {{ host }}"}), autoescape=True)
    assert agave.ConfigGen("host.j2").compile({"host": "here"}, environment) == "at here"
    assert agave.EXCEPTION_MODELS["Job"]["version_cutoff"] == agave.LAST_PRE_ALOE_VERSION


# --- the services as they were laid out


@UNTOLD
def test_services_are_reached_the_way_documents_were_laid_out(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    ag.profiles.get()
    assert ag.all.resources["profiles"].operations["get"]().username == "ada"
    assert ag.all.profiles.get().username == "ada"
    assert ag.clients_resource is not None
    assert set(ag.resource_exceptions) >= {"AloeJob", "AloeJobSummary"}
    assert "properties" in ag.resource_exceptions["AloeJob"]
    assert ag.resource("token", "host", "_token").profiles.get().username == "ada"
    with pytest.raises(UsageError, match="basic_auth, token, jwt, nonce"):
        ag.resource("password")
    bare = Agave(api_server=sandbox.url)
    assert (bare.all, bare.clients_resource) == (None, None)
    way = agave.SynchronousHttpClient()
    way.set_token(ag.host, ag._token)
    client = agave.SwaggerClient(agave.load_resource(sandbox.url), http_client=way)
    assert client.profiles.get().username == "ada"
    way.set_basic_auth(ag.host, "ada", "ada")
    client = agave.SwaggerClient(agave.load_resource(sandbox.url), way)
    assert "files" in dir(client)
    assert client.clients.list()
    client.close()


def test_an_operation_tells_its_address_its_plan_and_its_models(sandbox: Sandbox) -> None:
    operation = sandbox.client("ada").files.list
    assert (operation.resource, operation.operation) == ("files", "list")
    assert operation.get_operation().uri.startswith(f"{sandbox.url}/files/v2/listings")
    assert operation.get_operation().json["method"] == "GET"
    assert operation.return_type == "array of object"
    assert operation.models


def test_methods_of_earlier_releases_stand_in_the_class_once_they_were_used() -> None:
    for owner in (*Earlier.__mro__[:-1],):
        for name, value in list(vars(owner).items()):
            if isinstance(value, Door):
                assert getattr(owner, name) is not None
                assert not isinstance(vars(owner)[name], Door)
    assert "client_name" in inspect.signature(Agave.clients_create).parameters


def test_many_threads_may_be_the_first_to_use_a_method() -> None:
    failed: list[BaseException] = []
    ready = threading.Barrier(8)

    class Holder:
        files_list = Door("agavepy.interactive.files")

    def use() -> None:
        ready.wait()
        try:
            assert Holder().files_list.__name__ == "files_list"
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_requests_are_shown_as_curl_lines_without_their_secrets(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ag = sandbox.client("ada")
    ag.profiles.get()
    assert capsys.readouterr().err == ""
    ag.show_curl = True
    ag.refresh()
    ag.profiles.get()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["curl", "curl"]
    assert f"curl {sandbox.url}/profiles/v2/me -H 'Authorization: Bearer ***'" == lines[1]
    for secret in (*ag.tokens().values(), ag.api_secret):
        assert str(secret) not in "".join(lines)
    content = b"x" * 10_000
    ag.files.importData(systemId="sandbox.storage", filePath="ada", fileToUpload=("c.bin", content))
    assert "curl -X POST" in capsys.readouterr().err
    ag.show_curl = False
    ag.profiles.get()
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("TAPIS_PY_SHOW_CURL", "true")
    Agave(api_server=sandbox.url, token=ag._token).profiles.get()
    assert "profiles/v2/me" in capsys.readouterr().err


# --- attribute dicts


def test_attribute_dicts_are_dicts_in_every_respect() -> None:
    with Loopback() as server:
        body = {"status": "success", "message": None, "version": "2",
                "result": {"id": 7, "a": {"b": [{"c": 1}]}}}  # fmt: skip
        server.say(Reply(200, json.dumps(body).encode()))
        found = Agave(api_server=server.url, token="t").jobs.get(jobId="7")
    assert isinstance(found, AttrDict)
    assert type(found) is not dict
    assert found.a.b[0].c == 1
    for error in (KeyError, AttributeError):
        with pytest.raises(error):
            found.missing  # noqa: B018
    assert not hasattr(found, "missing")
    assert getattr(found, "missing", "default") == "default"
    for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found
        assert twin.a.b[0].c == 1
    assert json.loads(json.dumps(found)) == dict(found) == dict(**found)
    twin = copy.deepcopy(found)
    twin.update(more=1)
    twin.other = 2
    assert (twin.pop("more"), twin.pop("other"), twin.pop("none", 3)) == (1, 2, 3)
    assert twin == found
