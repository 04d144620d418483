"""Messages reach actors as they were sent, by those who may send them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import actors_run_support as support
from tests.sandbox.actors_support import refused
from tests.waiting import wait_for

SHOW = """
import os
print(os.environ["MSG"])
print(os.environ["_abaco_Content_Type"])
"""


@pytest.fixture(scope="module")
def show(sandbox: Sandbox) -> str:
    """An image that prints the message and its type."""
    return support.image(sandbox.tenant.root, SHOW)


def post(http: HttpFactory, actor: str, user: str = "ada", **request: Any) -> requests.Response:
    return http(user).post(f"/actors/v2/{actor}/messages", **request)


def accepted(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def shown(http: HttpFactory, actor: str, result: dict[str, Any]) -> tuple[str, str]:
    support.end(http("ada"), actor, result["executionId"])
    lines = support.logs(http("ada"), actor, result["executionId"]).splitlines()
    return "\n".join(lines[:-1]), lines[-1]


def test_a_text_is_the_message_and_the_answer_leads_to_its_execution(
    http: HttpFactory, show: str
) -> None:
    actor = support.ready(http("ada"), show)
    answer = post(http, actor, json={"message": "good morning"})
    assert list(answer.json()) == ["message", "result", "status", "version"]
    assert answer.json()["message"] == "The request was successful"
    result = accepted(answer)
    assert result["msg"] == "good morning"
    assert set(result["_links"]) == {"self", "owner", "messages"}
    followed = http("ada").get(result["_links"]["self"]).json()["result"]
    assert followed["id"] == result["executionId"]
    assert followed["executor"] == "ada"
    assert http("ada").get(result["_links"]["messages"]).status_code == 200
    assert shown(http, actor, result) == ("good morning", "str")


@pytest.mark.parametrize(
    ("body", "message", "kind"),
    [
        ({"a": [1, None, True]}, "{'a': [1, None, True]}", "application/json"),
        (["x", {"y": 2}], "['x', {'y': 2}]", "application/json"),
        ("a text", "a text", "application/json"),
        ({"message": {"a": 1}}, "{'a': 1}", "str"),
        ({"message": "first", "other": "lost"}, "first", "str"),
        ({"message": 7}, "7", "str"),
        ({}, "{}", "str"),
    ],
)
def test_json_arrives_as_python_writes_it(
    http: HttpFactory, show: str, body: Any, message: str, kind: str
) -> None:
    actor = support.ready(http("ada"), show)
    assert shown(http, actor, accepted(post(http, actor, json=body))) == (message, kind)


def test_a_message_may_come_in_a_form_or_in_the_address(http: HttpFactory, show: str) -> None:
    actor = support.ready(http("ada"), show)
    result = accepted(post(http, actor, data={"message": "from a form"}))
    assert shown(http, actor, result) == ("from a form", "str")
    result = accepted(post(http, actor, params={"message": "from the address"}))
    assert shown(http, actor, result) == ("from the address", "str")


def test_bytes_arrive_as_they_are(http: HttpFactory, sandbox: Sandbox) -> None:
    program = """
import os
print(open(os.environ["_abaco_binary_data"], "rb").read())
print(open("_abaco_binary_data", "rb").read() == b"", repr(os.environ["MSG"]))
print(os.environ["_abaco_Content_Type"])
"""
    actor = support.ready(http("ada"), support.image(sandbox.tenant.root, program))
    data = bytes(range(256))
    headers = {"Content-Type": "application/octet-stream"}
    result = accepted(post(http, actor, data=data, headers=headers))
    assert result["msg"] == "binary - omitted"
    support.end(http("ada"), actor, result["executionId"])
    lines = support.logs(http("ada"), actor, result["executionId"]).splitlines()
    assert lines == [repr(data), "False ''", "application/octet-stream"]


def test_query_terms_and_defaults_are_in_the_environment_and_nobody_poses_as_another(
    http: HttpFactory,
) -> None:
    defaults = {"COLOUR": "red", "SHAPE": "round"}
    actor = support.ready(http("ada"), "sandbox/env", defaultEnvironment=defaults)
    nonce = http("ada").post(f"/actors/v2/{actor}/nonces", json={}).json()["result"]["id"]
    query = {
        "x-nonce": nonce,
        "COLOUR": "blue",
        "a.b": "c d",
        "_abaco_username": "grace",
        "_abaco_actor_id": "other",
    }
    answer = post(http, actor, "", json={"message": "x"}, params=query)
    execution = accepted(answer)["executionId"]
    support.end(http("ada"), actor, execution)
    found = dict(
        line.partition("=")[::2]
        for line in support.logs(http("ada"), actor, execution).splitlines()
    )
    assert found["COLOUR"] == "blue"
    assert found["SHAPE"] == "round"
    assert found["a.b"] == "c d"
    assert found["x-nonce"] == nonce
    assert found["_abaco_username"] == "ada"
    assert found["_abaco_actor_id"] == actor


def test_who_waits_for_the_answer_is_answered_the_result(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    program = """
import os, socket
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for part in (b"\\x00first", b"second"):
    out.sendto(part, os.environ["_abaco_results_socket"])
