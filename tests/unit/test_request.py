"""Arguments become the request that was meant, or an error that says what was wrong."""

from __future__ import annotations

import datetime
import enum
import io
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from agavepy import loader
from agavepy.errors import UsageError
from agavepy.plan import Parameter, Plan
from agavepy.request import build

BASE = "https://tenant.example/prefix"
TAIL = Parameter("path", "path", required=True, tail=True)


def plan(*parameters: Parameter, path: str = "/s/v2", method: str = "GET", **fields: Any) -> Plan:
    return Plan("svc", "op", method, path, parameters, **fields)


def url(of: Plan, arguments: Mapping[str, Any]) -> str:
    address = build(of, arguments, BASE).url
    assert address is not None
    return address.removeprefix(BASE)


def query(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    address = url(plan(parameter), {parameter.name: value})
    return parse_qsl(urlsplit(address).query, keep_blank_values=True)


def path(value: Any, parameter: Parameter = TAIL) -> str:
    return url(plan(parameter, path="/s/{path}"), {"path": value}).removeprefix("/s/")


LIST = plan(
    Parameter("systemId", "path", required=True),
    Parameter("limit", "query", "integer", default=100),
    path="/s/{systemId}",
)


def test_a_misspelt_argument_is_answered_with_the_right_one() -> None:
    with pytest.raises(UsageError, match=r"svc.op has no argument 'systemID' \(did you mean 'sys"):
        build(LIST, {"systemID": "x"}, BASE)
    with pytest.raises(TypeError, match="its arguments: systemId, limit"):
        build(LIST, {"systemId": "x", "bogus": 1}, BASE)


def test_all_that_is_missing_is_named_at_once() -> None:
    both = plan(
        Parameter("a", "query", required=True, doc="The first."),
        Parameter("b", "query", required=True),
    )
    with pytest.raises(UsageError, match=r"svc.op needs a \(The first.\), b"):
        build(both, {}, BASE)


def test_none_counts_as_not_given() -> None:
    assert url(LIST, {"systemId": "x", "limit": None}) == "/s/x"
    with pytest.raises(UsageError, match="needs systemId"):
        build(LIST, {"systemId": None}, BASE)


@pytest.mark.parametrize("empty", [None, "", {}, [], ()])
def test_an_empty_extra_counts_as_not_given(empty: object) -> None:
    extras = dict.fromkeys(("headers", "query", "search", "filter", "nonce"), empty)
    assert url(LIST, {"systemId": "x", **extras}) == "/s/x"
    described = plan(Parameter("filter", "query"))
    assert url(described, {"filter": empty}) == "/s/v2"


def test_defaults_of_the_description_are_left_to_the_server() -> None:
    assert url(LIST, {"systemId": "x"}) == "/s/x"


def test_extras_reach_the_wire() -> None:
    request = build(
        LIST,
        {
            "systemId": "x",
            "query": {"a": [1, 2], "none": None},
            "search": {"name.like": "*x*", "available": True},
            "filter": ["id", "name"],
            "nonce": "T_abc",
            "headers": {"X-One": 1, "X-None": None},
        },
        BASE,
        headers={"X-Two": "2"},
        query={"pretty": "true"},
    )
    assert request.headers == {"X-One": "1", "X-Two": "2"}
    assert dict(parse_qsl(urlsplit(str(request.url)).query)) == {
        "a": "1,2",
        "name.like": "*x*",
        "available": "true",
        "filter": "id,name",
        "x-nonce": "T_abc",
        "pretty": "true",
    }


def test_search_and_filter_are_for_reading() -> None:
    for extra in ("search", "filter"):
        with pytest.raises(UsageError, match=f"no argument '{extra}'"):
            build(plan(method="POST"), {extra: {"a": "b"}}, BASE)


def test_a_described_parameter_takes_the_place_of_an_extra() -> None:
    described = plan(Parameter("query", "query"), Parameter("headers", "query"))
    assert url(described, {"query": "a b", "headers": "h"}) == "/s/v2?query=a+b&headers=h"


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X Y:": "a"}, {"X": "\u20ac"}])
def test_a_header_cannot_smuggle_another(headers: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no valid name of a header") as caught:
        build(LIST, {"systemId": "x", "headers": headers}, BASE)
    assert "Y: b" not in str(caught.value)


def test_extras_of_the_wrong_kind_are_named() -> None:
    with pytest.raises(UsageError, match="headers='x'"):
        build(LIST, {"systemId": "x", "headers": "x"}, BASE)
    with pytest.raises(UsageError, match="query='a=b'"):
        build(LIST, {"systemId": "x", "query": "a=b"}, BASE)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("ada/data", "ada/data"),
        ("/ada/data", "/ada/data"),
        ("//ada//data/", "//ada//data/"),
        ("", ""),
        ("a b#c?d", "a%20b%23c%3Fd"),
        ("grün/日本", "gr%C3%BCn/%E6%97%A5%E6%9C%AC"),
        ("100%", "100%25"),
        ("already%20quoted%2Fhere", "already%20quoted%2Fhere"),
        ("half%2", "half%252"),
        ("a+b&c=d;e,f", "a+b&c=d;e,f"),
        ("...", "..."),
        (".hidden/a..b", ".hidden/a..b"),
        ("nul\0tab\t", "nul%00tab%09"),
        ("back\\slash", "back%5Cslash"),
        ("undecodable\udcff", "undecodable%FF"),
        (PurePosixPath("a/b c"), "a/b%20c"),
        (["a", "b"], "a,b"),
        (7, "7"),
    ],
)
def test_a_path_arrives_as_it_was_written(value: object, wire: str) -> None:
    assert path(value) == wire


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (".", ""), ("./", ""), ("/.", "/"), ("./a", "a"), (".//a", "a"), ("a/.", "a/"),
        ("/a/././b", "/a/b"), ("a/%2E/b", "a/b"),
    ],
)  # fmt: skip
def test_a_dot_is_the_directory_it_stands_in(value: str, wire: str) -> None:
    assert path(value) == wire


