"""A document that is not as it ought to be is used as far as it goes, and the lint says so."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from agavepy import describe
from agavepy.errors import UnknownName, UsageError
from agavepy.findings import doubled
from agavepy.naming import identifier, is_name
from agavepy.request import Builder
from tests.unit.documents import (
    FINE,
    Document,
    address,
    compiled,
    linted,
    notes,
    openapi,
    operation,
    sent,
    service,
    swagger,
    with_parameters,
)

#: What is wrong, in which version; what the lint says; whether a call goes through nevertheless.
WRONG: dict[str, tuple[Document, str, dict[str, Any], str]] = {
    "a variable that is not declared": (
        openapi({"/at/{a}": {"get": operation()}}),
        "path variable {a} is not declared: it is taken for text",
        {"a": "x y"},
        "/at/x%20y",
    ),
    "a path parameter that the path has not": (
        with_parameters({"name": "a", "in": "path", "required": True, "schema": {}}),
        "path parameter 'a' is not in the path: it is left out",
        {},
        "/at",
    ),
    "a path parameter that is not required": (
        with_parameters({"name": "a", "in": "path", "schema": {}}, path="/at/{a}"),
        "path parameter 'a' is not `required: true`",
        {"a": 1},
        "/at/1",
    ),
    "a parameter twice": (
        with_parameters(*({"name": "a", "in": "query", "schema": {}} for _ in range(2))),
        "the query parameter 'a' is declared twice: the last counts",
        {"a": 1},
        "/at?a=1",
    ),
    "a parameter in no place": (
        with_parameters({"name": "a", "in": "body", "schema": {}}, {"in": "query"}),
        "the parameter 'a' in 'body' has no place",
        {},
        "/at",
    ),
    "parameters that are no list": (
        openapi({"/at": {"get": operation(parameters="oops")}}),
        "its parameters are 'oops', which is no list: there are none",
        {},
        "/at",
    ),
    "a parameter that is not there": (
        with_parameters({"$ref": "#/components/parameters/none"}),
        "refers to #/components/parameters/none, which is not there",
        {},
        "/at",
    ),
    "a reference to itself": (
        openapi(
            {"/at": {"get": operation(parameters=[{"$ref": "#/components/parameters/a"}])}},
            components={"parameters": {"a": {"$ref": "#/components/parameters/a"}}},
        ),
        "refers to #/components/parameters/a, which leads back to itself",
        {},
        "/at",
    ),
    "a type of nobody's": (
        with_parameters({"name": "a", "in": "query", "schema": {"type": "int"}}),
        "parameter 'a' has the unknown type 'int': integer is taken",
        {"a": "7"},
        "/at?a=7",
    ),
    "a type beside the schema": (
        with_parameters({"name": "a", "in": "query", "type": "integer"}),
        "'a' has a type of its own: it belongs in its schema",
        {"a": 7},
        "/at?a=7",
    ),
    "a default that is none": (
        with_parameters(
            {"name": "a", "in": "query", "schema": {"type": "integer", "default": "many"}}
        ),
        "the default of 'a' is 'many', which is no integer",
        {"a": 7},
        "/at?a=7",
    ),
    "a bound that is no number": (
        with_parameters({"name": "a", "in": "query", "schema": {"minimum": "0"}}),
        "the minimum of 'a' is '0', which is no number",
        {"a": -7},
        "/at?a=-7",
    ),
    "a style of another place": (
        with_parameters({"name": "a", "in": "query", "style": "matrix", "schema": {}}),
        "parameter 'a' in the query has the style 'matrix': form",
        {"a": [1, 2]},
        "/at?a=1&a=2",
    ),
    "a path without its slash": (
        openapi({"at": {"get": operation()}}),
        "the path 'at' does not begin with a slash",
        {},
        "/at",
    ),
    "half a variable": (
        openapi({"/at/{a": {"get": operation()}}),
        "a brace without its other half",
        {},
        "/at/%7Ba",
    ),
    "a security scheme that is not defined": (
        openapi({"/at": {"get": operation(security=[{"none": []}])}}),
        "security scheme 'none' is not defined",
        {},
        "/at",
    ),
    "a body of no type": (
        openapi({"/at": {"post": operation(requestBody={"description": "Something."})}}),
        "the request body has no media type: it is sent as JSON",
        {"body": [1]},
        "/at",
    ),
    "a collection format of nobody's": (
        swagger(
            {
                "/at": {
                    "get": operation(
                        parameters=[
                            {
                                **{"name": "a", "in": "query", "type": "array"},
                                **{"collectionFormat": "semicolons"},
                            }
                        ]
                    )
                }
            }
        ),
        "unknown collectionFormat 'semicolons'",
        {"a": [1, 2]},
        "/at?a=1%2C2",
    ),
    "a model that holds itself": (
        openapi(
            {
                "/at": {
                    "post": operation(
                        requestBody={
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/A"}}
                            }
                        },
                        parameters="none",
                    )
                }
            },
            components={
                "schemas": {
                    "A": {
                        "allOf": [{"$ref": "#/components/schemas/A"}],
                        "properties": {"a": {"$ref": "#/components/schemas/A"}, "b": None},
                    }
                }
            },
        ),
        "",
        {"a": {"a": {}}},
        "/at",
    ),
}


@pytest.mark.parametrize(("document", "said", "arguments", "sent_to"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_and_the_call_is_made(
    tmp_path: Path, document: Document, said: str, arguments: dict[str, Any], sent_to: str
) -> None:
    assert said in linted(tmp_path, document)
    assert address(sent(document, **arguments)) == sent_to


def test_one_oddity_is_told_once(tmp_path: Path) -> None:
    document = with_parameters({"$ref": "#/components/parameters/none"})
    assert linted(tmp_path, document).count("components/parameters/none") == 1


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"get": None}, "it is not described: None"),
        ({"get": "later"}, "it is not described: 'later'"),
        ({"$ref": "#/components/pathItems/none"}, "what its path refers to is not there"),
    ],
)
def test_what_cannot_be_called_is_left_out_and_says_why(
    tmp_path: Path, item: Any, why: str
) -> None:
    document = openapi({"/at": item, "/fine": {"get": {**FINE, "operationId": "fine"}}})
    client, plans = service(document)
    assert list(plans) == ["fine"]
    (where, reason), *_ = plans.skipped
    assert why in reason
    with pytest.raises(UnknownName, match="cannot be called") as caught:
        getattr(client, where.partition(" ")[0])
    assert why in str(caught.value)
    assert f"cannot be called: {why}" in linted(tmp_path, document)


def test_wrong_things_in_all_places_never_cost_the_other_operations() -> None:
    """Each part of a rich document is replaced by each wrong thing in turn."""
    rich = openapi(
        {
            "/at/{a}": {
                "parameters": [{"name": "a", "in": "path", "required": True, "schema": {}}],
                "servers": [{"url": "http://{h}/", "variables": {"h": {"default": "x"}}}],
                "post": operation(
                    summary="S",
                    tags=["t"],
                    security=[{"k": ["s"]}],
                    parameters=[
                        {
                            **{"name": "b", "in": "query", "description": "D", "explode": True},
                            "schema": {"type": "array", "items": {"enum": [1]}, "default": [1]},
                        },
                        {"name": "c", "in": "header", "content": {"text/plain": {"schema": {}}}},
                    ],
                    requestBody={
                        "content": {
                            "multipart/form-data": {
                                "schema": {"properties": {"f": {"type": "string"}}},
                                "encoding": {"f": {"contentType": "text/plain"}},
                            }
                        }
                    },
                    responses={
                        "200": {
                            "description": "D",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "required": ["x"],
                                        "properties": {
                                            "x": {"oneOf": [{"type": "string"}], "format": "f"}
                                        },
                                    }
                                }
                            },
                        }
                    },
                ),
            },
            "/fine": {"get": {**FINE, "operationId": "fine"}},
        },
        components={
            "securitySchemes": {
                "k": {"type": "oauth2", "flows": {"password": {"tokenUrl": "t", "scopes": {}}}}
            }
        },
    )
    checked = 0
    for steps in list(_places(rich)):
        if steps[:2] == ("paths", "/fine") or steps in {("openapi",), ("paths",)}:
            continue
        for wrong in (None, 7, "text", [], {}, [None], {"x": None}, True, {"$ref": "#/none"}):
            document = copy.deepcopy(rich)
            holder: Any = document
            for step in steps[:-1]:
                holder = holder[step]
            holder[steps[-1]] = wrong
            plans = compiled(document)
            assert "fine" in plans, (steps, wrong)
            for plan in plans.values():
                describe.operation_help(plan, {})
                describe.signature(plan, {})
            checked += 1
    assert checked > 400


def _places(node: Any, steps: tuple[Any, ...] = ()) -> Any:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*steps, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*steps, key))


EVIL = "x(): import os; os.system('touch pwned')\n\"\"\"'''\\"


def test_what_a_document_says_is_never_code() -> None:
    schema = {"type": EVIL, "default": EVIL, "enum": [EVIL], "description": EVIL, "format": EVIL}
    document = openapi(
        {
            f"/{EVIL}/{{{EVIL}}}": {
                "get": {
                    **{"operationId": EVIL, "summary": EVIL, "description": EVIL},
                    "parameters": [
                        {"name": EVIL, "in": "query", "required": True, "schema": schema},
                        {"name": "self", "in": "query", "schema": {}},
                    ],
                    "requestBody": {"content": {EVIL: {"schema": {"properties": {EVIL: schema}}}}},
                    "responses": {EVIL: {"description": EVIL}},
                }
            }
        }
    )
    _, plans = service(document)
    (plan,) = plans.values()
    assert is_name(plan.name)
    extras = Builder(plan).extras
    signature = describe.signature(plan, extras)
    assert all(identifier(name) == name for name in signature.parameters)
    tree = compile(describe.example(plan), "example", "eval", flags=0x400)  # ast only
    assert type(tree).__name__ == "Expression"
    call: Any = tree
    assert type(call.body).__name__ == "Call"
    assert {type(k.value).__name__ for k in call.body.keywords} <= {"Constant", "Dict", "Set"}
    describe.operation_help(plan, extras)


def test_json_that_is_no_yaml_is_checked_as_well(tmp_path: Path) -> None:
    """Two escapes make an emoji in JSON, which YAML takes for half a character each."""
    file = tmp_path / "things.json"
    whole = json.dumps(openapi({"/at": {"get": operation(summary="\U0001f600")}}))
    file.write_text(whole.replace('"paths"', '"x-a": {"b": 1, "b": 2}, "paths"'))
    (finding,) = doubled(file)
    assert finding.advice == "'b' stands twice in one object, and only one counts"


def test_the_document_of_a_caller_is_left_as_it_is() -> None:
    for document in (
        with_parameters({"$ref": "#/x"}, path="/{a*}/{b}"),
        *(d[0] for d in WRONG.values()),
    ):
        before = copy.deepcopy(document)
        compiled(document)
        assert document == before


def test_no_text_of_a_document_commands_a_terminal(tmp_path: Path) -> None:
    bell = "\x1b]0;owned\x07\x9b31m\u202e"
    document = with_parameters(
        {"name": f"a{bell}", "in": "query", "description": bell, "schema": {"enum": [bell]}},
        {"name": bell, "in": "nowhere"},
    )
    at = document["paths"]["/at"]["get"]
    at.update(summary=f"S{bell}", description=bell, responses={"200": {"description": bell}})
    document["info"] = {"title": bell, "description": bell}
    client, plans = service(document)
    shown = [str(client.call.__doc__), str(client.__doc__), repr(client.call), repr(client)]
    for text in (*shown, linted(tmp_path, document)):
        assert "owned" in text or "S" in text
        assert not set(bell) - set("]0;owned31m") & set(text)
    assert plans["call"].parameters[0].name == f"a{bell}"  # on the wire it is what it is


def test_a_server_with_gaps_is_told(tmp_path: Path) -> None:
    document = openapi({"/at": {"get": operation()}}, servers=[{"url": "https://{h}.example"}])
    assert "the server has a variable {h} without a default" in linted(tmp_path, document)


def test_a_sound_document_of_others_has_no_findings(tmp_path: Path) -> None:
    document = openapi(
        {"/at/{a}": {"get": operation()}},
        components={"schemas": {"Unused": {"type": "string"}}},
    )
    document["paths"]["/at/{a}"]["parameters"] = [
        {"name": "a", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    assert linted(tmp_path, document) == ""
    assert not notes(document)


def test_the_extensions_of_this_package_are_checked_in_openapi_3_too(tmp_path: Path) -> None:
    document = openapi({"/at": {"get": operation(**{"x-agavepy-envelop": "java"})}})
    assert "is no extension (did you mean 'x-agavepy-envelope'" in linted(tmp_path, document)
    document = openapi({"/at": {"get": operation(**{"x-agavepy-envelope": "none"})}})
    assert linted(tmp_path, document) == ""


def test_an_argument_that_is_none_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'limit'"):
        sent(with_parameters({"name": "limit", "in": "query", "schema": {}}), limt=3)
