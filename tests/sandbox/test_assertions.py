"""What the gateway signs stands for a token: whose assertion is taken, and as whom."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from agavepy.agave import Agave
from agavepy.errors import HttpError, NotAuthenticated
from agavepy.sandbox import Sandbox, SandboxError
from tests.conftest import Http

HEADER = "X-JWT-Assertion-sandbox"
ME = "/profiles/v2/me"


def portal(sandbox: Sandbox, **assertion: Any) -> Agave:
    """Return a client as a program behind the gateway makes it."""
    return Agave(api_server=sandbox.url, **assertion)


def ask(sandbox: Sandbox, text: str, path: str = ME, name: str = HEADER) -> requests.Response:
    with Http(sandbox.url, "") as web:
        return web.get(path, headers={name: text})


def altered(text: str, **claims: Any) -> str:
    """Return an assertion that says something else and has the signature that it had."""
    head, payload, signature = text.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    said |= claims
    changed = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


def test_a_client_with_an_assertion_is_its_user(tenant: Sandbox) -> None:
    for name in ("ada", "grace"):
        ag = portal(tenant, **tenant.control.assertion(name))
        assert ag.profiles.get().username == name
        assert ag.files.list(systemId="sandbox.storage", filePath=name)
    assert tenant.control.requests.listing("profiles.get")[-1]["user"] == "grace"


def test_an_assertion_has_the_roles_of_its_user_and_no_more(tenant: Sandbox) -> None:
    admin = portal(tenant, **tenant.control.assertion("admin"))
    assert "sandbox-ada" in [item["clientName"] for item in admin.admin.listClients()]
    given = tenant.control.assertion("admin")
    assert portal(tenant, **given).admin.getJwt() == given["jwt"]
    with pytest.raises(HttpError, match="admin"):
        portal(tenant, **tenant.control.assertion("ada")).admin.listClients()


def test_what_an_administrator_gets_from_the_gateway_is_taken(tenant: Sandbox) -> None:
    text = tenant.client("admin").admin.getJwt()
    assert ask(tenant, text).json()["result"]["username"] == "admin"
    assert ask(tenant, text, name=HEADER.upper()).status_code == 200


def test_a_token_counts_before_an_assertion(tenant: Sandbox) -> None:
    headers = {HEADER: tenant.control.assertion("grace")["jwt"]}
    with Http(tenant.url, tenant.credentials("ada")["token"]) as web:
        assert web.get(ME, headers=headers).json()["result"]["username"] == "ada"
        headers["Authorization"] = "Bearer unknown"
        assert web.get(ME, headers=headers).json()["fault"]["code"] == 900901


@pytest.mark.parametrize("wrong", ["", "123", "a.b.c", "ä.ö.ü", "..", "e30.e30.e30"])
def test_what_the_gateway_did_not_sign_is_refused(fresh_sandbox: Sandbox, wrong: str) -> None:
    for _ in range(2):  # before the gateway has a key, and after
        answer = ask(fresh_sandbox, wrong.encode().decode("latin-1"))
        assert answer.status_code == 401
        body = answer.json()
        assert body["status"] == "error"
        text = "Permission denied. No authentication credentials found."
        assert body["message"].startswith(text)
        assert HEADER in body["message"]
        fresh_sandbox.control.assertion("ada")


def test_an_assertion_cannot_be_altered(tenant: Sandbox) -> None:
    text = tenant.control.assertion("ada")["jwt"]
    enduser = "http://wso2.org/claims/enduser"
    forged = altered(text, **{enduser: "SANDBOX/admin@carbon.super"})
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    unsigned = f"{head}.{text.split('.')[1]}."
    for wrong in (forged, unsigned, text[:-8], text + "x", text.rpartition(".")[0]):
        assert ask(tenant, wrong).status_code == 401, wrong
    assert altered(text) != text


def test_an_assertion_ends_after_its_time_and_with_its_user(fresh_sandbox: Sandbox) -> None:
    text = fresh_sandbox.control.assertion("grace")["jwt"]
    fresh_sandbox.tenant.clock.advance(890)
    assert ask(fresh_sandbox, text).status_code == 200
    fresh_sandbox.client("admin").profiles.delete(username="grace")
    assert ask(fresh_sandbox, text).status_code == 401
    ada = fresh_sandbox.control.assertion("ada")
    fresh_sandbox.tenant.clock.advance(901)
    with pytest.raises(NotAuthenticated, match="No authentication credentials found"):
        portal(fresh_sandbox, **ada).profiles.get()


def test_the_assertion_of_another_tenant_is_refused() -> None:
    with (
        Sandbox(seed="empty", tenant="one.org") as one,
        Sandbox(seed="empty", tenant="two.org") as two,
    ):
        given = one.control.assertion("ada")
        assert given["jwt_header_name"] == "X-JWT-Assertion-one-org"
        assert portal(one, **given).profiles.get().username == "ada"
        assert ask(two, given["jwt"], name="X-JWT-Assertion-two-org").status_code == 401
        missing = ask(two, given["jwt"], name="X-JWT-Assertion-one-org")
        assert missing.json()["fault"]["code"] == 900902  # nothing that this gateway knows


def test_the_control_door_signs_for_a_user(tenant: Sandbox, door: Http) -> None:
    made = door.post("/assertions/grace").json()
    assert made["jwt_header_name"] == HEADER
    assert ask(tenant, made["jwt"]).json()["result"]["username"] == "grace"
    answer = door.post("/assertions/nobody")
    assert answer.status_code == 404
    assert "grace" in answer.json()["message"]
    with pytest.raises(SandboxError, match="nobody"):
        tenant.control.assertion("nobody")
    with Http(tenant.url, "") as outsider:
        assert outsider.post("/_sandbox/assertions/grace").status_code == 401
