"""The gateway over the wire: who is let in, and the faults on which clients refresh."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory

AMS = "{http://wso2.org/apimanager/security}"
ME = "/profiles/v2/me"


@pytest.fixture(scope="module")
def xml_sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed="empty", faults="xml", check_answers=True) as running:
        yield running


def _me(sandbox: Sandbox, authorization: str | None) -> requests.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    with Http(sandbox.url, "") as web:
        return web.get(ME, headers=headers)


def _ended(sandbox: Sandbox) -> str:
    """Return an access token that has been refreshed away."""
    login = sandbox.credentials("ada")
    form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
    with Http(sandbox.url, "") as web:
        assert web.post("/token", data=form, auth=(login["api_key"], login["api_secret"])).ok
    return str(login["token"])


def _xml(answer: requests.Response) -> list[str | None]:
    assert answer.headers["Content-Type"] == "application/xml; charset=UTF-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{AMS}fault"
    names = ["code", "message", "description"]
    assert [child.tag for child in root] == [AMS + name for name in names]
    return [child.text for child in root]


def test_a_token_lets_its_user_in_whatever_the_case_of_bearer(sandbox: Sandbox) -> None:
    token = sandbox.credentials("ada")["token"]
    for scheme in ("Bearer", "bearer", "BEARER "):
        assert _me(sandbox, f"{scheme} {token}").json()["result"]["username"] == "ada"


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "x"])
def test_a_call_without_a_token_is_told_that_it_lacks_one(
    sandbox: Sandbox, authorization: str | None
) -> None:
    answer = _me(sandbox, authorization)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.headers["WWW-Authenticate"] == 'OAuth2 realm="WSO2 API Manager"'
    fault = answer.json()["fault"]
    assert (fault["code"], fault["message"]) == (900902, "Missing Credentials")
    assert "Required OAuth credentials not provided" in fault["description"]


def test_an_unknown_token_is_invalid_and_the_fault_names_the_api(sandbox: Sandbox) -> None:
    answer = _me(sandbox, "Bearer 0123456789abcdef")
    assert answer.status_code == 401
    assert answer.json() == {
        "fault": {
            "code": 900901,
            "message": "Invalid Credentials",
            "description": "Access failure for API: /profiles/v2, version: v2. "
            "Make sure you have given the correct access token",
        }
    }


def test_a_json_gateway_tells_expired_and_ended_tokens_as_invalid(fresh_sandbox: Sandbox) -> None:
    ended = _ended(fresh_sandbox)
    expired = fresh_sandbox.credentials("ada")["token"]
    assert _me(fresh_sandbox, f"Bearer {expired}").status_code == 200
    fresh_sandbox.tenant.clock.advance(fresh_sandbox.tenant.token_ttl)
    for token in (ended, expired):
        answer = _me(fresh_sandbox, f"Bearer {token}")
        assert answer.status_code == 401
        fault = answer.json()["fault"]
        assert (fault["code"], fault["message"]) == (900901, "Invalid Credentials")


def test_a_token_works_until_the_last_of_its_seconds() -> None:
    with Sandbox(seed="empty", token_ttl=60) as sandbox:
        login = sandbox.credentials("ada")
        assert login["expires_in"] == 60
        sandbox.tenant.clock.advance(50)
        assert _me(sandbox, f"Bearer {login['token']}").status_code == 200
        sandbox.tenant.clock.advance(10)
        assert _me(sandbox, f"Bearer {login['token']}").status_code == 401


def test_an_xml_gateway_tells_the_faults_apart(xml_sandbox: Sandbox) -> None:
    ended = _ended(xml_sandbox)
    expired = xml_sandbox.credentials("ada")["token"]
    xml_sandbox.tenant.clock.advance(xml_sandbox.tenant.token_ttl)
    cases = {
        None: ["900902", "Missing Credentials"],
        "Bearer unknown": ["900901", "Invalid Credentials"],
        f"Bearer {expired}": ["900903", "Access Token Expired"],
        f"Bearer {ended}": ["900904", "Access Token Inactive"],
    }
    for authorization, expected in cases.items():
        answer = _me(xml_sandbox, authorization)
        assert answer.status_code == 401
        code, message, description = _xml(answer)
        assert [code, message] == expected
        assert description is not None
        assert description.startswith("Access failure for API: /profiles/v2, version: v2")


def test_an_xml_gateway_writes_an_unknown_path_as_valid_xml(xml_sandbox: Sandbox) -> None:
    with Http(xml_sandbox.url, "") as web:
        answer = web.get("/no/such/%3Cpath%3E&%01")
    assert answer.status_code == 404
    code, _, description = _xml(answer)
    assert code == "900906"
    assert "<path>&?" in (description or "")


def test_abaco_tells_a_bad_route_as_a_bad_method(http: HttpFactory) -> None:
    for path in ("/actors/v2/some/where/else", "//actors/v2/some/logs"):
        answer = http("ada").get(path)
        assert answer.status_code == 405
        assert list(answer.json()) == ["message", "result", "status", "version"]
    assert http("ada").get("/files/v2/nowhere").json()["fault"]["code"] == 900906


def test_oauth_errors_are_json_behind_an_xml_gateway_too(xml_sandbox: Sandbox) -> None:
    with Http(xml_sandbox.url, "") as web:
        answer = web.post("/token", data={"grant_type": "password"}, auth=("no", "no"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_token_of_a_deleted_client_stops_working(fresh_sandbox: Sandbox) -> None:
    login = fresh_sandbox.credentials("ada")
    other = fresh_sandbox.credentials("grace")["token"]
    with Http(fresh_sandbox.url, "") as web:
        path = f"/clients/v2/{login['client_name']}"
        assert web.delete(path, auth=("ada", "ada")).status_code == 200
        form = {"grant_type": "refresh_token", "refresh_token": login["refresh_token"]}
        auth = (login["api_key"], login["api_secret"])
        assert web.post("/token", data=form, auth=auth).json()["error"] == "invalid_client"
    assert _me(fresh_sandbox, f"Bearer {login['token']}").status_code == 401
    assert _me(fresh_sandbox, f"Bearer {other}").status_code == 200


def test_a_client_calls_only_the_apis_that_it_is_subscribed_to(fresh_sandbox: Sandbox) -> None:
    login = fresh_sandbox.credentials("ada")
    path = f"/clients/v2/{login['client_name']}/subscriptions"
    with Http(fresh_sandbox.url, "") as web:
        body = {"apiName": "Profiles"}
        assert web.delete(path, json=body, auth=("ada", "ada")).status_code == 200
        refused = _me(fresh_sandbox, f"Bearer {login['token']}")
        assert refused.status_code == 403
        fault = refused.json()["fault"]
        assert (fault["code"], fault["message"]) == (900908, "Resource forbidden")
        assert "WWW-Authenticate" not in refused.headers
        assert web.get("/tenants").status_code == 200
        assert web.post(path, json=body, auth=("ada", "ada")).status_code == 200
    assert _me(fresh_sandbox, f"Bearer {login['token']}").status_code == 200


def test_public_operations_ask_for_nothing(http: HttpFactory) -> None:
    assert http("").get("/tenants").status_code == 200


def test_the_clients_service_asks_for_the_users_own_password(http: HttpFactory) -> None:
    web = http("")
    for headers in ({}, {"Authorization": "Basic !!"}, {"Authorization": "Bearer x"}):
        answer = web.get("/clients/v2/", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Agave Platform"'
        assert answer.json()["message"] == "Authorization header missing or invalid."
    for auth in [("ada", "wrong"), ("nobody", "ada")]:
        answer = web.get("/clients/v2/", auth=auth)
        assert (answer.status_code, answer.json()["status"]) == (400, "error")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_with_a_colon_and_an_umlaut_works(encoding: str) -> None:
    with Sandbox(users={"ada": "gr:ün"}, seed="empty") as sandbox, Http(sandbox.url, "") as web:
        credential = b64encode("ada:gr:ün".encode(encoding)).decode()
        answer = web.get("/clients/v2/", headers={"Authorization": f"Basic {credential}"})
        assert answer.status_code == 200
