"""Everything in a document has a name that can be written, whatever the document calls it."""

from __future__ import annotations

import inspect
import random
from pathlib import Path
from typing import Any

import pytest

from agavepy import describe
from agavepy.naming import is_name
from agavepy.request import Builder
from tests.unit.documents import (
    FINE,
    Document,
    address,
    compiled,
    content,
    linted,
    openapi,
    operation,
    sent,
    service,
    swagger,
    with_parameters,
)


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
