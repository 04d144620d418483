"""Schemas: what they let in, who may use them, and what becomes of their items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import HttpFactory
from tests.sandbox.answers import refusal, result
from tests.sandbox.meta_support import DATA, NOBODY, SCHEMA, SCHEMAS, add, add_schema, new_name

OTHER = {"type": "object", "required": ["place"]}


def test_a_schema_has_the_fields_of_the_servers_in_their_order(http: HttpFactory) -> None:
    schema = add_schema(http("ada"))
    assert list(schema) == [
        "uuid", "internalUsername", "lastUpdated", "schema", "created", "owner", "_links",
    ]  # fmt: skip
    assert schema["uuid"].endswith("-0001-013")
    assert schema["schema"] == SCHEMA
    assert schema["owner"] == "ada"
    for name, link in schema["_links"].items():
        assert http("ada").get(link["href"]).status_code == 200, name
    assert result(http("ada").get(schema["_links"]["self"]["href"])) == schema


def test_a_schema_may_come_as_a_file_or_as_json_text(http: HttpFactory) -> None:
    as_file = {"fileToUpload": ("schema.json", json.dumps(SCHEMA))}
    assert result(http("ada").post(SCHEMAS, files=as_file), 201)["schema"] == SCHEMA
    answer = http("ada").post(SCHEMAS, json=json.dumps(SCHEMA))
    assert result(answer, 201)["schema"] == SCHEMA
    assert result(http("ada").post(SCHEMAS, json={}), 201)["schema"] == {}


@pytest.mark.parametrize(
    "schema",
    [[], 5, "text", {"type": "nonsense"}, {"properties": []}, {"$schema": ["a"]}, {"pattern": "("}],
)
def test_what_is_no_schema_is_refused(http: HttpFactory, schema: Any) -> None:
    refusal(http("ada").post(SCHEMAS, json=schema), 400)
    kept = add_schema(http("ada"))
    refusal(http("ada").post(f"{SCHEMAS}/{kept['uuid']}", json=schema), 400)
    assert result(http("ada").get(f"{SCHEMAS}/{kept['uuid']}")) == kept


def test_values_are_held_to_their_schema(http: HttpFactory) -> None:
    ada, uuid = http("ada"), add_schema(http("ada"))["uuid"]
    item = add(ada, {"genus": "Abies", "height": 3}, schemaId=uuid)
    assert item["schemaId"] == uuid
    body = {"name": new_name(), "schemaId": uuid}
    message = refusal(ada.post(DATA, json={**body, "value": {"height": 3}}), 400)
    assert "does not conform" in message
    assert "genus" in message
    message = refusal(ada.post(DATA, json={**body, "value": {"genus": "A", "height": "x"}}), 400)
    assert "height" in message
    # An update is held to it as well, whether it names the schema or not.
    for update in ({"name": "n", "value": 5}, {"name": "n", "value": 5, "schemaId": uuid}):
        refusal(ada.post(f"{DATA}/{item['uuid']}", json=update), 400)
    assert result(ada.get(f"{DATA}/{item['uuid']}"))["value"] == item["value"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "http://127.0.0.1:9/schema.json"}, 1),
        ({"$ref": "file:///etc/hostname"}, 1),
        ({"$ref": "#/definitions/none"}, 1),
        ({"$ref": "#"}, 1),
        ({"patternProperties": {"(": {}}}, {"a": 1}),
    ],
)
def test_a_schema_that_leads_nowhere_lets_nothing_in(
    http: HttpFactory, schema: dict[str, Any], value: Any
) -> None:
    uuid = add_schema(http("ada"), schema)["uuid"]
    body = {"name": new_name(), "value": value, "schemaId": uuid}
    assert "schema" in refusal(http("ada").post(DATA, json=body), 400)


def test_the_draft_that_a_schema_names_is_the_one_it_is_read_by(http: HttpFactory) -> None:
    body = {"name": new_name(), "value": 1}
    # `const` came with draft 6; draft 4, which is taken where none is named, knows it not.
    for named, status in (("http://json-schema.org/draft-07/schema#", 400), (None, 201)):
        schema = {"const": 5, **({"$schema": named} if named else {})}
        uuid = add_schema(http("ada"), schema)["uuid"]
        answer = http("ada").post(DATA, json={**body, "schemaId": uuid})
        assert answer.status_code == status, answer.text


def test_a_replaced_schema_holds_for_the_next_update(http: HttpFactory) -> None:
    ada = http("ada")
    schema = add_schema(ada)
    item = add(ada, {"genus": "Abies"}, schemaId=schema["uuid"])
    changed = result(ada.post(f"{SCHEMAS}/{schema['uuid']}", json=OTHER))
    assert (changed["schema"], changed["created"]) == (OTHER, schema["created"])
    body = {"name": item["name"], "value": {"genus": "Abies"}}
    assert "place" in refusal(ada.post(f"{DATA}/{item['uuid']}", json=body), 400)
    body["value"] = {"place": "here"}
    assert result(ada.post(f"{DATA}/{item['uuid']}", json=body))["value"] == {"place": "here"}


def test_items_outlive_their_schema(http: HttpFactory) -> None:
    ada = http("ada")
    schema = add_schema(ada)
    item = add(ada, {"genus": "Abies"}, schemaId=schema["uuid"])
    answer = ada.delete(f"{SCHEMAS}/{schema['uuid']}")
    assert result(answer) is None
    message = refusal(ada.get(f"{SCHEMAS}/{schema['uuid']}"), 404)
    assert schema["uuid"] in message
    refusal(ada.delete(f"{SCHEMAS}/{schema['uuid']}"), 404)
    refusal(ada.post(f"{SCHEMAS}/{NOBODY}", json=SCHEMA), 404)
    changed = result(ada.post(f"{DATA}/{item['uuid']}", json={"name": "n", "value": 5}))
    assert (changed["value"], changed["schemaId"]) == (5, schema["uuid"])
    body = {"name": "n", "value": {"genus": "x"}, "schemaId": schema["uuid"]}
    assert "does not exist" in refusal(ada.post(DATA, json=body), 400)


def test_a_schema_is_used_by_those_who_may_read_it(http: HttpFactory) -> None:
    schema = add_schema(http("ada"))
    address = f"{SCHEMAS}/{schema['uuid']}"
    body = {"name": new_name(), "value": {"genus": "Abies"}, "schemaId": schema["uuid"]}
    refusal(http("grace").get(address), 403)
    refusal(http("grace").post(DATA, json=body), 403)
    refusal(http("grace").post(address, json=OTHER), 403)
    refusal(http("grace").delete(address), 403)
    given = {"username": "grace", "permission": "READ"}
    result(http("ada").post(f"{address}/pems", json=given), 201)
    assert result(http("grace").get(address)) == schema
    assert result(http("grace").post(DATA, json=body), 201)["owner"] == "grace"
    refusal(http("grace").post(address, json=OTHER), 403)
    assert result(http("admin").post(address, json=OTHER))["owner"] == "ada"
    result(http("admin").delete(address))