print("not this")
"""
    actor = support.ready(http("ada"), support.image(sandbox.tenant.root, program))
    query = {"_abaco_synchronous": "true"}
    answer = post(http, actor, json={"message": "x"}, params=query)
    assert (answer.status_code, answer.content) == (200, b"\x00first")
    listed = http("ada").get(f"/actors/v2/{actor}/executions").json()["result"]["executions"]
    support.end(http("ada"), actor, listed[0]["id"])
    assert support.result(http("ada"), actor, listed[0]["id"]) == b"second"
    assert support.result(http("ada"), actor, listed[0]["id"]) == b""


def test_who_waits_is_answered_the_log_when_there_is_no_result(http: HttpFactory) -> None:
    actor = support.ready(http("ada"), "sandbox/echo")
    query = {"_abaco_synchronous": "true"}
    answer = post(http, actor, json={"message": "said"}, params=query)
    assert (answer.status_code, answer.text) == (200, "said\n")


def test_nobody_waits_behind_a_queue(http: HttpFactory, sandbox: Sandbox, tmp_path: Path) -> None:
    gate = support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, support.GATED)
    actor = support.ready(http("ada"), name, defaultEnvironment={"GATE": str(gate)})
    first = support.send(http("ada"), actor)
    support.in_status(http("ada"), actor, first, "RUNNING")
    for _ in range(4):
        support.send(http("ada"), actor)
    query = {"_abaco_synchronous": "true"}
    refused(post(http, actor, json={"message": "x"}, params=query), 400, "> 3", "4 messages")
    assert http("ada").delete(f"/actors/v2/{actor}/messages").status_code == 200
    support.open_gate(gate)


def test_waiting_messages_are_counted_and_purged_and_their_executions_end(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, support.GATED)
    actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
    running = support.send(ada, actor, "a")
    support.in_status(ada, actor, running, "RUNNING")
    waiting = [support.send(ada, actor, letter) for letter in "bc"]
    counted = ada.get(f"/actors/v2/{actor}/messages").json()["result"]
    assert counted["messages"] == 2
    assert set(counted["_links"]) == {"self", "owner"}
    for execution in waiting:
        assert support.execution(ada, actor, execution)["status"] == "SUBMITTED"
    purged = ada.delete(f"/actors/v2/{actor}/messages").json()["result"]
    assert purged["msg"] == "Actor mailbox purged."
    assert ada.get(f"/actors/v2/{actor}/messages").json()["result"]["messages"] == 0
    support.open_gate(gate)
    assert support.end(ada, actor, running)["status"] == "COMPLETE"
    for execution in waiting:
        assert support.execution(ada, actor, execution)["status"] == "ERROR"
        assert "purged" in support.logs(ada, actor, execution)


def test_who_waits_for_a_purged_message_does_not_wait_for_ever(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, support.GATED)
    actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
    running = support.send(ada, actor, "a")
    support.in_status(ada, actor, running, "RUNNING")
    support.share(ada, actor, "grace", "EXECUTE")
    answers: list[requests.Response] = []
    query = {"_abaco_synchronous": "true"}
    grace = http("grace")

    def ask() -> None:
        answers.append(
            grace.post(f"/actors/v2/{actor}/messages", json={"message": "b"}, params=query)
        )

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: ada.get(f"/actors/v2/{actor}/messages").json()["result"]["messages"] == 1)
    ada.delete(f"/actors/v2/{actor}/messages")
    asking.join(20)
    assert "purged" in answers[0].text
    support.open_gate(gate)


def test_nobody_waits_for_an_actor_that_cannot_run(http: HttpFactory) -> None:
    actor = support.add(http("ada"), "nobody/nothing")["id"]
    query = {"_abaco_synchronous": "true"}
    for _ in range(2):  # before the image was looked for, perhaps, and after
        answer = post(http, actor, json={"message": "x"}, params=query)
        refused(answer, 400, "cannot run", "nobody/nothing")
        support.until(http("ada"), actor, "ERROR")


def test_only_those_may_send_who_have_execute_and_only_those_purge_who_have_update(
    http: HttpFactory,
) -> None:
    ada, grace = http("ada"), http("grace")
    actor = support.ready(ada, "sandbox/echo")
    path = f"/actors/v2/{actor}/messages"
    body = {"message": "x"}
    denied = "you do not have access to this actor"
    for level, may_count, may_send, may_purge in (
        ("NONE", False, False, False),
        ("READ", True, False, False),
        ("EXECUTE", True, True, False),
        ("UPDATE", True, True, True),
    ):
        support.share(ada, actor, "grace", level)
        for answer, allowed in (
            (grace.get(path), may_count),
            (grace.post(path, json=body), may_send),
            (grace.post(path, data=b"x", headers={"Content-Type": "application/octet-stream"}),
             may_send),
            (grace.delete(path), may_purge),
        ):  # fmt: skip
            if allowed:
                assert answer.status_code == 200, (level, answer.text)
            else:
                refused(answer, 400, denied)
    assert accepted(http("admin").post(path, json=body))["executionId"]


def test_an_unknown_actor_is_named(http: HttpFactory) -> None:
    for answer in (
        http("ada").post("/actors/v2/nobody/messages", json={"message": "x"}),
        http("ada").get("/actors/v2/nobody/messages"),
        http("ada").delete("/actors/v2/nobody/messages"),
    ):
        refused(answer, 404, "Actor with identifier 'nobody' not found")


def test_an_alias_stands_for_the_actor(http: HttpFactory, show: str) -> None:
    actor = support.ready(http("ada"), show)
    alias = {"alias": f"alias-{actor}", "actorId": actor}
    assert http("ada").post("/actors/v2/aliases", json=alias).status_code == 200
    result = accepted(post(http, alias["alias"], json={"message": "by alias"}))
    assert shown(http, actor, result) == ("by alias", "str")


def test_what_is_no_message_is_refused(http: HttpFactory) -> None:
    actor = support.ready(http("ada"), "sandbox/echo")
    for request in (
        {"data": b"{broken", "headers": {"Content-Type": "application/json"}},
        {"data": b"no json", "headers": {"Content-Type": "text/plain"}},
        {"data": {"other": "field"}},
        {},
    ):
        answer = post(http, actor, **request)
        refused(answer, 400)
    refused(post(http, actor, json={"message": "x"}, params={"a=b": "c"}), 400, "'a=b'")
    refused(post(http, actor, json={"message": "x"}, params={"_abaco_synchronous": "maybe"}), 400)
    assert http("ada").get(f"/actors/v2/{actor}/executions").json()["result"]["executions"] == []


@pytest.mark.parametrize("message", ["x" * 200_000, "nul \0 inside"])
def test_a_text_that_no_container_can_be_given_ends_in_an_error_that_says_so(
    http: HttpFactory, message: str
) -> None:
    actor = support.ready(http("ada"), "sandbox/echo")
    execution = support.end(http("ada"), actor, support.send(http("ada"), actor, message))
    assert execution["status"] == "ERROR"
    assert "exitCode" not in execution
    assert "could not be started" in support.logs(http("ada"), actor, execution["id"])
    assert support.printed(http("ada"), actor, "next") == "next\n"
