"""Jobs that a test holds: each status lasts until it is told, looked at, or its time is over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agavepy.sandbox import Sandbox, SandboxError
from agavepy.sandbox.pace import KINDS, MODES, NoThingError
from tests.conftest import Http
from tests.processes import sandbox_process
from tests.sandbox import aloe_support
from tests.sandbox import jobs_support as support
from tests.sandbox.actors_run_support import open_gate, pipe
from tests.sandbox.jobs_support import WHOLE_LIFE
from tests.sandbox.pace_support import PATIENCE_S, choose, count, tell, under_way
from tests.sandbox.test_jobs_durability import taken_up
from tests.sandbox.test_jobs_limits import system
from tests.waiting import wait_for


def test_a_job_held_by_hand_takes_each_step_when_it_is_told(ada: Http, door: Http) -> None:
    choose(door, "jobs", "by_hand")
    job_id = count(ada)
    seen = [support.status(ada, job_id)]
    while seen[-1] != "FINISHED":
        (told,) = tell(door, "jobs", id=job_id)
        assert told["left"] == 0
        seen.append(support.status(ada, job_id))
        assert told["state"] == seen[-1]
    assert seen == WHOLE_LIFE == support.events(ada, job_id)
    assert "out" in str(support.outputs(ada, job_id))
    assert under_way(door, "jobs") == []


def test_a_held_job_stays_whatever_happens_around_it(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    choose(door, "jobs", "by_hand")
    job_id = count(ada)
    (thing,) = under_way(door, "jobs")
    assert (thing["id"], thing["state"], thing["held"]) == (job_id, "PENDING", True)
    tenant.tenant.clock.advance(86400)
    ada.get(f"/jobs/v2/{job_id}")
    with Http(tenant.url, tenant.credentials("ada")["token"]) as later:
        assert support.status(later, job_id) == "PENDING"


def test_several_steps_and_all_jobs_at_a_time(tenant: Sandbox, ada: Http) -> None:
    pace = tenant.control.pace
    pace.set("jobs", "by_hand")
    first, second = count(ada), count(ada)
    (told,) = pace.advance("jobs", first, transitions=3, wait_s=PATIENCE_S)
    assert (told["id"], told["state"]) == (first, "STAGED")
    told_all = pace.advance("jobs", wait_s=PATIENCE_S)
    assert {thing["state"] for thing in told_all} == {"SUBMITTING", "PROCESSING_INPUTS"}
    assert support.status(ada, second) == "PROCESSING_INPUTS"
    pace.set("jobs", "at_once")  # whoever is held goes on
    for job_id in (first, second):
        assert support.end(ada, job_id)["status"] == "FINISHED"
    assert pace.advance("jobs") == []


def test_what_a_running_job_does_is_done_before_it_goes_on(
    tenant: Sandbox, ada: Http, door: Http, tmp_path: Path
) -> None:
    choose(door, "jobs", "by_hand")
    wrapper = f"echo up > up.txt\nread line < {pipe(tmp_path)}\n"
    job = support.submit(ada, support.app(ada, tenant, wrapper))
    (told,) = tell(door, "jobs", transitions=5)
    assert told["state"] == "RUNNING"
    wait_for(lambda: ada.get(f"/jobs/v2/{job['id']}/outputs/media/up.txt").status_code == 200)
    (told,) = tell(door, "jobs", transitions=2, wait=0)
    assert (told["state"], told["held"], told["left"]) == ("RUNNING", False, 2)
    open_gate(tmp_path / "gate")
    support.until(ada, job["id"], "ARCHIVING")


def test_a_finished_process_is_not_told_before_the_job_may_go_on(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    choose(door, "jobs", "by_hand")
    early = "${AGAVE_JOB_CALLBACK_CLEANING_UP}\necho done > done.txt\n"
    job_id = support.submit(ada, support.app(ada, tenant, early), archive=False)["id"]
    tell(door, "jobs", transitions=5)
    done = f"/jobs/v2/{job_id}/outputs/media/done.txt"
    wait_for(lambda: ada.get(done).text == "done\n")
    assert support.status(ada, job_id) == "RUNNING"
    assert tell(door, "jobs")[0]["state"] == "CLEANING_UP"
    assert tell(door, "jobs")[0]["state"] == "FINISHED"


def test_a_job_goes_on_after_some_looks(ada: Http, door: Http) -> None:
    assert choose(door, "jobs", "by_hand", looks=2)["looks"] == 2
    job_id = count(ada)
    seen = []
    for _ in range(3):
        ada.get("/jobs/v2/")  # a listing is no look
        seen += [support.status(ada, job_id), support.detail(ada, job_id)["status"]]
    assert seen == [word for word in WHOLE_LIFE[:3] for _ in range(2)]
    assert [ada.get("/jobs/v2/none").status_code for _ in range(2)] == [404, 404]
    assert support.status(ada, job_id) == WHOLE_LIFE[3]
    assert wait_for(lambda: support.status(ada, job_id) == "FINISHED")


def test_each_status_lasts_its_time_of_the_tenants_clock(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    choose(door, "jobs", "by_time", seconds=600)
    job_id = count(ada)
    for word in WHOLE_LIFE[:-1]:
        support.until(ada, job_id, word)
        tenant.tenant.clock.advance(570)
        assert support.status(ada, job_id) == word
        tenant.tenant.clock.advance(31)
    assert support.end(ada, job_id)["status"] == "FINISHED"
    started, ended = (support.detail(ada, job_id)[name] for name in ("startTime", "endTime"))
    assert started < ended


def test_a_job_that_cannot_run_fails_when_it_is_told(
    ada: Http, tenant: Sandbox, door: Http
) -> None:
    app = support.app(ada, tenant, "true\n")
    folder = ada.get(f"/apps/v2/{app}").json()["result"]["deploymentPath"]
    choose(door, "jobs", "by_hand")
    job_id = support.submit(ada, app)["id"]
    assert ada.delete(f"/files/v2/media/system/sandbox.storage/{folder}").status_code == 200
    assert tell(door, "jobs")[0]["state"] == "PROCESSING_INPUTS"
    assert tell(door, "jobs")[0]["state"] == "FAILED"
    assert "deployment" in support.detail(ada, job_id)["message"]


@pytest.mark.parametrize("steps", [0, 2, 4, 5])
@pytest.mark.parametrize("way", ["stop", "hide"])
def test_a_held_job_can_be_stopped_and_hidden(ada: Http, door: Http, steps: int, way: str) -> None:
    choose(door, "jobs", "by_hand")
    job_id = count(ada)
    if steps:
        tell(door, "jobs", transitions=steps)
    if way == "stop":
        assert ada.post(f"/jobs/v2/{job_id}", json={"action": "stop"}).status_code == 200
        assert support.status(ada, job_id) in {"STOPPED", "FAILED"}
    else:
        assert ada.delete(f"/jobs/v2/{job_id}").status_code == 200
    assert under_way(door, "jobs") == []
    assert door.post("/transitions", json={"kind": "jobs", "id": job_id}).status_code == 404


def test_a_held_job_takes_nobodys_place_and_keeps_its_own(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    system(ada, "ada.narrow", {"maxJobs": 1})
    app = support.app(ada, tenant, "true\n", executionSystem="ada.narrow")
    choose(door, "jobs", "by_hand")
    first, second = (support.submit(ada, app)["id"] for _ in range(2))
    tell(door, "jobs", transitions=4)
    assert {support.status(ada, job_id) for job_id in (first, second)} == {"QUEUED"}
    assert tell(door, "jobs", id=second)[0]["state"] == "RUNNING"
    (told,) = tell(door, "jobs", id=first, wait=0)
    assert (told["state"], told["left"]) == ("QUEUED", 1)
    assert tell(door, "jobs", id=second)[0]["state"] == "CLEANING_UP"
    support.until(ada, first, "RUNNING")


def test_a_snapshot_keeps_the_modes_and_a_restore_brings_them_back(
    tenant: Sandbox, ada: Http
) -> None:
    control = tenant.control
    control.pace.set("jobs", "by_hand")
    control.pace.set("files", "by_time", seconds=5)
    job_id = count(ada)
    control.pace.advance("jobs", transitions=2, wait_s=PATIENCE_S)
    control.snapshot("held")
    assert support.status(ada, job_id) == "PENDING"  # a snapshot ends what runs
    for kind in ("jobs", "files"):
        control.pace.set(kind, "at_once")
    later = count(ada)
    assert support.end(ada, later)["status"] == "FINISHED"
    control.restore("held")
    modes = {item["kind"]: item for item in control.pace.listing()}
    assert (modes["jobs"]["mode"], modes["files"]["seconds"]) == ("by_hand", 5)
    assert [thing["id"] for thing in modes["jobs"]["things"]] == [job_id]
    (told,) = control.pace.advance("jobs", job_id, wait_s=PATIENCE_S)
    assert told["state"] == "PROCESSING_INPUTS"
    control.restore("start")
    assert {item["mode"] for item in control.pace.listing()} == {"at_once"}


def test_a_sandbox_with_held_jobs_closes_at_once_and_its_state_goes_on(tmp_path: Path) -> None:
    with Sandbox(state=tmp_path) as sandbox:
        with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
            sandbox.control.pace.set("jobs", "by_hand")
            waiting, running = count(session), count(session)
            sandbox.control.pace.advance("jobs", running, transitions=6, wait_s=PATIENCE_S)
            assert support.status(session, running) == "RUNNING"
        started = time.monotonic()
    assert time.monotonic() - started < 8  # what does not notice is waited for ten seconds
    with taken_up(tmp_path) as session:
        assert support.end(session, waiting)["status"] == "FINISHED"
        assert support.detail(session, running)["status"] == "FAILED"


def test_held_jobs_of_a_killed_sandbox_come_to_their_end(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with sandbox_process(tmp_path, "--state", str(state)) as (process, ready):
        user = ready["users"][0]
        form = {name: user[name] for name in ("username", "password")}
        with Http(ready["url"], "") as session:
            session.headers["X-Sandbox-Secret"] = ready["secret"]
            mode = {"kind": "jobs", "mode": "by_hand"}
            assert session.put("/_sandbox/transitions", json=mode).status_code == 200
            auth = (user["api_key"], user["api_secret"])
            token = session.post("/token", data={"grant_type": "password", **form}, auth=auth)
            session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
            held, begun = count(session), count(session)
            step = {"kind": "jobs", "id": begun, "transitions": 3}
            assert session.post("/_sandbox/transitions", json=step).json()[0]["state"] == "STAGED"
            assert support.status(session, held) == "PENDING"
        process.kill()
        process.wait()
    with taken_up(state) as session:
        for job_id in (held, begun):
            assert support.end(session, job_id)["status"] == "FINISHED"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, "kind"),
        ({"kind": "jobs"}, "mode"),
        ({"kind": "dreams", "mode": "by_hand"}, "dreams"),
        ({"kind": "jobs", "mode": "by_chance"}, "by_chance"),
        ({"kind": "jobs", "mode": "by_time"}, "seconds"),
        ({"kind": "jobs", "mode": "by_time", "seconds": 0}, "0 seconds"),
        ({"kind": "jobs", "mode": "by_time", "seconds": -2}, "-2"),
        ({"kind": "jobs", "mode": "by_time", "seconds": "long"}, "long"),
        ({"kind": "jobs", "mode": "by_hand", "seconds": 3}, "seconds"),
        ({"kind": "jobs", "mode": "by_hand", "looks": 0}, "looks"),
        ({"kind": "jobs", "mode": "at_once", "looks": 1}, "looks"),
        ({"kind": "jobs", "mode": "by_hand", "colour": "red"}, "colour"),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused_by_name(
    door: Http, asked: dict[str, object], named: str
) -> None:
    answer = door.put("/transitions", json=asked)
    assert answer.status_code == 400
    assert named in answer.json()["message"]
    assert {item["mode"] for item in door.get("/transitions").json()} == {"at_once"}


@pytest.mark.parametrize(
    ("asked", "status", "named"),
    [
        ({}, 400, "kind"),
        ({"kind": "dreams"}, 400, "dreams"),
        ({"kind": "jobs", "id": "none"}, 404, "none"),
        ({"kind": "jobs", "transitions": 0}, 400, "transitions"),
        ({"kind": "jobs", "wait": 61}, 400, "61"),
    ],
)
def test_what_cannot_go_on_is_named(
    door: Http, asked: dict[str, object], status: int, named: str
) -> None:
    answer = door.post("/transitions", json=asked)
    assert answer.status_code == status
    assert named in answer.json()["message"]


def test_python_is_refused_as_the_door_is(tenant: Sandbox) -> None:
    pace = tenant.control.pace
    for kind, mode, figures in (
        ("dreams", "by_hand", {}),
        ("jobs", "by_chance", {}),
        ("jobs", "by_time", {"seconds": float("nan")}),
        ("jobs", "by_hand", {"looks": 0}),
    ):
        with pytest.raises(SandboxError):
            pace.set(kind, mode, **figures)
    with pytest.raises(SandboxError, match="dreams"):
        pace.advance("dreams")
    with pytest.raises(SandboxError, match="0"):
        pace.advance("jobs", transitions=0)
    with pytest.raises(NoThingError, match="none"):
        pace.advance("jobs", "none")


def test_outsiders_cannot_hold_anything(tenant: Sandbox, ada: Http) -> None:
    for method in ("GET", "PUT", "POST"):
        answer = ada.request(method, "/_sandbox/transitions", json={"kind": "jobs"})
        assert answer.status_code == 401


def test_the_description_has_the_kinds_and_modes_that_there_are(door: Http) -> None:
    from agavepy import loader

    fields = loader.document("_sandbox")["definitions"]["Transition"]["properties"]
    assert fields["kind"]["enum"] == list(KINDS)
    assert fields["mode"]["enum"] == list(MODES)
    assert [item["kind"] for item in door.get("/transitions").json()] == list(KINDS)


def test_the_page_shows_that_a_job_is_held(tenant: Sandbox, ada: Http, door: Http) -> None:
    choose(door, "jobs", "by_hand", looks=1)
    job_id = count(ada)
    with Http(tenant.url, "") as browser:
        browser.request("GET", f"/?secret={tenant.control.secret}")
        for path in ("/_page/jobs", f"/_page/jobs/{job_id}"):
            shown = browser.get(path).text.partition("<main")[2]
            assert job_id in shown
            assert ">PENDING, held by hand<" in shown  # which is no look at it
        tenant.control.pace.set("jobs", "at_once")
        support.end(ada, job_id)
        assert ">FINISHED<" in browser.get(f"/_page/jobs/{job_id}").text.partition("<main")[2]


def test_looks_count_from_when_they_are_asked_for(ada: Http, door: Http) -> None:
    choose(door, "jobs", "by_hand")
    choose(door, "files", "by_hand", looks=1)  # another kind's looks are its own
    job_id = count(ada)
    assert {support.status(ada, job_id) for _ in range(5)} == {"PENDING"}
    choose(door, "jobs", "by_hand", looks=3)
    seen = [support.status(ada, job_id) for _ in range(4)]
    assert seen == ["PENDING", "PENDING", "PENDING", "PROCESSING_INPUTS"]


def test_who_waits_for_their_time_can_be_told_too(ada: Http, door: Http) -> None:
    choose(door, "jobs", "by_time", seconds=3600)
    count(ada)
    assert tell(door, "jobs", transitions=3)[0]["state"] == "STAGED"


def test_a_held_job_that_is_reset_begins_anew_and_is_held(
    tenant: Sandbox, ada: Http, door: Http
) -> None:
    choose(door, "jobs", "by_hand")
    job_id = count(ada)
    tell(door, "jobs", transitions=3)
    with Http(tenant.url, tenant.credentials("admin")["token"]) as admin:
        answer = admin.post(f"/jobs/v2/{job_id}", json={"action": "reset"})
    assert answer.status_code == 200, answer.text
    assert support.status(ada, job_id) == "PENDING"
    assert tell(door, "jobs")[0]["state"] == "PROCESSING_INPUTS"
    choose(door, "jobs", "at_once")
    assert support.end(ada, job_id)["status"] == "FINISHED"


def test_jobs_of_an_aloe_tenant_are_held_alike() -> None:
    with (
        Sandbox(jobs="aloe", check_answers=True) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as session,
    ):
        pace = sandbox.control.pace
        pace.set("jobs", "by_hand")
        job_id = aloe_support.count(session)["id"]
        seen = [support.status(session, job_id)]
        while seen[-1] != "FINISHED":
            (told,) = pace.advance("jobs", job_id, wait_s=PATIENCE_S)
            seen.append(support.status(session, job_id))
            assert told["state"] == seen[-1]
        assert seen == [
            "PENDING", "PROCESSING_INPUTS", "STAGING_INPUTS", "STAGED", "STAGING_JOB",
            "SUBMITTING", "QUEUED", "RUNNING", "CLEANING_UP", "ARCHIVING", "FINISHED",
        ]  # fmt: skip
        held = aloe_support.count(session)["id"]
        assert session.post(f"/jobs/v2/{held}", json={"action": "stop"}).status_code == 200
        assert pace.advance("jobs") == []