@pytest.mark.parametrize(
    "value",
    ["..", "a/../b", "./../a", "%2e%2e/b", ".%2e", "a%2f..%2Fb", "a%2f.%2Fb", "a/%2e%2E/"],
)
def test_dot_segments_are_refused_because_servers_resolve_them(value: str) -> None:
    with pytest.raises(UsageError, match="are no names in a path"):
        path(value)


@pytest.mark.parametrize("value", [".", "..", "%2e"])
def test_a_dot_is_no_name_of_anything_but_a_path(value: str) -> None:
    with pytest.raises(UsageError, match="are no names in a path"):
        path(value, Parameter("path", "path"))


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("wc-1.0", "wc-1.0"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%2Fb"),
        ("a?b", "a%3Fb"),
        (["a", "b/c"], "a,b%2Fc"),
        (3, "3"),
    ],
)
def test_a_slash_in_a_single_segment_is_encoded(value: object, wire: str) -> None:
    assert path(value, Parameter("path", "path", required=True)) == wire


def test_an_empty_segment_is_refused_unless_the_path_can_do_without() -> None:
    with pytest.raises(UsageError, match="path is empty"):
        path("", Parameter("path", "path", required=True))
    optional = Parameter("path", "path", required=True, optional=True)
    assert path("", optional) == ""
    assert url(plan(optional, path="/s/{path}"), {}) == "/s/"


@given(st.text(st.characters(exclude_characters="%/", exclude_categories=["Cs"]), min_size=1))
def test_any_name_comes_back_from_the_wire(name: str) -> None:
    if name in (".", ".."):
        return
    wire = path(f"dir/{name}")
    assert unquote(wire) == f"dir/{name}"
    assert wire.isascii()
    assert urlsplit(BASE + "/s/" + wire).path.endswith(wire)


def test_the_prefix_of_the_tenant_stays() -> None:
    assert build(LIST, {"systemId": "x"}, BASE).url == "https://tenant.example/prefix/s/x"


class Colour(enum.Enum):
    RED = "red"


