"""Monitors: having systems checked, and who may see, change and switch off which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import new_id, storage_system

COLLECTION = "/monitors/v2/"
UNKNOWN = "6141806243129102362-242ac11b-0001-014"


def system(http: Http) -> str:
    return str(result(http.post("/systems/v2/", json=storage_system(new_id("watched"))), 201)["id"])


def add(http: Http, target: str, **fields: Any) -> dict[str, Any]:
    return dict(result(http.post(COLLECTION, json={"target": target, **fields}), 201))


def words(http: Http, monitor: dict[str, Any]) -> list[str]:
    events = result(http.get(f"{COLLECTION}{monitor['id']}/history"))
    return [event["status"] for event in events]


def test_a_monitor_is_answered_with_its_next_check_and_links(http: HttpFactory) -> None:
    ada = http("ada")
    target = system(ada)
    made = add(ada, target)
    assert list(made) == [
        "id", "target", "owner", "frequency", "updateSystemStatus", "internalUsername",
        "lastSuccess", "lastUpdated", "nextUpdate", "created", "active", "lastCheck", "_links",
    ]  # fmt: skip
    assert made["id"].endswith("-014")
    assert (made["target"], made["owner"], made["frequency"]) == (target, "ada", 720)
    assert (made["active"], made["updateSystemStatus"]) == (True, False)
    assert (made["lastCheck"], made["lastSuccess"]) == (None, None)
    assert made["nextUpdate"] > made["created"]
    links = made["_links"]
    assert set(links) == {"self", "checks", "notifications", "owner", "system"}
    assert links["system"]["href"].endswith(f"/systems/v2/{target}")
    assert result(ada.get(links["self"]["href"])) == made
    assert result(ada.get(links["checks"]["href"])) == []
    assert result(ada.get(links["notifications"]["href"])) == []


def test_a_form_is_as_good_as_json(http: HttpFactory) -> None:
    ada = http("ada")
    form = {"target": system(ada), "frequency": "60", "active": "false"}
    made = result(ada.post(COLLECTION, data=form), 201)
    assert (made["frequency"], made["active"], made["nextUpdate"]) == (60, False, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": None}, "'target'"),
        ({"target": ""}, "'target'"),
        ({"target": 5}, "expected text"),
        ({"frequency": 4}, "5 or more"),
        ({"frequency": "often"}, "'often'"),
        ({"active": "perhaps"}, "'perhaps'"),
        ({"updateSystemStatus": 2}, "true or false"),
        ({"internalUsername": "nobody"}, "No internal user found matching nobody"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    http: HttpFactory, change: dict[str, Any], said: str
) -> None:
    ada = http("ada")
    body = {"target": system(ada), **change}
    assert said in refusal(ada.post(COLLECTION, json=body), 400)


def test_a_system_has_one_monitor_of_each_user(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    target = system(ada)
    add(ada, target)
    again = ada.post(COLLECTION, json={"target": target})
    assert refusal(again, 400) == f"Monitor already exists for {target}"
    roles = f"/systems/v2/{target}/roles"
    result(ada.post(roles, json={"username": "grace", "role": "USER"}), 201)
    assert add(grace, target)["owner"] == "grace"
    person = {"username": new_id("helper"), "email": "helper@example.org"}
    assert ada.post("/profiles/v2/ada/users", json=person).status_code in {200, 201}
    other = add(ada, target, internalUsername=person["username"])
    assert other["internalUsername"] == person["username"]
    moved = ada.post(f"{COLLECTION}{add(ada, system(ada))['id']}", json={"target": target})
    assert "already exists" in refusal(moved, 400)


def test_only_systems_that_one_may_use_can_be_monitored(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    target = system(ada)
    assert "no.such" in refusal(ada.post(COLLECTION, json={"target": "no.such"}), 404)
    refusal(grace.post(COLLECTION, json={"target": target}), 403)
    roles = f"/systems/v2/{target}/roles"
    result(ada.post(roles, json={"username": "grace", "role": "GUEST"}), 201)
    assert target in refusal(grace.post(COLLECTION, json={"target": target}), 403)
    result(ada.post(roles, json={"username": "grace", "role": "USER"}), 201)
    changes = {"target": target, "updateSystemStatus": True}
    assert "status" in refusal(grace.post(COLLECTION, json=changes), 403)
    assert add(grace, target)["updateSystemStatus"] is False
    assert add(ada, target, updateSystemStatus=True)["updateSystemStatus"] is True
    assert add(http("admin"), target, updateSystemStatus=True)["owner"] == "admin"


def test_an_update_changes_what_it_gives_and_nothing_else(http: HttpFactory) -> None:
    ada = http("ada")
    made = add(ada, system(ada), frequency=100)
    path = f"{COLLECTION}{made['id']}"
    changed = result(ada.post(path, json={"frequency": 5}))
    assert changed["frequency"] == 5
    assert made["created"] < changed["nextUpdate"] < made["nextUpdate"]
    kept = ("id", "target", "owner", "active", "created", "internalUsername")
    assert {name: changed[name] for name in kept} == {name: made[name] for name in kept}
    off = result(ada.post(path, json={"active": False, "target": system(ada)}))
    assert (off["active"], off["nextUpdate"]) == (False, None)
    assert off["target"] != made["target"]
    assert result(ada.get(path)) == off
    for body, status in (
        ({"frequency": 1}, 400),
        ({"target": "no.such"}, 404),
        ({"target": system(http("grace"))}, 403),
    ):
        refusal(ada.post(path, json=body), status)
    assert result(ada.get(path)) == off
    assert words(ada, made) == ["CREATED", "UPDATED", "UPDATED", "DISABLED"]


def test_a_monitor_can_be_switched_off_and_on(http: HttpFactory) -> None:
    ada = http("ada")
    made = add(ada, system(ada))
    path = f"{COLLECTION}{made['id']}"
    off = result(ada.put(path, json={"action": "DISABLE"}))
    assert (off["active"], off["nextUpdate"]) == (False, None)
    on = result(ada.put(path, json={"action": "enable"}))
    assert on["active"] is True
    assert on["nextUpdate"] >= made["nextUpdate"]
    assert words(ada, made) == ["CREATED", "DISABLED", "ENABLED"]
    assert "'stop'" in refusal(ada.put(path, json={"action": "stop"}), 400)
    assert "action" in refusal(ada.put(path, json={}), 400)


def test_a_listing_holds_summaries_that_can_be_searched(http: HttpFactory) -> None:
    ada = http("ada")
    targets = [system(ada) for _ in range(3)]
    first, second, third = (
        add(ada, target, frequency=frequency, active=frequency != 20)
        for target, frequency in zip(targets, (10, 20, 30), strict=True)
    )

    def listed(**terms: Any) -> list[str]:
        params = {"target.in": ",".join(targets), **terms}
        return [item["id"] for item in result(ada.get(COLLECTION, params=params))]

    assert listed() == [third["id"], second["id"], first["id"]]
    assert listed(active="true") == [third["id"], first["id"]]
    assert listed(active="false") == [second["id"]]
    assert listed(target=targets[0]) == [first["id"]]
    assert listed(**{"frequency.gte": 20}) == [third["id"], second["id"]]
    assert listed(order="ASC", orderBy="frequency", limit=1, offset=1) == [second["id"]]
    params = {"target": targets[0]}
    (summary,) = result(ada.get(COLLECTION, params=params))
    assert set(summary["_links"]) == {"self"}
    assert "lastCheck" not in summary
    assert result(ada.get(COLLECTION, params={**params, "filter": "*"})) == [first]
    assert "perhaps" in refusal(ada.get(COLLECTION, params={"active": "perhaps"}), 400)


def test_a_users_monitors_are_nobody_elses(http: HttpFactory) -> None:
    ada, grace, admin = http("ada"), http("grace"), http("admin")
    made = add(ada, system(ada))
    path = f"{COLLECTION}{made['id']}"
    for answer in (
        grace.get(path),
        grace.post(path, json={"frequency": 10}),
        grace.put(path, json={"action": "disable"}),
        grace.delete(path),
        grace.get(f"{path}/checks"),
        grace.post(f"{path}/checks"),
        grace.get(f"{path}/checks/x"),
        grace.get(f"{path}/history"),
        grace.get(f"{path}/history/x"),
    ):
        assert made["id"] in refusal(answer, 403)
    where = {"target": made["target"]}
    assert result(grace.get(COLLECTION, params=where)) == []
    assert [item["id"] for item in result(admin.get(COLLECTION, params=where))] == [made["id"]]
    assert result(admin.get(path)) == made
    assert result(admin.put(path, json={"action": "disable"}))["owner"] == "ada"


def test_an_unknown_monitor_is_not_found(http: HttpFactory) -> None:
    ada, path = http("ada"), f"{COLLECTION}{UNKNOWN}"
    for answer in (
        ada.get(path),
        ada.post(path, json={"frequency": 10}),
        ada.put(path, json={"action": "disable"}),
        ada.delete(path),
        ada.get(f"{path}/checks"),
        ada.post(f"{path}/checks"),
        ada.get(f"{path}/checks/x"),
        ada.get(f"{path}/history"),
        ada.get(f"{path}/history/x"),
    ):
        assert UNKNOWN in refusal(answer, 404)


def test_a_deleted_monitor_is_gone_and_makes_room_for_another(http: HttpFactory) -> None:
    ada = http("ada")
    made = add(ada, system(ada))
    path = f"{COLLECTION}{made['id']}"
    assert result(ada.delete(path)) is None
    assert made["id"] in refusal(ada.get(path), 404)
    assert made["id"] in refusal(ada.post(f"{path}/checks"), 404)
    assert add(ada, made["target"])["id"] != made["id"]


def test_the_history_says_who_did_what(http: HttpFactory) -> None:
    ada, admin = http("ada"), http("admin")
    made = add(ada, system(ada))
    path = f"{COLLECTION}{made['id']}"
    result(admin.put(path, json={"action": "disable"}))
    created, disabled = result(ada.get(f"{path}/history"))
    assert (created["status"], created["createdBy"]) == ("CREATED", "ada")
    assert (disabled["status"], disabled["createdBy"]) == ("DISABLED", "admin")
    assert created["id"].endswith("-035")
    assert set(created["_links"]) == {"self", "monitor", "profile"}
    assert result(ada.get(created["_links"]["self"]["href"])) == created
    assert result(ada.get(f"{path}/history?limit=1&offset=1")) == [disabled]
    assert UNKNOWN in refusal(ada.get(f"{path}/history/{UNKNOWN}"), 404)
    other = add(ada, system(ada))
    wrong = f"{COLLECTION}{other['id']}/history/{created['id']}"
    assert created["id"] in refusal(ada.get(wrong), 404)


def test_the_client_updates_a_monitor_and_subscribes_to_it(sandbox: Sandbox) -> None:
    ag = sandbox.client("ada")
    target = ag.systems.add(body=storage_system(new_id("watched"))).id
    made = ag.monitors.add(body={"target": target})
    assert ag.monitors.update(monitorId=made.id, body={"frequency": 30}).frequency == 30
    told = ag.notifications.add(
        body={"url": "ada@example.org", "event": "CHECK_PASSED", "associatedUuid": made.id}
    )
    assert ag.monitors.runCheck(monitorId=made.id).result == "PASSED"
    listed = ag.notifications.list(associatedUuid=made.id)
    assert [item.id for item in listed] == [told.id]
    assert isinstance(told.created, datetime)
    assert isinstance(made.nextUpdate, datetime)
    assert ag.monitors.manage(monitorId=made.id, body={"action": "disable"}).active is False
    assert ag.notifications.fire(uuid=told.id).response.code is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/monitors/v2", {"target": "sandbox.storage", "frequency": "9" * 5000}),
        ("/monitors/v2", {"target": "sandbox.storage", "frequency": "--5"}),
        ("/postits/v2", {"url": "SANDBOX", "method": "GET", "maxUses": "9" * 5000}),
        (
            "/notifications/v2",
            {"url": "http://x/", "associatedUuid": "x", "event": "E",
             "policy": {"retryLimit": "9" * 5000}},
        ),
        ("/actors/v2", {"image": "x", "cronSchedule": f"now + {'9' * 5000} hours"}),
    ],
)  # fmt: skip
def test_a_number_of_more_digits_than_python_reads_is_refused(
    http: HttpFactory, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    given = {
        name: f"{sandbox.url}/x" if value == "SANDBOX" else value for name, value in body.items()
    }
    answer = http("ada").post(path, json=given)
    assert answer.status_code == 400, answer.text
