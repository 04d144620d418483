"""Whoever asked for it is told what happens to metadata, and to what it is about."""

from __future__ import annotations

from tests.conftest import Http, HttpFactory
from tests.sandbox import notifications_support as support
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import BULK, DATA, SCHEMAS, add, add_schema
from tests.unit.loopback import Loopback
from tests.waiting import wait_for

NOTIFICATIONS = "/notifications/v2/"


def events(hook: Loopback) -> list[str]:
    """Return the words of the events that a web hook was told of."""
    return [seen.headers["X-Agave-Event"] for seen in hook.requests]


def about(http: Http, uuid: str) -> list[dict[str, object]]:
    """Return the user's notifications about a resource."""
    return list(result(http.get(NOTIFICATIONS, params={"associatedUuid": uuid})))


def test_an_item_brings_its_notifications_along(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    wanted = [{"url": f"{hook.url}/i?at=${{METADATA_URL}}", "event": "*", "persistent": True}]
    item = add(ada, 1, notifications=wanted)
    address = f"{DATA}/{item['uuid']}"
    (kept,) = about(ada, item["uuid"])
    assert (kept["owner"], kept["event"], kept["persistent"]) == ("ada", "*", True)
    assert about(http("grace"), item["uuid"]) == []
    result(ada.post(address, json={"name": item["name"], "value": 2}))
    result(ada.post(f"{address}/pems/grace", json={"permission": "READ"}), 201)
    result(ada.delete(f"{address}/pems"))
    result(ada.delete(address))
    words = ["CREATED", "UPDATED", "PERMISSION_GRANT", "PERMISSION_REVOKE", "DELETED"]
    wait_for(lambda: len(hook.requests) == len(words))
    assert events(hook) == words
    told = support.told(hook)
    assert [document["value"] for _, document in told] == [1, 2, 2, 2, 2]
    assert told[0][1] == item
    assert all(item["uuid"] in target for target, _ in told)


def test_one_address_is_told_once_of_whatever_comes_first(
    http: HttpFactory, hook: Loopback
) -> None:
    ada = http("ada")
    item = add(ada, 1)
    body = {"name": item["name"], "value": 2, "notifications": f"{hook.url}/once"}
    result(ada.post(f"{DATA}/{item['uuid']}", json=body))
    (kept,) = about(ada, item["uuid"])
    wait_for(lambda: about(ada, item["uuid"])[0]["status"] == "COMPLETE")
    assert events(hook) == ["UPDATED"]
    assert kept["event"] == "*"


def test_a_refused_item_leaves_no_notification_behind(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    bad = {"name": "n", "value": 1, "notifications": [{"url": "nonsense", "event": "*"}]}
    assert "nonsense" in refusal(ada.post(DATA, json=bad), 400)
    before = len(result(ada.get(NOTIFICATIONS, params={"limit": 250})))
    good = {"name": "n", "value": 1, "notifications": [{"url": hook.url, "event": "*"}]}
    refusal(ada.post(f"{BULK}/create", json=[good, {"name": "n"}]), 400)
    assert len(result(ada.get(NOTIFICATIONS, params={"limit": 250}))) == before


def test_what_an_item_was_about_hears_of_its_end(http: HttpFactory, hook: Loopback) -> None:
    ada = http("ada")
    system = support.system(ada)
    made = support.add(ada, f"{hook.url}/gone", system["uuid"], "METADATA_DELETED")
    item = add(ada, 1, associationIds=[system["uuid"]])
    result(ada.post(f"{BULK}/delete", json=[item["uuid"]]))
    wait_for(lambda: support.get(ada, made)["status"] == "COMPLETE")
    (told,) = support.told(hook)
    assert told[1]["id"] == system["id"]


def test_only_those_who_may_read_are_told(http: HttpFactory, hook: Loopback) -> None:
    item, schema = add(http("ada"), 1), add_schema(http("ada"))
    for uuid in (item["uuid"], schema["uuid"]):
        body = {"url": hook.url, "associatedUuid": uuid, "event": "*"}
        refusal(http("grace").post(NOTIFICATIONS, json=body), 403)
    pems = f"{SCHEMAS}/{schema['uuid']}/pems"
    result(http("ada").post(f"{pems}/grace", json={"permission": "READ"}), 201)
    support.add(http("grace"), f"{hook.url}/grace", schema["uuid"], persistent=True)
    seen = support.add(http("ada"), f"{hook.url}/ada", schema["uuid"], "UPDATED")
    result(http("ada").delete(f"{pems}/grace"))
    result(http("ada").post(f"{SCHEMAS}/{schema['uuid']}", json={"title": "new"}))
    wait_for(lambda: support.get(http("ada"), seen)["status"] == "COMPLETE")
    ((path, told),) = support.told(hook)
    assert (path, told["schema"]) == ("/ada", {"title": "new"})
