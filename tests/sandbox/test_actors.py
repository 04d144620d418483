"""Actors as they are registered, shown, replaced and deleted, and who may do it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agavepy.errors import BadRequest, NotFound
from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import users
from tests.conftest import HttpFactory
from tests.sandbox.actors_support import BASE, IMAGE, address, new_name, register, result, share
from tests.sandbox.answers import flask_refusal as refusal
from tests.waiting import wait_for

DENIED = "Not authorized -- you do not have access to this actor."


def test_a_new_actor_is_submitted_and_then_ready(http: HttpFactory) -> None:
    actor = register(http("ada"))
    assert re.fullmatch(r"[A-Za-z0-9]{13}", actor["id"])
    assert (actor["status"], actor["statusMessage"]) == ("SUBMITTED", "")
    wait_for(lambda: result(http("ada").get(address(actor)))["status"] == "READY")


def test_what_is_left_out_has_its_default_and_what_is_not_set_no_key(http: HttpFactory) -> None:
    actor = register(http("ada"))
    defaults = {
        "image": IMAGE, "description": "", "type": "none", "stateless": True, "token": True,
        "link": "", "webhook": "", "hints": [], "privileged": False, "useContainerUid": False,
        "defaultEnvironment": {}, "queue": "default", "cronOn": False, "mounts": [], "revision": 1,
        "owner": "ada",
    }  # fmt: skip
    assert {name: actor[name] for name in defaults} == defaults
    absent = {"name", "maxWorkers", "maxCpus", "memLimit", "logEx", "cronSchedule", "cronNextEx"}
    assert not absent & set(actor)
    assert None not in actor.values()


def test_an_actor_is_shown_as_it_was_defined(http: HttpFactory) -> None:
    fields: dict[str, Any] = {
        "name": new_name(), "description": "Counts.", "type": "json", "stateless": False,
        "token": False, "webhook": "http://127.0.0.1:9/hook", "hints": ["sync", "one two"],
        "defaultEnvironment": {"A": "1", "B": "x y"}, "logEx": 60, "cronOn": False,
    }  # fmt: skip
    actor = register(http("ada"), **fields)
    assert {name: actor[name] for name in fields} == fields
    assert result(http("ada").get(address(actor)))["defaultEnvironment"] == {"A": "1", "B": "x y"}


def test_links_are_plain_texts_that_lead_somewhere(http: HttpFactory) -> None:
    actor = register(http("ada"))
    assert set(actor["_links"]) == {"self", "owner", "executions"}
    for link in actor["_links"].values():
        assert http("ada").get(link).status_code == 200
    assert result(http("ada").get(actor["_links"]["self"]))["id"] == actor["id"]


def test_an_actor_may_be_defined_by_a_form(http: HttpFactory) -> None:
    answer = http("ada").post(BASE, data={"image": IMAGE, "stateless": "false", "logEx": "90"})
    actor = result(answer)
    assert (actor["stateless"], actor["logEx"]) == (False, 90)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"image": None}, "image"),
        ({"image": ""}, "image"),
        ({"type": "xml"}, "type"),
        ({"stateless": "maybe"}, "stateless"),
        ({"hints": ["a{b}"]}, "hints"),
        ({"hints": ['say "x"']}, "hints"),
        ({"hints": "a[0]"}, "hints"),
        ({"hints": [1]}, "hints"),
        ({"defaultEnvironment": "A=1"}, "defaultEnvironment"),
        ({"defaultEnvironment": {"A=B": "1"}}, "defaultEnvironment"),
        ({"description": ["a"]}, "description"),
        ({"logEx": "soon"}, "logEx"),
        ({"logEx": 0}, "logEx"),
        ({"webhook": "mailto:a@b"}, "webhook"),
        ({"webhook": "http://[oops"}, "webhook"),
        ({"cronSchedule": "every day"}, "every day"),
        ({"cronSchedule": "2001-01-01 00 + 1 day"}, "past"),
    ],
)
def test_a_field_that_cannot_be_is_named(
    http: HttpFactory, fields: dict[str, Any], named: str
) -> None:
    assert named in refusal(http("ada").post(BASE, json={"image": IMAGE, **fields}))


def test_a_body_that_is_no_object_is_refused(http: HttpFactory) -> None:
    assert "object" in refusal(http("ada").post(BASE, json=["image"]))
    assert "Invalid JSON" in refusal(http("ada").post(BASE, data="{", headers=_JSON))


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "fields",
    [
        {"privileged": True},
        {"maxWorkers": 2},
        {"maxCpus": 1},
        {"memLimit": "1g"},
        {"queue": "special"},
        {"useContainerUid": True},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_costs_others_is_for_privileged_users(
    http: HttpFactory, fields: dict[str, Any]
) -> None:
    (name,) = fields
    message = refusal(http("ada").post(BASE, json={"image": IMAGE, **fields}))
    assert message.startswith("Not authorized -- only admins and privileged users")
    assert name in message
    assert register(http("admin"), **fields)[name] == fields[name]
    harmless = False if isinstance(fields[name], bool) else None
    register(http("ada"), **{name: harmless})


def test_a_privileged_user_need_not_be_an_administrator(fresh_sandbox: Sandbox) -> None:
    tenant = fresh_sandbox.tenant
    grace = users.get(tenant, "grace")
    assert grace is not None
    actors = fresh_sandbox.client("grace").actors
    body = {"image": IMAGE, "privileged": True, "maxWorkers": 3}
    with pytest.raises(BadRequest, match="privileged users"):
        actors.add(body=body)
    users.set_role(tenant, grace, "Internal/abaco-privileged", held=True)
    assert actors.add(body=body).maxWorkers == 3
    with pytest.raises(BadRequest, match="admin role"):
        actors.listAllActors()


def test_a_memory_limit_has_a_number_and_a_unit(http: HttpFactory) -> None:
    assert "memLimit" in refusal(
        http("admin").post(BASE, json={"image": IMAGE, "memLimit": "lots"})
    )


def test_a_stateful_actor_has_one_worker_only(http: HttpFactory) -> None:
    body = {"image": IMAGE, "stateless": False, "maxWorkers": 1}
    assert "maxWorkers" in refusal(http("admin").post(BASE, json=body))


def test_a_schedule_tells_its_next_run(http: HttpFactory) -> None:
    actor = register(http("ada"), cronOn=True, cronSchedule="2098-05-01 07 + 3 hours")
    assert actor["cronNextEx"] == "2098-05-01 07"
    body = {"image": IMAGE, "cronOn": True, "cronSchedule": "2098-05-01 07 + 3 hours"}
    assert result(http("ada").put(address(actor), json=body))["cronNextEx"] == "2098-05-01 07"
    assert "cronNextEx" not in result(http("ada").put(address(actor), json={"image": IMAGE}))


def test_a_link_leads_to_an_actor_that_its_owner_may_execute(http: HttpFactory) -> None:
    target = register(http("grace"))
    body = {"image": IMAGE, "link": target["id"]}
    assert refusal(http("ada").post(BASE, json=body)) == DENIED
    share(http("grace"), target, "ada", "EXECUTE")
    assert result(http("ada").post(BASE, json=body))["link"] == target["id"]
    body["link"] = "nothing"
    assert "'nothing'" in refusal(http("ada").post(BASE, json=body), 404)


def test_links_make_no_circle_not_even_through_an_alias(http: HttpFactory) -> None:
    one = register(http("ada"))
    two = register(http("ada"), link=one["id"])
    alias = new_name()
    result(http("ada").post(f"{BASE}/aliases", json={"alias": alias, "actorId": two["id"]}))
    for link in (one["id"], two["id"], alias):
        message = refusal(http("ada").put(address(one), json={"image": IMAGE, "link": link}))
        assert "circle" in message
    three = register(http("ada"))
    body = {"image": IMAGE, "link": alias}
    assert result(http("ada").put(address(three), json=body))["link"] == alias


def test_an_update_replaces_everything_but_name_owner_and_state(http: HttpFactory) -> None:
    actor = register(
        http("ada"), name="kept", description="Old.", stateless=False, hints=["a"], logEx=60
    )
    result(http("ada").post(address(actor, "state"), json={"n": 1}))
    share(http("ada"), actor, "grace", "UPDATE")
    body = {"image": IMAGE, "stateless": False}
    changed = result(http("grace").put(address(actor), json=body))
    assert (changed["description"], changed["hints"]) == ("", [])
    assert "logEx" not in changed
    kept = ("id", "name", "owner", "createTime", "revision")
    assert {name: changed[name] for name in kept} == {name: actor[name] for name in kept}
    assert changed["state"] == {"n": 1}
    assert changed["lastUpdateTime"] != actor["lastUpdateTime"]


def test_a_new_image_or_force_makes_a_new_revision(http: HttpFactory) -> None:
    actor = register(http("ada"))
    wait_for(lambda: result(http("ada").get(address(actor)))["status"] == "READY")
    same = result(http("ada").put(address(actor), json={"image": IMAGE}))
    assert (same["status"], same["revision"]) == ("READY", 1)
    forced = result(http("ada").put(address(actor), json={"image": IMAGE, "force": True}))
    assert (forced["status"], forced["revision"]) == ("SUBMITTED", 2)
    other = result(http("ada").put(address(actor), json={"image": "sandbox/env"}))
    assert (other["status"], other["revision"], other["image"]) == ("SUBMITTED", 3, "sandbox/env")


def test_what_an_update_cannot_change_is_refused_by_name(http: HttpFactory) -> None:
    actor = register(http("ada"), name="first", stateless=False)
    body: dict[str, Any] = {"image": IMAGE, "stateless": False}
    assert "name" in refusal(http("ada").put(address(actor), json={**body, "name": "second"}))
    assert "image" in refusal(http("ada").put(address(actor), json={"stateless": False}))
    assert "stateless" in refusal(http("ada").put(address(actor), json={"image": IMAGE}))
    result(http("ada").put(address(actor), json={**body, "name": "first"}))
    stateless = register(http("ada"))
    changed = result(http("ada").put(address(stateless), json=body))
    assert changed["stateless"] is False


def test_an_actor_is_its_owners_until_it_is_shared(http: HttpFactory) -> None:
    actor = register(http("ada"))
    body = {"image": IMAGE}
    assert refusal(http("grace").get(address(actor))) == DENIED
    assert refusal(http("grace").put(address(actor), json=body)) == DENIED
    assert refusal(http("grace").delete(address(actor))) == DENIED
    share(http("ada"), actor, "grace", "READ")
    result(http("grace").get(address(actor)))
    assert refusal(http("grace").put(address(actor), json=body)) == DENIED
    result(http("admin").get(address(actor)))


def test_a_listing_holds_what_one_may_read(http: HttpFactory) -> None:
    actor = register(http("ada"))

    def listed(user: str) -> list[str]:
        return [item["id"] for item in result(http(user).get(BASE))]

    assert actor["id"] in listed("ada")
    assert actor["id"] in listed("admin")
    assert actor["id"] not in listed("grace")
    share(http("ada"), actor, "grace", "EXECUTE")
    assert listed("grace")[-1] == actor["id"]


def test_a_deleted_actor_is_gone_with_all_that_it_had(http: HttpFactory) -> None:
    actor = register(http("ada"))
    alias = new_name()
    result(http("ada").post(f"{BASE}/aliases", json={"alias": alias, "actorId": actor["id"]}))
    nonce = result(http("ada").post(address(actor, "nonces")))["id"]
    assert result(http("ada").delete(address(actor))) is None
    told = f"Actor with identifier '{actor['id']}' not found"
    assert refusal(http("ada").get(address(actor)), 404) == told
    assert refusal(http("ada").put(address(actor), json={"image": IMAGE}), 404) == told
    assert refusal(http("ada").delete(address(actor)), 404) == told
    assert alias in refusal(http("ada").get(f"{BASE}/aliases/{alias}"), 404)
    assert "nonce" in refusal(http("").get(address(actor), params={"x-nonce": nonce}))
    assert actor["id"] not in [item["id"] for item in result(http("ada").get(BASE))]


def test_the_client_does_all_of_it_by_name(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    actor = ag.actors.add(image=IMAGE, name="by name")
    assert ag.actors.get(actorId=actor.id).name == "by name"
    assert ag.actors.update(actorId=actor.id, body={"image": IMAGE}).name == "by name"
    assert actor.id in [item.id for item in ag.actors.list()]
    with pytest.raises(BadRequest, match="you do not have access"):
        sandbox.client("grace").actors.delete(actorId=actor.id)
    assert ag.actors.delete(actorId=actor.id) is None
    with pytest.raises(NotFound):
        ag.actors.get(actorId=actor.id)


def test_a_demo_tenant_has_an_actor_that_answers(fresh_sandbox: Sandbox) -> None:
    ag = fresh_sandbox.client("ada")
    (echo,) = ag.actors.list()
    assert (echo.name, echo.image, echo.owner) == ("echo", IMAGE, "ada")
    wait_for(lambda: ag.actors.get(actorId=echo.id).status == "READY")
    answer = ag.actors.sendMessage(actorId=echo.id, message="hello", _abaco_synchronous=True)
    assert answer.content == b"hello\n"
