"""A tenant of Aloe: the life of its jobs, what it shows of them, and who may do what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from agavepy.waiters import follow
from tests.conftest import Http, HttpFactory
from tests.sandbox import aloe_support as aloe
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import WHOLE_LIFE_ALOE
from tests.unit.loopback import Loopback
from tests.waiting import wait_for

SUMMARY = [
    "id", "name", "owner", "systemId", "appId", "created", "status", "remoteStarted", "ended",
    "_links",
]  # fmt: skip
DETAIL = [
    "id", "name", "tenantId", "tenantQueue", "status", "lastStatusMessage", "accepted", "created",
    "ended", "lastUpdated", "owner", "roles", "systemId", "appId", "appUuid", "workPath", "archive",
    "archiveOnAppError", "archivePath", "archiveSystem", "nodeCount", "processorsPerNode",
    "memoryPerNode", "maxHours", "inputs", "parameters", "remoteJobId", "schedulerJobId",
    "remoteQueue", "remoteSubmitted", "remoteStarted", "remoteEnded", "remoteOutcome",
    "submitRetries", "remoteStatusChecks", "failedStatusChecks", "lastStatusCheck", "blockedCount",
    "visible", "_links",
]  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run a demo tenant of Aloe; its answers are held against what is described for Aloe."""
    with Sandbox(jobs="aloe", check_answers=True) as running:
        yield running


def test_a_job_goes_through_every_status_of_aloe_and_none_of_the_old_ones(
    http: HttpFactory,
) -> None:
    ada = http("ada")
    submitted = aloe.count(ada, memoryPerNode="2GB", nodeCount=2, maxRunTime="01:30:00")
    assert re.fullmatch(aloe.UUID, submitted["id"])
    assert submitted["status"] == "ACCEPTED"
    for open_yet in ("created", "systemId", "appUuid", "workPath", "remoteQueue"):
        assert submitted[open_yet] is None
    for open_yet in ("nodeCount", "processorsPerNode", "memoryPerNode", "maxHours"):
        assert submitted[open_yet] == 0
    job = support.end(ada, submitted["id"])
    assert list(job) == DETAIL
    assert support.events(ada, job["id"]) == WHOLE_LIFE_ALOE
    assert (job["status"], job["remoteOutcome"]) == ("FINISHED", "FINISHED")
    assert (job["nodeCount"], job["memoryPerNode"], job["maxHours"]) == (2, 2.0, 1.5)
    assert job["tenantQueue"] == "aloe.jobq.sandbox.submit.DefaultQueue"
    assert (job["tenantId"], job["roles"]) == ("sandbox", "Internal/everyone")
    assert (job["systemId"], job["remoteQueue"]) == ("sandbox.exec", "normal")
    assert job["appUuid"] == ada.get("/apps/v2/wc-1.0").json()["result"]["uuid"]
    order = ("accepted", "created", "remoteSubmitted", "remoteStarted", "remoteEnded", "ended")
    assert all(re.fullmatch(aloe.DATE, job[name]) for name in (*order, "lastUpdated"))
    assert [job[name] for name in order] == sorted(job[name] for name in order)
    assert int(job["remoteJobId"]) > 0
    assert (job["blockedCount"], job["visible"]) == (0, True)


def test_outputs_are_archived_by_day_and_name_within_the_owners_home(http: HttpFactory) -> None:
    ada = http("ada")
    job = support.end(ada, aloe.count(ada)["id"])
    day = job["accepted"].partition("T")[0]
    assert job["archivePath"] == f"ada/archive/jobs/{day}/a-job-{job['id']}"
    href = job["_links"]["archiveData"]["href"]
    assert f"/files/v2/listings/system/sandbox.storage//home/{job['archivePath']}" in href
    listed = [entry["name"] for entry in ada.get(href).json()["result"]]
    assert f"a-job-{job['id']}.out" in listed
    assert support.outputs(ada, job["id"]) == [f"/{name}" for name in sorted(listed) if name != "."]


def test_the_macros_of_an_archive_path_are_those_of_the_classic_service(http: HttpFactory) -> None:
    path = "ada/kept/${APP_ID}/${JOB_NODE_COUNT}/${TENANT_ID}/${JOB_ID}"
    job = support.end(http("ada"), aloe.count(http("ada"), archivePath=path)["id"])
    assert job["archivePath"] == f"ada/kept/wc-1.0/1/sandbox/{job['id']}"
    assert job["status"] == "FINISHED"


