"""Credentials of systems: set, told of without secrets, removed."""

from __future__ import annotations

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import (
    SECRET,
    Document,
    auth,
    execution_system,
    new_id,
    storage_system,
)

BASE = "/systems/v2"


@pytest.fixture
def credentials(http: HttpFactory) -> str:
    """The address of the credentials of an execution system of ada."""
    system_id = new_id()
    result(http("ada").post(BASE, json=execution_system(system_id)), 201)
    return f"{BASE}/{system_id}/credentials"


def _kinds(items: list[Document]) -> set[tuple[str, str | None, str, bool]]:
    return {
        (item["parentType"], item["internalUsername"], item["type"], item["default"])
        for item in items
    }


def test_a_definition_brings_the_default_credentials(http: HttpFactory, credentials: str) -> None:
    answer = http("ada").get(credentials)
    items = result(answer)
    assert _kinds(items) == {
        ("storage", None, "PASSWORD", True),
        ("login", None, "SSHKEYS", True),
    }
    assert SECRET not in answer.text
    for item in items:
        assert set(item) == {
            *("parentType", "default", "internalUsername", "type", "created", "valid"),
            *("expriationDate", "server", "_links"),
        }
    assert len(result(http("ada").get(credentials, params={"limit": 1}))) == 1


def test_new_default_credentials_hold_for_storage_and_login(
    http: HttpFactory, credentials: str
) -> None:
    server = {"endpoint": "myproxy.example.org", "port": 7512, "protocol": "MYPROXY"}
    new = {"type": "X509", "username": "remote", "password": SECRET, "server": server}
    answer = http("ada").post(credentials, json=new)
    result(answer, 201)
    assert "result" not in answer.json()
    listed = http("ada").get(credentials)
    assert SECRET not in listed.text
    assert _kinds(result(listed)) == {
        ("storage", None, "X509", True),
        ("login", None, "X509", True),
    }
    system = http("ada").get(credentials.removesuffix("/credentials"))
    assert SECRET not in system.text
    told = result(system)["login"]["auth"]
    assert (told["type"], told["server"]["endpoint"]) == ("X509", "myproxy.example.org")


def test_storage_and_login_may_get_different_credentials(
    http: HttpFactory, credentials: str
) -> None:
    both = {"storage": auth("SSHKEYS"), "login": auth("PAM")}
    result(http("ada").post(credentials, json=both), 201)
    assert _kinds(result(http("ada").get(credentials))) == {
        ("storage", None, "SSHKEYS", True),
        ("login", None, "PAM", True),
    }


def test_internal_users_have_credentials_of_their_own(http: HttpFactory, credentials: str) -> None:
    result(http("ada").post(f"{credentials}/bob", json=auth()), 201)
    result(http("ada").post(f"{credentials}/eve/LOGIN", json=auth("SSHKEYS")), 201)
    named = {**auth("PAM"), "internalUsername": "kim"}
    result(http("ada").post(credentials, json=named), 201)
    assert _kinds(result(http("ada").get(f"{credentials}/bob"))) == {
        ("storage", "bob", "PASSWORD", False),
        ("login", "bob", "PASSWORD", False),
    }
    (eve,) = result(http("ada").get(f"{credentials}/eve"))
    assert (eve["parentType"], eve["type"]) == ("login", "SSHKEYS")
    assert result(http("ada").get(eve["_links"]["self"]["href"])) == [eve]
    assert result(http("ada").get(f"{credentials}/eve/STORAGE")) == []
    assert len(result(http("ada").get(f"{credentials}/kim"))) == 2
    assert len(result(http("ada").get(credentials))) == 7


def test_setting_again_replaces(http: HttpFactory, credentials: str) -> None:
    for kind in ("PASSWORD", "SSHKEYS"):
        result(http("ada").post(f"{credentials}/bob/STORAGE", json=auth(kind)), 201)
    assert _kinds(result(http("ada").get(f"{credentials}/bob"))) == {
        ("storage", "bob", "SSHKEYS", False),
    }


