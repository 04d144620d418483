"""The lint tells what is wrong with a description, where, and what to do; and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from agavepy.lint import check

Change = Callable[[dict[str, Any]], Any]

SOUND: dict[str, Any] = yaml.safe_load("""
swagger: '2.0'
info: {title: Boxes, version: v1}
x-agavepy-service: boxes
x-agavepy-envelope: java
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  oauth2: {type: apiKey, in: header, name: Authorization, x-agavepy-credential: bearer}
security: [{oauth2: []}]
parameters:
  limit: {name: limit, in: query, type: integer, description: How many at the most.}
paths:
  /boxes/{boxId}/{path}:
    parameters:
      - {name: boxId, in: path, required: true, type: string, description: Id of a box.}
      - {name: path, in: path, required: true, type: string, description: What is in it.,
         x-agavepy-tail: true, x-agavepy-optional: true}
    get:
      operationId: list
      summary: List what is in a box
      parameters: [{$ref: '#/parameters/limit'}]
      x-agavepy-requires: [admin]
      x-agavepy-search:
        name: {}
        size: {type: number, field: details.size}
        note: {field: notes.of.any.kind}
        age: {type: number, computed: true}
      responses:
        '200': {description: The boxes., schema: {$ref: '#/definitions/Boxes'}}
        '401': {description: Nobody knows you.}
        '404': {description: There is no such box.}
    post:
      operationId: put
      summary: Put something into a box
      parameters:
        - {name: body, in: body, description: The thing., schema: {$ref: '#/definitions/Box'}}
      responses:
        '201': {description: It is in there.}
        '400': {description: It does not fit.}
        '401': {description: Nobody knows you.}
definitions:
  Boxes:
    type: object
    properties:
      result:
        type: array
        description: The boxes.
        items: {$ref: '#/definitions/Box'}
  Box:
    type: object
    description: A box.
    properties:
      name: {type: string, description: Name of the box.}
      notes: {type: object, description: Whatever its owner wrote.}
      made: {type: string, format: date-time, description: When it was made., x-agavepy-text: true}
      details:
        type: object
        description: More of it.
        properties:
          size: {type: number, description: Litres that it holds.}