def test_history_tells_each_transition_and_its_phase(http: HttpFactory) -> None:
    ada = http("ada")
    job_id = support.end(ada, aloe.count(ada)["id"])["id"]
    events = ada.get(f"/jobs/v2/{job_id}/history").json()["result"]
    before = ["ACCEPTED", *WHOLE_LIFE_ALOE]
    for event, earlier in zip(events, before, strict=False):
        told = f"Transitioning from status {earlier} to {event['status']} in phase [A-Z]+\\. \\w"
        assert re.match(told, event["description"])
        assert re.fullmatch(aloe.DATE, event["created"])
    phases = [event["description"].partition(" in phase ")[2].split(".")[0] for event in events]
    assert list(dict.fromkeys(phases)) == ["STAGING", "SUBMITTING", "MONITORING", "ARCHIVING"]


def test_a_listing_holds_summaries_and_with_a_filter_whole_jobs(http: HttpFactory) -> None:
    ada = http("ada")
    job = support.end(ada, aloe.count(ada, name="listed one")["id"])
    params = {"name": "listed one", "status": "FINISHED", "executionsystem": "sandbox.exec"}
    (listed,) = ada.get("/jobs/v2/", params=params).json()["result"]
    assert list(listed) == SUMMARY
    assert listed == {name: listed[name] if name == "_links" else job[name] for name in SUMMARY}
    (whole,) = ada.get("/jobs/v2/", params={**params, "filter": "*"}).json()["result"]
    assert list(whole) == DETAIL
    params = {"name": "listed one", "endtime.gt": "2020-01-01", "filter": "id,maxHours"}
    (narrow,) = ada.get("/jobs/v2/", params=params).json()["result"]
    assert narrow == {"id": job["id"], "maxHours": 1.0}
    assert ada.get("/jobs/v2/", params={"name": "listed one", "starttime.lt": "2020-01-01"}).json()[
        "result"
    ] == []  # fmt: skip
    answer = ada.get("/jobs/v2/search/endtime", params={"name": "listed one"})
    assert answer.json()["result"] == [job["ended"]]
    (found,) = ada.get("/jobs/v2/search/name/listed%20one/status/FINISHED").json()["result"]
    assert found["id"] == job["id"]


def test_envelopes_of_jobs_are_aloes_and_those_of_other_services_are_not(http: HttpFactory) -> None:
    ada = http("ada")
    for path in ("/jobs/v2/", "/jobs/v2/search/status"):
        body = ada.get(path).json()
        assert body["message"].startswith("JOBS_")
        assert body["version"] > "2.2.22-r7deb380"  # what clients tell Aloe by, as a text
    refused = ada.get("/jobs/v2/none").json()
    assert (refused["status"], refused["version"]) == ("error", body["version"])
    assert ada.get("/apps/v2/").json()["version"] == "2.2.22-r7deb380"
    assert ada.get("/apps/v2/").json()["message"] is None


def test_a_client_gets_the_dates_of_aloe_as_moments(sandbox: Sandbox) -> None:
    ag: Any = sandbox.client("ada")
    body = {
        "name": "dated",
        "appId": "wc-1.0",
        "archivePath": "",
        "inputs": {"file": support.HELLO},
    }
    job = ag.jobs.submit(body=body)
    ends = {"FINISHED", "FAILED", "STOPPED", "KILLED"}
    events = list(follow(lambda: ag.jobs.getHistory(jobId=job.id), ends, timeout_s=60))
    assert [event.status for event in events] == WHOLE_LIFE_ALOE
    job = ag.jobs.get(jobId=job.id)
    for name in ("remoteSubmitted", "remoteEnded", "lastStatusCheck", "ended"):
        assert job[name].tzinfo is not None
    # As in earlier releases these stay text.
    assert {type(job[name]) for name in ("created", "lastUpdated", "accepted")} == {str}
    (listed,) = ag.jobs.list(search={"name": "dated"})
    assert listed.ended == job.ended
    assert ag.jobs.getStatus(jobId=job.id).status == "FINISHED"