def test_there_is_one_default_credential_for_each_purpose(
    http: HttpFactory, credentials: str
) -> None:
    chosen = {**auth("PAM"), "default": True}
    result(http("ada").post(f"{credentials}/bob/LOGIN", json=chosen), 201)
    assert _kinds(result(http("ada").get(credentials))) == {
        ("storage", None, "PASSWORD", True),
        ("login", None, "SSHKEYS", False),
        ("login", "bob", "PAM", True),
    }
    system = result(http("ada").get(credentials.removesuffix("/credentials")))
    assert system["login"]["auth"] == {"type": "PAM"}


def test_an_update_of_the_system_keeps_internal_users_credentials(
    http: HttpFactory, credentials: str
) -> None:
    address = credentials.removesuffix("/credentials")
    result(http("ada").post(f"{credentials}/bob/LOGIN", json={**auth(), "default": True}), 201)
    wanted = execution_system(address.rpartition("/")[2])
    wanted["login"]["auth"] = auth("PAM")
    result(http("ada").post(address, json=wanted))
    assert _kinds(result(http("ada").get(f"{credentials}"))) == {
        ("storage", None, "PASSWORD", True),
        ("login", None, "PAM", False),
        ("login", "bob", "PASSWORD", True),
    }


def test_credentials_are_removed_by_purpose_by_user_or_all(
    http: HttpFactory, credentials: str
) -> None:
    for name in ("bob", "eve"):
        result(http("ada").post(f"{credentials}/{name}", json=auth()), 201)
    assert result(http("ada").delete(f"{credentials}/bob/LOGIN")) is None
    assert _kinds(result(http("ada").get(f"{credentials}/bob"))) == {
        ("storage", "bob", "PASSWORD", False),
    }
    result(http("ada").delete(f"{credentials}/eve"))
    assert result(http("ada").get(f"{credentials}/eve")) == []
    result(http("ada").delete(credentials))
    assert result(http("ada").get(credentials)) == []
    system = result(http("ada").get(credentials.removesuffix("/credentials")))
    assert system["storage"]["auth"] is None
    statuses = [
        event["status"] for event in result(http("ada").get(system["_links"]["history"]["href"]))
    ]
    assert statuses[-3:] == ["REMOVE_CREDENTIAL", "REMOVE_CREDENTIAL", "CLEAR_CREDENTIALS"]


@pytest.mark.parametrize("role", ["GUEST", "USER", "PUBLISHER"])
def test_credentials_are_for_administrators_of_the_system(
    http: HttpFactory, credentials: str, role: str
) -> None:
    address = credentials.removesuffix("/credentials")
    result(http("ada").post(f"{address}/roles/grace", json={"role": role}), 201)
    refusal(http("grace").get(credentials), 403)
    refusal(http("grace").post(credentials, json=auth()), 403)
    refusal(http("grace").delete(f"{credentials}/bob"), 403)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "'type'"),
        ({"type": "MAGIC"}, "MAGIC"),
        ({"type": "PASSWORD", "username": "remote"}, "'password'"),
        ({"type": "SSHKEYS", "username": "remote", "publicKey": "A"}, "'privateKey'"),
        ({"type": "X509"}, "'credential'"),
        ({"type": "X509", "server": {"endpoint": "h", "port": 1}}, "'server.protocol'"),
        ({"login": {"type": "PAM"}}, "'login.username'"),
    ],
)
def test_what_is_missing_or_unknown_is_named_and_no_secret_is_repeated(
    http: HttpFactory, credentials: str, body: Document, named: str
) -> None:
    message = refusal(http("ada").post(credentials, json=body), 400)
    assert named in message


def test_a_secret_of_the_wrong_kind_is_not_repeated(http: HttpFactory, credentials: str) -> None:
    wrong = {"type": "PASSWORD", "username": "remote", "password": [SECRET]}
    message = refusal(http("ada").post(credentials, json=wrong), 400)
    assert "'password'" in message
    assert SECRET not in message


def test_unknown_purposes_and_contradictions_are_refused(
    http: HttpFactory, credentials: str
) -> None:
    assert "TAPE" in refusal(http("ada").get(f"{credentials}/bob/TAPE"), 400)
    named = {**auth(), "internalUsername": "eve"}
    assert "eve" in refusal(http("ada").post(f"{credentials}/bob", json=named), 400)
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    refusal(http("ada").get(f"{BASE}/{system_id}/credentials/bob/LOGIN"), 400)
