"""Executions tell what became of a message: status, times, exit code, logs and results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import actors_run_support as support
from tests.sandbox.actors_support import refused
from tests.waiting import wait_for

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.[\dZ]+)?Z?")
HTTP_TIME = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


def gated(http: HttpFactory, sandbox: Sandbox, gate: Path, **fields: Any) -> str:
    name = support.image(sandbox.tenant.root, support.GATED)
    return support.ready(http("ada"), name, defaultEnvironment={"GATE": str(gate)}, **fields)


def test_an_execution_goes_from_submitted_to_complete_and_has_no_key_for_what_is_not_yet(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    actor = gated(http, sandbox, gate)
    running = support.send(ada, actor, "one")
    waiting = support.send(ada, actor, "two")
    found = support.in_status(ada, actor, running, "RUNNING")
    assert TIME.fullmatch(found["startTime"])
    assert found["workerId"] == support.workers(ada, actor)[0]["id"]
    assert "finishTime" not in found
    found = support.execution(ada, actor, waiting)
    assert found["status"] == "SUBMITTED"
    assert TIME.fullmatch(found["messageReceivedTime"])
    assert not {"startTime", "finishTime", "workerId", "exitCode", "finalState"} & set(found)
    support.open_gate(gate, "a")
    first = support.end(ada, actor, running)
    support.in_status(ada, actor, waiting, "RUNNING")
    support.open_gate(gate, "b")
    second = support.end(ada, actor, waiting)
    for number, (found, word) in enumerate(((first, "one"), (second, "two"))):
        assert found["status"] == "COMPLETE"
        assert found["exitCode"] == 0
        assert found["executor"] == "ada"
        assert found["actorId"] == actor
        assert found["apiServer"] == sandbox.url
        assert found["runtime"] == int(found["runtime"])
        assert found["cpu"] > 0
        assert TIME.fullmatch(found["finishTime"])
        assert set(found["_links"]) == {"self", "owner", "logs"}
        log = support.logs(ada, actor, found["id"])
        assert log == f"{word} begins\n{word} ends: {'ab'[number]}\n"
    state = first["finalState"]
    assert state["Status"] == "exited"
    assert state["ExitCode"] == 0
    assert TIME.fullmatch(state["StartedAt"])


def test_an_image_that_fails_is_complete_with_its_exit_code(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/fail")
    found = support.end(ada, actor, support.send(ada, actor))
    assert (found["status"], found["exitCode"]) == ("COMPLETE", 3)
    assert found["finalState"]["ExitCode"] == 3
    assert support.logs(ada, actor, found["id"]) == "this image always fails\n"


def test_the_summary_lists_executions_and_adds_up_what_they_used(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    path = f"/actors/v2/{actor}/executions"
    empty = ada.get(path).json()["result"]
    assert (empty["executions"], empty["totalExecutions"]) == ([], 0)
    ids = [support.send(ada, actor, str(number)) for number in range(3)]
    ended = [support.end(ada, actor, execution) for execution in ids]
    answer = ada.get(path).json()
    assert answer["message"] == "Executions retrieved successfully."
    result = answer["result"]
    assert [item["id"] for item in result["executions"]] == ids
    for item in result["executions"]:
        assert item["status"] == "COMPLETE"
        for name in ("messageReceivedTime", "startTime", "finishTime"):
            assert HTTP_TIME.fullmatch(item[name])
    assert result["totalExecutions"] == 3
    for total, name in (("totalCpu", "cpu"), ("totalIo", "io"), ("totalRuntime", "runtime")):
        assert result[total] == sum(found[name] for found in ended)
    assert result["owner"] == "ada"
    assert result["actorId"] == actor
    assert set(result["_links"]) == {"self", "owner"}


def test_executions_workers_and_logs_are_searched_by_any_query_term(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    ids = [support.send(ada, actor, f"word{number}") for number in range(3)]
    for execution in ids:
        support.end(ada, actor, execution)
    path = f"/actors/v2/{actor}/executions"
    found = ada.get(path, params={"id": ids[1]}).json()["result"]
    assert [item["id"] for item in found["search"]] == [ids[1]]
    assert found["_metadata"]["totalCount"] == 1
    found = ada.get(path, params={"status": "ERROR"}).json()["result"]
    assert found["search"] == []
    found = ada.get(path, params={"limit": 2, "skip": 2}).json()["result"]
    assert found["_metadata"] == {
        "totalCount": 3,
        "recordsSkipped": 2,
        "recordLimit": 2,
        "countReturned": 1,
    }
    log = f"{path}/{ids[0]}/logs"
    assert len(ada.get(log, params={"logs.like": "word0"}).json()["result"]["search"]) == 1
    assert ada.get(log, params={"logs.like": "word1"}).json()["result"]["search"] == []
    workers = ada.get(f"/actors/v2/{actor}/workers", params={"limit": 5}).json()["result"]
    assert [worker["actorId"] for worker in workers["search"]] == [actor]


def test_a_running_execution_is_stopped_and_another_is_not(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/sleep")
    execution = support.send(ada, actor, "300")
    path = f"/actors/v2/{actor}/executions/{execution}"
    wait_for(lambda: support.execution(ada, actor, execution)["status"] == "RUNNING")
    waiting = support.send(ada, actor, "0")
    refused(ada.delete(f"/actors/v2/{actor}/executions/{waiting}"), 400, "SUBMITTED")
    answer = ada.delete(path)
    assert answer.status_code == 200
    assert answer.json()["message"] == "Issued force quit command for execution."
    assert answer.json()["result"] is None
    found = support.end(ada, actor, execution)
    assert (found["status"], found["exitCode"]) == ("COMPLETE", 137)
    refused(ada.delete(path), 400, "COMPLETE")
    assert support.end(ada, actor, waiting)["exitCode"] == 0


def test_results_are_taken_one_by_one_and_a_long_one_is_cut(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    program = """
import os, socket
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
for part in [b"%d" % number for number in range(30)] + [b"x" * 131072, b"y" * 131073]:
    out.sendto(part, os.environ["_abaco_results_socket"])
