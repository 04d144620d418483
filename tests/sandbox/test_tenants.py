"""The tenants service over the wire: how programs find the sandbox by its code."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox, SandboxError
from tests.conftest import Http, HttpFactory


def _only(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    assert len(answer.json()["result"]) == 1
    found: dict[str, Any] = answer.json()["result"][0]
    return found


@pytest.mark.parametrize("path", ["/tenants", "/tenants/", "/tenants/v2", "//tenants/v2/"])
def test_the_sandbox_is_the_one_tenant_of_its_directory(
    sandbox: Sandbox, http: HttpFactory, path: str
) -> None:
    answer = http("").get(path)
    assert list(answer.json()) == ["status", "message", "result", "version"]
    tenant = _only(answer)
    assert tenant["code"] == "sandbox"
    assert tenant["baseUrl"] == f"{sandbox.url}/"
    assert tenant["id"].endswith("-016")
    assert tenant["contact"] == [
        {
            "name": "Admin",
            "email": "admin@example.org",
            "url": "",
            "type": "admin",
            "primary": True,
        }
    ]


@pytest.mark.parametrize("path", ["/tenants/sandbox", "/tenants/v2/sandbox"])
def test_a_tenant_is_found_by_its_code_and_answered_in_a_list(http: HttpFactory, path: str) -> None:
    assert _only(http("").get(path)) == _only(http("").get("/tenants"))


@pytest.mark.parametrize("path", ["/tenants/other", "/tenants/v2/other"])
def test_an_unknown_code_is_not_found(http: HttpFactory, path: str) -> None:
    answer = http("").get(path)
    assert answer.status_code == 404
    assert answer.json()["status"] == "error"
    assert "other" in answer.json()["message"]
    assert answer.json()["result"] == ""


def test_the_links_of_a_tenant_lead_somewhere(http: HttpFactory) -> None:
    tenant = _only(http("").get("/tenants"))
    assert _only(http("").get(tenant["_links"]["self"]["href"])) == tenant
    key = http("").get(tenant["_links"]["publickey"]["href"])
    assert key.text.startswith("-----BEGIN PUBLIC KEY-----")


def test_a_bare_directory_is_answered_without_the_envelope(http: HttpFactory) -> None:
    answer = http("").get("/tenants", params={"naked": "true", "filter": "code"})
    assert answer.json() == [{"code": "sandbox"}]
    refused = http("").get("/tenants/nowhere", params={"naked": "true"})
    assert (refused.status_code, refused.text) == (404, "No tenant found with code nowhere")


def test_a_tenant_keeps_its_id_and_login_when_it_is_restarted(tmp_path: Path) -> None:
    ids, keys = set(), set()
    for _ in range(2):
        with Sandbox(seed="empty", state=tmp_path, tenant="lab") as sandbox:
            with Http(sandbox.url, "") as web:
                tenant = _only(web.get("/tenants/lab"))
                assert web.get("/clients/v2/", auth=("ada", "ada")).status_code == 200
            assert tenant["baseUrl"] == f"{sandbox.url}/"
            ids.add(tenant["id"])
            keys.add(sandbox.credentials("ada")["api_key"])
    assert len(ids) == len(keys) == 1


def test_a_sandbox_that_runs_is_not_started_a_second_time(tmp_path: Path) -> None:
    sandbox = Sandbox(seed="empty", state=tmp_path / "one")
    for _ in range(2):  # stopped, it can be started again
        with sandbox, Http(sandbox.url, "") as web:
            with pytest.raises(SandboxError, match="runs already"):
                sandbox.start()
            _only(web.get("/tenants"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_is_no_get_is_not_implemented(http: HttpFactory, method: str) -> None:
    answer = http("").request(method, "/tenants")
    assert answer.status_code == 501
    assert list(answer.json()) == ["status", "message", "result", "version"]
    assert answer.headers["Allow"] == "GET"


def test_other_services_refuse_a_method_in_their_own_envelope(http: HttpFactory) -> None:
    answer = http("").put("/clients/v2/", json={})
    assert answer.status_code == 405
    assert list(answer.json()) == ["status", "message", "version", "result"]
    assert answer.json()["version"].startswith("2.0.0")


def test_a_sandbox_that_cannot_start_gives_its_port_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox = Sandbox(users={"no name": "x"}, port=port)
    with pytest.raises(SandboxError, match="no name") as caught:
        sandbox.start()
    assert caught.tb  # the frames, and what they hold, are still there
    socket.create_server(("127.0.0.1", port)).close()
