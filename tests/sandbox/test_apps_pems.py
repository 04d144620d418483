"""Permissions on apps: who may see, change and run a private one."""

from __future__ import annotations

import pytest

from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.apps_support import APPS, definition, events, register

NOBODY = {"read": False, "write": False, "execute": False}


def grant(http: Http, app_id: str, word: str, status: int = 201) -> dict[str, bool]:
    body = {"username": "grace", "permission": word}
    allowed: dict[str, bool] = result(http.post(f"{APPS}{app_id}/pems", json=body), status)[
        "permission"
    ]
    return allowed


def test_a_new_app_belongs_to_its_owner_alone(http: HttpFactory) -> None:
    app = register(http("ada"))
    (item,) = result(http("ada").get(f"{APPS}{app['id']}/pems"))
    assert item["username"] == "ada"
    assert item["permission"] == {"read": True, "write": True, "execute": True}
    for address in item["_links"].values():
        result(http("ada").get(address["href"]))
    answer = result(http("ada").get(f"{APPS}{app['id']}/pems/grace"))
    assert answer["permission"] == NOBODY


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("READ", {"read"}),
        ("WRITE", {"write"}),
        ("EXECUTE", {"execute"}),
        ("READ_WRITE", {"read", "write"}),
        ("read_execute", {"read", "execute"}),
        ("WRITE_EXECUTE", {"write", "execute"}),
        ("ALL", {"read", "write", "execute"}),
    ],
)
def test_a_permission_allows_what_its_word_says_and_nothing_else(
    http: HttpFactory, word: str, allowed: set[str]
) -> None:
    app = register(http("ada"), inputs=[{"id": "reads", "value": {"required": True}}])
    told = grant(http("ada"), app["id"], word)
    assert told == {name: name in allowed for name in NOBODY}
    assert result(http("ada").get(f"{APPS}{app['id']}/pems/grace"))["permission"] == told
    read = http("grace").get(APPS + app["id"])
    assert read.status_code == (200 if "read" in allowed else 403)
    change = definition(name=app["name"], label=word)
    write = http("grace").post(APPS + app["id"], json=change)
    assert write.status_code == (201 if "write" in allowed else 403)
    bad = {"name": "n", "appId": app["id"], "inputs": {"none": "x"}}
    run = http("grace").post("/jobs/v2/", json=bad)  # refused for the input, if not before it
    assert run.status_code == (400 if "execute" in allowed else 403)


def test_a_later_permission_replaces_an_earlier_one(http: HttpFactory) -> None:
    app = register(http("ada"))
    grant(http("ada"), app["id"], "ALL")
    grant(http("ada"), app["id"], "READ")
    assert (
        result(http("grace").get(f"{APPS}{app['id']}/pems/grace"))["permission"]["write"] is False
    )
    refusal(http("grace").post(f"{APPS}{app['id']}/pems", json={"username": "admin"}), 400)
    body = {"username": "grace", "permission": "ALL"}
    refusal(http("grace").post(f"{APPS}{app['id']}/pems", json=body), 403)
    assert grant(http("ada"), app["id"], "NONE", 200) == NOBODY
    refusal(http("grace").get(APPS + app["id"]), 403)
    names = [item["username"] for item in result(http("ada").get(f"{APPS}{app['id']}/pems"))]
    assert names == ["ada"]
    assert events(http("ada"), app["id"]) == [
        "CREATED", "PERMISSION_GRANT", "PERMISSION_GRANT", "PERMISSION_REVOKE",
    ]  # fmt: skip


def test_who_may_write_an_app_may_share_it(http: HttpFactory) -> None:
    app = register(http("ada"))
    grant(http("ada"), app["id"], "READ_WRITE")
    body = {"username": "henry", "permission": "READ"}
    item = result(http("grace").post(f"{APPS}{app['id']}/pems", json=body), 201)
    assert item["username"] == "henry"
    names = [item["username"] for item in result(http("grace").get(f"{APPS}{app['id']}/pems"))]
    assert names == ["ada", "grace", "henry"]
    page = result(http("grace").get(f"{APPS}{app['id']}/pems", params={"offset": 1, "limit": 1}))
    assert [item["username"] for item in page] == ["grace"]


def test_the_user_may_be_named_in_the_path(http: HttpFactory) -> None:
    app = register(http("ada"))
    path = f"{APPS}{app['id']}/pems/grace"
    assert result(http("ada").post(path, json={"permission": "READ"}), 201)["username"] == "grace"
    body = {"username": "henry", "permission": "READ"}
    assert "henry" in refusal(http("ada").post(path, json=body), 400)
    answer = http("ada").delete(path)
    assert "result" not in answer.json()
    result(answer)
    assert result(http("ada").get(path))["permission"] == NOBODY


def test_every_permission_can_be_taken_away_at_once_but_the_owner_s(http: HttpFactory) -> None:
    app = register(http("ada"))
    pems = f"{APPS}{app['id']}/pems"
    for name in ("grace", "henry"):
        result(http("ada").post(f"{pems}/{name}", json={"permission": "ALL"}), 201)
    refusal(http("admin").post(pems, json={"username": "ada", "permission": "NONE"}), 400)
    refusal(http("ada").delete(f"{pems}/ada"), 400)
    answer = http("ada").delete(pems)
    assert "result" not in answer.json()
    result(answer)
    assert [item["username"] for item in result(http("ada").get(pems))] == ["ada"]


@pytest.mark.parametrize(
    "body",
    [{"permission": "READ"}, {"username": "grace"}, {"username": "grace", "permission": "X"}],
)
def test_a_permission_without_a_user_or_a_known_word_is_refused(
    http: HttpFactory, body: dict[str, str]
) -> None:
    app = register(http("ada"))
    message = refusal(http("ada").post(f"{APPS}{app['id']}/pems", json=body), 400)
    assert "username" in message or "READ_EXECUTE" in message


@pytest.mark.parametrize("path", ["", "/grace"])
def test_a_permission_must_be_an_object(http: HttpFactory, path: str) -> None:
    app = register(http("ada"))
    assert "JSON object" in refusal(
        http("ada").post(f"{APPS}{app['id']}/pems{path}", json=[1]), 400
    )


def test_a_public_app_has_no_permissions(http: HttpFactory) -> None:
    pems = f"{APPS}wc-1.0/pems"
    body = {"username": "grace", "permission": "READ"}
    for user in ("ada", "admin"):
        assert "wc-1.0" in refusal(http(user).get(pems), 501)
        refusal(http(user).get(f"{pems}/grace"), 501)
    for answer in (
        http("admin").post(pems, json=body),
        http("admin").post(f"{pems}/grace", json=body),
        http("admin").delete(pems),
        http("admin").delete(f"{pems}/grace"),
    ):
        refusal(answer, 501)
