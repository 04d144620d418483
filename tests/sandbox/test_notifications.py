"""Notifications: who may subscribe to what, what is answered, and what may be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox import files_support as files
from tests.sandbox import jobs_support as jobs
from tests.sandbox import notifications_support as support
from tests.sandbox.answers import refusal, result
from tests.sandbox.notifications_support import COLLECTION
from tests.unit.loopback import Loopback
from tests.waiting import wait_for

NOBODY = "6141806243129102362-242ac11b-0001-007"


def test_a_notification_is_answered_with_its_policy_and_links(http: HttpFactory) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, "http://127.0.0.1:1/x", system["uuid"], "disabled")
    assert list(made) == [
        "id", "owner", "url", "associatedUuid", "event", "responseCode", "attempts", "lastSent",
        "success", "persistent", "status", "lastUpdated", "created", "policy", "_links",
    ]  # fmt: skip
    assert made["id"].endswith("-011")
    assert (made["owner"], made["event"], made["status"]) == ("ada", "DISABLED", "ACTIVE")
    assert (made["persistent"], made["attempts"], made["lastSent"]) == (False, 0, None)
    assert made["policy"] == {
        "retryStrategy": "IMMEDIATE",
        "retryLimit": 5,
        "retryRate": 5,
        "retryDelay": 0,
        "saveOnFailure": False,
    }
    links = made["_links"]
    assert set(links) == {"self", "attempts", "owner", "system"}
    assert links["system"]["href"].endswith(f"/systems/v2/{system['id']}")
    assert result(ada.get(links["self"]["href"])) == made
    assert datetime.fromisoformat(made["created"]).utcoffset()


def test_names_of_properties_are_taken_in_any_case(http: HttpFactory) -> None:
    ada = http("ada")
    body = {
        "URL": "http://127.0.0.1:1/x",
        "associateduuid": support.system(ada)["uuid"],
        "Event": "*",
        "PERSISTENT": "true",
        "policy": {"RETRYLIMIT": 2, "retrystrategytype": "delayed", "saveonfailure": True},
    }
    made = result(ada.post(COLLECTION, json=body), 201)
    assert made["persistent"] is True
    assert made["policy"]["retryLimit"] == 2
    assert made["policy"]["retryStrategy"] == "DELAYED"
    assert made["policy"]["saveOnFailure"] is True
    form = {key: value for key, value in body.items() if key != "policy"}
    form["policy"] = '{"retryRate": 7}'
    assert result(ada.post(COLLECTION, data=form), 201)["policy"]["retryRate"] == 7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"persistant": True}, 'unrecognized property "persistant". Did you mean "persistent"?'),
        ({"colour": "red"}, 'unrecognized property "colour". Use url, associatedUuid'),
        ({"policy": {"retryLimits": 1}}, 'Did you mean "retryLimit"?'),
        ({"policy": {"retryLimit": -1}}, "retryLimit -1"),
        ({"policy": {"retryRate": 100000}}, "86400"),
        ({"policy": {"retryDelay": True}}, "retryDelay True"),
        ({"policy": {"retryStrategy": "OFTEN"}}, "'OFTEN'"),
        ({"policy": {"saveOnFailure": "perhaps"}}, "'perhaps'"),
        ({"policy": "often"}, "policy 'often'"),
        ({"persistent": "perhaps"}, "'perhaps'"),
        ({"status": "COMPLETE"}, "'COMPLETE'"),
        ({"url": None}, "no url"),
        ({"event": ""}, "no event"),
        ({"associatedUuid": None}, "no associatedUuid"),
        ({"event": "E" * 32}, "1 to 31"),
        ({"url": "ftp://h/x"}, "ftp://h/x"),
        ({"url": "http://"}, "'http://'"),
        ({"url": "nobody"}, "'nobody'"),
        ({"url": 5}, "url 5"),
        ({"url": ["http://h/x"]}, "url ['http://h/x']"),
        ({"event": {}}, "event {}"),
        ({"associatedUuid": "job-1"}, "job-1 is not the uuid"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    http: HttpFactory, change: dict[str, Any], said: str
) -> None:
    ada = http("ada")
    body = {"url": "http://h/x", "event": "*", "associatedUuid": NOBODY, **change}
    assert said in refusal(ada.post(COLLECTION, json=body), 400)


def test_a_body_that_is_no_object_is_refused(http: HttpFactory) -> None:
    assert "object" in refusal(http("ada").post(COLLECTION, json=[1]), 400)
    assert "JSON body" in refusal(http("ada").post(COLLECTION), 400)


@pytest.mark.parametrize(
    "url", ["ada@example.org", "mailto:ada@example.org", "agave://data//x", "+1 (512) 555-0100"]
)
def test_an_address_that_is_not_posted_to_says_so_in_its_attempt(
    http: HttpFactory, url: str
) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, url, system["uuid"])
    support.change(ada, system)
    wait_for(lambda: support.attempts(ada, made))
    (attempt,) = support.attempts(ada, made)
    assert attempt["response"] == {
        "code": None,
        "message": f"Not sent to {url}: a sandbox posts to http and https addresses only",
    }
    now = support.get(ada, made)
    assert (now["success"], now["status"], now["attempts"]) == (False, "COMPLETE", 1)


def test_resources_that_are_not_there_or_hidden_cannot_be_subscribed_to(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    system = support.system(ada)
    body = {"url": "http://h/x", "event": "*", "associatedUuid": NOBODY}
    assert NOBODY in refusal(ada.post(COLLECTION, json=body), 404)
    unknown = {**body, "associatedUuid": NOBODY.replace("-007", "-099")}
    assert "-099" in refusal(ada.post(COLLECTION, json=unknown), 404)
    hers = {**body, "associatedUuid": system["uuid"]}
    assert system["uuid"] in refusal(grace.post(COLLECTION, json=hers), 403)
    assert result(http("admin").post(COLLECTION, json=hers), 201)["owner"] == "admin"
    assert result(ada.delete(f"/systems/v2/{system['id']}")) is None
    assert system["uuid"] in refusal(ada.post(COLLECTION, json=hers), 404)


def test_each_kind_of_resource_can_be_subscribed_to_by_who_sees_it(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    job = jobs.run(ada, "wc-1.0", inputs={"file": jobs.HELLO})
    uploaded = files.upload(ada, files.workplace(ada), "f", b"1")
    private = [("job", job["id"]), ("file", uploaded["uuid"])]
    app = result(ada.get("/apps/v2/wc-1.0"))
    for word, uuid in [*private, ("app", app["uuid"])]:
        made = support.add(ada, "http://127.0.0.1:1/x", uuid)
        assert ada.get(made["_links"][word]["href"]).status_code == 200
    for _, uuid in private:
        body = {"url": "http://h/x", "event": "*", "associatedUuid": uuid}
        assert uuid in refusal(grace.post(COLLECTION, json=body), 403)
    assert support.add(grace, "http://127.0.0.1:1/x", app["uuid"])["owner"] == "grace"


def test_everything_may_be_subscribed_to_by_administrators_only(
    http: HttpFactory, hook: Loopback
) -> None:
    ada, admin = http("ada"), http("admin")
    body = {"url": f"{hook.url}/${{UUID}}", "event": "DISABLED", "associatedUuid": "*"}
    assert "administrators" in refusal(ada.post(COLLECTION, json=body), 403)
    made = result(admin.post(COLLECTION, json=body), 201)
    assert set(made["_links"]) == {"self", "attempts", "owner"}
    system = support.system(ada)
    support.change(ada, system)
    wait_for(lambda: hook.requests)
    assert support.told(hook)[0][0] == f"/{system['uuid']}"
    wait_for(lambda: support.get(admin, made)["status"] == "COMPLETE")


def test_a_users_notifications_are_nobody_elses(http: HttpFactory) -> None:
    ada, grace, admin = http("ada"), http("grace"), http("admin")
    made = support.add(ada, "http://127.0.0.1:1/x", support.system(ada)["uuid"])
    path = f"{COLLECTION}{made['id']}"
    for answer in (
        grace.get(path),
        grace.post(path, json={"event": "X"}),
        grace.delete(path),
        grace.get(f"{path}/attempts"),
        grace.post(f"{path}/attempts"),
        grace.delete(f"{path}/attempts"),
        grace.get(f"{path}/attempts/{NOBODY}"),
        grace.delete(f"{path}/attempts/{NOBODY}"),
    ):
        assert made["id"] in refusal(answer, 403)
    where = {"associatedUuid": made["associatedUuid"]}
    assert result(grace.get(COLLECTION, params=where)) == []
    assert result(admin.get(COLLECTION, params=where)) == [made]
    assert result(admin.get(path)) == made


def test_an_unknown_notification_is_not_found(http: HttpFactory) -> None:
    ada, path = http("ada"), f"{COLLECTION}{NOBODY}"
    for answer in (
        ada.get(path),
        ada.post(path, json={"event": "X"}),
        ada.delete(path),
        ada.get(f"{path}/attempts"),
        ada.post(f"{path}/attempts"),
        ada.delete(f"{path}/attempts"),
        ada.get(f"{path}/attempts/x"),
        ada.delete(f"{path}/attempts/x"),
    ):
        assert NOBODY in refusal(answer, 404)


def test_a_listing_is_searched_sorted_and_paged(http: HttpFactory) -> None:
    ada = http("ada")
    uuid = support.system(ada)["uuid"]
    policy = {"retryLimit": 9}
    made = [
        support.add(ada, "http://127.0.0.1:1/a", uuid, "CREATED"),
        support.add(ada, "http://127.0.0.1:1/b", uuid, "UPDATED", persistent=True),
        support.add(ada, "http://127.0.0.1:1/c", uuid, "DELETED", policy=policy),
    ]

    def listed(**terms: Any) -> list[str]:
        found = result(ada.get(COLLECTION, params={"associatedUuid": uuid, **terms}))
        return [item["event"] for item in found]

    assert listed() == ["DELETED", "UPDATED", "CREATED"]
    assert listed(order="ASC", orderBy="created") == ["CREATED", "UPDATED", "DELETED"]
    assert listed(limit=1, offset=1) == ["UPDATED"]
    assert listed(persistent="true") == ["UPDATED"]
    assert listed(**{"url.like": "*/c"}) == ["DELETED"]
    assert listed(**{"policy.retryLimit.gt": 5}) == ["DELETED"]
    assert listed(**{"created.before": "yesterday"}) == []
    assert result(ada.get(COLLECTION, params={"id": made[0]["id"]})) == [made[0]]
    assert "perhaps" in refusal(ada.get(COLLECTION, params={"persistent": "perhaps"}), 400)


def test_an_update_changes_what_it_gives_and_nothing_else(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    made = support.add(ada, "http://127.0.0.1:1/x", support.system(ada)["uuid"], persistent=True)
    path = f"{COLLECTION}{made['id']}"
    changed = result(ada.post(path, json={"event": "deleted", "policy": {"retryLimit": 0}}))
    assert changed["policy"]["retryLimit"] == 0
    slower = result(ada.post(path, json={"policy": {"retryRate": 9}}))
    assert slower["policy"] == {**changed["policy"], "retryRate": 9}
    changed = slower
    kept = ("id", "url", "owner", "persistent", "associatedUuid", "created")
    assert {name: changed[name] for name in kept} == {name: made[name] for name in kept}
    assert changed["event"] == "DELETED"
    assert result(ada.get(path)) == changed
    for body, status in (
        ({"evnt": "X"}, 400),
        ({"associatedUuid": "*"}, 403),
        ({"associatedUuid": NOBODY}, 404),
        ({"associatedUuid": support.system(grace)["uuid"]}, 403),
    ):
        assert refusal(ada.post(path, json=body), status)
    assert result(ada.get(path)) == changed


def test_one_that_has_fired_cannot_be_changed(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, hook.url, system["uuid"])
    support.change(ada, system)
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
    path = f"{COLLECTION}{made['id']}"
    assert made["id"] in refusal(ada.post(path, json={"persistent": True}), 412)
    result(ada.put(f"/systems/v2/{system['id']}", json={"action": "enable"}))
    assert support.get(ada, made)["attempts"] == len(hook.requests) == 1


def test_one_that_is_switched_off_tells_nothing_until_it_is_on_again(
    http: HttpFactory, hook: Loopback
) -> None:
    ada = http("ada")
    system = support.system(ada)
    off = support.add(ada, f"{hook.url}/off", system["uuid"], status="INACTIVE")
    support.add(ada, f"{hook.url}/on", system["uuid"])
    assert off["status"] == "INACTIVE"
    support.change(ada, system)
    wait_for(lambda: hook.requests)
    assert result(ada.post(f"{COLLECTION}{off['id']}", json={"event": "*"}))["status"] == "ACTIVE"
    result(ada.put(f"/systems/v2/{system['id']}", json={"action": "enable"}))
    wait_for(lambda: len(hook.requests) == 2)
    assert [path for path, _ in support.told(hook)] == ["/on", "/off"]


def test_a_deleted_notification_is_gone_with_what_it_owed(
    http: HttpFactory, hook: Loopback
) -> None:
    ada = http("ada")
    system = support.system(ada)
    gone = support.add(ada, f"{hook.url}/gone", system["uuid"], persistent=True)
    assert result(ada.delete(f"{COLLECTION}{gone['id']}")) is None
    assert gone["id"] in refusal(ada.get(f"{COLLECTION}{gone['id']}"), 404)
    support.add(ada, f"{hook.url}/kept", system["uuid"])
    support.change(ada, system)
    wait_for(lambda: hook.requests)
    assert [path for path, _ in support.told(hook)] == ["/kept"]


def test_who_loses_sight_of_a_resource_is_told_no_more(http: HttpFactory, hook: Loopback) -> None:
    ada, grace = http("ada"), http("grace")
    system = support.system(ada)
    roles = f"/systems/v2/{system['id']}/roles"
    result(ada.post(roles, json={"username": "grace", "role": "GUEST"}), 201)
    support.add(grace, f"{hook.url}/grace", system["uuid"], persistent=True)
    support.add(ada, f"{hook.url}/ada", system["uuid"], "DISABLED")
    support.change(ada, system)
    wait_for(lambda: len(hook.requests) == 2)
    result(ada.delete(f"{roles}/grace"))
    support.add(ada, f"{hook.url}/again", system["uuid"], "ENABLED")
    result(ada.put(f"/systems/v2/{system['id']}", json={"action": "enable"}))
    wait_for(lambda: len(hook.requests) == 3)
    assert support.told(hook)[2][0] == "/again"
    assert sorted(path for path, _ in support.told(hook)[:2]) == ["/ada", "/grace"]


def test_what_came_with_a_job_is_a_notification_of_its_own(http: HttpFactory) -> None:
    ada = http("ada")
    wanted = [{"url": "http://127.0.0.1:1/x", "event": "KILLED", "policy": {"retryLimit": 3}}]
    job = jobs.submit(ada, "wc-1.0", inputs={"file": jobs.HELLO}, notifications=wanted)
    (link,) = job["_links"]["notification"]
    made = result(ada.get(link["href"]))
    assert (made["associatedUuid"], made["event"]) == (job["id"], link["title"])
    assert made["policy"]["retryLimit"] == 3
    assert result(ada.get(job["_links"]["notifications"]["href"])) == [made]
    bad = [{**wanted[0], "associatedUuid": job["id"]}]
    assert jobs.refused(ada, "wc-1.0", inputs={"file": jobs.HELLO}, notifications=bad)[0] == 400


def test_what_came_with_an_import_is_a_notification_of_its_own(http: HttpFactory) -> None:
    ada = http("ada")
    data = {"callbackURL": "ada@example.org"}
    answer = ada.post(
        files.at("media", files.workplace(ada)), files={"fileToUpload": ("f", b"1")}, data=data
    )
    record = result(answer, 202)
    links = record["_links"]["notification"]
    assert [link["title"] for link in links] == ["STAGING_COMPLETED", "STAGING_FAILED"]
    made = [result(ada.get(link["href"])) for link in links]
    assert {item["associatedUuid"] for item in made} == {record["uuid"]}
