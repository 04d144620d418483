"""The profiles service over the wire: people, who sees what of them, and internal users."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory

PRIVATE = {"email", "status"}


def _result(answer: requests.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["result"]


def _names(answer: requests.Response) -> list[str]:
    return [profile["username"] for profile in _result(answer)]


def _person(name: str, **fields: str) -> dict[str, str]:
    return {"username": name, "password": "secret", "email": f"{name}@example.org", **fields}


def test_me_is_the_caller_in_snake_case(http: HttpFactory) -> None:
    mine = _result(http("ada").get("/profiles/v2/me"))
    assert mine["username"] == "ada"
    assert (mine["first_name"], mine["full_name"]) == ("Ada", "Ada")
    assert (mine["email"], mine["status"]) == ("ada@example.org", "Active")
    assert re.fullmatch(r"20\d{12}Z", mine["create_time"])
    assert mine == _result(http("ada").get("/profiles/v2/ada"))


def test_mail_and_status_are_for_the_user_and_administrators(http: HttpFactory) -> None:
    seen = {user: _result(http(user).get("/profiles/v2/grace")) for user in ("ada", "admin")}
    assert PRIVATE.isdisjoint(seen["ada"])
    assert seen["admin"] == _result(http("grace").get("/profiles/v2/me"))
    listed = _result(http("ada").get("/profiles/v2"))
    assert [p["username"] for p in listed if set(p) >= PRIVATE] == ["ada"]


def test_users_have_numbers_of_their_own(http: HttpFactory) -> None:
    numbers = [profile["uid"] for profile in _result(http("ada").get("/profiles/v2"))]
    assert len(set(numbers)) == len(numbers) >= 3


def test_an_unknown_user_is_not_found(http: HttpFactory) -> None:
    answer = http("ada").get("/profiles/v2/nobody")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Error retrieving user details."


@pytest.fixture(scope="session")
def crowd(sandbox: Sandbox) -> None:
    """Some more people on the shared sandbox."""
    with Http(sandbox.url, sandbox.credentials("admin")["token"]) as web:
        for body in (
            _person("jdoe", first_name="Jane", last_name="Doe"),
            _person("rdoe", first_name="Richard", last_name="Doe", status="Locked"),
        ):
            _result(web.post("/profiles/v2", json=body), 201)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ({"name": "doe"}, ["jdoe", "rdoe"]),
        ({"name": "jane d"}, ["jdoe"]),
        ({"first_name": "RICHARD"}, ["rdoe"]),
        ({"first_name": "rich"}, []),
        ({"last_name": "doe"}, ["jdoe", "rdoe"]),
        ({"full_name": "jane doe"}, ["jdoe"]),
        ({"email": "jdoe@example.org"}, ["jdoe"]),
        ({"username": "jdoe"}, ["jdoe"]),
        ({"status": "locked"}, ["rdoe"]),
        ({"username": "jdoe", "status": "locked"}, ["jdoe"]),
        ({"last_name": "doe", "limit": "1"}, ["jdoe"]),
        ({"last_name": "doe", "offset": "1"}, ["rdoe"]),
    ],
)
def test_people_are_found_by_the_first_search_parameter(
    http: HttpFactory, terms: dict[str, str], names: list[str]
) -> None:
    assert _names(http("ada").get("/profiles/v2", params=terms)) == names


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("term", "value", "names"),
    [
        ("name", "DOE", ["jdoe", "rdoe"]),
        ("email", "rdoe@", ["rdoe"]),
        ("username", "jd", ["jdoe"]),
        ("username", "users", []),
    ],
)
def test_people_are_found_by_a_part_of_a_term(
    http: HttpFactory, term: str, value: str, names: list[str]
) -> None:
    assert _names(http("ada").get(f"/profiles/v2/search/{term}/{value}")) == names


def test_an_unknown_search_term_is_refused(http: HttpFactory) -> None:
    answer = http("ada").get("/profiles/v2/search/shoe/42")
    assert answer.status_code == 400
    assert "name, email, username" in answer.json()["message"]


def test_a_created_user_can_log_in_at_once(http: HttpFactory, sandbox: Sandbox) -> None:
    body = {**_person("newton"), "firstName": "Isaac", "last_name": "Newton"}
    made = _result(http("admin").post("/profiles/v2", json=body), 201)
    assert made["full_name"] == "Isaac Newton"
    assert "password" not in made
    login = sandbox.credentials("ada")
    form = {"grant_type": "password", "username": "newton", "password": "secret"}
    auth = (login["api_key"], login["api_secret"])
    token = http("").post("/token", data=form, auth=auth).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    mine = _result(http("").get("/profiles/v2/me", headers=headers))
    assert mine["username"] == "newton"
    clients = http("").get("/clients/v2/", auth=("newton", "secret"))
    assert [client["name"] for client in _result(clients)] == ["DefaultApplication"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"username", "password", "email"}),
        (_person("me"), {"username"}),
        (_person("a@b"), {"username"}),
        (_person("a/b"), {"username"}),
        (_person(".."), {"username"}),
        (_person("ada"), {"username"}),
        (_person("x", email="nowhere"), {"email"}),
        ({**_person("x"), "phone": 7}, {"phone"}),
        ({**_person("x"), "username": ["x"]}, {"username"}),
        (["x"], {"non_field_errors", "username"}),
    ],
)
def test_a_user_who_cannot_be_made_is_refused_field_by_field(
    http: HttpFactory, body: Any, fields: set[str]
) -> None:
    answer = http("admin").post("/profiles/v2", json=body)
    errors = _result(answer, 400)
    assert answer.json()["message"] == "Error creating user."
    assert set(errors) == fields
    assert all(isinstance(text, str) for texts in errors.values() for text in texts)


def test_an_update_changes_what_it_names_and_answers_201(http: HttpFactory) -> None:
    _result(http("admin").post("/profiles/v2", json=_person("curie", phone="1")), 201)
    change = {"first_name": "Marie", "mobilePhone": "2", "password": "radium"}
    made = _result(http("admin").put("/profiles/v2/curie", json=change), 201)
    assert (made["first_name"], made["phone"], made["mobile_phone"]) == ("Marie", "1", "2")
    assert made == _result(http("admin").get("/profiles/v2/curie"))
    for password, status in [("secret", 400), ("radium", 200)]:
        auth = ("curie", password)
        assert http("").get("/clients/v2/", auth=auth).status_code == status
    renamed = http("admin").put("/profiles/v2/curie", json={"username": "marie"})
    assert set(_result(renamed, 400)) == {"username"}
    assert http("admin").put("/profiles/v2/nobody", json=change).status_code == 404


def test_a_deleted_user_is_gone_with_clients_and_tokens(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    _result(http("admin").post("/profiles/v2", json=_person("gone")), 201)
    auth = ("gone", "secret")
    body = {"clientName": "left-over"}
    client = _result(http("").post("/clients/v2/", json=body, auth=auth), 201)
    login = sandbox.credentials("ada")
    form = {"grant_type": "password", "username": "gone", "password": "secret"}

    def token(key: str, secret: str) -> dict[str, str]:
        access = http("").post("/token", data=form, auth=(key, secret)).json()["access_token"]
        return {"Authorization": f"Bearer {access}"}

    own = token(client["consumerKey"], client["consumerSecret"])
    foreign = token(login["api_key"], login["api_secret"])
    answer = http("admin").delete("/profiles/v2/gone")
    assert _result(answer) == {}
    assert http("admin").get("/profiles/v2/gone").status_code == 404
    assert http("").get("/clients/v2/", auth=auth).status_code == 400
    _result(http("admin").post("/profiles/v2", json=_person("gone")), 201)
    for headers in (own, foreign):
        assert http("").get("/profiles/v2/me", headers=headers).status_code == 401


def test_only_administrators_make_change_or_delete_people(http: HttpFactory) -> None:
    web = http("ada")
    for answer in (
        web.post("/profiles/v2", json=_person("eve")),
        web.put("/profiles/v2/ada", json={"first_name": "A"}),
        web.delete("/profiles/v2/grace"),
    ):
        assert (answer.status_code, answer.json()["message"]) == (401, "Access denied.")
    assert http("admin").get("/profiles/v2/eve").status_code == 404
    assert _result(web.get("/profiles/v2/me"))["first_name"] == "Ada"


def test_internal_users_live_below_their_user(http: HttpFactory, sandbox: Sandbox) -> None:
    web, path = http("grace"), "/profiles/v2/grace/users"
    body = {"username": "bob", "email": "bob@example.org", "firstName": "Bob", "gender": "MALE"}
    answer = web.post(path, json=body)
    made = _result(answer, 201)
    assert list(answer.json()) == ["status", "message", "version", "result"]
    assert (made["firstName"], made["gender"], made["status"]) == ("Bob", "male", "Active")
    assert made["lastName"] is None
    assert made["_links"] == {
        "self": {"href": f"{sandbox.url}{path}/bob"},
        "profile": {"href": f"{sandbox.url}/profiles/v2/grace"},
    }
    assert _result(web.get("/profiles/v2/me/users")) == [made]
    changed = _result(web.post(f"{path}/bob", json={"city": "Austin"}))
    assert changed == {**made, "city": "Austin"}
    assert _result(web.get(f"{path}/bob")) == changed
    _result(web.post(path, json={"username": "sue", "email": "sue@example.org"}), 201)
    assert _names(web.get(path)) == ["bob", "sue"]
    assert _names(web.get(path, params={"offset": 1})) == ["sue"]
    assert "result" not in web.delete(f"{path}/bob").json()
    assert web.get(f"{path}/bob").status_code == 404
    assert _names(web.get(path)) == ["sue"]
    assert web.delete(path).status_code == 200
    assert _result(web.get(path)) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "x@example.org"}, "No username provided"),
        ({"username": "x"}, "No email provided"),
        ({"username": "x", "email": "nowhere"}, "Invalid email address: 'nowhere'"),
        ({"username": "x", "email": "x@y", "phone": 7}, "Invalid phone value: 7"),
        ({"username": "x", "email": "x@y", "gender": "z"}, "Invalid gender 'z'"),
        ({"username": "a/b", "email": "x@y"}, "Invalid username"),
        ([], "The body is not a JSON object"),
    ],
)
def test_an_internal_user_who_cannot_be_made_is_refused_with_the_reason(
    http: HttpFactory, body: Any, message: str
) -> None:
    answer = http("ada").post("/profiles/v2/ada/users", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_internal_user_is_made_once_and_keeps_the_name(http: HttpFactory) -> None:
    path, body = "/profiles/v2/ada/users", {"username": "tim", "email": "tim@example.org"}
    _result(http("ada").post(path, json=body), 201)
    again = http("ada").post(path, json=body)
    assert again.status_code == 400
    assert again.json()["message"] == "Internal user tim already exists."
    for other in ("tom", ["tim"], {"tim": 1}):
        assert http("ada").post(f"{path}/tim", json={"username": other}).status_code == 400
    assert http("ada").post(f"{path}/tom", json={"city": "Austin"}).status_code == 404


def test_internal_users_are_their_users_business(http: HttpFactory) -> None:
    path, body = "/profiles/v2/ada/users", {"username": "pat", "email": "pat@example.org"}
    _result(http("admin").post(path, json=body), 201)
    for answer in (
        http("grace").get(path),
        http("grace").get(f"{path}/pat"),
        http("grace").post(path, json={**body, "username": "max"}),
        http("grace").post(f"{path}/pat", json={"city": "Austin"}),
        http("grace").delete(f"{path}/pat"),
        http("grace").delete(path),
    ):
        assert answer.status_code == 403
        assert answer.json()["status"] == "error"
    assert _result(http("ada").get(f"{path}/pat"))["city"] is None
    assert http("admin").get("/profiles/v2/nobody/users").status_code == 404