""")
PATH = "/boxes/{boxId}/{path}"


def get(document: dict[str, Any]) -> Any:
    return document["paths"][PATH]["get"]


def post(document: dict[str, Any]) -> Any:
    return document["paths"][PATH]["post"]


def box(document: dict[str, Any]) -> Any:
    return document["definitions"]["Box"]["properties"]


def findings(folder: Path, document: Any) -> list[str]:
    path = folder / "boxes.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return [str(finding).removeprefix(f"{path}: ") for finding in check(path)]


def test_a_sound_description_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, SOUND) == []


#: What is done to the sound document, the place that is named, and words of what is said.
FAULTS: dict[str, tuple[Change, str, str]] = {
    "no operationId": (
        lambda d: get(d).pop("operationId"),
        f"GET {PATH}",
        "has no operationId",
    ),
    "an operationId that Python cannot say": (
        lambda d: get(d).update(operationId="list-all"),
        f"GET {PATH}",
        "'list-all' is not a name",
    ),
    "a keyword for an operationId": (
        lambda d: get(d).update(operationId="import"),
        f"GET {PATH}",
        "'import' is not a name",
    ),
    "two operations of one name": (
        lambda d: post(d).update(operationId="list"),
        f"POST {PATH}",
        f"taken by GET {PATH}",
    ),
    "no summary": (lambda d: get(d).update(summary=" "), f"GET {PATH}", "no summary"),
    "a variable that nobody declares": (
        lambda d: d["paths"][PATH]["parameters"].pop(0),
        f"GET {PATH}",
        "path variable {boxId} is not declared",
    ),
    "a variable that the path lacks": (
        lambda d: get(d)["parameters"].append(
            {"name": "x", "in": "path", "required": True, "type": "string", "description": "X."}
        ),
        f"GET {PATH}",
        "path parameter 'x' is not in the path",
    ),
    "one name for two arguments": (
        lambda d: get(d)["parameters"].append(
            {"name": "limit", "in": "header", "type": "string", "description": "Limit."}
        ),
        f"GET {PATH}",
        "two parameters are called 'limit'",
    ),
    "a reference to nothing": (
        lambda d: get(d)["responses"].update({"404": {"$ref": "#/responses/Gone"}}),
        f"paths.{PATH}.get.responses.404",
        "#/responses/Gone, which is not there",
    ),
    "a reference to a file that is not there": (
        lambda d: get(d)["responses"].update({"404": {"$ref": "_none.yaml#/responses/Gone"}}),
        f"paths.{PATH}.get.responses.404",
        "_none.yaml#/responses/Gone, which is not there",
    ),
    "a silent parameter": (
        lambda d: d["parameters"]["limit"].pop("description"),
        "parameters.limit",
        "no description",
    ),
    "a silent field": (
        lambda d: box(d)["details"]["properties"]["size"].pop("description"),
        "definitions.Box.details.size",
        "no description",
    ),
    "a field of a silent model": (
        lambda d: box(d).update(inner={"$ref": "#/definitions/Boxes"}),
        "definitions.Box.inner",
        "no description",
    ),
    "a silent field of an answer written in place": (
        lambda d: post(d)["responses"].update(
            {"201": {"description": "Done.", "schema": {"properties": {
                "result": {"type": "object", "description": "It.", "properties": {"a": {}}}}}}}
        ),
        f"POST {PATH}: 201.schema.result.a",
        "no description",
    ),
    "a model that nothing uses": (
        lambda d: d["definitions"].update(Lid={"type": "object"}),
        "definitions.Lid",
        "no operation uses it",
    ),
    "a parameter that nothing uses": (
        lambda d: get(d)["parameters"].clear(),
        "parameters.limit",
        "no operation uses it",
    ),
    "a credential that nothing uses": (
        lambda d: d["securityDefinitions"].update(user={"type": "basic"}),
        "securityDefinitions.user",
        "no operation uses it",
    ),
    "a credential that is not defined": (
        lambda d: get(d).update(security=[{"oauth": []}]),
        "security.oauth",
        "did you mean 'oauth2'?",
    ),
    "a misspelt extension": (
        lambda d: get(d).update({"x-agavepy-serch": {}}),
        f"GET {PATH}",
        "did you mean 'x-agavepy-search'?",
    ),
    "an extension in the wrong place": (
        lambda d: d["parameters"]["limit"].update({"x-agavepy-tail": True}),
        "parameters.limit",
        "belongs to a path parameter",
    ),
    "an extension where none may be": (
        lambda d: d["info"].update({"x-agavepy-service": "boxes"}),
        "info",
        "belongs to a document",
    ),
    "a value that an extension cannot have": (
        lambda d: d["paths"][PATH]["parameters"][1].update({"x-agavepy-optional": "yes"}),
        f"{PATH}: path",
        "x-agavepy-optional is true or false; it is 'yes'",
    ),
    "a family of envelope that there is not": (
        lambda d: d.update({"x-agavepy-envelope": "perl"}),
        "document",
        "is one of java, php, django, flask, none",
    ),
    "a search word of no type": (
        lambda d: get(d)["x-agavepy-search"].update(name={"type": "text"}),
        f"GET {PATH}",
        "name has one of the types",
    ),
    "a search word for what no result has": (
        lambda d: get(d)["x-agavepy-search"].update(name={"field": "nam"}),
        f"GET {PATH}: x-agavepy-search.name",
        "looks at 'nam', which no result has (did you mean 'name'?)",
    ),
    "a text date that is no date": (
        lambda d: box(d)["name"].update({"x-agavepy-text": True}),
        "definitions.Box.name",
        "belongs to a date-time",
    ),
    "a tail in the middle": (
        lambda d: d["paths"][PATH]["parameters"][0].update({"x-agavepy-tail": True}),
        f"GET {PATH}",
        "{boxId} is a tail",
    ),
    "no success": (
        lambda d: post(d)["responses"].pop("201"),
        f"POST {PATH}",
        "no success among its responses",
    ),
    "no failure": (
        lambda d: (
            post(d).update(security=[]),
            [post(d)["responses"].pop(code) for code in ("400", "401")],
        ),
        f"POST {PATH}",
        "no failure among its responses",
    ),
    "no answer to a wrong credential": (
        lambda d: get(d)["responses"].pop("401"),
        f"GET {PATH}",
        "describe 401",
    ),
    "a reference that leads nowhere in the answer to all else": (
        lambda d: post(d)["responses"].update(default={"$ref": "#/responses/None"}),
        f"paths.{PATH}.post.responses.default",
        "refers to #/responses/None, which is not there",
    ),
    "an envelope without its result": (
        lambda d: post(d)["responses"].update(
            {"201": {"description": "Done.", "schema": {"$ref": "#/definitions/Box"}}}
        ),
        f"POST {PATH}: 201",
        "has no `result`",
    ),
    "a body and a form": (
        lambda d: post(d)["parameters"].append(
            {"name": "x", "in": "formData", "type": "string", "description": "X."}
        ),
        f"POST {PATH}",
        "has a body and form fields",
    ),
    "a file in a request that has no place for it": (
        lambda d: post(d).update(
            parameters=[{"name": "x", "in": "formData", "type": "file", "description": "X."}]
        ),
        f"POST {PATH}",
        "add multipart/form-data",
    ),
    "a body where none is read": (
        lambda d: get(d)["parameters"].append(
            {"name": "body", "in": "body", "description": "B.", "schema": {"type": "object"}}
        ),
        f"GET {PATH}",
        "servers ignore or refuse",
    ),
    "what Swagger itself does not allow": (
        lambda d: d["info"].pop("version"),
        "document",
        "'version' is a required property",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_once_with_its_place(fault: str, tmp_path: Path) -> None:
    change, place, words = FAULTS[fault]
    document = copy.deepcopy(SOUND)
    change(document)
    told = [text for text in findings(tmp_path, document) if text.startswith(f"{place}: ")]
    assert len(told) == 1, findings(tmp_path, document)
    assert words in told[0]


@pytest.mark.parametrize("text", ["", "[]", "swagger: '1.2'\npaths: {}", "a: [b", "\x00"])
def test_what_is_no_description_is_a_finding_and_no_crash(text: str, tmp_path: Path) -> None:
    assert [finding.startswith("document: ") for finding in findings(tmp_path, text)] == [True]


@pytest.mark.parametrize("key", [*SOUND, *(f"paths.{key}" for key in ("get", "post"))])
@pytest.mark.parametrize("junk", [None, 7, "x", [], [3], {"a": 3}])
def test_a_part_of_the_wrong_shape_is_a_finding_and_no_crash(
    key: str, junk: Any, tmp_path: Path
) -> None:
    document = copy.deepcopy(SOUND)
    if key.startswith("paths."):
        document["paths"][PATH][key.partition(".")[2]] = junk
    else:
        document[key] = junk
    told = findings(tmp_path, document)
    assert told or (key, junk) in [
        ("consumes", []), ("produces", []), ("info", {"a": 3}), ("x-agavepy-service", "x"),
        ("security", []), ("x-agavepy-envelope", None),
    ], told  # fmt: skip


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    text = yaml.safe_dump(SOUND) + "consumes: [application/json]\n"
    (told,) = findings(tmp_path, text)
    first = text.splitlines().index("consumes:") + 1
    last = len(text.splitlines())
    assert (
        told == f"line {last}: 'consumes' stands on line {first} too, and only one of them counts"
    )


def test_parts_shared_by_yaml_alias_are_told_once(tmp_path: Path) -> None:
    document = copy.deepcopy(SOUND)
    parameter = {"name": "x", "in": "query", "type": "string"}
    get(document)["parameters"].append(parameter)
    post(document)["parameters"].append(parameter)
    (told,) = findings(tmp_path, document)
    assert "has no description" in told


def test_a_shared_file_is_used_by_its_neighbours(tmp_path: Path) -> None:
    document = copy.deepcopy(SOUND)
    shared = {"limit": document.pop("parameters")["limit"], "offset": {"name": "offset"}}
    shared["offset"] |= {"in": "query", "type": "integer", "description": "How many to skip."}
    common = {"swagger": "2.0", "info": {"title": "Shared", "version": "v1"}, "paths": {}}
    path = tmp_path / "_shared.yaml"
    path.write_text(yaml.safe_dump({**common, "parameters": shared}))
    get(document)["parameters"] = [{"$ref": "_shared.yaml#/parameters/limit"}]
    assert findings(tmp_path, document) == []
    assert [(item.place, item.advice) for item in check(path)] == [
        ("parameters.offset", "no operation uses it: take it out")
    ]


def test_a_document_reads_the_parts_of_another_file(tmp_path: Path) -> None:
    document = copy.deepcopy(SOUND)
    other = {
        "boxId": document["paths"][PATH]["parameters"].pop(0),
        "made": {"description": "In.", "schema": {"$ref": "#/models/Answer"}},
        "models": {
            "Answer": {"allOf": [{"$ref": "#/models/Result"}]},
            "Result": {"properties": {"result": {"type": "string", "description": "Id."}}},
        },
    }
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other))
    document["paths"][PATH]["parameters"].append({"$ref": "other.yaml#/boxId"})
    post(document)["responses"]["201"] = {"$ref": "other.yaml#/made"}
    assert findings(tmp_path, document) == []
    del other["models"]["Result"]["properties"]["result"]
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other))
    (told,) = findings(tmp_path, document)
    assert "has no `result`" in told


def test_a_reference_to_an_answer_by_its_status_leads_somewhere(tmp_path: Path) -> None:
    text = """
openapi: 3.0.3
info: {title: Boxes, version: v1}
paths:
  /boxes:
    get:
      operationId: list
      responses:
        200: {description: The boxes.}
        404: {$ref: '#/paths/~1boxes/get/responses/200'}
"""
    assert findings(tmp_path, text) == []