@pytest.mark.parametrize(
    ("code", "keeps", "outcome", "status"),
    [(0, False, "FINISHED", "FINISHED"), (3, False, "FAILED", "FAILED"),
     (3, True, "FAILED", "FAILED")],
)  # fmt: skip
def test_an_app_fails_by_its_exit_code_and_is_archived_as_asked(
    http: HttpFactory, sandbox: Sandbox, code: int, keeps: bool, outcome: str, status: str
) -> None:
    ada = http("ada")
    app = support.app(ada, sandbox, "echo made > made.txt; exit ${code}\n", parameters=[aloe.CODE])
    job = aloe.run(ada, app, parameters={"code": code}, archiveOnAppError=keeps)
    assert (job["status"], job["remoteOutcome"]) == (status, outcome)
    archived = code == 0 or keeps
    assert ("ARCHIVING" in support.events(ada, job["id"])) is archived
    assert ("/files/v2/" in job["_links"]["archiveData"]["href"]) is archived
    assert support.output(ada, job["id"], "made.txt") == "made\n"
    if code:
        assert "exit code is 3" in job["lastStatusMessage"]


def test_callbacks_of_a_wrapper_are_not_heard_any_more(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    wrapper = "A=1\n${AGAVE_JOB_CALLBACK_ALIVE}\n${AGAVE_JOB_CALLBACK_NOTIFICATION|A}\n"
    wrapper += "${AGAVE_JOB_CALLBACK_FAILURE}\necho went on\n"
    job = aloe.run(ada, support.app(ada, sandbox, wrapper))
    assert job["status"] == "FINISHED"
    assert support.printed(ada, job) == "went on\n"
    assert support.printed(ada, job, "err") == ""
    assert "HEARTBEAT" not in support.events(ada, job["id"])


def test_a_job_that_runs_for_too_long_fails_and_its_archive_is_skipped() -> None:
    with Sandbox(jobs="aloe", check_answers=True) as own, aloe.session(own, "ada") as ada:
        job_id = aloe.submit(ada, aloe.waiter(ada, own), maxRunTime="00:10:00")["id"]
        support.until(ada, job_id, "RUNNING")
        own.tenant.clock.advance(601)
        job = support.end(ada, job_id)
        assert (job["status"], job["remoteOutcome"]) == ("FAILED", "FAILED_SKIP_ARCHIVE")
        assert "maxRunTime" in job["lastStatusMessage"]


def test_a_job_is_cancelled_once_and_is_stopped_then(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    app = aloe.waiter(ada, sandbox)
    for route, body in (("/cancel", {}), ("", {"action": "kill"}), ("", {"action": "stop"})):
        job_id = aloe.submit(ada, app)["id"]
        path = f"/jobs/v2/{job_id}"
        pid = aloe.process(ada, job_id)
        answer = ada.post(f"{path}{route}", json=body)
        assert (answer.status_code, "result" in answer.json()) == (200, False)
        assert answer.json()["message"].startswith("JOBS_")
        assert support.status(ada, job_id) == "STOPPED"
        aloe.gone(pid)
        again = ada.post(f"{path}{route}", json=body)
        assert again.status_code == 400
        assert "STOPPED" in again.json()["message"]
        assert support.detail(ada, job_id)["remoteOutcome"] is None
        assert support.events(ada, job_id)[-1] == "STOPPED"


def test_a_job_is_hidden_shown_again_and_run_again(http: HttpFactory) -> None:
    ada = http("ada")
    job_id = support.end(ada, aloe.count(ada, name="hidden one")["id"])["id"]
    path = f"/jobs/v2/{job_id}"
    for method, at in (("POST", f"{path}/hide"), ("DELETE", path)):
        assert ada.request(method, at).status_code == 200
        assert ada.get(path).status_code == 404
        query = {"name": "hidden one"}
        assert ada.get("/jobs/v2/", params=query).json()["result"] == []
        (listed,) = ada.get("/jobs/v2/", params={**query, "visible": "false"}).json()["result"]
        assert listed["id"] == job_id
        assert aloe.act(ada, job_id, "unhide")[0] == 200
        assert ada.get(path).status_code == 200
    assert aloe.act(ada, job_id, "unhide")[0] == 400  # it is not hidden
    answer = ada.post(f"{path}/resubmit")
    new = answer.json()["result"]
    assert (answer.status_code, new["status"], new["id"] != job_id) == (200, "ACCEPTED", True)
    assert support.end(ada, new["id"])["status"] == "FINISHED"
    assert ada.post(path, json={"action": "resubmit"}).status_code == 202


def test_others_see_and_do_with_a_job_what_they_may(http: HttpFactory, sandbox: Sandbox) -> None:
    ada, grace, admin = http("ada"), http("grace"), http("admin")
    job_id = aloe.submit(ada, aloe.waiter(ada, sandbox))["id"]
    support.until(ada, job_id, "RUNNING")
    path = f"/jobs/v2/{job_id}"
    for route in ("cancel", "hide", "unhide", "resubmit"):
        assert aloe.act(grace, job_id, route)[0] == 403
    assert [grace.get(at).status_code for at in (path, f"{path}/history")] == [403, 403]
    assert job_id not in [job["id"] for job in grace.get("/jobs/v2/").json()["result"]]
    granted = ada.post(f"{path}/pems", json={"username": "grace", "permission": "READ"})
    assert granted.status_code == 201
    assert support.detail(grace, job_id)["owner"] == "ada"
    assert job_id in [job["id"] for job in grace.get("/jobs/v2/").json()["result"]]
    assert aloe.act(grace, job_id, "cancel")[0] == 403
    assert aloe.act(grace, "none-007", "cancel")[0] == 404
    assert support.detail(admin, job_id)["status"] == "RUNNING"
    assert aloe.act(admin, job_id, "cancel")[0] == 200
    events = ada.get(f"{path}/history").json()["result"]
    stopped = next(event for event in events if event["status"] == "STOPPED")
    assert (stopped["createdBy"], "stopped by admin" in stopped["description"]) == ("admin", True)
    assert http("").get(path).status_code == 401


def test_a_job_waits_blocked_until_a_quota_has_room(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    local = {"host": "localhost", "port": 22, "protocol": "LOCAL", "auth": {"type": "LOCAL"}}
    definition = {
        "id": "ada.narrow",
        "name": "narrow",
        "type": "EXECUTION",
        "executionType": "CLI",
        "scheduler": "FORK",
        "storage": {**local, "rootDir": "/", "homeDir": "/"},
        "login": local,
        "queues": [{"name": "q", "maxJobs": 1}],
    }
    assert ada.post("/systems/v2/", json=definition).status_code == 201
    app = aloe.waiter(ada, sandbox, executionSystem="ada.narrow")
    first = aloe.submit(ada, app)["id"]
    support.until(ada, first, "RUNNING")
    second = aloe.submit(ada, app)["id"]
    support.until(ada, second, "BLOCKED")
    third = aloe.submit(ada, app)["id"]
    support.until(ada, third, "BLOCKED")
    assert aloe.act(ada, third, "cancel")[0] == 200
    assert support.status(ada, third) == "STOPPED"
    aloe.release(ada, sandbox, first)
    support.until(ada, second, "RUNNING")
    aloe.release(ada, sandbox, second)
    job = support.end(ada, second)
    assert (job["status"], job["blockedCount"]) == ("FINISHED", 1)
    way = support.events(ada, second)
    assert way[way.index("BLOCKED") - 1 : way.index("RUNNING")] == [
        "SUBMITTING", "BLOCKED", "SUBMITTING", "QUEUED",
    ]  # fmt: skip


def test_subscribers_are_told_in_aloes_words(http: HttpFactory) -> None:
    ada = http("ada")
    with Loopback() as hook:
        wanted = [{"event": "FINISHED", "url": f"{hook.url}/${{EVENT}}/${{JOB_SYSTEM_ID}}"}]
        job = support.end(ada, aloe.count(ada, notifications=wanted)["id"])
        wait_for(lambda: hook.requests)
        (seen,) = hook.requests
    told = json.loads(seen.body)
    assert seen.target == "/FINISHED/sandbox.exec"
    assert (told["id"], told["status"], told["remoteOutcome"]) == (
        job["id"],
        "FINISHED",
        "FINISHED",
    )
    assert set(DETAIL) == set(told)


def test_the_uuids_of_jobs_are_resolved_one_at_a_time(http: HttpFactory) -> None:
    ada = http("ada")
    job_id = support.end(ada, aloe.count(ada)["id"])["id"]
    found = ada.get(f"/uuids/v2/{job_id}").json()["result"]
    assert (found["type"], found["uuid"]) == ("job", job_id)
    for path in ("/uuids/v2/", "/uuid/v2/"):
        for answer in (
            ada.get(path, params={"uuids": job_id}),
            ada.post(path, json={"type": "JOB"}),
        ):
            assert answer.status_code == 405
            assert "Aloe" in answer.json()["message"]


def test_usage_counts_jobs_by_aloes_ends() -> None:
    # A tenant of its own: jobs that other tests have left end when they like.
    with (
        Sandbox(jobs="aloe", check_answers=True) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        (before,) = ada.get("/usage/v2/").json()["result"]
        support.end(ada, aloe.count(ada)["id"])
        (after,) = ada.get("/usage/v2/").json()["result"]
        assert after["jobs"]["finished"] == before["jobs"]["finished"] + 1
