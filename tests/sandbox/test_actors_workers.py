"""Workers: how many an actor has, what they do, and who may add and stop them."""

from __future__ import annotations

from pathlib import Path

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox import actors_run_support as support
from tests.sandbox.actors_support import refused
from tests.waiting import wait_for


def idle(http: HttpFactory, actor: str, number: int) -> bool:
    found = support.workers(http("ada"), actor)
    return [worker["status"] for worker in found] == ["READY"] * number


def test_a_ready_actor_has_a_worker_that_tells_what_it_did(http: HttpFactory) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    answer = ada.get(f"/actors/v2/{actor}/workers").json()
    assert answer["message"] == "Workers retrieved successfully."
    (worker,) = answer["result"]
    assert worker["status"] == "READY"
    assert worker["actorId"] == actor
    assert worker["image"] == "sandbox/echo"
    assert worker["tenant"] == "sandbox"
    assert worker["lastExecutionTime"] == "None"
    support.printed(ada, actor)
    wait_for(lambda: support.workers(ada, actor)[0]["lastExecutionTime"] != "None")
    path = f"/actors/v2/{actor}/workers/{worker['id']}"
    wait_for(lambda: ada.get(path).json()["result"]["status"] == "READY")
    found = ada.get(path).json()
    assert found["message"] == "Worker retrieved successfully."
    assert found["result"]["createTime"] == worker["createTime"]


def test_more_workers_run_messages_at_the_same_time(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada = http("ada")
    actor = support.ready(ada, support.image(sandbox.tenant.root, support.GATED))
    path = f"/actors/v2/{actor}/workers"
    answer = http("admin").post(path, json={"num": 3})
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] is None
    assert "Scheduled 2 new worker(s) to start." in answer.json()["message"]
    wait_for(lambda: idle(http, actor, 3))
    gates = [support.pipe(tmp_path, str(number)) for number in range(3)]
    sent = [support.send(ada, actor, "x", GATE=str(gate)) for gate in gates]
    running = [support.in_status(ada, actor, execution, "RUNNING") for execution in sent]
    assert len({execution["workerId"] for execution in running}) == 3
    assert {worker["status"] for worker in support.workers(ada, actor)} == {"BUSY"}
    answer = http("admin").post(path, json={"num": 2})
    assert answer.json()["message"] == f"Actor {actor} already had 3 worker(s)."
    for gate in gates:
        support.open_gate(gate)
    for execution in sent:
        assert support.end(ada, actor, execution)["status"] == "COMPLETE"
    wait_for(lambda: idle(http, actor, 3))


def test_only_administrators_add_workers_and_no_more_than_the_actor_may_have(
    http: HttpFactory,
) -> None:
    ada, admin = http("ada"), http("admin")
    actor = support.ready(ada, "sandbox/echo")
    path = f"/actors/v2/{actor}/workers"
    refused(ada.post(path, json={"num": 2}), 400, "administrators")
    refused(http("grace").post(path, json={"num": 2}), 400, "Not authorized")
    refused(admin.post(path, json={"num": "many"}), 400, "'many'")
    refused(admin.post(path, json={"num": -1}), 400, "-1")
    refused(admin.post(path, json={"num": 7}), 400, "6 worker(s)")
    assert admin.post(path, json={}).status_code == 200
    limited = support.ready(admin, "sandbox/echo", maxWorkers=2)
    path = f"/actors/v2/{limited}/workers"
    refused(admin.post(path, json={"num": 3}), 400, "2 worker(s)")
    assert admin.post(path, json={"num": 2}).status_code == 200
    stateful = support.ready(ada, "sandbox/state", stateless=False)
    refused(admin.post(f"/actors/v2/{stateful}/workers", json={"num": 2}), 400, "1 worker(s)")
    refused(admin.post("/actors/v2/nobody/workers", json={"num": 1}), 404, "'nobody'")


def test_an_idle_worker_stops_at_once_and_the_next_message_gets_a_new_one(
    http: HttpFactory,
) -> None:
    ada = http("ada")
    actor = support.ready(ada, "sandbox/echo")
    (worker,) = support.workers(ada, actor)
    path = f"/actors/v2/{actor}/workers/{worker['id']}"
    answer = ada.delete(path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == "Worker scheduled to be stopped."
    assert support.workers(ada, actor) == []
    refused(ada.get(path), 404, worker["id"])
    refused(ada.delete(path), 404, worker["id"])
    assert support.printed(ada, actor, "still") == "still\n"
    (other,) = support.workers(ada, actor)
    assert other["id"] != worker["id"]


def test_a_busy_worker_ends_what_it_does_and_takes_no_more(
    http: HttpFactory, sandbox: Sandbox, tmp_path: Path
) -> None:
    ada, gate = http("ada"), support.pipe(tmp_path)
    name = support.image(sandbox.tenant.root, support.GATED)
    actor = support.ready(ada, name, defaultEnvironment={"GATE": str(gate)})
    running = support.send(ada, actor, "a")
    worker = support.in_status(ada, actor, running, "RUNNING")["workerId"]
    path = f"/actors/v2/{actor}/workers/{worker}"
    assert ada.delete(path).status_code == 200
    assert ada.get(path).json()["result"]["status"] == "SHUTDOWN_REQUESTED"
    support.open_gate(gate)
    assert support.end(ada, actor, running)["status"] == "COMPLETE"
    wait_for(lambda: ada.get(path).status_code == 404)
    following = support.send(ada, actor, "b")
    assert support.in_status(ada, actor, following, "RUNNING")["workerId"] != worker
    support.open_gate(gate)
    support.end(ada, actor, following)


def test_workers_are_shown_to_readers_and_stopped_by_who_has_update(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    actor = support.ready(ada, "sandbox/echo")
    path = f"/actors/v2/{actor}/workers"
    one = f"{path}/{support.workers(ada, actor)[0]['id']}"
    denied = "you do not have access to this actor"
    for answer in (grace.get(path), grace.get(one), grace.delete(one)):
        refused(answer, 400, denied)
    support.share(ada, actor, "grace", "EXECUTE")
    assert grace.get(path).status_code == grace.get(one).status_code == 200
    refused(grace.delete(one), 400, denied)
    support.share(ada, actor, "grace", "UPDATE")
    assert grace.delete(one).status_code == 200
    assert http("admin").get(path).json()["result"] == []
