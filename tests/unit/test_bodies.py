"""A body of OpenAPI 3 is written as a media type that its description lists."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from agavepy.errors import UsageError
from tests.unit.documents import Document, compiled, content, openapi, operation, sent, taking

PERSON: Document = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}},
        "id": {"type": "string", "readOnly": True},
    },
}


def media_type(request: requests.PreparedRequest) -> str:
    return str(request.headers.get("Content-Type", ""))


@pytest.mark.parametrize(
    "kind", ["application/json", "application/vnd.api+json", "application/json; charset=utf-8"]
)
def test_json_of_any_name_is_json(kind: str) -> None:
    request = sent(taking({kind: {"schema": PERSON}}), body={"name": "é", "age": 3})
    assert media_type(request) == kind
    assert json.loads(content(request)) == {"name": "é", "age": 3}


def test_json_is_preferred_whatever_the_document_lists_first() -> None:
    document = taking({"application/xml": {}, "text/csv": {}, "application/json": {}})
    assert media_type(sent(document, body=[1])) == "application/json"


def test_the_fields_of_a_body_are_keywords_too() -> None:
    document = taking({"application/json": {"schema": PERSON}}, required=True)
    assert json.loads(content(sent(document, name="Ada", age=3))) == {"name": "Ada", "age": 3}
    with pytest.raises(UsageError, match="put it in there"):
        sent(document, body={"name": "Ada"}, age=3)
    with pytest.raises(UsageError, match=r"no argument 'agee' \(did you mean 'age'"):
        sent(document, name="Ada", agee=3)
    with pytest.raises(UsageError, match="needs body"):
        sent(document)


def test_what_a_server_sets_by_itself_is_no_field_of_a_body() -> None:
    plan = compiled(taking({"application/json": {"schema": PERSON}}))["call"]
    (body,) = plan.parameters
    assert [name for name, _, _, _ in body.fields] == [
        *("name", "age", "tags", "address", "address.city"),
    ]
    assert [name for name, _, required, _ in body.fields if required] == ["name"]


def test_a_parameter_keeps_its_name_beside_a_field_or_a_body_of_that_name() -> None:
    parameters: list[Document] = [
        {"name": name, "in": "query", "schema": {}} for name in ("body", "name")
    ]
    body = {"content": {"application/json": {"schema": PERSON}}}
    document = openapi({"/at": {"post": operation(parameters=parameters, requestBody=body)}})
    request = sent(document, body="b", name="n", age=3)
    assert str(request.url).endswith("/at?body=b&name=n")
    assert json.loads(content(request)) == {"age": 3}
    request = sent(document, request_body={"name": "Ada"})
    assert json.loads(content(request)) == {"name": "Ada"}


def test_a_field_is_sent_in_the_body_even_if_it_is_called_as_a_common_argument() -> None:
    fields = {name: {"type": "string"} for name in ("query", "headers", "nonce")}
    document = taking({"application/json": {"schema": {"properties": fields}}})
    request = sent(document, query="", headers="h", nonce="n")
    assert json.loads(content(request)) == {"query": "", "headers": "h", "nonce": "n"}
    assert str(request.url).endswith("/at")
    request = sent(document, body={"query": "q"}, query={"a": 1}, headers={"X-Own": "x"})
    assert json.loads(content(request)) == {"query": "q"}
    assert str(request.url).endswith("/at?a=1")
    assert request.headers["X-Own"] == "x"
    with pytest.raises(UsageError, match="'nonce' is a field of body: put it in there"):
        sent(document, body={"query": "q"}, nonce="n")


def test_text_for_a_json_body_is_json_text_unless_the_body_is_a_string() -> None:
    text = '{ "as": "it is" }'
    assert content(sent(taking({"application/json": {"schema": PERSON}}), body=text)) == (
        text.encode()
    )
    string = taking({"application/json": {"schema": {"type": "string"}}})
    assert content(sent(string, body="a word")) == b'"a word"'
    either = {"oneOf": [{"type": "string"}, {"type": "object"}]}
    assert content(sent(taking({"application/json": {"schema": either}}), body="1")) == b'"1"'
    # Nobody says what it is: JSON is sent as it is, and what is none as a JSON string.
    unknown = taking({"application/json": {}})
    assert content(sent(unknown, body='{"a": 1}')) == b'{"a": 1}'
    assert content(sent(unknown, body="a word")) == b'"a word"'


def test_a_form_is_written_as_forms_are() -> None:
    document = taking({"application/x-www-form-urlencoded": {"schema": PERSON}})
    request = sent(
        document, name="a b&c", age=3, tags=["x y", "z"], address={"city": "Z"}, body=None
    )
    assert media_type(request) == "application/x-www-form-urlencoded"
    assert content(request).startswith(b"name=a+b%26c&age=3&tags=x+y&tags=z&address=%7B")
    assert parse_qsl(content(request).decode()) == [
        *(("name", "a b&c"), ("age", "3"), ("tags", "x y"), ("tags", "z")),
        ("address", '{"city": "Z"}'),
    ]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ({"style": "form", "explode": False}, "color=blue,black"),
        ({"style": "form"}, "color=blue&color=black"),
        ({"style": "pipeDelimited"}, "color=blue%7Cblack"),
        ({"style": "spaceDelimited"}, "color=blue+black"),
        ({}, "color=blue&color=black"),
    ],
)
def test_a_field_of_a_form_is_encoded_as_described(encoding: Document, expected: str) -> None:
    schema = {"properties": {"color": {"type": "array", "items": {"type": "string"}}}}
    form = {"schema": schema, "encoding": {"color": encoding}}
    request = sent(taking({"application/x-www-form-urlencoded": form}), color=["blue", "black"])
    assert content(request).decode() == expected


def test_an_object_in_a_form_may_have_a_style_too() -> None:
    schema = {"properties": {"color": {"type": "object"}}}
    for encoding, expected in (
        ({"style": "deepObject", "explode": True}, "color%5BR%5D=1&color%5BG%5D=2"),
        ({"style": "form", "explode": True}, "R=1&G=2"),
        ({"style": "form", "explode": False}, "color=R,1,G,2"),
    ):
        form = {"schema": schema, "encoding": {"color": encoding}}
        request = sent(
            taking({"application/x-www-form-urlencoded": form}), body={"color": {"R": 1, "G": 2}}
        )
        assert content(request).decode() == expected


def test_the_caller_chooses_among_the_media_types() -> None:
    document = taking(
        {
            "application/json": {"schema": PERSON},
            "application/x-www-form-urlencoded": {"schema": PERSON},
            "application/xml": {"schema": PERSON},
        }
    )
    for kind, value, expected in (
        ("application/json", {"name": "Ada"}, b'{"name": "Ada"}'),
        ("application/x-www-form-urlencoded", {"name": "Ada"}, b"name=Ada"),
        ("application/xml", "<name>Ada</name>", b"<name>Ada</name>"),
    ):
        request = sent(document, body=value, headers={"content-type": kind})
        assert (media_type(request), content(request)) == (kind, expected)


@pytest.mark.parametrize("value", [b"\x00\xff", bytearray(b"\x00\xff"), io.BytesIO(b"\x00\xff")])
def test_bytes_travel_as_bytes_where_these_are_described(value: Any) -> None:
    for kind in ("application/octet-stream", "image/png", "application/pdf"):
        document = taking({"application/json": {}, kind: {"schema": {"format": "binary"}}})
        if isinstance(value, io.BytesIO):
            value.seek(0)
        request = sent(document, body=value)
        assert (media_type(request), content(request)) == (kind, b"\x00\xff")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text/plain", "é", "text/plain"),
        ("text/plain", 3, "text/plain"),
        ("application/xml", "<a/>", "application/xml"),
        ("application/vnd.x+xml", b"<a/>", "application/vnd.x+xml"),
        ("text/csv", "a,b", "text/csv"),
        ("*/*", "text", "text/plain; charset=utf-8"),
        ("*/*", {"a": 1}, "application/json"),
        ("image/*", b"\x00", "application/octet-stream"),
        ("text/*", "t", "text/plain; charset=utf-8"),
    ],
)
def test_what_is_no_json_is_sent_as_it_is_given(kind: str, value: Any, expected: str) -> None:
    request = sent(taking({kind: {}}), body=value)
    assert media_type(request) == expected
    given = value if isinstance(value, bytes) else str(value).encode()
    assert content(request) == (given if not isinstance(value, dict) else b'{"a": 1}')


def test_a_dict_that_cannot_be_written_is_an_error_that_says_what_to_give() -> None:
    with pytest.raises(UsageError, match="travels as application/xml: give text"):
        sent(taking({"application/xml": {"schema": PERSON}}), name="Ada")
    with pytest.raises(UsageError, match="give a dict of its fields"):
        sent(taking({"multipart/form-data": {}}), body=[1])


def test_the_content_type_of_swagger_2_is_one_that_it_consumes() -> None:
    document = {
        "swagger": "2.0",
        "paths": {
            "/at": {
                "post": operation(
                    consumes=["application/vnd.api+json"],
                    parameters=[{"name": "thing", "in": "body", "schema": PERSON}],
                )
            }
        },
    }
    request = sent(document, name="Ada")
    assert media_type(request) == "application/vnd.api+json"
    assert json.loads(content(request)) == {"name": "Ada"}