NOON = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        ("string", "text & more", "text & more"),
        ("string", "", ""),
        ("string", 5, "5"),
        ("string", True, "true"),
        ("string", b"bytes", "bytes"),
        ("string", ["a", 1], "a,1"),
        ("string", NOON, "2026-05-01T12:00:00.000+00:00"),
        ("string", datetime.date(2026, 5, 1), "2026-05-01"),
        ("string", Colour.RED, "red"),
        ("string", "not in the enum", "not in the enum"),
        ("integer", 10, "10"),
        ("integer", "10", "10"),
        ("integer", -1.0, "-1"),
        ("number", 1.5, "1.5"),
        ("number", "2", "2"),
        ("boolean", True, "true"),
        ("boolean", "False", "false"),
        ("boolean", 0, "false"),
        ("object", {"a": 1}, '{"a": 1}'),
        ("array", ["a", "b"], "a,b"),
        ("array", ("a",), "a"),
        ("array", "a,b", "a,b"),
    ],
)
def test_a_value_is_sent_as_the_description_says(kind: str, value: object, wire: str) -> None:
    parameter = Parameter("q", "query", kind, enum=("x", "y") if kind == "string" else ())
    assert query(parameter, value) == [("q", wire)]


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("string", {"a": 1}, "json.dumps"),
        ("string", io.BytesIO(b""), "give text"),
        ("string", object(), "give text"),
        ("string", b"\xff", "no UTF-8"),
        ("integer", "abc", "a whole number"),
        ("integer", 1.5, "a whole number"),
        ("integer", True, "a whole number"),
        ("integer", [1, 2], "an integer"),
        ("number", "abc", "a number"),
        ("number", float("nan"), "a finite number"),
        ("number", None.__class__, "a number"),
        ("boolean", "maybe", "True or False"),
        ("boolean", 2, "True or False"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(
    kind: str, value: object, wanted: str
) -> None:
    with pytest.raises(UsageError, match=rf"^q=.*{wanted}"):
        query(Parameter("q", "query", kind), value)


@pytest.mark.parametrize(
    ("collection", "wire"),
    [
        ("csv", [("q", "1,2")]),
        ("ssv", [("q", "1 2")]),
        ("tsv", [("q", "1\t2")]),
        ("pipes", [("q", "1|2")]),
        ("multi", [("q", "1"), ("q", "2")]),
    ],
)
def test_lists_travel_in_their_collection_format(
    collection: str, wire: list[tuple[str, str]]
) -> None:
    parameter = Parameter("q", "query", "array", items="integer", collection=collection)
    assert query(parameter, [1, "2"]) == wire
    assert query(parameter, []) == []
    with pytest.raises(UsageError, match="a whole number"):
        query(parameter, ["x"])


def test_a_flattened_dict_becomes_terms_of_its_own() -> None:
    parameter = Parameter("environment", "query", "object", flatten=True)
    assert query(parameter, {"A": 1, "B": "x y", "C": None}) == [("A", "1"), ("B", "x y")]


def test_header_parameters_become_headers() -> None:
    request = build(plan(Parameter("Range", "header")), {"Range": "bytes=0-1"}, BASE)
    assert request.headers["range"] == "bytes=0-1"
    with pytest.raises(UsageError, match="no valid name of a header"):
        build(plan(Parameter("Range", "header")), {"Range": "x\r\nY: z"}, BASE)


FIELDS = (("name", "string", True, ""), ("size", "integer", False, ""), ("a.b", "string", True, ""))
POST = plan(
    Parameter("body", "body", "object", required=True, fields=FIELDS), method="POST", body="json"
)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ({"name": "x"}, b'{"name": "x"}'),
        ([{"a": 1}], b'[{"a": 1}]'),
        ('{"given": "as text"}', b'{"given": "as text"}'),
        (b'{"given": "as bytes"}', b'{"given": "as bytes"}'),
        ("grün", "grün".encode()),
        (False, b"false"),
        ({"when": NOON, "at": Path("a")}, b'{"when": "2026-05-01T12:00:00.000+00:00", "at": "a"}'),
    ],
)
def test_a_body_is_sent_as_json(value: object, sent: bytes) -> None:
    request = build(POST, {"body": value}, BASE)
    assert request.body == sent
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Content-Length"] == str(len(sent))


@pytest.mark.parametrize("value", [{"a": object()}, {"a": float("nan")}])
def test_a_body_that_is_no_json_is_refused_by_name(value: object) -> None:
    with pytest.raises(UsageError, match="body cannot be sent as JSON"):
        build(POST, {"body": value}, BASE)


def test_fields_of_a_body_may_be_given_as_keywords() -> None:
    body = build(POST, {"name": "x", "size": 3}, BASE).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"name": "x", "size": 3}
    with pytest.raises(UsageError, match="'name' is a field of body"):
        build(POST, {"name": "x", "body": {}}, BASE)
    with pytest.raises(UsageError, match=r"'sizes' \(did you mean 'size'"):
        build(POST, {"name": "x", "sizes": 3}, BASE)


def test_a_post_without_a_body_says_that_it_has_none() -> None:
    request = build(plan(method="POST"), {}, BASE)
    assert request.headers == {"Content-Length": "0"}
    assert request.body is None


def test_forms_are_urlencoded_and_their_documents_json() -> None:
    form = plan(
        Parameter("action", "form"),
        Parameter("notifications", "form", json=True),
        method="PUT",
        body="form",
    )
    request = build(form, {"action": "copy & go", "notifications": [{"url": "u"}]}, BASE)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert isinstance(request.body, bytes)
    assert parse_qsl(request.body.decode()) == [
        ("action", "copy & go"),
        ("notifications", '[{"url": "u"}]'),
    ]


def test_every_bundled_operation_can_be_given_what_it_needs() -> None:
    """No description asks for an argument that cannot be put into a request."""
    samples: dict[str, Any] = {
        "integer": 1, "number": 1, "boolean": True, "array": ["x"], "object": {"a": 1}, "file": b"x"
    }  # fmt: skip
    for service in loader.services():
        for operation in loader.service_plan(service).values():
            arguments = {p.name: samples.get(p.type, "x") for p in operation.parameters}
            request = build(operation, arguments, BASE)
            assert "{" not in str(request.url)
            assert isinstance(request, requests.PreparedRequest)