"""
    ada = http("ada")
    actor = support.ready(ada, support.image(sandbox.tenant.root, program))
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)
    assert [support.result(ada, actor, execution) for _ in range(30)] == [
        b"%d" % number for number in range(30)
    ]
    assert support.result(ada, actor, execution) == b"x" * 131072
    assert support.result(ada, actor, execution) == b"y" * 131072
    assert "131072 bytes" in support.logs(ada, actor, execution)
    answer = ada.get(f"/actors/v2/{actor}/executions/{execution}/results")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_results_are_there_while_the_actor_still_runs(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    program = """
import os, socket
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
out.sendto(b"early", os.environ["_abaco_results_socket"])
open(os.environ["GATE"]).read()
"""
    ada, gate = http("ada"), support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, program)
    actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
    execution = support.send(ada, actor)
    assert wait_for(lambda: support.result(ada, actor, execution)) == b"early"
    assert support.execution(ada, actor, execution)["status"] == "RUNNING"
    support.open_gate(gate)
    support.end(ada, actor, execution)


@pytest.mark.parametrize(("size", "cut"), [(1_000_000, False), (1_000_001, True)])
def test_a_log_keeps_a_million_characters_and_says_so(
    http: HttpFactory, sandbox: Sandbox, size: int, cut: bool
) -> None:
    program = f'import sys\nsys.stdout.reconfigure(encoding="utf-8")\nprint("é" * {size}, end="")\n'
    ada = http("ada")
    actor = support.ready(ada, support.image(sandbox.tenant.root, program))
    log = support.printed(ada, actor)
    assert log == "é" * 1_000_000 + (" LOG LIMIT EXCEEDED" if cut else "")


def test_a_log_holds_both_streams_in_the_order_of_writing_and_survives_odd_bytes(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    program = "#!/bin/sh\necho out; echo err >&2; printf '\\377'; echo end >&2\n"
    actor = support.ready(http("ada"), support.image(sandbox.tenant.root, program))
    assert support.printed(http("ada"), actor) == "out\nerr\n\ufffdend\n"


def test_a_log_is_gone_after_its_time(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        actor = support.ready(ada, "sandbox/echo", logEx=60)
        execution = support.send(ada, actor)
        support.end(ada, actor, execution)
        fresh_sandbox.tenant.clock.advance(50)
        assert support.logs(ada, actor, execution) == "hello\n"
        fresh_sandbox.tenant.clock.advance(11)
        assert support.logs(ada, actor, execution) == ""


def test_the_log_leads_to_its_execution(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)
    answer = ada.get(f"/actors/v2/{actor}/executions/{execution}/logs").json()
    assert answer["message"] == "Logs retrieved successfully."
    assert set(answer["result"]["_links"]) == {"self", "owner", "execution"}
    assert ada.get(answer["result"]["_links"]["execution"]).json()["result"]["id"] == execution


def test_an_execution_that_ran_elsewhere_is_accounted_for(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    path = f"/actors/v2/{actor}/executions"
    body = {"runtime": 10, "cpu": 20, "io": 30}
    answer = ada.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["id"] == actor
    total = ada.get(path).json()["result"]
    assert (total["totalRuntime"], total["totalCpu"], total["totalIo"]) == (10, 20, 30)
    refused(ada.post(path, json={"runtime": 10, "cpu": 20}), 400, "io")
    refused(ada.post(path, json={**body, "cpu": "much"}), 400, "'much'")
    refused(ada.post(path, json={**body, "cpu": -1}), 400, "-1")
    assert ada.get(path).json()["result"]["totalExecutions"] == 1


def test_an_execution_is_found_under_its_own_actor_only(http: HttpFactory) -> None:
    ada = http("ada")
    actor, other = (support.ready(ada, "sandbox/echo") for _ in range(2))
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)
    for wrong_actor, wrong in ((other, execution), (actor, "unknown")):
        path = f"/actors/v2/{wrong_actor}/executions/{wrong}"
        message = f"No executions found with id {wrong}."
        for answer in (
            ada.get(path),
            ada.delete(path),
            ada.get(f"{path}/logs"),
            ada.get(f"{path}/results"),
        ):
            refused(answer, 400, message)
    refused(ada.get("/actors/v2/nobody/executions"), 404, "'nobody'")


def test_reading_needs_read_and_changing_needs_update(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    actor = support.ready(ada, "sandbox/echo")
    execution = support.send(ada, actor)
    support.end(ada, actor, execution)
    path = f"/actors/v2/{actor}/executions"
    body = {"runtime": 1, "cpu": 1, "io": 1}

    def reading(http: Http) -> list[requests.Response]:
        paths = (path, f"{path}/{execution}", f"{path}/{execution}/logs",
                 f"{path}/{execution}/results")  # fmt: skip
        return [http.get(each) for each in paths]

    def changing(http: Http) -> list[requests.Response]:
        return [http.post(path, json=body), http.delete(f"{path}/{execution}")]

    denied = "you do not have access to this actor"
    for answer in reading(grace) + changing(grace):
        refused(answer, 400, denied)
    support.share(ada, actor, "grace", "READ")
    assert {answer.status_code for answer in reading(grace)} == {200}
    for answer in changing(grace):
        refused(answer, 400, denied)
    support.share(ada, actor, "grace", "UPDATE")
    for who in (grace, http("admin")):
        added, stopped = changing(who)
        assert added.status_code == 200
        refused(stopped, 400, "COMPLETE")
        assert {answer.status_code for answer in reading(who)} == {200}
