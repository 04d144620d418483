"""Actors tell webhooks and linked actors what happens to them."""

from __future__ import annotations

import ast
import json
import socket
from pathlib import Path
from typing import Any

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import actors_events
from agavepy.sandbox.tenant import Settings, Tenant
from tests.conftest import Http, HttpFactory
from tests.sandbox import actors_run_support as support
from tests.unit.loopback import Loopback, Reply
from tests.waiting import wait_for


def told(hook: Loopback) -> list[Any]:
    """Return the events that a web hook got."""
    return [json.loads(seen.body) for seen in hook.requests]


def kinds(hook: Loopback) -> list[str]:
    return [event["event_type"] for event in told(hook)]


def test_a_webhook_is_told_each_event_with_what_it_is_about(
    http: HttpFactory, hook: Loopback
) -> None:
    ada, url = http("ada"), f"{hook.url}/hook?a=b"
    actor = support.ready(ada, "sandbox/fail", webhook=url)
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)
    wait_for(lambda: len(hook.requests) == 3)
    assert {seen.target for seen in hook.requests} == {"/hook?a=b"}
    assert kinds(hook) == ["ACTOR_READY", "EXECUTION_STARTED", "EXECUTION_COMPLETE"]
    events = told(hook)
    for event in events:
        assert event["actor_id"] == actor
        assert event["actor_dbid"] == f"SANDBOX_{actor}"
        assert event["tenant_id"] == "sandbox"
        assert event["_abaco_webhook"] == url
        assert event["_abaco_link"] == ""
        assert event["event_time_utc"] <= events[-1]["event_time_utc"]
        assert "event_time_display" in event
    assert [event.get("execution_id") for event in events] == [None, execution, execution]
    assert events[1]["status"] == "RUNNING"
    assert (events[2]["status"], events[2]["exit_code"]) == ("COMPLETE", 3)


def test_an_image_that_is_not_found_is_an_event_too(http: HttpFactory, hook: Loopback) -> None:
    support.add(http("ada"), "nobody/nothing", webhook=hook.url)
    wait_for(lambda: hook.requests)
    assert kinds(hook) == ["ACTOR_ERROR"]
    assert "nobody/nothing" in told(hook)[0]["status_message"]


def test_a_webhook_that_fails_is_told_again(http: HttpFactory, hook: Loopback) -> None:
    hook.say(Reply(503), Reply(204))
    support.ready(http("ada"), "sandbox/echo", webhook=hook.url)
    wait_for(lambda: len(hook.requests) == 2)
    assert kinds(hook) == ["ACTOR_READY", "ACTOR_READY"]


def test_a_slow_webhook_makes_no_other_wait(http: HttpFactory, hook: Loopback) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"  # takes calls and answers none
        support.ready(http("ada"), "sandbox/echo", webhook=slow)
        connection, _ = silent.accept()
        with connection:
            actor = support.ready(http("ada"), "sandbox/echo", webhook=hook.url)
            wait_for(lambda: hook.requests)
            assert told(hook)[0]["actor_id"] == actor
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_a_linked_actor_gets_each_event_as_a_message(http: HttpFactory) -> None:
    ada = http("ada")
    listener = support.ready(ada, "sandbox/env")
    alias = f"alias-{listener}"
    assert ada.post("/actors/v2/aliases", json={"alias": alias, "actorId": listener}).ok
    actor = support.ready(ada, "sandbox/echo", link=alias)
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)

    def heard() -> list[str]:
        found = ada.get(f"/actors/v2/{listener}/executions").json()["result"]["executions"]
        return [item["id"] for item in found if item["status"] == "COMPLETE"]

    wait_for(lambda: len(heard()) == 3)
    seen = []
    for each in heard():
        lines = support.logs(ada, listener, each).splitlines()
        given = dict(line.partition("=")[::2] for line in lines)
        assert given["_abaco_username"] == "Abaco Event"
        assert given["_abaco_Content_Type"] == "application/json"
        event = ast.literal_eval(given["MSG"])
        assert (event["actor_id"], event["_abaco_link"]) == (actor, alias)
        seen.append(event["event_type"])
    assert seen == ["ACTOR_READY", "EXECUTION_STARTED", "EXECUTION_COMPLETE"]


def test_events_that_were_not_told_are_told_by_the_next_run(tmp_path: Path, hook: Loopback) -> None:
    ended = Tenant(tmp_path, Settings())  # written, and killed before it could tell
    actor = {"id": "actor", "webhook": hook.url, "link": ""}
    assert actors_events.note(ended, actor, "ACTOR_READY", status_message="")
    ended.close()
    with Sandbox(state=tmp_path, seed="empty"):
        wait_for(lambda: hook.requests)
    assert kinds(hook) == ["ACTOR_READY"]


def test_an_actor_without_listeners_keeps_no_events(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        actor = support.ready(ada, "sandbox/echo")
        support.end(ada, actor, support.send(ada, actor))
    assert fresh_sandbox.tenant.store.all("actor_event") == []
