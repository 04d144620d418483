"""Tags over the wire: names for groups of resources, shared by permissions."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.systems_support import new_id, storage_system
from tests.unit.loopback import Loopback
from tests.waiting import wait_for

BASE = "/tags/v2/"


@pytest.fixture
def name() -> str:
    return f"tag-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def tag(http: HttpFactory, name: str) -> Any:
    """A tag of ada without resources."""
    return result(http("ada").post(BASE, json={"name": name}), 201)


def system_uuid(http: HttpFactory, system_id: str = "sandbox.storage") -> str:
    found: str = result(http("ada").get(f"/systems/v2/{system_id}"))["uuid"]
    return found


def app_uuid(http: HttpFactory) -> str:
    found: str = result(http("ada").get("/apps/v2/wc-1.0"))["uuid"]
    return found


def words(http: HttpFactory, tag_id: str) -> list[str]:
    return [event["status"] for event in result(http("ada").get(f"{BASE}{tag_id}/history"))]


def test_a_new_tag_is_answered_201_with_its_links(
    http: HttpFactory, sandbox: Sandbox, name: str
) -> None:
    about = [system_uuid(http), app_uuid(http)]
    made = result(http("ada").post(BASE, json={"name": name, "associationIds": about}), 201)
    own = f"{sandbox.url}/tags/v2/{made['id']}"
    assert made["id"].endswith("-048")
    assert made == {
        "id": made["id"],
        "name": name,
        "associationIds": about,
        "lastUpdated": made["lastUpdated"],
        "created": made["lastUpdated"],
        "_links": {
            "self": {"href": own},
            "associations": {"href": f"{own}/associations"},
            "history": {"href": f"{own}/history"},
            "permissions": {"href": f"{own}/pems"},
            "owner": {"href": f"{sandbox.url}/profiles/v2/ada"},
        },
    }
    for address in (own, f"{BASE}{name}"):
        assert result(http("ada").get(address)) == made


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "7"),
        ({"name": "x" * 257}, "256"),
        ({"name": "a", "associationIds": ["0001414144065563-5056a550b8-0001-007"]}, "5056a550b8"),
        ({"name": "a", "associationIds": ["nonsense"]}, "nonsense"),
        ({"name": "a", "associationIds": {"uuid": 1}}, "uuid"),
        ([], "JSON object"),
    ],
)
def test_a_tag_that_cannot_be_is_refused_with_the_reason(
    http: HttpFactory, body: Any, named: str
) -> None:
    assert named in refusal(http("ada").post(BASE, json=body), 400)


def test_a_name_is_unique_among_ones_own_tags(http: HttpFactory, tag: Any) -> None:
    body = {"name": tag["name"]}
    assert tag["name"] in refusal(http("ada").post(BASE, json=body), 400)
    other = result(http("grace").post(BASE, json=body), 201)
    # Each means their own by the name.
    for user, meant in (("ada", tag), ("grace", other)):
        assert result(http(user).get(BASE + tag["name"]))["id"] == meant["id"]


def test_a_listing_holds_what_the_caller_may_see(http: HttpFactory, tag: Any) -> None:
    query = {"name.eq": tag["name"]}
    for user, count in (("ada", 1), ("grace", 0), ("admin", 1)):
        assert len(result(http(user).get(BASE, params=query))) == count
    result(http("ada").post(f"{BASE}{tag['id']}/pems/grace", json={"permission": "READ"}))
    assert result(http("grace").get(BASE, params=query))[0]["id"] == tag["id"]
    assert http("").get(BASE).status_code == 401


def test_tags_are_searched_sorted_and_paged(http: HttpFactory, name: str) -> None:
    about = app_uuid(http)
    for letter in "abc":
        body = {"name": f"{name}-{letter}", "associationIds": [about] if letter == "b" else []}
        result(http("ada").post(BASE, json=body), 201)

    def found(**query: Any) -> list[str]:
        query = {"name.like": f"{name}*", **query}
        listed = result(http("ada").get(BASE, params=query))
        return [item["name"].rpartition("-")[2] for item in listed]

    assert found() == ["c", "b", "a"]
    assert found(orderBy="name", order="ASC") == ["a", "b", "c"]
    assert found(limit=1, offset=1) == ["b"]
    assert found(associationIds=about) == ["b"]
    assert found(**{"created.gt": "tomorrow"}) == []
    refusal(http("ada").get(BASE, params={"created.gt": "whenever"}), 400)


def test_an_update_replaces_name_and_associations(http: HttpFactory, tag: Any) -> None:
    path, about = BASE + tag["id"], system_uuid(http)
    body = {"name": f"{tag['name']}-2", "associationIds": [about, about]}
    changed = result(http("ada").post(path, json=body))
    assert (changed["name"], changed["associationIds"]) == (body["name"], [about])
    kept = result(http("ada").post(path, json={"name": tag["name"]}))
    assert (kept["name"], kept["associationIds"]) == (tag["name"], [about])
    assert (
        result(http("ada").post(path, json={**body, "associationIds": []}))["associationIds"] == []
    )
    refusal(http("ada").post(path, json={"name": ""}), 400)
    refusal(http("grace").post(path, json=body), 403)
    refusal(http("ada").post(f"{BASE}none", json=body), 404)
    expected = ["CREATED", "UPDATED", "RESOURCE_ADDED", "UPDATED", "UPDATED", "RESOURCE_REMOVED"]
    assert words(http, tag["id"]) == expected


def test_a_deleted_tag_is_gone_and_its_name_free(http: HttpFactory, tag: Any) -> None:
    path = BASE + tag["id"]
    refusal(http("grace").delete(path), 403)
    assert result(http("ada").delete(path)) is None
    for request in (http("ada").get, http("ada").delete):
        assert tag["id"] in refusal(request(path), 404)
    refusal(http("ada").get(f"{path}/history"), 404)
    again = result(http("ada").post(BASE, json={"name": tag["name"]}), 201)
    result(http("admin").delete(BASE + again["id"]))


def test_resources_come_into_a_tag_and_leave_it(
    http: HttpFactory, sandbox: Sandbox, tag: Any
) -> None:
    path = f"{BASE}{tag['id']}/associations"
    system, app = system_uuid(http), app_uuid(http)
    listed = result(http("ada").post(path, json=[system, app, system]))
    assert [item["uuid"] for item in listed] == [system, app]
    assert listed[0] == {
        "uuid": system,
        "type": "system",
        "_links": {
            "self": {"href": f"{sandbox.url}{path}/{system}"},
            "resource": {"href": f"{sandbox.url}/systems/v2/sandbox.storage"},
            "tag": {"href": f"{sandbox.url}/tags/v2/{tag['id']}"},
        },
    }
    assert result(http("ada").get(path)) == listed
    assert result(http("ada").get(path, params={"limit": 1, "offset": 1})) == listed[1:]
    assert result(http("ada").get(f"{path}/{system}")) == listed[0]
    assert result(http("ada").delete(f"{path}/{system}")) is None
    for request in (http("ada").get, http("ada").delete):
        assert system in refusal(request(f"{path}/{system}"), 404)
    assert result(http("ada").post(f"{path}/{system}")) == listed[0]
    assert result(http("ada").delete(path)) is None
    assert result(http("ada").get(path)) == []
    assert words(http, tag["id"])[1:] == [
        *["RESOURCE_ADDED"] * 2,
        *["RESOURCE_REMOVED", "RESOURCE_ADDED"],
        *["RESOURCE_REMOVED"] * 2,
    ]


def test_what_names_nothing_or_is_hidden_cannot_be_tagged(http: HttpFactory, tag: Any) -> None:
    path = f"{BASE}{tag['id']}/associations"
    system_id = new_id()
    hidden = result(http("grace").post("/systems/v2", json=storage_system(system_id)), 201)["uuid"]
    for unknown in (hidden, "0001414144065563-5056a550b8-0001-006"):
        assert unknown in refusal(http("ada").post(f"{path}/{unknown}"), 400)
        assert unknown in refusal(http("ada").post(path, json=[unknown]), 400)
    assert "array" in refusal(http("ada").post(path, json={"uuid": hidden}), 400)
    assert result(http("ada").get(path)) == []
    # An administrator may; the others see that there is something, and not what.
    shown = result(http("admin").post(f"{path}/{hidden}"))
    assert shown["type"] == "system"
    item = result(http("ada").get(f"{path}/{hidden}"))
    assert (item["type"], item["_links"]["resource"]["href"]) == (None, None)


def test_resources_that_are_gone_stay_in_the_tag_until_taken_out(
    http: HttpFactory, tag: Any
) -> None:
    system_id = new_id()
    about = result(http("ada").post("/systems/v2", json=storage_system(system_id)), 201)["uuid"]
    path = f"{BASE}{tag['id']}/associations"
    result(http("ada").post(path, json=[about]))
    result(http("ada").delete(f"/systems/v2/{system_id}"))
    assert [item["type"] for item in result(http("ada").get(path))] == [None]
    assert len(result(http("ada").post(path, json=[app_uuid(http)]))) == 2
    result(http("ada").delete(f"{path}/{about}"))


def test_permissions_are_given_and_taken(http: HttpFactory, sandbox: Sandbox, tag: Any) -> None:
    path = f"{BASE}{tag['id']}/pems"
    refusal(http("grace").get(BASE + tag["id"]), 403)
    given = result(http("ada").post(path, json={"username": "grace", "permission": "read"}))
    assert given == {
        "username": "grace",
        "permission": {"read": True, "write": False},
        "_links": {
            "self": {"href": f"{sandbox.url}{path}/grace"},
            "tag": {"href": f"{sandbox.url}/tags/v2/{tag['id']}"},
            "profile": {"href": f"{sandbox.url}/profiles/v2/grace"},
        },
    }
    listed = result(http("grace").get(path))
    assert [item["username"] for item in listed] == ["ada", "grace"]
    assert listed[0]["permission"] == {"read": True, "write": True}
    assert result(http("grace").get(f"{path}/grace")) == given
    assert result(http("grace").get(f"{path}/admin"))["permission"]["read"] is False
    body = {"name": tag["name"] + "-2"}
    refusal(http("grace").post(BASE + tag["id"], json=body), 403)
    result(http("ada").post(f"{path}/grace", json={"permission": "READ_WRITE"}))
    result(http("grace").post(BASE + tag["id"], json=body))
    result(http("ada").post(f"{path}/grace", json={"permission": "NONE"}))
    refusal(http("grace").get(BASE + tag["id"]), 403)
    result(http("admin").post(f"{path}/grace", json={"permission": "ALL"}))
    result(http("ada").delete(f"{path}/grace"))
    refusal(http("grace").get(BASE + tag["id"]), 403)
    result(http("ada").post(f"{path}/grace", json={"permission": "WRITE"}))
    result(http("ada").delete(path))
    assert len(result(http("ada").get(path))) == 1
    assert words(http, tag["id"]).count("PERMISSION_GRANT") == 4
    assert words(http, tag["id"]).count("PERMISSION_REVOKE") == 3


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"permission": "READ"}, "username"),
        ({"username": "nobody-here", "permission": "READ"}, "nobody-here"),
        ({"username": "ada", "permission": "READ"}, "owner"),
        ({"username": "grace", "permission": "EVERYTHING"}, "EVERYTHING"),
        ({"username": "grace"}, "permission"),
        ([], "JSON object"),
    ],
)
def test_a_permission_that_cannot_be_is_refused_with_the_reason(
    http: HttpFactory, tag: Any, body: Any, named: str
) -> None:
    assert named in refusal(http("ada").post(f"{BASE}{tag['id']}/pems", json=body), 400)


def test_who_may_only_read_changes_no_permission(http: HttpFactory, tag: Any) -> None:
    path = f"{BASE}{tag['id']}/pems"
    result(http("ada").post(f"{path}/grace", json={"permission": "READ"}))
    body = {"username": "grace", "permission": "ALL"}
    refusal(http("grace").post(path, json=body), 403)
    refusal(http("grace").post(f"{path}/grace", json=body), 403)
    refusal(http("grace").delete(path), 403)
    refusal(http("grace").delete(f"{path}/grace"), 403)
    refusal(http("grace").post(f"{BASE}{tag['id']}/associations/{app_uuid(http)}"), 403)
    refusal(http("grace").delete(f"{BASE}{tag['id']}/associations"), 403)
    body = {"username": "admin", "permission": "ALL"}
    assert "admin" in refusal(http("ada").post(f"{path}/grace", json=body), 400)
    refusal(http("ada").get(f"{path}/nobody-here"), 404)


def test_each_event_of_the_history_has_an_address(http: HttpFactory, tag: Any) -> None:
    path = f"{BASE}{tag['id']}/history"
    result(http("ada").post(f"{BASE}{tag['id']}/associations/{app_uuid(http)}"))
    events = result(http("ada").get(path))
    assert events[0]["id"].endswith("-049")
    assert (events[0]["status"], events[0]["createdBy"]) == ("CREATED", "ada")
    for event in events:
        assert result(http("ada").get(event["_links"]["self"]["href"])) == event
    assert result(http("ada").get(path, params={"limit": 1, "offset": 1})) == events[1:]
    refusal(http("grace").get(path), 403)
    refusal(http("grace").get(events[0]["_links"]["self"]["href"]), 403)
    assert "none" in refusal(http("ada").get(f"{path}/none"), 404)


def test_subscribers_are_told_what_happens_to_a_tag(http: HttpFactory, tag: Any) -> None:
    with Loopback() as hook:
        body = {"url": hook.url + "/${EVENT}", "associatedUuid": tag["id"], "event": "*"}
        path = "/notifications/v2/"
        made = result(http("ada").post(path, json={**body, "persistent": True}), 201)
        assert tag["id"] in refusal(http("grace").post(path, json=body), 403)
        changed = result(http("ada").post(BASE + tag["id"], json={"name": tag["name"] + "-2"}))
        result(http("ada").delete(BASE + tag["id"]))
        wait_for(lambda: len(hook.requests) == 2)
        assert [seen.target for seen in hook.requests] == ["/UPDATED", "/DELETED"]
        assert json.loads(hook.requests[0].body) == changed
        result(http("ada").delete(path + made["id"]))


def test_the_client_tags_resources(sandbox: Sandbox, name: str) -> None:
    agave = sandbox.client("ada")
    about = agave.apps.get(appId="wc-1.0").uuid
    tag = agave.tags.add(body={"name": name, "associationIds": [about]})
    assert tag.created == tag.lastUpdated
    assert [item.type for item in agave.tags.listAssociations(tagId=name)] == ["app"]
    assert [item.name for item in agave.tags.list(search={"name.eq": name})] == [name]
    agave.tags.delete(tagId=tag.id)
