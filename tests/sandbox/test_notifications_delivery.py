"""Messages reach their subscribers: macros, retries by policy, order, slow ones, restarts."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from agavepy.sandbox import Sandbox
from agavepy.sandbox.state.notifications_attempts import pause
from agavepy.sandbox.state.notifications_definition import DEFAULT_POLICY
from tests.conftest import Http, HttpFactory
from tests.sandbox import notifications_support as support
from tests.sandbox.answers import refusal, result
from tests.sandbox.notifications_support import COLLECTION
from tests.sandbox.test_jobs_durability import killable
from tests.unit.loopback import DROP, Loopback, Reply, Seen
from tests.waiting import wait_for

BUSY = Reply(503)


def toggle(http: Http, system: support.Document, action: str) -> None:
    result(http.put(f"/systems/v2/{system['id']}", json={"action": action}))


def test_a_web_hook_gets_the_resource_and_the_event_in_its_address(
    http: HttpFactory, hook: Loopback
) -> None:
    ada = http("ada")
    system = support.system(ada)
    url = (
        f"{hook.url}/x?u=${{UUID}}&e=${{EVENT}}&i=${{SYSTEM_ID}}&p=${{SYSTEM_PUBLIC}}"
        "&at=${SYSTEM_URL}&n=${NO_SUCH}"
    )
    made = support.add(ada, url, system["uuid"])
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
    (seen,) = hook.requests
    address = system["_links"]["self"]["href"].replace(":", "%3A").replace("/", "%2F")
    path = f"/x?u={system['uuid']}&e=DISABLED&i={system['id']}&p=false&at={address}"
    assert seen.target.startswith(path)
    assert "NO_SUCH" in seen.target[len(path) :]
    (got,) = support.told(hook)
    assert got[1]["id"] == system["id"]
    assert got[1]["available"] is False
    assert got[1]["_links"]["self"] == system["_links"]["self"]
    assert seen.method == "POST"
    assert seen.headers["X-Agave-Event"] == "DISABLED"
    assert "Authorization" not in seen.headers
    (attempt,) = support.attempts(ada, made)
    assert seen.headers["X-Agave-Delivery"] == attempt["id"]
    assert attempt["url"].startswith(f"{hook.url}{path}")


def test_an_attempt_is_answered_with_its_times_and_links(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, hook.url, system["uuid"])
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
    (attempt,) = support.attempts(ada, made)
    assert list(attempt) == [
        "id", "url", "event", "associatedUuid", "notificationId", "startTime", "endTime",
        "response", "_links",
    ]  # fmt: skip
    assert attempt["id"].endswith("-042")
    assert attempt["startTime"].endswith("Z")
    assert attempt["endTime"] >= attempt["startTime"]
    assert attempt["response"] == {"code": 200, "message": "OK"}
    assert attempt["notificationId"] == made["id"]
    assert set(attempt["_links"]) == {"self", "notification", "profile", "system"}
    assert result(ada.get(attempt["_links"]["self"]["href"])) == attempt
    now = support.get(ada, made)
    assert (now["responseCode"], now["success"], now["attempts"]) == (200, True, 1)
    assert now["lastSent"] is not None


def test_a_persistent_one_tells_every_time_in_order(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, f"{hook.url}/${{EVENT}}", system["uuid"], persistent=True)
    for action in ("disable", "enable") * 5:
        toggle(ada, system, action)
    wait_for(lambda: len(hook.requests) == 10)
    assert [path for path, _ in support.told(hook)] == ["/DISABLED", "/ENABLED"] * 5
    wait_for(lambda: support.get(ada, made)["attempts"] == 10)
    assert support.get(ada, made)["status"] == "ACTIVE"
    assert len(support.attempts(ada, made)) == 10
    assert len(result(ada.get(f"{COLLECTION}{made['id']}/attempts?limit=3&offset=8"))) == 2


@pytest.mark.parametrize("failure", [BUSY, DROP])
def test_a_message_that_is_not_taken_is_sent_again_at_once(
    http: HttpFactory, hook: Loopback, failure: Reply
) -> None:
    ada = http("ada")
    system = support.system(ada)
    hook.say(failure, failure, Reply())
    made = support.add(ada, hook.url, system["uuid"])
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
    codes = [attempt["response"]["code"] for attempt in support.attempts(ada, made)]
    assert codes == [200, failure.status or None, failure.status or None]
    assert support.attempts(ada, made)[1]["response"]["message"]


@pytest.mark.parametrize(("save", "kept"), [(True, 3), (False, 0)])
def test_a_message_that_nobody_takes_is_given_up(
    http: HttpFactory, hook: Loopback, save: bool, kept: int
) -> None:
    ada = http("ada")
    system = support.system(ada)
    hook.say(BUSY)
    policy = {"retryLimit": 2, "saveOnFailure": save}
    made = support.add(ada, hook.url, system["uuid"], policy=policy)
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "FAILED")
    now = support.get(ada, made)
    assert (now["attempts"], now["responseCode"], now["success"]) == (3, 503, False)
    assert len(support.attempts(ada, made)) == kept
    assert len(hook.requests) == 3


def test_without_retries_one_failure_is_the_end(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    hook.say(BUSY)
    policy = {"retryStrategy": "NONE", "retryLimit": 9}
    made = support.add(ada, hook.url, system["uuid"], persistent=True, policy=policy)
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["success"] is False)
    hook.say(Reply())
    toggle(ada, system, "enable")
    wait_for(lambda: support.get(ada, made)["success"])
    assert support.get(ada, made)["attempts"] == 2
    assert support.get(ada, made)["status"] == "ACTIVE"


def test_a_failed_one_is_made_active_again_by_an_update(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    hook.say(BUSY)
    made = support.add(ada, hook.url, system["uuid"], policy={"retryStrategy": "NONE"})
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "FAILED")
    hook.say(Reply())
    again = result(ada.post(f"{COLLECTION}{made['id']}", json={"url": f"{hook.url}/new"}))
    assert again["status"] == "ACTIVE"
    toggle(ada, system, "enable")
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")


@pytest.mark.parametrize(
    ("strategy", "pauses"),
    [
        ("NONE", [None]),
        ("IMMEDIATE", [0, 0, 0, 0, None]),
        ("DELAYED", [30, 10, 10, 10, None]),
        ("EXPONENTIAL", [30, 10, 20, 40, None]),
    ],
)
def test_a_policy_says_how_long_to_wait(strategy: str, pauses: list[float | None]) -> None:
    policy = {
        **DEFAULT_POLICY,
        "retryStrategy": strategy,
        "retryLimit": 4,
        "retryRate": 10,
        "retryDelay": 30,
    }
    assert [pause(policy, failed) for failed in range(1, len(pauses) + 1)] == pauses


def test_a_delayed_retry_comes_when_its_time_has_come(
    fresh_sandbox: Sandbox, hook: Loopback
) -> None:
    sandbox = fresh_sandbox
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        system = support.system(ada)
        hook.say(BUSY, BUSY, Reply())
        policy = {"retryStrategy": "DELAYED", "retryDelay": 3600, "retryRate": 7200}
        made = support.add(ada, hook.url, system["uuid"], policy=policy)
        support.change(ada, system)
        for count, seconds in ((1, 3599), (1, 2), (2, 7201)):
            wait_for(lambda count=count: support.get(ada, made)["attempts"] == count)  # type: ignore[misc]
            sandbox.tenant.clock.advance(seconds)
        wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
        times = [attempt["startTime"] for attempt in support.attempts(ada, made)]
        assert len(times) == 3
        assert times == sorted(times, reverse=True)


def test_a_slow_subscriber_makes_nobody_else_wait(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    release = threading.Event()

    def answer(seen: Seen) -> Reply:
        if seen.target == "/slow":
            release.wait(10)
        return Reply()

    hook.answer = answer
    system = support.system(ada)
    slow = [support.add(ada, f"{hook.url}/slow", system["uuid"]) for _ in range(8)]
    quick = support.add(ada, f"{hook.url}/quick", system["uuid"])
    try:
        support.change(ada, system)
        wait_for(lambda: support.get(ada, quick)["status"] == "COMPLETE", 5)
        assert {support.get(ada, item)["attempts"] for item in slow} == {0}
    finally:
        release.set()
    wait_for(lambda: all(support.get(ada, item)["status"] == "COMPLETE" for item in slow))


def test_a_notification_can_be_fired_by_hand(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    url = f"{hook.url}/${{EVENT}}"
    made = support.add(ada, url, system["uuid"], "UPDATED")
    path = f"{COLLECTION}{made['id']}/attempts"
    fired = result(ada.post(path))
    assert (fired["event"], fired["response"]["code"]) == ("UPDATED", 200)
    assert support.told(hook)[0][0] == "/UPDATED"
    assert support.told(hook)[0][1]["id"] == system["id"]
    assert support.get(ada, made)["status"] == "ACTIVE"
    hook.say(BUSY)
    assert result(ada.post(path))["response"]["code"] == 503
    assert len(hook.requests) == 1  # a failure is not tried again
    everything = support.add(ada, url, system["uuid"])
    forced = result(ada.post(f"{COLLECTION}{everything['id']}/attempts"))
    assert forced["event"] == "FORCED_ATTEMPT"
    codes = [attempt["response"]["code"] for attempt in support.attempts(ada, made)]
    assert codes == [503, 200]


def test_attempts_can_be_forgotten(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    made = support.add(ada, hook.url, support.system(ada)["uuid"])
    other = support.add(ada, hook.url, support.system(ada)["uuid"])
    path = f"{COLLECTION}{made['id']}/attempts"
    hook.say(Reply(), BUSY, Reply())
    first, failed, last = (result(ada.post(path)) for _ in range(3))
    assert result(ada.delete(path)) is None
    assert support.attempts(ada, made) == [last, first]
    assert failed["id"] in refusal(ada.get(f"{path}/{failed['id']}"), 404)
    wrong = f"{COLLECTION}{other['id']}/attempts/{first['id']}"
    assert first["id"] in refusal(ada.delete(wrong), 404)
    assert result(ada.delete(f"{path}/{first['id']}")) is None
    assert first["id"] in refusal(ada.delete(f"{path}/{first['id']}"), 404)
    assert support.attempts(ada, made) == [last]


def test_what_is_owed_when_a_sandbox_ends_is_sent_by_the_next(
    tmp_path: Path, hook: Loopback
) -> None:
    state = tmp_path / "state"
    hook.say(BUSY)
    policy = {"retryStrategy": "DELAYED", "retryDelay": 3600}
    with (
        Sandbox(state=state) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        system = support.system(ada)
        made = support.add(ada, hook.url, system["uuid"], policy=policy)
        support.change(ada, system)
        wait_for(lambda: support.get(ada, made)["attempts"] == 1)
    hook.say(Reply())
    with (
        Sandbox(state=state) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        sandbox.tenant.clock.advance(3601)
        wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
        assert len(support.attempts(ada, made)) == 2


def test_what_a_killed_sandbox_was_just_sending_is_sent_by_the_next(
    tmp_path: Path, hook: Loopback
) -> None:
    state, silent = tmp_path / "state", threading.Event()

    def say_nothing(_: Seen) -> Reply:
        silent.wait(20)
        return DROP

    hook.answer = say_nothing
    try:
        with killable(state) as (ada, process):
            system = support.system(ada)
            made = support.add(ada, hook.url, system["uuid"])
            support.change(ada, system)
            wait_for(lambda: hook.requests)
            process.send_signal(signal.SIGKILL)
            process.wait()
    finally:
        silent.set()
    hook.say(Reply())
    with (
        Sandbox(state=state) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada,
    ):
        wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
        assert [document["id"] for _, document in support.told(hook)] == [system["id"]]


def test_a_restored_tenant_goes_on_telling(fresh_sandbox: Sandbox, hook: Loopback) -> None:
    sandbox = fresh_sandbox
    with Http(sandbox.url, sandbox.credentials("ada")["token"]) as ada:
        system = support.system(ada)
        made = support.add(ada, f"{hook.url}/${{EVENT}}", system["uuid"], persistent=True)
        sandbox.control.snapshot()
        support.change(ada, system)
        wait_for(lambda: support.get(ada, made)["attempts"] == 1)
        sandbox.control.restore()
        assert support.get(ada, made)["attempts"] == 0
        support.change(ada, system)
        wait_for(lambda: support.get(ada, made)["attempts"] == 1)
    assert [path for path, _ in support.told(hook)] == ["/DISABLED", "/DISABLED"]


@pytest.mark.parametrize("caller", ["grace", "admin"])
def test_firing_tells_nothing_that_the_subscriber_may_not_see_any_more(
    http: HttpFactory, hook: Loopback, caller: str
) -> None:
    ada, grace = http("ada"), http("grace")
    item = result(ada.post("/meta/v2/data", json={"name": "n", "value": "open"}), 201)
    where = f"/meta/v2/data/{item['uuid']}"
    result(ada.post(f"{where}/pems", json={"username": "grace", "permission": "READ"}), 201)
    made = support.add(grace, f"{hook.url}/${{METADATA_VALUE}}", item["uuid"], persistent=True)
    fire = f"{COLLECTION}{made['id']}/attempts"
    assert result(http(caller).post(fire))["response"]["code"] == 200
    result(ada.post(f"{where}/pems", json={"username": "grace", "permission": "NONE"}))
    result(ada.post(where, json={"name": "n", "value": "hidden"}))
    refusal(http(caller).post(fire), 403)
    assert not [seen for seen in hook.requests if "hidden" in seen.target or b"hidden" in seen.body]
