"""Permissions on metadata items and schemas: what they let others do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import DATA, NOBODY, SCHEMA, SCHEMAS, add, add_schema, search


@pytest.fixture(params=["item", "schema"])
def address(request: pytest.FixtureRequest, http: HttpFactory) -> str:
    """The address of a new item, or schema, of ada."""
    if request.param == "item":
        return f"{DATA}/{add(http('ada'), {'genus': 'Abies'})['uuid']}"
    return f"{SCHEMAS}/{add_schema(http('ada'))['uuid']}"


def change(address: str) -> dict[str, Any]:
    """Return a body that updates what is at an address."""
    return {"name": "changed", "value": 1} if address.startswith(DATA) else SCHEMA


def test_the_owner_has_everything(http: HttpFactory, address: str) -> None:
    (item,) = result(http("ada").get(f"{address}/pems"))
    assert (item["username"], item["permission"]) == ("ada", {"read": True, "write": True})
    assert list(item) == ["username", "permission", "_links"]
    assert result(http("ada").get(f"{address}/pems/ada")) == item
    links = {name: link["href"] for name, link in item["_links"].items()}
    # As from the server, which leaves /data out of this one.
    assert links.pop("self").endswith(f"{address.replace('/data/', '/')}/pems/ada")
    for name, href in links.items():
        assert http("ada").get(href).status_code == 200, name


@pytest.mark.parametrize(
    ("word", "read", "write"),
    [
        ("READ", True, False),
        ("write", False, True),
        ("READ_WRITE", True, True),
        ("ALL", True, True),
    ],
)
def test_a_permission_lets_the_other_do_just_that(
    http: HttpFactory, address: str, word: str, read: bool, write: bool
) -> None:
    ada, grace = http("ada"), http("grace")
    given = {"username": "grace", "permission": word}
    item = result(ada.post(f"{address}/pems", json=given), 201)
    assert item["permission"] == {"read": read, "write": write}
    assert result(ada.get(f"{address}/pems/grace")) == item
    assert result(ada.get(f"{address}/pems"))[1] == item
    assert grace.get(address).status_code == (200 if read else 403)
    assert grace.get(f"{address}/pems").status_code == (200 if read else 403)
    assert grace.get(f"{address}/pems/ada").status_code == (200 if read else 403)
    assert grace.post(address, json=change(address)).status_code == (200 if write else 403)
    more = grace.post(f"{address}/pems", json={"username": "admin", "permission": "READ"})
    assert more.status_code == (201 if write else 403)
    uuid = address.rpartition("/")[2]
    collection = DATA if address.startswith(DATA) else SCHEMAS
    assert len(search(grace, {"uuid": uuid}, collection)) == int(read)
    assert grace.delete(address).status_code == (200 if write else 403)


def test_a_permission_can_be_taken_away_in_four_ways(http: HttpFactory, address: str) -> None:
    ada, pems = http("ada"), f"{address}/pems"
    give = {"username": "grace", "permission": "READ"}
    none = {"username": "grace", "permission": "NONE"}
    for verb, address_of, body in (
        ("POST", pems, none),
        ("POST", f"{pems}/grace", {"permission": "NONE"}),
        ("DELETE", f"{pems}/grace", None),
        ("DELETE", pems, None),
    ):
        result(ada.post(f"{pems}/grace", json={"permission": "READ"}), 201)
        assert http("grace").get(address).status_code == 200
        taken = result(ada.request(verb, address_of, json=body))
        assert taken is None or taken["permission"] == {"read": False, "write": False}
        refusal(http("grace").get(address), 403)
        assert "grace" in refusal(ada.get(f"{pems}/grace"), 404)
        assert [item["username"] for item in result(ada.get(pems))] == ["ada"]
    result(ada.post(pems, data=give), 201)  # a form


def test_everybody_may_be_given_a_permission(http: HttpFactory, address: str) -> None:
    for name in ("public", "world"):
        result(http("ada").post(f"{address}/pems/{name}", json={"permission": "READ"}), 201)
        assert http("grace").get(address).status_code == 200
        refusal(http("grace").post(address, json=change(address)), 403)
        result(http("ada").delete(f"{address}/pems/{name}"))
        refusal(http("grace").get(address), 403)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"permission": "READ"}, "No username"),
        ({"username": "", "permission": "READ"}, "No username"),
        ({"username": "grace"}, "Invalid permission"),
        ({"username": "grace", "permission": "OWN"}, "OWN"),
        ({"username": "grace", "permission": ["READ"]}, "Invalid permission"),
        ({"username": "nobody", "permission": "READ"}, "nobody"),
        ({"username": "ada", "permission": "READ"}, "owner"),
        ([], "object"),
    ],
)
def test_a_permission_that_cannot_be_is_refused(
    http: HttpFactory, address: str, body: Any, said: str
) -> None:
    assert said in refusal(http("ada").post(f"{address}/pems", json=body), 400)
    assert len(result(http("ada").get(f"{address}/pems"))) == 1


def test_the_address_and_the_body_must_name_the_same_user(http: HttpFactory, address: str) -> None:
    body = {"username": "admin", "permission": "READ"}
    assert "admin" in refusal(http("ada").post(f"{address}/pems/grace", json=body), 400)


def test_those_who_may_not_read_learn_nothing(http: HttpFactory, address: str) -> None:
    grace, pems = http("grace"), f"{address}/pems"
    body = {"username": "grace", "permission": "ALL"}
    for answer in (
        grace.get(pems),
        grace.get(f"{pems}/ada"),
        grace.post(pems, json=body),
        grace.post(f"{pems}/grace", json=body),
        grace.delete(pems),
        grace.delete(f"{pems}/grace"),
    ):
        refusal(answer, 403)
    assert result(http("admin").post(pems, json=body), 201)["permission"]["write"]


@pytest.mark.parametrize("collection", [DATA, SCHEMAS])
def test_what_is_not_there_has_no_permissions(http: HttpFactory, collection: str) -> None:
    ada, pems = http("ada"), f"{collection}/{NOBODY}/pems"
    body = {"username": "grace", "permission": "READ"}
    for answer in (
        ada.get(pems),
        ada.get(f"{pems}/ada"),
        ada.post(pems, json=body),
        ada.post(f"{pems}/grace", json=body),
        ada.delete(pems),
        ada.delete(f"{pems}/grace"),
    ):
        assert NOBODY in refusal(answer, 404)


def test_permissions_are_listed_in_pages(http: HttpFactory, address: str) -> None:
    result(http("ada").post(f"{address}/pems/grace", json={"permission": "READ"}), 201)
    page = result(http("ada").get(f"{address}/pems", params={"limit": 1, "offset": 1}))
    assert [item["username"] for item in page] == ["grace"]


def test_permissions_come_with_an_item(http: HttpFactory) -> None:
    given = [{"username": "grace", "permission": "READ"}]
    item = add(http("ada"), 1, permissions=given)
    address = f"{DATA}/{item['uuid']}"
    assert result(http("grace").get(address)) == item
    body = {"name": "n", "value": 2, "permissions": [{"username": "grace", "permission": "NONE"}]}
    result(http("ada").post(address, json=body))
    refusal(http("grace").get(address), 403)
