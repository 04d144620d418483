"""A document becomes plans that say all that a call needs, or an error that names the place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agavepy import loader
from agavepy.errors import DescriptionError
from agavepy.plan import Plan, plan_from_json

DOCUMENT = """
swagger: '2.0'
info: {title: Things, version: v1, description: All about things.}
x-agavepy-service: things
x-agavepy-envelope: java
securityDefinitions:
  oauth2: {type: apiKey, in: header, name: Authorization, x-agavepy-credential: bearer}
  user: {type: basic, x-agavepy-credential: user}
security: [{oauth2: []}]
paths:
  /things/v2/{thingPath}:
    parameters:
      - {name: thingPath, in: path, type: string, required: true, x-agavepy-tail: true,
         description: Where it is.}
    get:
      operationId: list
      summary: List things.
      x-agavepy-search: {name: {type: string}, born: {type: date, field: created}}
      parameters:
        - {$ref: '#/parameters/limit'}
        - {name: tags, in: query, type: array, collectionFormat: multi, items: {type: string},
           description: Which.}
      responses:
        '200':
          description: Things.
          schema:
            type: object
            properties:
              status: {type: string}
              result: {type: array, items: {$ref: '#/definitions/Thing'}}
    post:
      operationId: add
      security: [{user: []}]
      deprecated: true
      parameters:
        - {name: body, in: body, required: true, schema: {$ref: '#/definitions/Thing'}}
      responses:
        '201': {description: Made., schema: {type: object, properties: {result: {type: object}}}}
        '400': {description: Refused.}
  /things/v2/raw:
    get:
      operationId: download
      security: []
      produces: [application/octet-stream]
      responses: {'200': {description: Bytes., schema: {type: file}}}
    put:
      operationId: upload
      consumes: [multipart/form-data]
      parameters:
        - {name: fileToUpload, in: formData, type: file, description: The file.}
        - {name: notes, in: formData, type: string, x-agavepy-json: true, description: Notes.}
      responses: {'202': {description: Taken.}}
parameters:
  limit: {name: limit, in: query, type: integer, default: 100, description: How many.}
definitions:
  Named:
    type: object
    required: [name]
    properties: {name: {type: string, description: Its name., enum: [a, b]}}
  Thing:
    allOf:
      - {$ref: '#/definitions/Named'}
      - type: object
        properties:
          created: {type: string, format: date-time}
          shown: {type: string, format: date-time, x-agavepy-text: true}
          part: {$ref: '#/definitions/Thing'}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "things.yaml"
    file.write_text(DOCUMENT)
    return file


def test_a_plan_says_all_that_a_call_needs(path: Path) -> None:
    plans = loader.load(path)
    assert sorted(plans) == ["add", "download", "list", "upload"]
    listing, add, upload = plans["list"], plans["add"], plans["upload"]
    assert (listing.method, listing.path, listing.security) == (
        "GET",
        "/things/v2/{thingPath}",
        "bearer",
    )
    where, limit, tags = listing.parameters
    assert (where.tail, where.required, where.location) == (True, True, "path")
    assert (limit.default, limit.type) == (100, "integer")
    assert (tags.items, tags.collection) == ("string", "multi")
    assert listing.search == {"name": ("string", "name"), "born": ("date", "created")}
    assert listing.answer.kind == "envelope"
    assert listing.answer.type == "array of object"
    assert (add.security, add.body, add.deprecated, add.answer.status) == (
        "user",
        "json",
        True,
        201,
    )
    assert add.parameters[1].fields[0] == ("name", "string", True, "Its name. One of: a, b.")
    assert add.statuses == {"201": "Made.", "400": "Refused."}
    assert (upload.body, [p.location for p in upload.parameters]) == ("multipart", ["file", "form"])
    assert upload.parameters[1].json is True
    assert (plans["download"].answer.kind, plans["download"].security) == ("raw", "none")


