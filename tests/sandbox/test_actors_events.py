"""Actors tell webhooks and linked actors what happens to them."""

from __future__ import annotations

import ast
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state import actors_events
from agavepy.sandbox.tenant import Settings, Tenant
from tests.conftest import Http, HttpFactory
from tests.sandbox import actors_run_support as support
from tests.waiting import wait_for


@contextmanager
def webhook(failures: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve an address that keeps what it is told, after refusing the first ``failures`` calls."""
    told: list[dict[str, Any]] = []
    refusals = iter(range(failures))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if next(refusals, None) is None:
                told.append(json.loads(body))
                self.send_response(204)
            else:
                self.send_response(503)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?a=b", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kinds(told: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in told]


def test_a_webhook_is_told_each_event_with_what_it_is_about(http: HttpFactory) -> None:
    ada = http("ada")
    with webhook() as (url, told):
        actor = support.ready(ada, "sandbox/fail", webhook=url)
        execution = support.send(ada, actor)
        support.end(ada, actor, execution)
        wait_for(lambda: len(told) == 3)
    assert kinds(told) == ["ACTOR_READY", "EXECUTION_STARTED", "EXECUTION_COMPLETE"]
    for event in told:
        assert event["actor_id"] == actor
        assert event["actor_dbid"] == f"SANDBOX_{actor}"
        assert event["tenant_id"] == "sandbox"
        assert event["_abaco_webhook"] == url
        assert event["_abaco_link"] == ""
        assert event["event_time_utc"] <= told[-1]["event_time_utc"]
        assert "event_time_display" in event
    assert [event.get("execution_id") for event in told] == [None, execution, execution]
    assert told[1]["status"] == "RUNNING"
    assert (told[2]["status"], told[2]["exit_code"]) == ("COMPLETE", 3)


def test_an_image_that_is_not_found_is_an_event_too(http: HttpFactory) -> None:
    with webhook() as (url, told):
        support.add(http("ada"), "nobody/nothing", webhook=url)
        wait_for(lambda: told)
    assert kinds(told) == ["ACTOR_ERROR"]
    assert "nobody/nothing" in told[0]["status_message"]


def test_a_webhook_that_fails_is_told_again(http: HttpFactory) -> None:
    with webhook(failures=1) as (url, told):
        support.ready(http("ada"), "sandbox/echo", webhook=url)
        wait_for(lambda: told)
    assert kinds(told) == ["ACTOR_READY"]


def test_a_slow_webhook_makes_no_other_wait(http: HttpFactory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, webhook() as (url, told):
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"  # takes calls and answers none
        support.ready(http("ada"), "sandbox/echo", webhook=slow)
        connection, _ = silent.accept()
        with connection:
            actor = support.ready(http("ada"), "sandbox/echo", webhook=url)
            wait_for(lambda: told)
            assert told[0]["actor_id"] == actor
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


def test_events_that_were_not_told_are_told_by_the_next_run(tmp_path: Path) -> None:
    with webhook() as (url, told):
        ended = Tenant(tmp_path, Settings())  # written, and killed before it could tell
        actor = {"id": "actor", "webhook": url, "link": ""}
        assert actors_events.note(ended, actor, "ACTOR_READY", status_message="")
        ended.close()
        with Sandbox(state=tmp_path, seed="empty"):
            wait_for(lambda: told)
    assert kinds(told) == ["ACTOR_READY"]


def test_an_actor_without_listeners_keeps_no_events(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        actor = support.ready(ada, "sandbox/echo")
        support.end(ada, actor, support.send(ada, actor))
    assert fresh_sandbox.tenant.store.all("actor_event") == []
