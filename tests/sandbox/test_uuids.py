"""The uuids service over the wire: whatever has a uuid is found by it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.files_support import at, upload, workplace
from tests.sandbox.systems_support import new_id, storage_system

BASES = ["/uuids/v2/", "/uuid/v2/"]
UNKNOWN = "0001414144065563-5056a550b8-0001-006"


def a_file(web: Http, _: Sandbox) -> tuple[str, str]:
    record = upload(web, workplace(web), "found.txt", b"found")
    return record["uuid"], record["_links"]["self"]["href"]


def a_system(web: Http, _: Sandbox) -> tuple[str, str]:
    made = result(web.post("/systems/v2/", json=storage_system(new_id())), 201)
    return made["uuid"], made["_links"]["self"]["href"]


def an_app(web: Http, _: Sandbox) -> tuple[str, str]:
    app = result(web.get("/apps/v2/wc-1.0"))
    return app["uuid"], app["_links"]["self"]["href"]


def an_app_event(web: Http, _: Sandbox) -> tuple[str, str]:
    event = result(web.get("/apps/v2/wc-1.0/history"))[0]
    return event["id"], event["_links"]["self"]["href"]


def a_job(web: Http, _: Sandbox) -> tuple[str, str]:
    body = {
        "appId": "wc-1.0",
        "name": "resolved",
        "archive": False,
        "inputs": {result(web.get("/apps/v2/wc-1.0"))["inputs"][0]["id"]: "ada/data/hello.txt"},
    }
    job = result(web.post("/jobs/v2/", json=body), 201)
    return job["id"], job["_links"]["self"]["href"]


def a_tag(web: Http, _: Sandbox) -> tuple[str, str]:
    tag = result(web.post("/tags/v2/", json={"name": uuid.uuid4().hex}), 201)
    return tag["id"], tag["_links"]["self"]["href"]


def a_tag_event(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    _, href = a_tag(web, sandbox)
    event = result(web.get(f"{href}/history"))[0]
    return event["id"], event["_links"]["self"]["href"]


def a_postit(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    body = {"url": sandbox.url + at("media", "/home/ada/data/hello.txt"), "method": "GET"}
    made = web.post("/postits/v2/", json=body).json()["result"]
    shown = web.get(f"/postits/v2/listing/{made['postit']}").json()["result"]
    return shown["uuid"], shown["_links"]["list"]["href"]


def a_transfer(web: Http, _: Sandbox) -> tuple[str, str]:
    where = workplace(web)
    upload(web, where, "moved.txt", b"moved")
    event = result(web.get(at("history", f"{where}/moved.txt")))[-1]
    href = event["_links"]["transfer"]["href"]
    return href.rpartition("/")[2], href


def an_internal_user(web: Http, _: Sandbox) -> tuple[str, str]:
    body = {"username": uuid.uuid4().hex, "email": "one@example.org"}
    made = result(web.post("/profiles/v2/ada/users", json=body), 201)
    return made["uuid"], made["_links"]["self"]["href"]


def a_notification(web: Http, _: Sandbox) -> tuple[str, str]:
    body = {"url": "http://127.0.0.1:9/", "associatedUuid": a_system(web, _)[0], "event": "ERASED"}
    made = result(web.post("/notifications/v2/", json=body), 201)
    return made["id"], made["_links"]["self"]["href"]


def an_attempt(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    _, href = a_notification(web, sandbox)
    attempt = result(web.post(f"{href}/attempts"))
    return attempt["id"], attempt["_links"]["self"]["href"]


def a_channel(web: Http, _: Sandbox) -> tuple[str, str]:
    channel = result(web.get("/realtime/v2/"))[0]
    return channel["id"], channel["_links"]["self"]["href"]


def a_monitor(web: Http, _: Sandbox) -> tuple[str, str]:
    target = result(web.post("/systems/v2/", json=storage_system(new_id())), 201)["id"]
    made = result(web.post("/monitors/v2/", json={"target": target}), 201)
    return made["id"], made["_links"]["self"]["href"]


def a_check(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    check = result(web.post(f"{a_monitor(web, sandbox)[1]}/checks"))
    return check["id"], check["_links"]["self"]["href"]


def a_monitor_event(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    _, href = a_monitor(web, sandbox)
    event = result(web.get(f"{href}/history"))[0]
    return event["id"], f"{href}/history/{event['id']}"


def a_tenant(web: Http, sandbox: Sandbox) -> tuple[str, str]:
    tenant = web.get("/tenants").json()["result"][0]
    return tenant["id"], tenant["_links"]["self"]["href"]


def a_profile(_: Http, sandbox: Sandbox) -> tuple[str, str]:
    user = sandbox.tenant.store.get("user", "ada")
    assert user is not None
    return user["uuid"], f"{sandbox.url}/profiles/v2/ada"


def a_client(_: Http, sandbox: Sandbox) -> tuple[str, str]:
    client = sandbox.tenant.store.all("client", owner="ada", name="DefaultApplication")[0]
    return client["uuid"], f"{sandbox.url}/clients/v2/DefaultApplication"


@pytest.mark.parametrize(
    ("make", "kind", "key"),
    [
        (a_file, "file", "path"),
        (a_system, "system", "uuid"),
        (an_app, "app", "uuid"),
        (an_app_event, "app_event", "id"),
        (a_job, "job", "id"),
        (a_tag, "tag", "id"),
        (a_tag_event, "tag_event", "id"),
        (a_postit, "postit", "uuid"),
        (a_transfer, "transfer", "uuid"),
        (an_internal_user, "internaluser", "uuid"),
        (a_notification, "notification", "id"),
        (an_attempt, "notification_delivery", "id"),
        (a_channel, "realtime_channel", "id"),
        (a_monitor, "monitor", "id"),
        (a_check, "monitorcheck", "id"),
        (a_monitor_event, "monitor_event", "id"),
        (a_tenant, "tenant", "id"),
        (a_profile, "profile", "username"),
        (a_client, "clients", "name"),
    ],
)
def test_every_kind_of_resource_is_found_and_shown(
    http: HttpFactory,
    sandbox: Sandbox,
    make: Callable[[Http, Sandbox], tuple[str, str]],
    kind: str,
    key: str,
) -> None:
    wanted, href = make(http("ada"), sandbox)
    for base in BASES:
        found = result(http("ada").get(base + wanted))
        assert found == {"uuid": wanted, "type": kind, "_links": {"self": {"href": href}}}
    whole = result(http("ada").get(BASES[0] + wanted, params={"expand": "true"}))
    shown = whole[key]
    assert shown in {wanted, "ada", "DefaultApplication"} or shown.endswith("/found.txt")
    assert "consumerSecret" not in whole


def test_what_is_expanded_is_what_its_own_service_shows(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    for make in (a_system, an_app, a_tag, a_postit):
        wanted, href = make(http("ada"), sandbox)
        whole = result(http("ada").get(BASES[0] + wanted, params={"expand": "true"}))
        assert whole == http("ada").get(href).json()["result"]
    wanted, _ = a_file(http("ada"), sandbox)
    whole = result(http("ada").get(BASES[0] + wanted, params={"expand": "true", "filter": "name"}))
    assert whole == {"name": "found.txt"}


def test_several_are_answered_in_their_order_and_the_unknown_in_their_place(
    http: HttpFactory, sandbox: Sandbox
) -> None:
    app, system = an_app(http("ada"), sandbox), a_system(http("ada"), sandbox)
    for base in BASES:
        query = {"uuids": ",".join((app[0], UNKNOWN, "nonsense", system[0]))}
        first, second, third, last = result(http("ada").get(base, params=query))
        assert (first["uuid"], last["uuid"]) == (app[0], system[0])
        assert (second["status"], third["status"]) == ("error", "error")
        assert UNKNOWN in second["message"]
        assert "nonsense" in third["message"]
    query["expand"] = "true"
    whole = result(http("ada").get(BASES[0], params=query))
    assert (whole[0]["id"], whole[1]["status"]) == ("wc-1.0", "error")


def test_a_single_unknown_uuid_is_404(http: HttpFactory) -> None:
    for base in BASES:
        for unknown in (UNKNOWN, "nonsense", f"{uuid.uuid4()}-010", "x-999"):
            assert unknown in refusal(http("ada").get(base + unknown), 404)


def test_nobody_learns_of_what_they_may_not_see(http: HttpFactory, sandbox: Sandbox) -> None:
    for make, status in (
        *((a_file, 403), (a_system, 403), (a_job, 403), (a_tag, 403), (a_postit, 403)),
        *((a_transfer, 403), (an_internal_user, 403), (a_client, 403), (a_notification, 403)),
        *((a_monitor, 403), (a_check, 403)),
    ):
        wanted, href = make(http("ada"), sandbox)
        answer = http("grace").get(BASES[0] + wanted)
        assert answer.status_code == status, make
        assert href not in answer.text
        listed = result(http("grace").get(BASES[0], params={"uuids": wanted, "expand": "true"}))
        assert list(listed[0]) == ["status", "message"], make
        assert result(http("admin").get(BASES[0] + wanted))["_links"]["self"]["href"] == href


def test_a_deleted_resource_is_named_no_longer(http: HttpFactory, sandbox: Sandbox) -> None:
    for make in (a_system, a_tag, an_internal_user):
        wanted, href = make(http("ada"), sandbox)
        result(http("ada").delete(href))
        refusal(http("ada").get(BASES[0] + wanted), 404)


@pytest.mark.parametrize("base", BASES)
def test_new_uuids_are_made_by_type(http: HttpFactory, base: str) -> None:
    made = [result(http("grace").post(base, json={"type": kind})) for kind in ("FILE", "tag")]
    assert [item["type"] for item in made] == ["file", "tag"]
    assert [item["uuid"][-4:] for item in made] == ["-002", "-048"]
    refusal(http("grace").get(base + made[0]["uuid"]), 404)
    assert "spaceship" in refusal(http("grace").post(base, json={"type": "spaceship"}), 400)
    assert "type" in refusal(http("grace").post(base, json={"kind": "file"}), 400)


@pytest.mark.parametrize("base", BASES)
def test_uuids_and_a_token_are_needed(http: HttpFactory, base: str) -> None:
    assert "uuids" in refusal(http("ada").get(base), 400)
    assert http("").get(base, params={"uuids": UNKNOWN}).status_code == 401
    assert http("").get(base + UNKNOWN).status_code == 401
    assert http("").post(base, json={"type": "file"}).status_code == 401


def test_the_client_resolves_a_list(sandbox: Sandbox) -> None:
    agave = sandbox.client("ada")
    app = agave.apps.get(appId="wc-1.0").uuid
    assert [item.type for item in agave.uuids.list(uuids=[app])] == ["app"]
    assert agave.uuids.getUuid(uuid=app, expand=True).id == "wc-1.0"
    assert agave.uuids.create(body={"type": "JOB"}).uuid.endswith("-007")
