"""The state that stateful actors keep: any JSON, by whoever may update the actor."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.actors_support import address, register, result, share
from tests.sandbox.answers import flask_refusal as refusal


@pytest.mark.parametrize(
    "state", [{"a": [1, None]}, [], {}, 0, False, "", "text", 1.5, {"a": {"b": "ü"}}]
)
def test_any_json_but_null_is_a_state(http: HttpFactory, state: Any) -> None:
    actor = register(http("ada"), stateless=False)
    shown = result(http("ada").post(address(actor, "state"), json=state))
    assert (shown["id"], shown["state"]) == (actor["id"], state)
    assert result(http("ada").get(address(actor, "state"))) == {"state": state}


def test_a_new_stateful_actor_has_an_empty_state(http: HttpFactory) -> None:
    actor = register(http("ada"), stateless=False)
    assert result(http("ada").get(address(actor, "state"))) == {"state": {}}


def test_a_stateless_actor_has_no_state_to_set(http: HttpFactory) -> None:
    actor = register(http("ada"))
    told = refusal(http("ada").post(address(actor, "state"), json={"a": 1}), 404)
    assert told == "actor is stateless."


def test_no_state_is_refused_and_changes_nothing(http: HttpFactory) -> None:
    actor = register(http("ada"), stateless=False)
    result(http("ada").post(address(actor, "state"), json=[1]))
    json_type = {"Content-Type": "application/json"}
    for body in ("null", "", "{"):
        refusal(http("ada").post(address(actor, "state"), data=body, headers=json_type))
    assert result(http("ada").get(address(actor, "state"))) == {"state": [1]}


def test_a_state_is_read_with_read_and_set_with_update(http: HttpFactory) -> None:
    actor = register(http("ada"), stateless=False)
    refusal(http("grace").get(address(actor, "state")))
    share(http("ada"), actor, "grace", "EXECUTE")
    result(http("grace").get(address(actor, "state")))
    refusal(http("grace").post(address(actor, "state"), json=1))
    share(http("ada"), actor, "grace", "UPDATE")
    result(http("grace").post(address(actor, "state"), json=1))


@pytest.mark.parametrize("state", [{"a": 1}, [1], '{"a": 1}', '"text"', 7, False])
def test_the_client_sends_a_state_as_json_or_as_text_of_json(sandbox: Sandbox, state: Any) -> None:
    actors = sandbox.client("ada").actors
    actor = actors.add(image="sandbox/state", stateless=False)
    actors.updateState(actorId=actor.id, body=state)
    expected = {'{"a": 1}': {"a": 1}, '"text"': "text"}.get(str(state), state)
    kept = actors.getState(actorId=actor.id).state
    assert kept == (expected if isinstance(state, str) else state)
