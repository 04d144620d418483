"""Nonces: what lets somebody use one actor or alias without an access token, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agavepy import loader
from agavepy.agave import Agave
from agavepy.errors import BadRequest
from agavepy.plan import Plan
from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import users
from tests.conftest import Http, HttpFactory
from tests.sandbox.actors_support import (
    BASE,
    IMAGE,
    Document,
    address,
    new_name,
    register,
    result,
    share,
)
from tests.sandbox.answers import flask_refusal as refusal

NONCE = "x-nonce"


@pytest.fixture
def actor(http: HttpFactory) -> Document:
    return register(http("ada"), stateless=False)


@pytest.fixture
def alias(http: HttpFactory, actor: Document) -> str:
    name = new_name()
    result(http("ada").post(f"{BASE}/aliases", json={"alias": name, "actorId": actor["id"]}))
    return name


@pytest.fixture
def nobody(sandbox: Sandbox) -> Iterator[Http]:
    with Http(sandbox.url, "") as web:
        yield web


def make(http: Http, actor: Document, **fields: object) -> str:
    nonce: str = result(http.post(address(actor, "nonces"), json=fields))["id"]
    return nonce


def make_of_alias(http: Http, alias: str, **fields: object) -> str:
    nonce: str = result(http.post(f"{BASE}/aliases/{alias}/nonces", json=fields))["id"]
    return nonce


def test_a_nonce_says_what_it_is_good_for(http: HttpFactory, actor: Document) -> None:
    made = result(http("ada").post(address(actor, "nonces")))
    assert made["id"].startswith("SANDBOX_")
    expected = {
        "owner": "ada", "level": "EXECUTE", "maxUses": -1, "remainingUses": -1, "currentUses": 0,
        "description": "", "lastUseTime": "None", "actorId": actor["id"],
    }  # fmt: skip
    assert {name: made[name] for name in expected} == expected
    assert made["_links"]["self"].endswith(address(actor, "nonces", made["id"]))
    assert result(http("ada").get(made["_links"]["self"])) == made
    assert result(http("ada").get(address(actor, "nonces"))) == [made]


def test_a_nonce_is_used_in_place_of_a_token(
    http: HttpFactory, nobody: Http, actor: Document
) -> None:
    nonce = make(http("ada"), actor, level="EXECUTE", maxUses=2, description="For a friend.")
    assert result(nobody.get(address(actor), params={NONCE: nonce}))["id"] == actor["id"]
    body = {"message": "hello"}
    result(nobody.post(address(actor, "messages"), params={NONCE: nonce}, json=body))
    used = result(http("ada").get(address(actor, "nonces", nonce)))
    assert (used["currentUses"], used["remainingUses"], used["maxUses"]) == (2, 0, 2)
    assert used["lastUseTime"] != "None"
    assert "no uses left" in refusal(nobody.get(address(actor), params={NONCE: nonce}))


def test_a_nonce_goes_no_further_than_its_level(
    http: HttpFactory, nobody: Http, actor: Document
) -> None:
    state = address(actor, "state")
    read = {NONCE: make(http("ada"), actor, level="READ", maxUses=1)}
    refused = refusal(nobody.post(address(actor, "messages"), params=read, json={"message": "x"}))
    assert "READ" in refused
    assert "READ" in refusal(nobody.post(state, params=read, json=1))
    result(nobody.get(state, params=read))  # what was refused has used up nothing
    none = {NONCE: make(http("ada"), actor, level="NONE")}
    assert "NONE" in refusal(nobody.get(state, params=none))
    update = {NONCE: make(http("ada"), actor, level="UPDATE")}
    result(nobody.post(state, params=update, json=1))
    result(nobody.delete(address(actor), params=update))


def test_a_nonce_that_is_none_opens_nothing(nobody: Http, actor: Document) -> None:
    assert "does not exist" in refusal(nobody.get(address(actor), params={NONCE: "SANDBOX_x"}))
    assert "does not exist" in refusal(nobody.get(address(actor), params={NONCE: ""}))
    assert nobody.get(address(actor)).status_code == 401


def test_a_token_counts_before_a_nonce(http: HttpFactory, actor: Document) -> None:
    nonce = make(http("ada"), actor, level="READ", maxUses=1)
    refusal(http("grace").get(address(actor), params={NONCE: nonce}))
    result(http("ada").get(address(actor), params={NONCE: nonce}))
    assert result(http("ada").get(address(actor, "nonces", nonce)))["currentUses"] == 0


def test_a_nonce_lasts_no_longer_than_the_rights_of_its_maker(
    http: HttpFactory, nobody: Http, actor: Document
) -> None:
    share(http("ada"), actor, "grace", "UPDATE")
    nonce = make(http("grace"), actor, level="READ")
    assert result(http("ada").get(address(actor, "nonces", nonce)))["owner"] == "grace"
    result(nobody.get(address(actor), params={NONCE: nonce}))
    share(http("ada"), actor, "grace", "NONE")
    refusal(nobody.get(address(actor), params={NONCE: nonce}))


def test_a_nonce_goes_with_its_maker(fresh_sandbox: Sandbox) -> None:
    actors = fresh_sandbox.client("admin").actors
    actor_id = actors.add(image=IMAGE).id
    nonce = actors.addNonce(actorId=actor_id).id
    stranger = Agave(api_server=fresh_sandbox.url, use_nonce=True).actors
    assert stranger.get(actorId=actor_id, nonce=nonce).owner == "admin"
    users.delete(fresh_sandbox.tenant, "admin")
    with pytest.raises(BadRequest, match="is gone"):
        stranger.get(actorId=actor_id, nonce=nonce)


def test_a_nonce_opens_no_api_that_is_blocked(fresh_sandbox: Sandbox) -> None:
    actors = fresh_sandbox.client("ada").actors
    (echo,) = actors.list()
    nonce = actors.addNonce(actorId=echo.id).id
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("admin")["token"]) as admin:
        state = {"status": "BLOCKED"}
        assert admin.put("/admin/v2/apis/Actors-admin-v2", json=state).status_code == 200
    with Http(fresh_sandbox.url, "") as web:
        answer = web.get(address(echo), params={NONCE: nonce})
    assert (answer.status_code, answer.json()["fault"]["code"]) == (503, 900907)


def test_a_nonce_carries_the_roles_of_its_maker(
    http: HttpFactory, nobody: Http, actor: Document
) -> None:
    body = {"image": IMAGE, "stateless": False, "privileged": True}
    theirs = {NONCE: make(http("ada"), actor, level="UPDATE")}
    refusal(nobody.put(address(actor), params=theirs, json=body))
    admins = {NONCE: make(http("admin"), actor, level="UPDATE")}
    assert result(nobody.put(address(actor), params=admins, json=body))["privileged"] is True


def _request(plan: Plan, actor_id: str, alias: str) -> str:
    path = plan.path
    for name, value in (("actorId", actor_id), ("alias", alias)):
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{", "").replace("}", "")


def _plans(with_nonce: bool) -> list[Plan]:
    return [
        plan
        for plan in loader.service_plan("actors").values()
        if any(item.name == NONCE for item in plan.parameters) is with_nonce
    ]


@pytest.mark.parametrize("plan", _plans(True), ids=lambda plan: plan.name)
def test_a_nonce_of_another_actor_or_alias_is_refused_everywhere(
    http: HttpFactory, nobody: Http, actor: Document, alias: str, plan: Plan
) -> None:
    other = register(http("ada"))
    other_alias = new_name()
    body = {"alias": other_alias, "actorId": other["id"]}
    result(http("ada").post(f"{BASE}/aliases", json=body))
    for nonce in (
        make(http("ada"), other, level="UPDATE"),
        make_of_alias(http("ada"), other_alias),
    ):
        path = _request(plan, actor["id"], alias)
        headers = {"Content-Type": plan.consumes[0]}
        answer = nobody.request(
            plan.method, path, params={NONCE: nonce}, data=json.dumps({"a": 1}), headers=headers
        )
        assert "the nonce is not valid for" in refusal(answer)


@pytest.mark.parametrize("plan", _plans(False), ids=lambda plan: plan.name)
def test_what_is_about_no_actor_takes_no_nonce(
    http: HttpFactory, nobody: Http, actor: Document, plan: Plan
) -> None:
    nonce = make(http("admin"), actor, level="UPDATE")
    path = _request(plan, actor["id"], "x")
    answer = nobody.request(plan.method, path, params={NONCE: nonce}, json={})
    assert answer.status_code == 401
    assert answer.json()["fault"]["code"] == 900902


def test_an_alias_needs_a_nonce_of_its_own(
    http: HttpFactory, nobody: Http, actor: Document, alias: str
) -> None:
    of_actor = {NONCE: make(http("ada"), actor)}
    of_alias = {NONCE: make_of_alias(http("ada"), alias)}
    assert result(nobody.get(f"{BASE}/{alias}", params=of_alias))["id"] == actor["id"]
    result(nobody.get(f"{BASE}/aliases/{alias}", params=of_alias))
    result(nobody.post(f"{BASE}/{alias}/messages", params=of_alias, json={"message": "x"}))
    assert alias in refusal(nobody.get(f"{BASE}/{alias}", params=of_actor))
    assert actor["id"] in refusal(nobody.get(address(actor), params=of_alias))


def test_a_nonce_of_an_alias_is_shown_as_abaco_shows_it(
    http: HttpFactory, actor: Document, alias: str
) -> None:
    where = f"{BASE}/aliases/{alias}/nonces"
    body = {"level": "READ", "maxUses": 3, "description": "d"}
    made = result(http("ada").post(where, json=body))
    assert {name: made[name] for name in body} == body
    assert made["alias"] == alias
    assert "actorId" not in made
    assert made["_links"]["self"].endswith(f"{BASE}/None/nonces/{made['id']}")
    assert result(http("ada").get(where)) == [made]
    assert result(http("ada").get(f"{where}/{made['id']}")) == made
    refusal(http("ada").get(address(actor, "nonces", made["id"])))
    assert "UPDATE" in refusal(http("ada").post(where, json={"level": "UPDATE"}))
    assert result(http("ada").delete(f"{where}/{made['id']}")) is None
    refusal(http("ada").delete(f"{where}/{made['id']}"))
    assert result(http("ada").get(where)) == []
    refusal(http("grace").get(where))
    refusal(http("grace").post(where, json=body))


def test_a_deleted_nonce_opens_nothing(http: HttpFactory, nobody: Http, actor: Document) -> None:
    nonce = make(http("ada"), actor)
    where = address(actor, "nonces", nonce)
    refusal(http("grace").delete(where))
    assert result(http("ada").delete(where)) is None
    refusal(nobody.get(address(actor), params={NONCE: nonce}))
    assert nonce in refusal(http("ada").get(where))
    assert nonce in refusal(http("ada").delete(where))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"level": "ALL"}, "ALL"),
        ({"maxUses": 0}, "maxUses"),
        ({"maxUses": -2}, "maxUses"),
        ({"maxUses": "some"}, "maxUses"),
        ([1], "object"),
    ],
)
def test_what_a_nonce_cannot_be_is_named(
    http: HttpFactory, actor: Document, body: object, named: str
) -> None:
    assert named in refusal(http("ada").post(address(actor, "nonces"), json=body))


def test_nonces_are_made_by_those_who_may_update(http: HttpFactory, actor: Document) -> None:
    share(http("ada"), actor, "grace", "EXECUTE")
    refusal(http("grace").post(address(actor, "nonces"), json={}))
    assert result(http("grace").get(address(actor, "nonces"))) == []


def test_the_client_needs_nothing_but_a_nonce(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    actor_id = ag.actors.add(image=IMAGE).id
    nonce = ag.actors.addNonce(actorId=actor_id, body='{"level": "READ", "maxUses": 2}')["id"]
    stranger = Agave(api_server=sandbox.url, use_nonce=True)
    assert stranger.actors.get(actorId=actor_id, nonce=nonce).id == actor_id
    assert stranger.actors.get(**{"actorId": actor_id, NONCE: nonce}).id == actor_id
    with pytest.raises(BadRequest, match="no uses left"):
        stranger.actors.get(actorId=actor_id, nonce=nonce)
    (shown,) = ag.actors.listNonces(actorId=actor_id)
    assert (shown.id, shown.remainingUses) == (nonce, 0)
    assert ag.actors.getNonce(actorId=actor_id, nonceId=nonce).currentUses == 2
    assert ag.actors.deleteNonce(actorId=actor_id, nonceId=nonce) is None
