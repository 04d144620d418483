"""Checks look at the system itself, when they are due and when they are asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox import notifications_support
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import execution_system, new_id, storage_system
from tests.sandbox.test_monitors import COLLECTION, UNKNOWN, add, words
from tests.unit.loopback import Loopback
from tests.waiting import wait_for

MINUTE = 60


@pytest.fixture
def ada(fresh_sandbox: Sandbox) -> Iterator[Http]:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as session:
        yield session


def storage(http: Http, **changes: Any) -> str:
    definition = storage_system(new_id("watched"), **changes)
    return str(result(http.post("/systems/v2/", json=definition), 201)["id"])


def execution(http: Http, **changes: Any) -> str:
    definition = execution_system(new_id("watched"), **changes)
    return str(result(http.post("/systems/v2/", json=definition), 201)["id"])


def check(http: Http, monitor: dict[str, Any]) -> dict[str, Any]:
    return dict(result(http.post(f"{COLLECTION}{monitor['id']}/checks")))


def checks(http: Http, monitor: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    return list(result(http.get(f"{COLLECTION}{monitor['id']}/checks", params=query)))


def get(http: Http, monitor: dict[str, Any]) -> dict[str, Any]:
    return dict(result(http.get(f"{COLLECTION}{monitor['id']}")))


def system_status(http: Http, target: str) -> str:
    return str(result(http.get(f"/systems/v2/{target}"))["status"])


def spoil(sandbox: Sandbox, target: str) -> Path:
    """Put a file where the root directory of a system was."""
    root = sandbox.tenant.root / "systems" / target
    shutil.rmtree(root, ignore_errors=True)
    root.write_text("no directory")
    return root


def test_a_check_of_storage_lists_its_root(http: HttpFactory) -> None:
    ada = http("ada")
    made = add(ada, storage(ada))
    found = check(ada, made)
    assert list(found) == ["id", "type", "result", "message", "created", "_links"]
    assert found["id"].endswith("-015")
    assert (found["type"], found["result"]) == ("STORAGE", "PASSED")
    assert "1 entries" in found["message"]
    assert set(found["_links"]) == {"self", "monitor", "system"}
    assert result(ada.get(found["_links"]["self"]["href"])) == found
    now = get(ada, made)
    told = {name: found[name] for name in found if name != "_links"}
    assert now["lastCheck"] == told
    assert list(now["lastCheck"]) == ["id", "result", "message", "type", "created"]
    assert now["lastSuccess"] == found["created"]
    assert now["nextUpdate"] == made["nextUpdate"]
    assert words(ada, made) == ["CREATED", "FORCED_CHECK_REQUESTED", "CHECK_PASSED"]


def test_a_storage_that_cannot_be_listed_fails(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    target = storage(ada)
    made = add(ada, target)
    check(ada, made)
    root = spoil(sandbox, target)
    found = check(ada, made)
    assert (found["result"], found["type"]) == ("FAILED", "STORAGE")
    assert target in found["message"]
    assert str(sandbox.tenant.root) not in found["message"]
    assert get(ada, made)["lastSuccess"] < found["created"]
    assert words(ada, made)[-2:] == ["CHECK_FAILED", "RESULT_CHANGE"]
    root.unlink()
    assert check(ada, made)["result"] == "PASSED"
    assert system_status(ada, target) == "UP"  # nobody asked for it to be changed


def test_an_execution_system_is_logged_in_to_as_well(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    target = execution(ada, scratchDir="/scratch")
    made = add(ada, target)
    assert check(ada, made)["type"] == "LOGIN"
    assert [item["type"] for item in checks(ada, made)] == ["LOGIN", "STORAGE"]
    scratch = sandbox.tenant.root / "systems" / target / "scratch"
    scratch.rmdir()
    scratch.write_text("no directory")
    failed = check(ada, made)
    assert (failed["type"], failed["result"]) == ("LOGIN", "FAILED")
    assert checks(ada, made, type="login", result="failed") == [failed]
    assert [item["result"] for item in checks(ada, made, type="STORAGE")] == ["PASSED"] * 2


def test_a_system_that_cannot_be_looked_at_is_unknown(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    target = storage(ada)
    roles = f"/systems/v2/{target}/roles"
    result(ada.post(roles, json={"username": "grace", "role": "USER"}), 201)
    mine, hers = add(ada, target), add(grace, target)
    result(ada.delete(f"{roles}/grace"))
    assert "may not use" in check(grace, hers)["message"]
    result(ada.put(f"/systems/v2/{target}", json={"action": "disable"}))
    disabled = check(ada, mine)
    assert (disabled["result"], "disabled" in disabled["message"]) == ("UNKNOWN", True)
    result(ada.delete(f"/systems/v2/{target}"))
    assert "does not exist" in check(ada, mine)["message"]
    assert words(ada, mine).count("CHECK_UNKNOWN") == 2


def test_a_failing_system_is_taken_down_and_up_again(http: HttpFactory, sandbox: Sandbox) -> None:
    ada = http("ada")
    target = storage(ada)
    made = add(ada, target, updateSystemStatus=True)
    root = spoil(sandbox, target)
    assert check(ada, made)["result"] == "FAILED"
    assert system_status(ada, target) == "DOWN"
    assert refusal(ada.get(f"/files/v2/listings/system/{target}/"), 400)
    root.unlink()
    assert check(ada, made)["result"] == "PASSED"
    assert system_status(ada, target) == "UP"
    assert words(ada, made).count("STATUS_CHANGE") == 2
    history = result(ada.get(f"/systems/v2/{target}/history"))
    assert [event["status"] for event in history].count("STATUS_UPDATE") == 2


def test_a_system_in_maintenance_stays_so(http: HttpFactory) -> None:
    ada = http("ada")
    target = storage(ada, status="MAINTENANCE")
    made = add(ada, target, updateSystemStatus=True)
    assert check(ada, made)["result"] == "PASSED"
    assert system_status(ada, target) == "MAINTENANCE"


def test_who_no_longer_administers_a_system_changes_no_status(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    ada, grace = http("ada"), http("grace")
    target = storage(ada)
    roles = f"/systems/v2/{target}/roles"
    result(ada.post(roles, json={"username": "grace", "role": "ADMIN"}), 201)
    made = add(grace, target, updateSystemStatus=True)
    result(ada.post(roles, json={"username": "grace", "role": "USER"}), 201)
    spoil(sandbox, target)
    assert check(grace, made)["result"] == "FAILED"
    assert system_status(ada, target) == "UP"
    assert words(grace, made)[-1] == "CHECK_FORBIDDEN"


def test_checks_are_made_when_they_are_due(ada: Http, fresh_sandbox: Sandbox) -> None:
    clock = fresh_sandbox.tenant.clock
    target = storage(ada)
    often = add(ada, target, frequency=10)
    seldom = add(ada, storage(ada))
    clock.advance(9 * MINUTE)
    assert checks(ada, often) == []
    clock.advance(2 * MINUTE)
    wait_for(lambda: checks(ada, often))
    now = get(ada, often)
    assert now["lastCheck"]["result"] == "PASSED"
    assert now["nextUpdate"] > often["nextUpdate"]
    spoil(fresh_sandbox, target)
    clock.advance(100 * MINUTE)  # nine were missed, and one makes up for them
    wait_for(lambda: len(checks(ada, often)) == 2)
    assert [item["result"] for item in checks(ada, often)] == ["FAILED", "PASSED"]
    assert words(ada, often) == ["CREATED", "CHECK_PASSED", "CHECK_FAILED", "RESULT_CHANGE"]
    assert checks(ada, seldom) == []


def test_a_monitor_that_is_switched_off_checks_when_asked_only(
    ada: Http, fresh_sandbox: Sandbox
) -> None:
    off = add(ada, storage(ada), frequency=5, active=False)
    on = add(ada, storage(ada), frequency=5)
    fresh_sandbox.tenant.clock.advance(6 * MINUTE)
    wait_for(lambda: checks(ada, on))
    assert checks(ada, off) == []
    assert check(ada, off)["result"] == "PASSED"
    assert get(ada, off)["nextUpdate"] is None
    result(ada.put(f"{COLLECTION}{off['id']}", json={"action": "enable"}))
    fresh_sandbox.tenant.clock.advance(6 * MINUTE)
    wait_for(lambda: len(checks(ada, off)) == 2)


def test_what_became_due_while_the_sandbox_was_off_is_checked_at_its_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Sandbox(state=state) as sandbox:
        with Http(sandbox.url, sandbox.credentials("ada")["token"]) as session:
            made = add(session, storage(session), frequency=5)
        monitor = sandbox.tenant.store.get("monitor", made["id"])
        assert monitor is not None
        monitor["nextUpdate"] = sandbox.tenant.clock.now() - 1
        sandbox.tenant.store.put("monitor", made["id"], monitor)
    with (
        Sandbox(state=state) as sandbox,
        Http(sandbox.url, sandbox.credentials("ada")["token"]) as session,
    ):
        wait_for(lambda: len(checks(session, made)) == 1)


def test_checks_are_listed_by_time(ada: Http, fresh_sandbox: Sandbox) -> None:
    made = add(ada, storage(ada), active=False)
    old = check(ada, made)
    fresh_sandbox.tenant.clock.advance(180 * MINUTE)
    new = check(ada, made)
    assert checks(ada, made) == [new, old]
    assert checks(ada, made, order="ASC") == [old, new]
    assert checks(ada, made, limit=1, offset=1) == [old]
    assert checks(ada, made, startDate="2 hours ago") == [new]
    assert checks(ada, made, endDate="2 hours ago") == [old]
    assert checks(ada, made, startDate=old["created"], endDate=new["created"]) == [new, old]
    assert checks(ada, made, startDate="tomorrow") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"startDate": "some day"}, "startdate: some day"),
        ({"endDate": "2018-99-99"}, "2018-99-99"),
        ({"result": "GOOD"}, "'GOOD' is not one of PASSED"),
        ({"type": "GUESS"}, "'GUESS' is not one of LOGIN"),
    ],
)
def test_a_listing_of_checks_refuses_what_it_does_not_know(
    http: HttpFactory, query: dict[str, str], said: str
) -> None:
    ada = http("ada")
    made = add(ada, storage(ada))
    answer = ada.get(f"{COLLECTION}{made['id']}/checks", params=query)
    assert said.lower() in refusal(answer, 400).lower()


def test_an_unknown_check_is_not_found(http: HttpFactory) -> None:
    ada = http("ada")
    made, other = add(ada, storage(ada)), add(ada, storage(ada))
    path = f"{COLLECTION}{made['id']}/checks"
    assert UNKNOWN in refusal(ada.get(f"{path}/{UNKNOWN}"), 404)
    elsewhere = check(ada, other)["id"]
    assert elsewhere in refusal(ada.get(f"{path}/{elsewhere}"), 404)


def test_subscribers_of_a_monitor_are_told_of_its_results(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    made = add(ada, storage(ada))
    with Loopback() as hook:
        url = f"{hook.url}/${{MONITOR_ID}}/${{MONITOR_TARGET}}"
        told = notifications_support.add(ada, url, made["id"], "CHECK_PASSED")
        assert ada.get(told["_links"]["monitor"]["href"]).status_code == 200
        check(ada, made)
        wait_for(lambda: hook.requests)
        path, document = notifications_support.told(hook)[0]
    assert path == f"/{made['id']}/{made['target']}"
    assert document["lastCheck"]["result"] == "PASSED"
    body = {"url": url, "event": "*", "associatedUuid": made["id"]}
    assert made["id"] in refusal(grace.post("/notifications/v2/", json=body), 403)


def test_a_monitor_that_is_due_in_thousands_of_years_holds_no_other_up(
    fresh_sandbox: Sandbox, ada: Http
) -> None:
    target = storage(ada)
    add(ada, target, frequency=2**31 - 1)
    soon = add(ada, storage(ada), frequency=5)
    fresh_sandbox.tenant.clock.advance(5 * MINUTE)
    wait_for(lambda: len(checks(ada, soon)) == 1)
