"""Jobs of a killed tenant of Aloe, and a state directory that is started as the other model."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy.sandbox import Sandbox, SandboxError
from agavepy.sandbox.state import jobs, jobs_request
from tests.conftest import Http
from tests.processes import sandbox_process
from tests.sandbox import aloe_support as aloe
from tests.sandbox import jobs_support as support
from tests.sandbox.jobs_support import HELLO, WHOLE_LIFE_ALOE, input_file
from tests.unit.loopback import Loopback, Reply, Seen
from tests.waiting import wait_for


def _token(ready: dict[str, Any]) -> str:
    login = ready["users"][0]
    grant = {"grant_type": "password", "scope": "PRODUCTION"}
    grant |= {name: login[name] for name in ("username", "password")}
    key = (login["api_key"], login["api_secret"])
    answer = requests.post(f"{ready['url']}/token", data=grant, auth=key, timeout=30)
    return str(answer.json()["access_token"])


def test_jobs_of_a_killed_tenant_end_or_start_over(tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = ("--state", str(state), "--aloe")
    with Loopback() as remote:
        remote.answer = lambda _: Reply(status=0)
        with sandbox_process(tmp_path, *options) as (process, ready):
            assert ready["jobs"] == "aloe"
            with Http(ready["url"], _token(ready)) as ada:
                path = support.deploy(state, "waiter", aloe.WAITER)
                app = support.register(ada, "waiter", path, parameters=[aloe.CODE])
                running = aloe.submit(ada, app)["id"]
                pid = aloe.process(ada, running)
                ended = support.end(ada, aloe.count(ada)["id"])["id"]
                path = support.deploy(state, "reader", "cat '${in}'\n")
                app = support.register(ada, "reader", path, inputs=[input_file("in")])

                acknowledged = threading.Event()

                def kill(_: Seen) -> Reply:  # in the midst of staging
                    acknowledged.wait(20)
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    return Reply(status=0)

                remote.answer = kill
                staging = aloe.submit(ada, app, inputs={"in": f"{remote.url}/x.txt"})["id"]
                acknowledged.set()
                process.wait()
        remote.answer = lambda _: Reply(body=b"late\n")
        with (
            Sandbox(state=state, jobs="aloe", check_answers=True) as again,
            aloe.session(again, "ada") as ada,
        ):
            job = support.detail(ada, running)
            assert (job["status"], job["remoteOutcome"]) == ("FAILED", None)
            assert "sandbox ended" in job["lastStatusMessage"]
            aloe.gone(pid)
            job = support.end(ada, staging)
            assert (job["status"], job["submitRetries"]) == ("FINISHED", 1)
            assert support.printed(ada, job) == "late\n"
            assert support.events(ada, staging).count("PENDING") == 2
            assert support.events(ada, ended) == WHOLE_LIFE_ALOE


def test_a_job_that_is_killed_while_it_is_archived_loses_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with (
        sandbox_process(tmp_path, "--state", str(state), "--aloe") as (process, ready),
        Http(ready["url"], _token(ready)) as ada,
    ):
        path = support.deploy(state, "many", "for n in $(seq 500); do echo $n > f$n; done\n")
        job_id = aloe.submit(ada, support.register(ada, "many", path))["id"]
        support.until(ada, job_id, "ARCHIVING", *support.ENDS)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with (
        Sandbox(state=state, jobs="aloe", check_answers=True) as again,
        aloe.session(again, "ada") as ada,
    ):
        job = support.end(ada, job_id)
        assert (job["status"], job["submitRetries"]) == ("FINISHED", 0)
        archive = support.storage(state) / "home" / job["archivePath"]
        assert {path.name for path in archive.iterdir()} >= {f"f{n}" for n in range(1, 501)}
        assert (archive / "f500").read_text() == "500\n"


def test_an_accepted_job_is_not_to_be_found_until_it_is_taken_up(tmp_path: Path) -> None:
    request = {"name": "a job", "appId": "wc-1.0", "archivePath": "", "inputs": {"file": HELLO}}
    with Sandbox(state=tmp_path, jobs="aloe", check_answers=True) as sandbox:
        fields = jobs_request.accept(sandbox.tenant, "ada", request)
        job_id = jobs.create(sandbox.tenant, fields, "accepted, and then the process died")["id"]
        with aloe.session(sandbox, "ada") as ada:
            for path in ("", "/status", "/history", "/pems", "/outputs/listings"):
                assert ada.get(f"/jobs/v2/{job_id}{path}").status_code == 404
            for route in ("cancel", "hide", "resubmit"):
                assert aloe.act(ada, job_id, route)[0] == 404
            assert job_id not in [job["id"] for job in ada.get("/jobs/v2/").json()["result"]]
    with (
        Sandbox(state=tmp_path, jobs="aloe", check_answers=True) as sandbox,
        aloe.session(sandbox, "ada") as ada,
    ):
        wait_for(lambda: ada.get(f"/jobs/v2/{job_id}").status_code == 200)
        assert support.end(ada, job_id)["status"] == "FINISHED"
        assert support.events(ada, job_id) == WHOLE_LIFE_ALOE


def test_a_job_that_has_not_begun_can_be_cancelled_and_not_resubmitted() -> None:
    request = {"name": "a job", "appId": "wc-1.0", "archivePath": "", "inputs": {"file": HELLO}}
    with Sandbox(jobs="aloe", check_answers=True) as sandbox:
        fields = jobs_request.accept(sandbox.tenant, "ada", request)
        accepted = jobs.create(sandbox.tenant, fields, "accepted")
        job_id = jobs.move(sandbox.tenant, accepted, "PENDING", "and taken up by nobody")["id"]
        with aloe.session(sandbox, "ada") as ada:
            for answer in (
                ada.post(f"/jobs/v2/{job_id}/resubmit"),
                ada.post(f"/jobs/v2/{job_id}", json={"action": "resubmit"}),
            ):
                assert answer.status_code == 400
                assert "PENDING" in answer.json()["message"]
            assert aloe.act(ada, job_id, "cancel")[0] == 200
            assert support.events(ada, job_id) == ["PENDING", "STOPPED"]


@pytest.mark.parametrize(("made", "started"), [("classic", "aloe"), ("aloe", "classic")])
def test_a_state_of_one_model_is_not_started_as_the_other(
    tmp_path: Path, made: str, started: str
) -> None:
    with Sandbox(state=tmp_path, jobs=made) as sandbox:
        (demo,) = sandbox.tenant.store.all(jobs.KIND)
    with pytest.raises(SandboxError, match=f"(?s)state directory.*{made}.*--state"):
        Sandbox(state=tmp_path, jobs=started).start()
    with Sandbox(state=tmp_path, jobs=made) as sandbox:  # and nothing has happened to it
        assert sandbox.tenant.store.all(jobs.KIND) == [demo]


def test_a_state_of_before_there_was_a_choice_is_of_the_classic_model(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path) as sandbox:
        sandbox.tenant.store.delete("model", "jobs")
    with pytest.raises(SandboxError, match="classic"):
        Sandbox(state=tmp_path, jobs="aloe").start()
    with Sandbox(state=tmp_path) as sandbox:
        assert sandbox.tenant.jobs.name == "classic"


def test_an_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(SandboxError, match=r"'alloe'.*classic, aloe"):
        Sandbox(jobs="alloe")


def test_snapshots_bring_jobs_of_aloe_back() -> None:
    with (
        Sandbox(jobs="aloe", check_answers=True) as sandbox,
        aloe.session(sandbox, "ada") as ada,
    ):
        job = support.end(ada, aloe.count(ada)["id"])
        sandbox.control.snapshot()
        assert aloe.act(ada, job["id"], "hide")[0] == 200
        sandbox.control.restore()
        assert support.detail(ada, job["id"]) == job
        assert support.end(ada, aloe.count(ada)["id"])["status"] == "FINISHED"


def test_seeded_ids_of_jobs_are_the_same_in_every_run() -> None:
    found = []
    for _ in range(2):
        with Sandbox(jobs="aloe") as sandbox, aloe.session(sandbox, "ada") as ada:
            sandbox.control.seed_ids(7)
            found.append(aloe.count(ada)["id"])
    assert found[0] == found[1]
