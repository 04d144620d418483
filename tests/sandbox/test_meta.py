"""Metadata items: what is kept of them, what they may be about, and who may touch them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agavepy.sandbox import Sandbox
from tests.conftest import Http, HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import (
    DATA,
    NOBODY,
    SCHEMA,
    add,
    add_schema,
    new_name,
    search,
    uuids,
)

KEYS = [
    "uuid", "schemaId", "internalUsername", "associationIds", "lastUpdated", "name", "value",
    "created", "owner", "_links",
]  # fmt: skip


def test_nothing_hidden_is_learned_by_an_association(http: HttpFactory) -> None:
    ada, grace = http("ada"), http("grace")
    hidden = add(ada)["uuid"]
    body = {"name": "n", "value": 1, "associationIds": [hidden]}
    mine = add(grace)["uuid"]
    refusal(grace.post(DATA, json=body), 400)
    refusal(grace.post(f"{DATA}/{mine}", json=body), 400)
    refusal(grace.post("/meta/v2/bulk/create", json=[body]), 400)
    refusal(grace.post("/meta/v2/bulk/update", json=[{"uuid": mine, "update": body}]), 400)
    shared = {"username": "grace", "permission": "READ_WRITE"}
    item = add(ada, associationIds=[hidden], permissions=[shared])["uuid"]
    assert result(grace.post(f"{DATA}/{item}", json=body))["associationIds"] == [hidden]


def test_an_item_has_the_fields_of_the_servers_in_their_order(http: HttpFactory) -> None:
    item = add(http("ada"), {"a": [1, {"b": None}]})
    assert list(item) == KEYS
    assert re.fullmatch(r"\d{19}-\w+-0001-012", item["uuid"])
    assert item["value"] == {"a": [1, {"b": None}]}
    assert (item["owner"], item["schemaId"], item["associationIds"]) == ("ada", None, [])
    assert item["internalUsername"] is None
    assert datetime.fromisoformat(item["created"]).tzinfo is not None
    assert item["created"] == item["lastUpdated"]
    assert result(http("ada").get(f"{DATA}/{item['uuid']}")) == item


@pytest.mark.parametrize("value", [None, 0, False, "", "text", [], {}, 1.5, {"deep": [[{}]]}])
def test_any_json_is_a_value(http: HttpFactory, value: Any) -> None:
    item = add(http("ada"), value)
    assert result(http("ada").get(f"{DATA}/{item['uuid']}"))["value"] == value


def test_a_body_may_be_a_form_a_file_or_json_text_in_json(http: HttpFactory) -> None:
    ada, name = http("ada"), new_name()
    body = {"name": name, "value": {"a": 1}}
    as_file = {"fileToUpload": ("item.json", json.dumps(body))}
    fields = {"name": name, "value": '{"a": 1}'}
    for answer in (
        ada.post(DATA, files=as_file),
        ada.post(DATA, data=fields),
        ada.post(DATA, json=json.dumps(body)),
    ):
        item = result(answer, 201)
        assert (item["name"], item["value"]) == (name, {"a": 1})
    assert result(ada.post(DATA, data={**fields, "value": "plain"}), 201)["value"] == "plain"
    refusal(ada.post(DATA, data={**fields, "associationIds": "no json"}), 400)
    refusal(ada.post(DATA, json="no json"), 400)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"value": 1}, "name"),
        ({"name": "x"}, "value"),
        ({"name": "", "value": 1}, "name"),
        ({"name": 7, "value": 1}, "name"),
        ([], "name"),
        ({"name": "x", "value": 1, "schemaId": NOBODY}, NOBODY),
        ({"name": "x", "value": 1, "schemaId": ["a"]}, "schema"),
        ({"name": "x", "value": 1, "associationIds": [NOBODY]}, NOBODY),
        ({"name": "x", "value": 1, "associationIds": NOBODY}, "array"),
        ({"name": "x", "value": 1, "associationIds": ["nonsense"]}, "nonsense"),
        ({"name": "x", "value": 1, "permissions": [{"permission": "READ"}]}, "username"),
        ({"name": "x", "value": 1, "permissions": {"username": "grace"}}, "permissions"),
        ({"name": "x", "value": 1, "notifications": [{"url": "http://h/"}]}, "event"),
        ({"name": "x", "value": 1, "notifications": 5}, "notifications"),
        (
            {
                "name": "x",
                "value": 1,
                "notifications": [{"url": "http://h/", "event": "*", "persistent": "yes"}],
            },
            "persistent",
        ),
    ],
)
def test_an_item_that_cannot_be_is_refused_with_the_reason(
    http: HttpFactory, body: Any, said: str
) -> None:
    assert said in refusal(http("ada").post(DATA, json=body), 400)


def test_a_request_without_a_body_is_refused(http: HttpFactory) -> None:
    refusal(http("ada").post(DATA), 400)
    assert "Invalid JSON" in refusal(
        http("ada").post(DATA, data="{", headers={"Content-Type": "application/json"}), 400
    )


def test_an_update_replaces_name_and_value_and_keeps_the_rest(http: HttpFactory) -> None:
    ada = http("ada")
    about = add(ada)["uuid"]
    item = add(ada, {"genus": "Abies"}, associationIds=[about], schemaId=add_schema(ada)["uuid"])
    body = {"name": new_name(), "value": {"genus": "Acer", "height": 3}}
    changed = result(ada.post(f"{DATA}/{item['uuid']}", json=body))
    assert (changed["name"], changed["value"]) == (body["name"], body["value"])
    for field in ("uuid", "owner", "created", "schemaId", "associationIds"):
        assert changed[field] == item[field]
    assert changed["lastUpdated"] >= item["lastUpdated"]
    assert result(ada.get(f"{DATA}/{item['uuid']}")) == changed
    freed = {**body, "value": 5, "schemaId": None, "associationIds": []}
    changed = result(ada.post(f"{DATA}/{item['uuid']}", json=freed))
    assert (changed["schemaId"], changed["associationIds"], changed["value"]) == (None, [], 5)


def test_a_refused_update_changes_nothing(http: HttpFactory) -> None:
    ada = http("ada")
    item = add(ada, 1)
    address = f"{DATA}/{item['uuid']}"
    refusal(ada.post(address, json={"name": "other"}), 400)
    refusal(ada.post(address, json={"name": "other", "value": 2, "associationIds": [NOBODY]}), 400)
    assert result(ada.get(address)) == item


def test_a_deleted_item_is_gone(http: HttpFactory) -> None:
    ada = http("ada")
    item = add(ada)
    answer = ada.delete(f"{DATA}/{item['uuid']}")
    assert result(answer) is None
    assert "result" not in answer.json()
    message = refusal(ada.get(f"{DATA}/{item['uuid']}"), 404)
    assert message == f"No metadata item found for user with id {item['uuid']}"
    refusal(ada.delete(f"{DATA}/{item['uuid']}"), 404)
    refusal(ada.post(f"{DATA}/{item['uuid']}", json={"name": "x", "value": 1}), 404)
    assert search(ada, {"uuid": item["uuid"]}) == []


def test_others_neither_see_nor_change_an_item_and_the_administrator_does(
    http: HttpFactory,
) -> None:
    item = add(http("ada"), 1)
    address = f"{DATA}/{item['uuid']}"
    body = {"name": item["name"], "value": 2}
    assert item["uuid"] in refusal(http("grace").get(address), 403)
    refusal(http("grace").post(address, json=body), 403)
    refusal(http("grace").delete(address), 403)
    assert search(http("grace"), {"uuid": item["uuid"]}) == []
    changed = result(http("admin").post(address, json=body))
    assert (changed["value"], changed["owner"]) == (2, "ada")
    assert http("").get(address).status_code == 401
    result(http("admin").delete(address))


def test_an_administrator_may_list_without_privileges(http: HttpFactory) -> None:
    item = add(http("ada"))
    shared = add(http("ada"), permissions=[{"username": "admin", "permission": "READ"}])
    own = add(http("admin"))
    query = {"uuid": {"$in": [item["uuid"], shared["uuid"], own["uuid"]]}}
    admin = http("admin")
    assert len(search(admin, query)) == len(search(admin, query, privileged="true")) == 3
    assert uuids(search(admin, query, privileged="false")) == {shared["uuid"], own["uuid"]}
    assert uuids(search(http("ada"), query, privileged="true")) == {item["uuid"], shared["uuid"]}


def test_an_item_can_be_about_anything_that_has_a_uuid(http: HttpFactory) -> None:
    ada = http("ada")
    entry = result(ada.get("/files/v2/listings/system/sandbox.storage/ada/data/hello.txt"))[0]
    about_file = re.findall(r"\d{19}-\w+-0001-002", entry["_links"]["metadata"]["href"])[0]
    job = {"appId": "wc-1.0", "name": "j", "inputs": {"file": "agave://sandbox.storage/ada/data"}}
    submitted = ada.post("/jobs/v2/", json=job)
    if submitted.status_code != 201:  # the message names what the demo app wants
        pytest.fail(submitted.text)
    found = {
        "file": about_file,
        "system": result(ada.get("/systems/v2/sandbox.storage"))["uuid"],
        "app": result(ada.get("/apps/v2/wc-1.0"))["uuid"],
        "job": submitted.json()["result"]["id"],
        "metadata": add(ada)["uuid"],
        "schema": add_schema(ada)["uuid"],
    }
    item = add(ada, associationIds=[*found.values(), about_file])
    assert item["associationIds"] == list(found.values())
    links = item["_links"]["associationIds"]
    assert [(link["title"], link["rel"]) for link in links] == list(found.items())
    for link in links:
        answer = ada.get(link["href"])
        assert answer.status_code == 200, link
        if link["title"] == "file":
            assert answer.text.startswith("Hello")
        else:
            told = result(answer)
            assert link["rel"] in {told.get("uuid"), told.get("id")}


def test_what_an_item_is_about_may_go_and_the_item_stays(http: HttpFactory) -> None:
    ada = http("ada")
    about = add(ada)["uuid"]
    item = add(ada, 1, associationIds=[about])
    result(ada.delete(f"{DATA}/{about}"))
    left = result(ada.get(f"{DATA}/{item['uuid']}"))
    assert left["_links"]["associationIds"] == [{"rel": about, "href": None, "title": None}]
    # Such an item is updated as programs do it: with what they were answered.
    body = {"name": left["name"], "value": 2, "associationIds": left["associationIds"]}
    assert result(ada.post(f"{DATA}/{item['uuid']}", json=body))["value"] == 2


def test_every_link_of_an_item_leads_somewhere(http: HttpFactory) -> None:
    ada = http("ada")
    schema = add_schema(ada)
    item = add(ada, {"genus": "Abies"}, schemaId=schema["uuid"])
    links = item["_links"]
    assert list(links) == ["self", "permissions", "owner", "associationIds", "SCHEMA"]
    assert result(ada.get(links["self"]["href"])) == item
    assert result(ada.get(links["permissions"]["href"]))[0]["username"] == "ada"
    assert result(ada.get(links["owner"]["href"]))["username"] == "ada"
    assert result(ada.get(links["SCHEMA"]["href"])) == schema
    assert "SCHEMA" not in add(ada)["_links"]


def test_the_demo_has_an_item_about_a_file_and_the_file_links_to_it(
    fresh_sandbox: Sandbox,
) -> None:
    with Http(fresh_sandbox.url, fresh_sandbox.credentials("ada")["token"]) as ada:
        (item,) = result(ada.get(DATA))
        assert item["owner"] == "ada"
        (about,) = item["_links"]["associationIds"]
        assert ada.get(about["href"]).text.startswith("Hello, ada!")
        path = "/files/v2/listings/system/sandbox.storage/ada/data/hello.txt"
        entry = result(ada.get(path))[0]
        assert result(ada.get(entry["_links"]["metadata"]["href"])) == [item]


def test_items_survive_a_restart(tmp_path: Path) -> None:
    def running() -> Sandbox:
        return Sandbox(state=tmp_path / "state", check_answers=True)

    def ada(sandbox: Sandbox) -> Http:
        return Http(sandbox.url, sandbox.credentials("ada")["token"])

    with running() as sandbox, ada(sandbox) as http:
        item = add(http, {"genus": "Abies"}, schemaId=add_schema(http)["uuid"])
    with running() as sandbox, ada(sandbox) as http:
        (found,) = search(http, {"value.genus": "Abies"})
    assert {**found, "_links": 0} == {**item, "_links": 0}


def test_an_internal_user_is_remembered(http: HttpFactory) -> None:
    ada = http("ada")
    name = new_name()
    made = {"username": name, "email": "a@example.org"}
    result(ada.post("/profiles/v2/ada/users", json=made), 201)
    headers = {"x-agave-internaluser": name}
    body = {"name": name, "value": 1}
    assert result(ada.post(DATA, json=body, headers=headers), 201)["internalUsername"] == name
    found = search(ada, {"internalUsername": name})
    assert [item["name"] for item in found] == [name]
    refusal(ada.post(DATA, json=body, headers={"x-agave-internaluser": "nobody"}), 404)


def test_a_client_is_answered_dates_that_listings_have_as_text(sandbox: Sandbox) -> None:
    client = sandbox.client("ada")
    item = client.meta.addMetadata(body={"name": new_name(), "value": {"a": 1}})
    assert isinstance(item.created, datetime)
    assert isinstance(client.meta.getMetadata(uuid=item.uuid).lastUpdated, datetime)
    changed = client.meta.updateMetadata(uuid=item.uuid, body={"name": "n", "value": {"a": 2}})
    assert isinstance(changed.lastUpdated, datetime)
    (listed,) = client.meta.listMetadata(q=json.dumps({"uuid": item.uuid}))
    assert isinstance(listed.created, str)
    assert listed.value.a == 2
    assert json.dumps(listed)
    schema = client.meta.addSchema(body=json.dumps(SCHEMA))
    assert isinstance(schema.created, datetime)
    assert isinstance(client.meta.getSchema(uuid=schema.uuid).created, datetime)
    found = client.meta.searchSchema(q=json.dumps({"uuid": schema.uuid}))
    assert [item.schema["title"] for item in found] == ["A plant"]
    many = client.meta.bulkCreate(body=[{"name": "n", "value": 1}])
    assert many.startswith("1 metadata item created")
    made = many.rpartition(" ")[2]
    client.meta.bulkUpdate(body=json.dumps([{"uuid": made, "update": {"value": 2}}]))
    assert client.meta.getMetadata(uuid=made).value == 2
    client.meta.bulkDelete(body=[made])
    client.meta.deleteMetadata(uuid=item.uuid)
    client.meta.deleteSchema(uuid=schema.uuid)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[1e999]", '{"a": Infinity}'])
def test_what_no_client_could_read_back_is_no_value(http: HttpFactory, text: str) -> None:
    body = f'{{"name": "n", "value": {text}}}'
    headers = {"Content-Type": "application/json"}
    refusal(http("ada").post(DATA, data=body, headers=headers), 400)


@pytest.mark.parametrize(
    ("path", "field"), [("/tags/v2", "name"), ("/monitors/v2", "target"), (DATA, "schemaId")]
)
def test_half_a_surrogate_pair_is_refused_where_it_is_looked_up(
    http: HttpFactory, path: str, field: str
) -> None:
    body = {"name": "n", "value": 1, field: "\ud800"}
    refusal(http("ada").post(path, json=body), 400)
