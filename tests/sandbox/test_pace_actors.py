"""Actors and executions that a test holds, from the request for an image to the last status."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agavepy.sandbox import Sandbox
from tests.conftest import Http
from tests.sandbox import actors_run_support as support
from tests.sandbox.pace_support import PATIENCE_S, choose, tell, under_way
from tests.waiting import wait_for


def status(http: Http, actor_id: str, execution_id: str) -> str:
    return str(support.execution(http, actor_id, execution_id)["status"])


def test_an_actor_held_by_hand_gets_its_image_when_it_is_told(ada: Http, door: Http) -> None:
    choose(door, "actors", "by_hand")
    good = support.add(ada, "sandbox/echo")["id"]
    bad = support.add(ada, "no/such")["id"]
    assert {thing["id"] for thing in under_way(door, "actors")} == {good, bad}
    execution = support.send(ada, good)
    assert support.get(ada, good)["status"] == "SUBMITTED"
    assert status(ada, good, execution) == "SUBMITTED"
    assert tell(door, "actors", id=good)[0]["state"] == "READY"
    assert support.end(ada, good, execution)["status"] == "COMPLETE"
    assert support.get(ada, bad)["status"] == "SUBMITTED"
    assert tell(door, "actors")[0]["state"] == "ERROR"
    assert "no/such" in support.get(ada, bad)["statusMessage"]


def test_an_execution_held_by_hand_takes_each_step_when_it_is_told(ada: Http, door: Http) -> None:
    actor = support.ready(ada, "sandbox/echo")
    choose(door, "executions", "by_hand")
    execution = support.send(ada, actor, "hello")
    assert status(ada, actor, execution) == "SUBMITTED"
    assert tell(door, "executions", id=execution)[0]["state"] == "RUNNING"
    assert status(ada, actor, execution) == "RUNNING"
    assert tell(door, "executions", id=execution)[0]["state"] == "COMPLETE"
    assert support.execution(ada, actor, execution)["exitCode"] == 0
    assert support.logs(ada, actor, execution) == "hello\n"
    assert under_way(door, "executions") == []


def test_a_message_waits_for_the_held_one_before_it(ada: Http, door: Http) -> None:
    actor = support.ready(ada, "sandbox/echo")
    choose(door, "executions", "by_hand")
    first, second = (support.send(ada, actor, text) for text in "ab")
    tell(door, "executions", id=second, transitions=2, wait=0)
    assert status(ada, actor, second) == "SUBMITTED"
    assert tell(door, "executions", id=first, transitions=2)[0]["state"] == "COMPLETE"
    assert support.end(ada, actor, second)["status"] == "COMPLETE"


def test_an_execution_goes_on_after_some_looks(ada: Http, door: Http) -> None:
    actor = support.ready(ada, "sandbox/echo")
    choose(door, "executions", "by_hand", looks=3)
    execution = support.send(ada, actor)
    seen = [status(ada, actor, execution) for _ in range(7)]
    assert seen == ["SUBMITTED"] * 3 + ["RUNNING"] * 3 + ["COMPLETE"]


def test_each_status_of_an_execution_lasts_its_time(tenant: Sandbox, ada: Http) -> None:
    actor = support.ready(ada, "sandbox/echo")
    tenant.control.pace.set("executions", "by_time", seconds=600)
    execution = support.send(ada, actor)
    for word in ("SUBMITTED", "RUNNING"):
        support.in_status(ada, actor, execution, word)
        tenant.tenant.clock.advance(570)
        assert status(ada, actor, execution) == word
        tenant.tenant.clock.advance(31)
    assert support.end(ada, actor, execution)["runtime"] >= 600


def test_a_sender_who_waits_gets_the_answer_when_the_execution_may_end(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    actor = support.ready(ada, "sandbox/echo")
    choose(door, "executions", "by_hand")
    answers: list[str] = []

    def ask() -> None:
        with Http(tenant.url, str(ada.headers["Authorization"]).partition(" ")[2]) as session:
            path = f"/actors/v2/{actor}/messages"
            answer = session.post(
                path, json={"message": "hi"}, params={"_abaco_synchronous": "true"}
            )
            answers.append(answer.text)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: under_way(door, "executions"))
    assert answers == []
    tell(door, "executions", transitions=2)
    asking.join(20)
    assert answers == ["hi\n"]


def test_held_executions_end_with_their_actor_and_when_they_are_stopped(
    ada: Http, door: Http
) -> None:
    choose(door, "actors", "by_hand")
    waiting = support.add(ada, "sandbox/echo")["id"]
    choose(door, "actors", "at_once")
    assert support.until(ada, waiting, "READY")
    choose(door, "executions", "by_hand")
    submitted, running = support.ready(ada, "sandbox/echo"), support.ready(ada, "sandbox/echo")
    support.send(ada, submitted)
    execution = support.send(ada, running)
    tell(door, "executions", id=execution)
    answer = ada.delete(f"/actors/v2/{running}/executions/{execution}")
    assert answer.status_code == 200, answer.text
    assert support.end(ada, running, execution)
    for actor in (submitted, running, waiting):
        assert ada.delete(f"/actors/v2/{actor}").status_code == 200
    assert under_way(door, "executions") == under_way(door, "actors") == []


def test_a_held_actor_can_be_deleted_and_changed(ada: Http, door: Http) -> None:
    choose(door, "actors", "by_hand")
    gone, changed = (support.add(ada, "sandbox/echo")["id"] for _ in range(2))
    assert ada.delete(f"/actors/v2/{gone}").status_code == 200
    body = {"image": "sandbox/env", "force": True}
    assert ada.put(f"/actors/v2/{changed}", json=body).status_code == 200
    assert [thing["id"] for thing in under_way(door, "actors")] == [changed]
    assert tell(door, "actors")[0]["state"] == "READY"
    assert support.get(ada, changed)["image"] == "sandbox/env"
    assert len(support.workers(ada, changed)) == 1


def test_a_sandbox_with_held_actors_closes_at_once_and_its_state_goes_on(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path) as sandbox:
        with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
            actor = support.ready(session, "sandbox/echo")
            for kind in ("actors", "executions"):
                sandbox.control.pace.set(kind, "by_hand")
            submitted = support.add(session, "sandbox/echo")["id"]
            first, second = (support.send(session, actor, text) for text in "ab")
            sandbox.control.pace.advance("executions", first, wait_s=PATIENCE_S)
            assert status(session, actor, first) == "RUNNING"
        started = time.monotonic()
    assert time.monotonic() - started < 5
    with Sandbox(state=tmp_path) as sandbox:
        token = sandbox.credentials("ada")["token"]
        with Http(sandbox.url, token) as session:
            assert support.until(session, submitted, "READY")
            assert support.end(session, actor, first)["status"] == "ERROR"
            assert support.end(session, actor, second)["status"] == "COMPLETE"
