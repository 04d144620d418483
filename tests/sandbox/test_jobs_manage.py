"""Stopping, running again, hiding, restoring and starting over."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO, input_file, parameter
from tests.sandbox.systems_support import execution_system, new_id
from tests.waiting import wait_for

SLEEPER = "echo $$ > pid.txt\nsleep 300 &\necho $! > child.txt\nwait\n"


def act(http: Http, job_id: str, action: str, **flags: object) -> tuple[int, str]:
    answer = http.post(f"/jobs/v2/{job_id}", json={"action": action, **flags})
    return answer.status_code, str(answer.json().get("message"))


def sleeping(http: Http, app: str) -> tuple[str, int, int]:
    """Submit a job of SLEEPER; return its id and the processes of it when they are there."""
    job_id = support.submit(http, app)["id"]
    path = f"/jobs/v2/{job_id}/outputs/media/child.txt"
    wait_for(lambda: (got := http.get(path)).status_code == 200 and got.text.endswith("\n"))
    pid, child = (int(support.output(http, job_id, f"{name}.txt")) for name in ("pid", "child"))
    return job_id, pid, child


def test_stopping_a_running_job_kills_all_its_processes(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    job_id, pid, child = sleeping(ada, support.app(ada, sandbox, SLEEPER))
    assert support.status(ada, job_id) == "RUNNING"
    answer = ada.post(f"/jobs/v2/{job_id}", json={"action": "STOP"})
    assert (answer.status_code, "result" in answer.json()) == (200, False)
    job = support.detail(ada, job_id)
    assert job["status"] == "FAILED"  # JobManager.kill of 2.2.27; STOPPED is for unqueued jobs
    assert "stopped by ada" in job["message"]
    assert job["endTime"] is not None
    wait_for(lambda: not support.alive(pid) and not support.alive(child))
    assert support.events(ada, job_id)[-2:] == ["RUNNING", "FAILED"]
    assert act(ada, job_id, "stop")[0] == 200  # nothing more to stop, and no error
    assert support.events(ada, job_id)[-2:] == ["RUNNING", "FAILED"]


def test_a_wrapper_that_ignores_the_request_to_end_is_killed(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "trap '' TERM\necho $$ > pid.txt\nwhile :; do sleep 1; done\n")
    job_id = support.submit(ada, app)["id"]
    path = f"/jobs/v2/{job_id}/outputs/media/pid.txt"
    pid = int(wait_for(lambda: (got := ada.get(path)).status_code == 200 and got.text.strip()))
    assert act(ada, job_id, "stop")[0] == 200
    assert not support.alive(pid)


def test_a_job_whose_inputs_are_still_coming_is_stopped_at_once(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    with support.staging(ada, sandbox) as (job_id, _):
        assert act(ada, job_id, "stop")[0] == 200
        assert support.detail(ada, job_id)["status"] == "STOPPED"
    assert "message" not in support.detail(ada, job_id)
    assert support.events(ada, job_id)[-1] == "STOPPED"


def test_only_who_may_write_stops_a_job(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, grace, admin = http("ada"), http("grace"), http("admin")
    app = support.app(ada, sandbox, SLEEPER)
    job_id, _, _ = sleeping(ada, app)
    assert act(grace, job_id, "stop")[0] == 403
    ada.post(f"/jobs/v2/{job_id}/pems", json={"username": "grace", "permission": "READ"})
    assert act(grace, job_id, "stop")[0] == 403
    assert support.status(grace, job_id) == "RUNNING"
    assert act(admin, job_id, "stop")[0] == 200
    history = ada.get(f"/jobs/v2/{job_id}/history").json()["result"]
    assert (history[-1]["status"], history[-1]["createdBy"]) == ("FAILED", "admin")


def test_resubmitting_runs_the_same_request_as_a_new_job(http: HttpFactory) -> None:
    ada = http("ada")
    first = support.run(ada, "wc-1.0", inputs={"file": HELLO}, parameters={"mode": "bytes"})
    answer = ada.post(f"/jobs/v2/{first['id']}", json={"action": "resubmit"})
    assert answer.status_code == 202
    second = support.end(ada, answer.json()["result"]["id"])
    assert second["id"] != first["id"]
    assert second["archivePath"] != first["archivePath"]
    assert second["parameters"] == {"mode": "bytes"}
    assert support.printed(ada, second) == support.printed(ada, first)


def test_resubmitting_drops_what_the_app_no_longer_takes_when_asked_to(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    parts: dict[str, Any] = {
        "inputs": [input_file("old")],
        "parameters": [parameter("p", "string"), parameter("q", "string")],
    }
    app = support.app(ada, sandbox, "echo '${p}${q}'\n", **parts)
    values: dict[str, Any] = {"inputs": {"old": HELLO}, "parameters": {"p": "1", "q": "2"}}
    first = support.run(ada, app, **values, notifications="ada@example.org")
    path = f"/home/ada/apps/{app[:-4]}"
    support.register(ada, app[:-4], path, parameters=[parameter("p", "string")])
    status, message = act(ada, first["id"], "resubmit")
    assert (status, "old" in message) == (400, True)
    assert act(ada, first["id"], "resubmit", ignoreInputConflicts=True)[0] == 400
    flags = {"ignoreInputConflicts": True, "ignoreParameterConflicts": "true"}
    answer = ada.post(
        f"/jobs/v2/{first['id']}",
        json={"action": "resubmit", "preserveNotifications": False, **flags},
    )
    assert answer.status_code == 202, answer.text
    second = answer.json()["result"]
    assert (second["inputs"], second["parameters"]) == ({}, {"p": "1"})
    assert (len(first["notifications"]), second["notifications"]) == (3, [])


def test_a_deleted_job_is_hidden_until_it_is_restored(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, grace = http("ada"), http("grace")
    job = support.run(ada, "wc-1.0", inputs={"file": HELLO})
    path = f"/jobs/v2/{job['id']}"
    status, message = act(ada, job["id"], "restore")
    assert (status, "not hidden" in message) == (400, True)
    assert grace.delete(path).status_code == 403
    answer = ada.delete(path)
    assert (answer.status_code, "result" in answer.json()) == (200, False)
    for part in ("", "/status", "/history", "/pems", "/outputs/listings"):
        hidden = ada.get(path + part)
        assert hidden.status_code == 404
        assert hidden.json()["message"] == f"Job with uuid {job['id']} is not visible."
    assert act(ada, job["id"], "stop")[0] == 404
    assert job["id"] not in [item["id"] for item in ada.get("/jobs/v2/").json()["result"]]
    shown = ada.get("/jobs/v2/?visible=false").json()["result"]
    assert job["id"] in [item["id"] for item in shown]
    assert act(grace, job["id"], "restore")[0] == 403
    assert ada.post(path, json={"action": "restore"}).json()["result"]["id"] == job["id"]
    assert support.events(ada, job["id"])[-2:] == ["DELETED", "RESTORED"]
    assert ada.get("/jobs/v2/absent-007").json()["message"] == (
        "No job found with job id absent-007."
    )


def test_a_job_on_a_system_that_is_down_cannot_be_stopped_there(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada = http("ada")
    system = execution_system(new_id(), executionType="CLI", scheduler="FORK")
    path = f"/systems/v2/{system['id']}"
    assert ada.post("/systems/v2/", json=system).status_code == 201
    app = support.app(ada, sandbox, SLEEPER, executionSystem=system["id"])
    (first, pid, _), (second, other, _) = sleeping(ada, app), sleeping(ada, app)
    assert ada.post(path, json={**system, "status": "DOWN"}).ok
    status, message = act(ada, first, "stop")
    assert (status, system["id"] in message, "DOWN" in message) == (502, True, True)
    assert support.status(ada, first) == "RUNNING"
    assert support.alive(pid)
    assert ada.delete(f"/jobs/v2/{second}").status_code == 200  # is hidden all the same
    wait_for(lambda: not support.alive(other))
    assert ada.post(path, json=system).ok
    assert act(ada, first, "stop")[0] == 200
    wait_for(lambda: not support.alive(pid))


def test_deleting_an_active_job_stops_it(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    job_id, pid, _ = sleeping(ada, support.app(ada, sandbox, SLEEPER))
    assert ada.delete(f"/jobs/v2/{job_id}").status_code == 200
    wait_for(lambda: not support.alive(pid))
    assert act(ada, job_id, "restore")[0] == 200
    assert support.status(ada, job_id) == "FAILED"


def test_an_administrator_starts_a_job_over(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, admin = http("ada"), http("admin")
    job_id, pid, _ = sleeping(ada, support.app(ada, sandbox, SLEEPER))
    assert act(ada, job_id, "reset")[0] == 403
    assert act(admin, job_id, "reset")[0] == 200
    assert not support.alive(pid)

    def again() -> bool:
        got = ada.get(f"/jobs/v2/{job_id}/outputs/media/pid.txt")
        return got.status_code == 200 and got.text.strip() not in {"", str(pid)}

    wait_for(again)
    assert support.detail(ada, job_id)["retries"] == 1
    assert support.events(ada, job_id).count("RUNNING") == 2
    assert act(ada, job_id, "stop")[0] == 200
    status, message = act(admin, job_id, "reset")
    assert (status, "resubmit" in message) == (400, True)


@pytest.mark.parametrize("body", [{}, {"action": ""}, {"action": "pause"}, {"action": "kill"}])
def test_an_unknown_action_is_refused_with_the_known_ones(
    http: HttpFactory, body: dict[str, str]
) -> None:
    job_id = http("ada").get("/jobs/v2/?limit=1").json()["result"][0]["id"]
    answer = http("ada").post(f"/jobs/v2/{job_id}", json=body)
    assert answer.status_code == 400
    assert "resubmit" in answer.json()["message"]


@pytest.mark.parametrize("operation", ["cancel", "hide", "unhide", "resubmit"])
def test_a_classic_tenant_names_its_own_way_for_what_only_aloe_has(
    http: HttpFactory, operation: str
) -> None:
    job_id = http("ada").get("/jobs/v2/?limit=1").json()["result"][0]["id"]
    answer = http("ada").post(f"/jobs/v2/{job_id}/{operation}")
    assert answer.status_code == 405
    assert "classic" in answer.json()["message"]
    assert "jobs." in answer.json()["message"]
