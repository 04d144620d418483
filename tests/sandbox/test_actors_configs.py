"""Configs: values that executions of actors find in their environment, secret or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import actors_run_support as run
from tests.sandbox.actors_support import BASE, Document, new_name, register, result, share
from tests.sandbox.answers import flask_refusal as refusal

CONFIGS = f"{BASE}/configs"


@pytest.fixture
def actor(http: HttpFactory) -> Document:
    return register(http("ada"), stateless=False)


def config(actor: Document, **changes: Any) -> Document:
    made = {"name": new_name(), "value": "v", "isSecret": False, "actors": actor["id"]}
    return {**made, **changes}


def test_a_config_is_shown_as_it_was_made(http: HttpFactory, actor: Document) -> None:
    body = config(actor)
    assert result(http("ada").post(CONFIGS, json=body)) == body
    where = f"{CONFIGS}/{body['name']}"
    assert result(http("ada").get(where)) == body
    assert body in result(http("ada").get(CONFIGS))


def test_a_secret_is_never_shown_and_still_reaches_the_actor(http: HttpFactory) -> None:
    web = http("ada")
    actor_id = run.ready(web, "sandbox/env")
    alias = new_name()
    result(web.post(f"{BASE}/aliases", json={"alias": alias, "actorId": actor_id}))
    other = register(web)
    secret = config(other, value="hunter2", isSecret=True, actors=f"{alias}, {other['id']}")
    plain = config(other, actors=actor_id)
    foreign = config(other)
    for body in (secret, plain, foreign):
        result(web.post(CONFIGS, json=body))
    where = f"{CONFIGS}/{secret['name']}"
    assert result(web.get(where))["actors"] == f"{alias},{other['id']}"
    for user in ("ada", "admin"):
        assert "hunter2" not in http(user).get(where).text + http(user).get(CONFIGS).text
    assert "hunter2" not in web.put(where, json=secret).text
    lines = run.printed(web, actor_id).splitlines()
    (found,) = (line for line in lines if line.startswith("_actor_configs="))
    given = json.loads(found.partition("=")[2])
    assert given == {secret["name"]: "hunter2", plain["name"]: "v"}


def test_a_config_is_replaced_but_for_its_name(http: HttpFactory, actor: Document) -> None:
    body = config(actor)
    where = f"{CONFIGS}/{body['name']}"
    result(http("ada").post(CONFIGS, json=body))
    changed = {**body, "value": "w"}
    assert result(http("ada").put(where, json=changed)) == changed
    assert "name" in refusal(http("ada").put(where, json={**changed, "name": None}))
    assert "'other'" in refusal(http("ada").put(where, json={**changed, "name": "other"}))
    assert "value" in refusal(http("ada").put(where, json={**changed, "value": None}))
    assert result(http("ada").get(where))["value"] == "w"


def test_a_deleted_config_is_gone(http: HttpFactory, actor: Document) -> None:
    body = config(actor)
    where = f"{CONFIGS}/{body['name']}"
    result(http("ada").post(CONFIGS, json=body))
    refusal(http("grace").delete(where))
    assert result(http("ada").delete(where)) is None
    for method in ("GET", "DELETE", "PUT"):
        answer = http("ada").request(method, where, json=body if method == "PUT" else None)
        assert body["name"] in refusal(answer, 404)
    result(http("ada").post(CONFIGS, json=body))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": None}, "name"),
        ({"value": None}, "value"),
        ({"isSecret": None}, "isSecret"),
        ({"isSecret": "perhaps"}, "isSecret"),
        ({"actors": None}, "actors"),
        ({"actors": " , "}, "actors"),
        ({"name": "utilization"}, "utilization"),
        ({"name": "nonces"}, "nonces"),
        ({"name": "a b"}, "a b"),
        ({"name": "a/b"}, "a/b"),
    ],
)
def test_what_is_missing_or_cannot_be_is_named(
    http: HttpFactory, actor: Document, changes: Document, named: str
) -> None:
    assert named in refusal(http("ada").post(CONFIGS, json=config(actor, **changes)))


def test_a_config_needs_actors_that_one_may_update(http: HttpFactory, actor: Document) -> None:
    refused = refusal(http("ada").post(CONFIGS, json=config(actor, actors="nobody")), 404)
    assert "'nobody'" in refused
    share(http("ada"), actor, "grace", "EXECUTE")
    refusal(http("grace").post(CONFIGS, json=config(actor)))
    share(http("ada"), actor, "grace", "UPDATE")
    result(http("grace").post(CONFIGS, json=config(actor)))


def test_two_configs_cannot_have_one_name(http: HttpFactory, actor: Document) -> None:
    body = config(actor)
    result(http("ada").post(CONFIGS, json=body))
    assert body["name"] in refusal(http("ada").post(CONFIGS, json={**body, "value": "other"}))
    assert result(http("ada").get(f"{CONFIGS}/{body['name']}"))["value"] == "v"


def test_a_config_has_permissions_of_its_own(http: HttpFactory, actor: Document) -> None:
    body = config(actor)
    result(http("ada").post(CONFIGS, json=body))
    where = f"{CONFIGS}/{body['name']}"
    assert "this config" in refusal(http("grace").get(where))
    assert body not in result(http("grace").get(CONFIGS))
    assert body in result(http("admin").get(CONFIGS))
    for method, sent in (("GET", None), ("POST", {"user": "grace", "level": "UPDATE"})):
        refusal(http("grace").request(method, f"{where}/permissions", json=sent))
    given = result(
        http("ada").post(f"{where}/permissions", json={"user": "grace", "level": "READ"})
    )
    assert given == {"ada": "UPDATE", "grace": "READ"}
    assert result(http("grace").get(f"{where}/permissions")) == given
    assert body in result(http("grace").get(CONFIGS))
    refusal(http("grace").put(where, json=body))


def test_the_client_does_all_of_it_by_name(sandbox: Sandbox) -> None:
    actors = sandbox.client("ada").actors
    actor_id, name = actors.add(image="sandbox/echo").id, new_name()
    made = actors.addConfig(name=name, value="v", isSecret=False, actors=actor_id)
    assert actors.getConfig(configName=name) == made
    body = {**made, "value": "w"}
    assert actors.updateConfig(configName=name, body=body).value == "w"
    sharing = {"user": "grace", "level": "READ"}
    assert actors.updateConfigPermissions(configName=name, body=sharing).grace == "READ"
    assert actors.getConfigPermissions(configName=name).ada == "UPDATE"
    assert name in [item.name for item in sandbox.client("grace").actors.listConfigs()]
    assert actors.deleteConfig(configName=name) is None


def test_a_secret_does_not_follow_an_alias_to_somebody_elses_actor(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    mine, newer, theirs = (run.ready(who, "sandbox/env") for who in (ada, ada, grace))
    alias = new_name()
    result(ada.post(f"{BASE}/aliases", json={"alias": alias, "actorId": mine}))
    secret = {"name": new_name(), "value": "hunter2", "isSecret": True, "actors": alias}
    assert result(ada.post(CONFIGS, json=secret))["value"] != "hunter2"
    assert "hunter2" in run.printed(ada, mine)
    result(ada.put(f"{BASE}/aliases/{alias}", json={"actorId": newer}))
    assert "hunter2" in run.printed(ada, newer)
    result(ada.delete(f"{BASE}/aliases/{alias}"))
    result(grace.post(f"{BASE}/aliases", json={"alias": alias, "actorId": theirs}))
    assert "hunter2" not in run.printed(grace, theirs)
