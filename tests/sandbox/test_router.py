"""Each path finds its operation, and each operation its path."""

from __future__ import annotations

import pytest

from agavepy.plan import Parameter, Plan
from agavepy.sandbox.router import Router


def plan(name: str, method: str, path: str, tail: str = "", *consumes: str) -> Plan:
    names = [piece.partition("}")[0] for piece in path.split("{")[1:]]
    parameters = tuple(Parameter(item, "path", required=True, tail=item == tail) for item in names)
    kinds = consumes or ("application/json",)
    return Plan("t", name, method, path, parameters, consumes=kinds)


ROUTER = Router(
    [
        plan("tail", "GET", "/t/v2/listings/{path}", "path"),
        plan("home", "GET", "/t/v2/listings"),
        plan("system", "GET", "/t/v2/listings/system/{id}/{path}", "path"),
        plan("put", "PUT", "/t/v2/listings/{path}", "path"),
        plan("list", "GET", "/t/v2/"),
        plan("one", "GET", "/t/v2/{id}"),
        plan("me", "GET", "/t/v2/me"),
        plan("say", "POST", "/t/v2/{id}"),
        plan("send", "POST", "/t/v2/{id}", "", "application/octet-stream"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "name", "values"),
    [
        ("GET", "/t/v2", "list", {}),
        ("GET", "/t/v2/", "list", {}),
        ("GET", "//t/v2/", "list", {}),
        ("GET", "/t/v2/me", "me", {}),
        ("GET", "/t/v2/me/", "me", {}),
        ("GET", "/t/v2/x%2Fy%20z", "one", {"id": "x/y z"}),
        ("HEAD", "/t/v2/me", "me", {}),
        ("GET", "/t/v2/listings", "home", {}),
        ("GET", "/t/v2/listings/a//b/", "tail", {"path": "a//b/"}),
        ("GET", "/t/v2/listings/system/s/", "system", {"id": "s", "path": ""}),
        ("GET", "/t/v2/listings/system/s//", "system", {"id": "s", "path": "/"}),
        ("GET", "/t/v2/listings/system/s//a%20b//c", "system", {"id": "s", "path": "/a b//c"}),
        ("PUT", "/t/v2/listings/system/s/x", "put", {"path": "system/s/x"}),
    ],
)
def test_a_path_reaches_the_most_literal_operation_with_its_values_decoded_once(
    method: str, path: str, name: str, values: dict[str, str]
) -> None:
    found, variables, _ = ROUTER.match(method, path)
    assert found is not None
    assert (found.name, variables) == (name, values)


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/json", "say"),
        ("application/octet-stream", "send"),
        ("text/plain", "say"),
        ("", "say"),
    ],
)
def test_operations_at_one_address_are_told_apart_by_the_type_of_the_body(
    content_type: str, name: str
) -> None:
    found, variables, _ = ROUTER.match("POST", "/t/v2/x", content_type)
    assert found is not None
    assert (found.name, variables) == (name, {"id": "x"})


def test_a_verb_that_a_path_has_not_is_told_from_an_unknown_path() -> None:
    assert ROUTER.match("DELETE", "/t/v2/me") == (None, {}, ["GET", "POST"])
    assert ROUTER.match("GET", "/other/v2") == (None, {}, [])


def test_a_link_encodes_each_value_and_keeps_the_slashes_of_a_tail() -> None:
    arguments = {"id": "a/b", "path": "/home/x y#1", "q": "1 2"}
    link = ROUTER.path("t", "system", arguments)
    assert link == "/t/v2/listings/system/a%2Fb//home/x%20y%231?q=1+2"
    found, variables, _ = ROUTER.match("GET", link.partition("?")[0])
    assert found is not None
    assert variables == {"id": "a/b", "path": "/home/x y#1"}
