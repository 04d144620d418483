"""Roles on systems: who sees, gives and takes them, and the shapes of the answers."""

from __future__ import annotations

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import new_id, storage_system

BASE = "/systems/v2"


@pytest.fixture
def roles(http: HttpFactory) -> str:
    """The address of the roles of a private system of ada."""
    system_id = new_id()
    result(http("ada").post(BASE, json=storage_system(system_id)), 201)
    return f"{BASE}/{system_id}/roles"


def test_a_role_that_is_given_lets_its_user_in(http: HttpFactory, roles: str) -> None:
    system = roles.removesuffix("/roles")
    refusal(http("grace").get(system), 403)
    (given,) = result(http("ada").post(roles, json={"username": "grace", "role": "USER"}), 201)
    assert (given["username"], given["role"]) == ("grace", "USER")
    assert set(given["_links"]) == {"self", "parent", "profile"}
    result(http("grace").get(system))
    for name, link in given["_links"].items():
        assert http("ada").get(link["href"]).status_code == 200, name


def test_the_list_of_roles_begins_with_the_owner(http: HttpFactory, roles: str) -> None:
    for username, role in (("grace", "ADMIN"), ("bob", "GUEST")):
        result(http("ada").post(f"{roles}/{username}", json={"role": role}), 201)
    for user in ("ada", "grace", "admin"):
        listed = result(http(user).get(roles))
        assert [(item["username"], item["role"]) for item in listed] == [
            *(("ada", "OWNER"), ("grace", "ADMIN"), ("bob", "GUEST")),
        ]
    page = result(http("ada").get(roles, params={"limit": 1, "offset": 2}))
    assert [item["username"] for item in page] == ["bob"]


def test_one_role_is_an_object_for_administrators_and_an_array_for_others(
    http: HttpFactory, roles: str
) -> None:
    result(http("ada").post(f"{roles}/grace", json={"role": "user"}), 201)
    role = result(http("ada").get(f"{roles}/grace"))
    assert (role["username"], role["role"]) == ("grace", "USER")
    assert result(http("ada").get(f"{roles}/ada"))["role"] == "OWNER"
    assert result(http("grace").get(f"{roles}/grace")) == [role]
    assert result(http("grace").get(roles)) == [role]


def test_others_roles_are_hidden_and_missing_ones_unknown(http: HttpFactory, roles: str) -> None:
    refusal(http("grace").get(roles), 403)
    result(http("ada").post(f"{roles}/grace", json={"role": "PUBLISHER"}), 201)
    refusal(http("grace").get(f"{roles}/ada"), 403)
    assert "bob" in refusal(http("ada").get(f"{roles}/bob"), 404)


def test_roles_are_changed_by_administrators_of_the_system_only(
    http: HttpFactory, roles: str
) -> None:
    refusal(http("grace").post(roles, json={"username": "grace", "role": "ADMIN"}), 403)
    result(http("ada").post(f"{roles}/grace", json={"role": "PUBLISHER"}), 201)
    refusal(http("grace").post(f"{roles}/grace", json={"role": "ADMIN"}), 403)
    refusal(http("grace").delete(roles), 403)
    refusal(http("grace").delete(f"{roles}/grace"), 403)
    result(http("admin").post(f"{roles}/grace", json={"role": "ADMIN"}), 201)
    result(http("grace").post(f"{roles}/bob", json={"role": "USER"}), 201)


def test_the_role_none_takes_a_role_away(http: HttpFactory, roles: str) -> None:
    result(http("ada").post(f"{roles}/grace", json={"role": "USER"}), 201)
    (taken,) = result(http("ada").post(f"{roles}/grace", json={"role": "NONE"}), 200)
    assert taken["role"] == "NONE"
    refusal(http("ada").get(f"{roles}/grace"), 404)
    refusal(http("grace").get(roles.removesuffix("/roles")), 403)


def test_deleting_takes_one_role_or_all_but_the_owners(http: HttpFactory, roles: str) -> None:
    for username in ("grace", "bob", "eve"):
        result(http("ada").post(f"{roles}/{username}", json={"role": "USER"}), 201)
    assert "result" not in http("ada").delete(f"{roles}/bob").json()
    names = [item["username"] for item in result(http("ada").get(roles))]
    assert names == ["ada", "grace", "eve"]
    result(http("ada").delete(roles))
    assert [item["username"] for item in result(http("ada").get(roles))] == ["ada"]
    result(http("ada").delete(f"{roles}/bob"))


def test_the_owner_cannot_be_changed(http: HttpFactory, roles: str) -> None:
    refusal(http("ada").post(f"{roles}/ada", json={"role": "USER"}), 400)
    refusal(http("ada").post(f"{roles}/grace", json={"role": "OWNER"}), 400)
    refusal(http("ada").delete(f"{roles}/ada"), 400)
    assert result(http("ada").get(f"{roles}/ada"))["role"] == "OWNER"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"username": "grace"}, "'role'"),
        ({"username": "grace", "role": ""}, "'role'"),
        ({"username": "grace", "role": "KING"}, "KING"),
        ({"role": "USER"}, "'username'"),
    ],
)
def test_what_is_missing_or_unknown_is_named(
    http: HttpFactory, roles: str, body: dict[str, str], named: str
) -> None:
    assert named in refusal(http("ada").post(roles, json=body), 400)


def test_the_user_in_the_address_and_in_the_body_must_agree(http: HttpFactory, roles: str) -> None:
    same = {"username": "grace", "role": "USER"}
    result(http("ada").post(f"{roles}/grace", json=same), 201)
    assert "bob" in refusal(http("ada").post(f"{roles}/bob", json=same), 400)


def test_roles_on_public_systems_are_not_implemented(http: HttpFactory) -> None:
    roles = f"{BASE}/sandbox.storage/roles"
    for user in ("ada", "admin"):
        refusal(http(user).post(f"{roles}/grace", json={"role": "ADMIN"}), 501)
        refusal(http(user).delete(roles), 501)
        refusal(http(user).delete(f"{roles}/grace"), 501)
    (role,) = result(http("ada").get(roles))
    assert (role["username"], role["role"]) == ("ada", "USER")
