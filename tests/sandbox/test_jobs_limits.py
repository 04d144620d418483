"""Queues and systems limit how many jobs run at a time, and jobs how long they run."""

from __future__ import annotations

from typing import Any

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support as support
from tests.waiting import wait_for

WAITER = "echo up > up.txt; while test ! -e go; do sleep 0.01; done\n"
LOCAL = {"host": "localhost", "port": 22, "protocol": "LOCAL", "auth": {"type": "LOCAL"}}


def system(ada: Http, name: str, queue: dict[str, Any], **limits: int) -> None:
    definition = {
        "id": name,
        "name": name,
        "type": "EXECUTION",
        "executionType": "CLI",
        "scheduler": "FORK",
        "storage": {**LOCAL, "rootDir": "/", "homeDir": "/"},
        "login": LOCAL,
        "queues": [{"name": "q", **queue}],
        **limits,
    }
    assert ada.post("/systems/v2/", json=definition).status_code == 201


def release(sandbox: Sandbox, name: str, job: dict[str, Any]) -> None:
    (sandbox.tenant.root / "systems" / name / job["outputPath"] / "go").touch()


def test_a_full_queue_lets_the_next_job_run_when_one_ends(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    system(ada, "ada.narrow", {"maxJobs": 1})
    app = support.app(ada, sandbox, WAITER, executionSystem="ada.narrow")
    first = support.submit(ada, app)
    support.until(ada, first["id"], "RUNNING")
    second, third = support.submit(ada, app), support.submit(ada, app)
    for job in (second, third):
        support.until(ada, job["id"], "QUEUED")
    assert ada.post(f"/jobs/v2/{second['id']}", json={"action": "stop"}).status_code == 200
    assert support.status(ada, second["id"]) == "FAILED"  # it was in the system's queue
    assert support.status(ada, third["id"]) == "QUEUED"
    release(sandbox, "ada.narrow", first)
    assert support.end(ada, first["id"])["status"] == "FINISHED"
    support.until(ada, third["id"], "RUNNING")
    release(sandbox, "ada.narrow", third)
    assert support.end(ada, third["id"])["status"] == "FINISHED"


def test_one_users_limit_does_not_hold_up_another(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, grace = http("ada"), http("grace")
    system(ada, "ada.shared", {}, maxSystemJobsPerUser=1)
    ada.post("/systems/v2/ada.shared/roles", json={"username": "grace", "role": "USER"})
    app = support.app(ada, sandbox, WAITER, executionSystem="ada.shared")
    ada.post(f"/apps/v2/{app}/pems", json={"username": "grace", "permission": "READ_EXECUTE"})
    first = support.submit(ada, app)
    support.until(ada, first["id"], "RUNNING")
    second = support.submit(ada, app)
    support.until(ada, second["id"], "QUEUED")
    other = support.submit(grace, app)
    support.until(grace, other["id"], "RUNNING")
    assert support.status(ada, second["id"]) == "QUEUED"
    for http_of, job in ((ada, first), (ada, second), (grace, other)):
        assert http_of.post(f"/jobs/v2/{job['id']}", json={"action": "stop"}).status_code == 200


def test_a_job_that_runs_for_longer_than_it_asked_for_fails(fresh_sandbox: Sandbox) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        app = support.app(ada, fresh_sandbox, "echo $$ > pid.txt; sleep 300\n")
        job_id = support.submit(ada, app, maxRunTime="00:10:00")["id"]
        path = f"/jobs/v2/{job_id}/outputs/media/pid.txt"
        pid = wait_for(lambda: (got := ada.get(path)).status_code == 200 and got.text.strip())
        fresh_sandbox.tenant.clock.advance(590)
        assert support.status(ada, job_id) == "RUNNING"
        fresh_sandbox.tenant.clock.advance(20)
        job = support.end(ada, job_id)
        assert job["status"] == "FAILED"
        assert "maxRunTime of 00:10:00" in job["message"]
        wait_for(lambda: not support.alive(int(pid)))


def test_a_second_is_enough_to_be_too_long(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    # Having told that it is done does not let a script run on.
    app = support.app(ada, sandbox, "${AGAVE_JOB_CALLBACK_CLEANING_UP}\nsleep 300\n")
    job = support.run(ada, app, maxRunTime="00:00:01")
    assert (job["status"], "maxRunTime" in job["message"]) == ("FAILED", True)