def test_dates_are_found_at_every_depth_but_not_where_callers_get_text(path: Path) -> None:
    dates = loader.load(path)["list"].answer.dates
    assert ("[]", "created") in dates
    assert ("[]", "part", "created") in dates
    assert not [date for date in dates if date[-1] == "shown"]


def test_a_plan_survives_its_way_through_a_file(path: Path) -> None:
    for name, plan in loader.load(path).items():
        again = plan_from_json(json.loads(json.dumps(plan.to_json())))
        assert isinstance(again, Plan)
        assert again == plan, name


def test_an_edited_description_is_never_shadowed_by_an_old_plan(path: Path) -> None:
    path.with_suffix(".plan.json").write_bytes(loader.plan_json(path))
    assert loader.load(path)["list"].summary == "List things."
    path.write_text(DOCUMENT.replace("List things.", "Another summary."))
    assert loader.load(path)["list"].summary == "Another summary."


def test_a_torn_plan_file_costs_time_and_nothing_else(path: Path) -> None:
    content = loader.plan_json(path)
    for torn in (b"", content[:50], b"[]", b'{"format": 1}'):
        path.with_suffix(".plan.json").write_bytes(torn)
        assert loader.load(path)["list"].name == "list"


def _with_second(consumes: list[str]) -> Any:
    """Return the document with a second operation at the address of ``add``."""
    document = yaml.safe_load(DOCUMENT)
    item = document["paths"]["/things/v2/{thingPath}"]
    body = {"name": "body", "in": "body", "schema": {"type": "string", "format": "binary"}}
    second = {**item["post"], "operationId": "addBytes", "consumes": consumes, "parameters": [body]}
    document["paths"]["/things/v2/{thingPath}#addBytes"] = {
        "parameters": item["parameters"],
        "post": second,
    }
    return document


def test_a_fragment_makes_room_for_a_second_operation_and_is_no_part_of_the_address(
    tmp_path: Path,
) -> None:
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump(_with_second(["application/octet-stream"])))
    plans = loader.load(file)
    add, second = plans["add"], plans["addBytes"]
    assert (second.method, second.path) == (add.method, add.path)
    assert (add.body, second.body) == ("json", "bytes")


def test_an_answer_that_is_a_list_or_an_object_is_documented_as_both(tmp_path: Path) -> None:
    document = yaml.safe_load(DOCUMENT)
    listing = document["paths"]["/things/v2/{thingPath}"]["get"]["responses"]["200"]["schema"]
    listing["properties"]["result"] = {
        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        "properties": {"found": {"type": "integer"}},
    }
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump(document))
    answer = loader.load(file)["list"].answer
    assert answer.type == "array of object, or object"
    assert [name for name, _, _ in answer.fields] == ["name", "found"]


def _without(*keys: str) -> Any:
    document = yaml.safe_load(DOCUMENT)
    for key in keys:
        del document[key]
    return document


def _changed(change: Any) -> Any:
    document = yaml.safe_load(DOCUMENT)
    change(document["paths"]["/things/v2/{thingPath}"])
    return document


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([1], "mapping"),
        (_without("swagger"), "swagger"),
        (_without("paths"), "paths"),
    ],
)
def test_a_document_that_cannot_be_used_is_named_with_its_fault(
    tmp_path: Path, document: Any, named: str
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(DescriptionError) as caught:
        loader.load(file)
    assert "broken.yaml" in str(caught.value)
    assert named in str(caught.value)


def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "torn.yaml"
    file.write_text("swagger: '2.0'\npaths: {")
    with pytest.raises(DescriptionError, match=r"(?s)torn\.yaml.*line 3"):
        loader.load(file)
    with pytest.raises(DescriptionError, match=r"absent\.yaml"):
        loader.load(tmp_path / "absent.yaml")


def test_a_program_that_makes_errors_of_warnings_can_use_its_own_description(
    tmp_path: Path,
) -> None:
    file = tmp_path / "things.yaml"
    file.write_text(DOCUMENT)
    code = (
        "import sys; from pathlib import Path; from agavepy import loader; "
        "print(len(loader.load(Path(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(loader.load(file))
