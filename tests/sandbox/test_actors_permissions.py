"""Permissions on actors and aliases: each level has those before it, for one user or for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import actors_run_support as run
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

LEVELS = ("NONE", "READ", "EXECUTE", "UPDATE")


@pytest.fixture
def actor(http: HttpFactory) -> Document:
    return register(http("ada"), stateless=False)


def test_the_owner_may_update_and_nobody_else_anything(http: HttpFactory, actor: Document) -> None:
    assert result(http("ada").get(address(actor, "permissions"))) == {"ada": "UPDATE"}
    refusal(http("grace").get(address(actor, "permissions")))


def test_permissions_are_levels_by_user(http: HttpFactory, actor: Document) -> None:
    where = address(actor, "permissions")
    given = result(http("ada").post(where, json={"user": "grace", "level": "READ"}))
    assert given == {"ada": "UPDATE", "grace": "READ"}
    given = result(http("ada").post(where, data={"user": "grace", "level": "UPDATE"}))
    assert given == {"ada": "UPDATE", "grace": "UPDATE"}
    assert result(http("grace").get(where)) == given


@pytest.mark.parametrize("user", ["grace", "ABACO_WORLD"])
@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_those_before_it(
    http: HttpFactory, actor: Document, user: str, level: str
) -> None:
    share(http("ada"), actor, user, level)
    attempts: list[tuple[str, str, str, Any]] = [
        ("READ", "GET", address(actor), None),
        ("READ", "GET", address(actor, "messages"), None),
        ("EXECUTE", "POST", address(actor, "messages"), {"message": "x"}),
        ("UPDATE", "POST", address(actor, "state"), {"a": 1}),
        ("UPDATE", "POST", address(actor, "permissions"), {"user": "bob", "level": "READ"}),
        ("UPDATE", "PUT", address(actor), {"image": IMAGE, "stateless": False}),
        ("UPDATE", "DELETE", address(actor), None),
    ]
    for needed, method, path, body in attempts:
        answer = http("grace").request(method, path, json=body)
        if LEVELS.index(level) >= LEVELS.index(needed):
            result(answer)
        else:
            refusal(answer)


def test_what_is_missing_or_unknown_is_named(http: HttpFactory, actor: Document) -> None:
    where = address(actor, "permissions")
    assert "user" in refusal(http("ada").post(where, json={"level": "READ"}))
    assert "level" in refusal(http("ada").post(where, json={"user": "grace"}))
    assert "OWN" in refusal(http("ada").post(where, json={"user": "grace", "level": "OWN"}))
    assert result(http("ada").get(where)) == {"ada": "UPDATE"}


def test_an_alias_has_permissions_of_its_own(http: HttpFactory, actor: Document) -> None:
    alias = new_name()
    result(http("ada").post(f"{BASE}/aliases", json={"alias": alias, "actorId": actor["id"]}))
    where = f"{BASE}/aliases/{alias}/permissions"
    assert result(http("ada").get(where)) == {"ada": "UPDATE"}
    for method, body in (("GET", None), ("POST", {"user": "grace", "level": "READ"})):
        assert "this alias" in refusal(http("grace").request(method, where, json=body))
    given = result(http("ada").post(where, json={"user": "grace", "level": "READ"}))
    assert given == {"ada": "UPDATE", "grace": "READ"}
    result(http("grace").get(f"{BASE}/aliases/{alias}"))
    refusal(http("grace").delete(f"{BASE}/aliases/{alias}"))
    refusal(http("grace").get(f"{BASE}/{alias}"))  # the actor is not shared by that
    assert alias + "x" in refusal(http("ada").get(f"{BASE}/aliases/{alias}x/permissions"), 404)


def test_the_client_shares_by_name(sandbox: Sandbox) -> None:
    actors = sandbox.client("ada").actors
    actor_id = actors.add(image=IMAGE).id
    assert actors.updatePermissions(actorId=actor_id, user="grace", level="READ").grace == "READ"
    assert dict(actors.getPermissions(actorId=actor_id)) == {"ada": "UPDATE", "grace": "READ"}
    assert sandbox.client("grace").actors.get(actorId=actor_id).id == actor_id


def test_who_may_only_send_does_not_say_what_runs_with_the_owners_token(
    http: HttpFactory, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nprint('mine', os.environ)\n")
    ada, grace = http("ada"), http("grace")
    owners = {"defaultEnvironment": {"LD_BIND_NOW": "1"}}
    actor_id = run.ready(ada, "sandbox/env", **owners)
    run.share(ada, actor_id, "grace", "EXECUTE")
    query = {"PYTHONPATH": str(tmp_path), "PATH": str(tmp_path), "https_proxy": "x", "OTHER": "y"}
    lines = run.printed(grace, actor_id, **query).splitlines()
    assert not [line for line in lines if line.startswith("mine") or str(tmp_path) in line]
    assert {"OTHER=y", "LD_BIND_NOW=1"} <= set(lines)
    assert "https_proxy=x" not in lines
