"""A document that is not as it ought to be is used as far as it goes, and the lint says so."""

from __future__ import annotations

import copy
import inspect
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from agavepy import describe
from agavepy.errors import UnknownName, UsageError
from agavepy.lint import check
from agavepy.naming import identifier, is_name
from agavepy.operation import Service
from agavepy.plan import ServicePlan
from agavepy.request import Builder
from agavepy.transport import Transport
from tests.unit.documents import (
    Document,
    address,
    compiled,
    content,
    notes,
    openapi,
    operation,
    sent,
    swagger,
)

FINE: Document = {"responses": {"200": {"description": "Done."}}}


class Owner:
    """A client that makes no calls."""

    transport = Transport("http://tenant.example")

    def authenticator(self, security: str) -> None:
        """Return nothing: no call is made."""

    def service(self, name: str) -> Any:
        raise LookupError(name)


def service(document: Document) -> tuple[Service, ServicePlan]:
    plans = compiled(document)
    return Service(Owner(), plans), plans


def linted(tmp_path: Path, document: Document) -> str:
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump(document))
    return "\n".join(str(f).removeprefix(f"{file}: ") for f in check(file))


BY_ID: dict[str, Any] = {"/a": {"get": dict(FINE)}}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("files.list", "files_list"),
        ("get/pets/{petId}", "get_pets_petId"),
        ("import", "import_"),
        ("None", "None_"),
        ("1password", "op_1password"),
        ("_private", "private"),
        ("__class__", "class__"),
        ("größe", "größe"),
        ("list-all things", "list_all_things"),
        ("ﬁnd", "find"),  # Python reads the ligature as two letters
        (7, "op_7"),
        ("×÷", "get_a"),
        ("", "get_a"),
        (None, "get_a"),
        (["x"], "get_a"),
    ],
)
def test_every_operation_has_a_name_that_can_be_written(given: Any, name: str) -> None:
    client, plans = service(openapi({"/a": {"get": {**FINE, "operationId": given}}}))
    assert list(plans) == [name]
    assert is_name(name)
    assert getattr(client, name).plan.path == "/a"
    if isinstance(given, str) and given and not given.startswith("__"):
        assert getattr(client, given).plan.name == name
    assert name in dir(client)


def test_an_operation_without_a_name_is_called_by_its_verb_and_path(tmp_path: Path) -> None:
    paths = {"/": {"get": FINE}, "/pets/{petId}/toys": {"get": FINE, "delete": FINE}}
    client, plans = service(openapi(paths))
    assert sorted(plans) == ["delete_pets_petId_toys", "get_pets_petId_toys", "get_root"]
    assert getattr(client, "GET /pets/{petId}/toys").plan.name == "get_pets_petId_toys"
    said = linted(tmp_path, openapi(paths))
    assert "GET /: has no operationId and is called get_root: give it one" in said


def test_names_do_not_depend_on_the_order_of_a_document() -> None:
    sites = [("/b", "get"), ("/a", "post"), ("/a", "get"), ("/a-c", "get"), ("/a_c", "get")]
    ids = ["same", "same", "same", None, None]
    expected = {
        *{("same", "/a", "GET"), ("same_post_a", "/a", "POST"), ("same_get_b", "/b", "GET")},
        *{("get_a_c", "/a-c", "GET"), ("get_a_c_2", "/a_c", "GET")},
    }
    order = list(zip(sites, ids, strict=True))
    for seed in range(5):
        random.Random(seed).shuffle(order)
        paths: Document = {}
        for (path, method), given in order:
            paths.setdefault(path, {})[method] = {**FINE, "operationId": given} if given else FINE
        _, plans = service(openapi(paths))
        assert {(p.name, p.path, p.method) for p in plans.values()} == expected


def test_a_name_that_was_made_never_takes_the_place_of_one_that_was_given() -> None:
    client, plans = service(
        openapi(
            {
                "/a": {"get": {**FINE, "operationId": "files.list"}},
                "/b": {"get": {**FINE, "operationId": "files_list"}},
            }
        )
    )
    assert plans["files_list"].path == "/b"
    assert getattr(client, "files.list").plan.path == "/a"


def test_two_operations_of_one_name_are_both_reachable(tmp_path: Path) -> None:
    paths = {p: {"get": {**FINE, "operationId": "list"}} for p in ("/b", "/a")}
    client, _ = service(openapi(paths))
    assert client.list.plan.path == "/a"
    assert client.list_get_b.plan.path == "/b"
    assert getattr(client, "GET /b").plan.path == "/b"
    assert "'list' is taken by GET /a: it is called list_get_b" in linted(tmp_path, openapi(paths))


def with_parameters(*parameters: Document, path: str = "/at") -> Document:
    return openapi({path: {"get": operation(parameters=list(parameters))}})


def test_two_parameters_of_one_name_are_both_reachable(tmp_path: Path) -> None:
    places = ("cookie", "query", "path", "header")
    document = with_parameters(
        *({"name": "id", "in": place, "required": True, "schema": {}} for place in places),
        path="/at/{id}",
    )
    request = sent(document, id="p", id_query="q", id_header="h", id_cookie="c")
    assert address(request) == "/at/p?id=q"
    assert (request.headers["id"], request.headers["Cookie"]) == ("h", "id=c")
    assert "two parameters are called 'id': that in the query is id_query" in linted(
        tmp_path, document
    )
    two = {
        "paths": {
            "/at": {
                "post": operation(
                    parameters=[
                        {"name": "n", "in": "query", "type": "string"},
                        {"name": "n", "in": "formData", "type": "string"},
                    ]
                )
            }
        }
    }
    request = sent(swagger(two["paths"]), n="q", n_formData="f")
    assert (address(request), content(request)) == ("/at?n=q", b"n=f")


def test_a_parameter_that_python_cannot_write_has_a_spelling_that_it_can() -> None:
    document = with_parameters(
        {"name": "X-Rate-Limit", "in": "header", "schema": {"type": "integer"}},
        {"name": "filter[name]", "in": "query", "schema": {}},
        {"name": "from", "in": "query", "schema": {}},
        {"name": "from_", "in": "query", "schema": {}},
    )
    request = sent(document, X_Rate_Limit=3, filter_name="n", from_="2")
    assert request.headers["X-Rate-Limit"] == "3"
    assert address(request) == "/at?filter%5Bname%5D=n&from_=2"
    again = sent(document, **{"X-Rate-Limit": 3, "filter[name]": "n", "from_": "2", "from": "1"})
    assert address(again) == "/at?filter%5Bname%5D=n&from_=2&from=1"
    plan = compiled(document)["call"]
    signature = inspect.signature(lambda: None).replace(
        parameters=list(describe.signature(plan, Builder(plan).extras).parameters.values())
    )
    assert {"X_Rate_Limit", "filter_name", "from_", "others"} <= set(signature.parameters)
    assert "Write filter_name=… for it." in describe.operation_help(plan, {})


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
