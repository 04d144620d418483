"""Aliases: names that stand for actors in every address."""

from __future__ import annotations

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.actors_support import BASE, Document, address, new_name, register, result, share
from tests.sandbox.answers import flask_refusal as refusal

ALIASES = f"{BASE}/aliases"


@pytest.fixture
def actor(http: HttpFactory) -> Document:
    return register(http("ada"))


@pytest.fixture
def alias(http: HttpFactory, actor: Document) -> str:
    name = new_name()
    result(http("ada").post(ALIASES, json={"alias": name, "actorId": actor["id"]}))
    return name


def test_an_alias_stands_for_its_actor(http: HttpFactory, actor: Document, alias: str) -> None:
    assert result(http("ada").get(f"{BASE}/{alias}"))["id"] == actor["id"]
    result(http("ada").get(f"{BASE}/{alias}/executions"))
    result(http("ada").delete(f"{BASE}/{alias}"))
    refusal(http("ada").get(address(actor)), 404)


def test_an_alias_tells_its_actor_and_owner(http: HttpFactory, actor: Document, alias: str) -> None:
    shown = result(http("ada").get(f"{ALIASES}/{alias}"))
    assert {k: v for k, v in shown.items() if k != "_links"} == {
        "alias": alias,
        "actorId": actor["id"],
        "owner": "ada",
    }
    assert set(shown["_links"]) == {"self", "owner", "actor"}
    for link in shown["_links"].values():
        assert http("ada").get(link).status_code == 200


def test_everybody_sees_which_aliases_are_taken(http: HttpFactory, alias: str) -> None:
    for user in ("ada", "grace", "admin"):
        assert alias in [item["alias"] for item in result(http(user).get(ALIASES))]
    assert alias in refusal(
        http("grace").post(ALIASES, json={"alias": alias, "actorId": register(http("grace"))["id"]})
    )


@pytest.mark.parametrize(
    "name",
    [
        *("executions", "nonces", "logs", "messages", "adapters", "admin"),
        *"\\ \":/?#[]@!$&'()*+,;=",
        "a b",
        "a/b",
        "tab\t",
        ".",
        "..",
    ],
)
def test_a_name_that_addresses_cannot_hold_is_refused(
    http: HttpFactory, actor: Document, name: str
) -> None:
    refusal(http("ada").post(ALIASES, json={"alias": name, "actorId": actor["id"]}))
    assert name not in [item["alias"] for item in result(http("ada").get(ALIASES))]


def test_no_id_is_an_alias_not_even_that_of_a_deleted_actor(
    http: HttpFactory, actor: Document
) -> None:
    gone = register(http("ada"))
    result(http("ada").delete(address(gone)))
    for name in (actor["id"], gone["id"]):
        body = {"alias": name, "actorId": actor["id"]}
        assert "id of an actor" in refusal(http("ada").post(ALIASES, json=body))


@pytest.mark.parametrize("name", ["utilization", "a-b.c_d~e", "Ü", "thirteenchars"])
def test_other_names_are_aliases(http: HttpFactory, actor: Document, name: str) -> None:
    body = {"alias": name, "actorId": actor["id"]}
    assert result(http("ada").post(ALIASES, json=body))["alias"] == name
    assert result(http("ada").get(f"{ALIASES}/{name}"))["actorId"] == actor["id"]
    result(http("ada").delete(f"{ALIASES}/{name}"))


def test_what_is_missing_is_named(http: HttpFactory, actor: Document) -> None:
    assert "actorId" in refusal(http("ada").post(ALIASES, json={"alias": new_name()}))
    assert "alias" in refusal(http("ada").post(ALIASES, json={"actorId": actor["id"]}))
    body = {"alias": new_name(), "actorId": "nobody"}
    assert "'nobody'" in refusal(http("ada").post(ALIASES, json=body), 404)


def test_an_alias_needs_update_on_the_actor(http: HttpFactory, actor: Document) -> None:
    body = {"alias": new_name(), "actorId": actor["id"]}
    share(http("ada"), actor, "grace", "EXECUTE")
    assert "access to this actor" in refusal(http("grace").post(ALIASES, json=body))
    share(http("ada"), actor, "grace", "UPDATE")
    assert result(http("grace").post(ALIASES, json=body))["owner"] == "grace"


def test_an_alias_can_be_pointed_elsewhere(http: HttpFactory, alias: str) -> None:
    other = register(http("ada"))
    where = f"{ALIASES}/{alias}"
    body = {"alias": alias, "actorId": other["id"]}
    assert result(http("ada").put(where, json=body))["actorId"] == other["id"]
    assert result(http("ada").get(f"{BASE}/{alias}"))["id"] == other["id"]
    refused = refusal(http("ada").put(where, json={**body, "alias": "another"}))
    assert "'another'" in refused
    foreign = register(http("grace"))
    refusal(http("ada").put(where, json={"actorId": foreign["id"]}))
    refusal(http("grace").put(where, json={"actorId": foreign["id"]}))


def test_an_alias_is_deleted_by_those_who_may_update_it(
    http: HttpFactory, actor: Document, alias: str
) -> None:
    where = f"{ALIASES}/{alias}"
    assert "access to this alias" in refusal(http("grace").get(where))
    assert "access to this alias" in refusal(http("grace").delete(where))
    assert result(http("ada").delete(where)) is None
    for method in ("GET", "DELETE"):
        assert alias in refusal(http("ada").request(method, where), 404)
    assert alias in refusal(http("ada").get(f"{BASE}/{alias}"), 404)
    result(http("ada").get(address(actor)))


def test_the_client_does_all_of_it_by_name(sandbox: Sandbox) -> None:
    actors = sandbox.client("ada").actors
    actor_id, name = actors.add(image="sandbox/echo").id, new_name()
    assert actors.addAlias(alias=name, actorId=actor_id).actorId == actor_id
    assert actors.getAlias(alias=name).owner == "ada"
    other = actors.add(image="sandbox/echo").id
    assert actors.updateAlias(alias=name, body={"actorId": other}).actorId == other
    assert name in [item.alias for item in actors.listAliases()]
    assert actors.deleteAlias(alias=name) is None
