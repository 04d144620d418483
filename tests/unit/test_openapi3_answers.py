"""What operations of OpenAPI 3 give back."""

from __future__ import annotations

import pytest
import requests
from requests.utils import get_encoding_from_headers

from agavepy.errors import AnswerError
from agavepy.result import Interpreter
from tests.unit.documents import (
    MODEL,
    Document,
    answer_of,
    answering,
    operation,
    plan,
    swagger,
)


@pytest.mark.parametrize(
    ("responses", "kind", "kept", "status"),
    [
        (
            {"200": answer_of("application/json", {"type": "array", "items": {}})},
            "plain",
            "array of any",
            200,
        ),
        ({"201": answer_of("application/hal+json", MODEL), "400": {}}, "plain", "object", 201),
        ({"2XX": answer_of("application/json", MODEL)}, "plain", "object", 200),
        ({"default": answer_of("application/json", MODEL)}, "plain", "object", 200),
        ({"204": {"description": "D"}}, "none", "", 204),
        (
            {"204": {"description": "D"}, "200": answer_of("application/json", MODEL)},
            "plain",
            "object",
            200,
        ),
        ({"200": answer_of("image/png")}, "raw", "file", 200),
        ({"200": answer_of("application/octet-stream", {"format": "binary"})}, "raw", "file", 200),
        ({"200": answer_of("text/csv")}, "plain", "string", 200),
        ({"200": answer_of("text/csv", {"format": "binary"})}, "raw", "file", 200),
        ({"404": {"description": "D"}}, "none", "", 200),
    ],
)
def test_what_comes_back_is_in_the_plan(
    responses: Document, kind: str, kept: str, status: int
) -> None:
    answer = plan(answering(responses)).answer
    assert (answer.kind, answer.type, answer.status) == (kind, kept, status)


def test_dates_and_fields_of_all_good_answers_are_known() -> None:
    document = answering(
        {
            "200": answer_of("application/json", {"$ref": "#/components/schemas/Model"}),
            "201": answer_of(
                "application/json",
                {"oneOf": [{"properties": {"ended": {"format": "date-time", "type": "string"}}}]},
            ),
        }
    )
    document["components"] = {"schemas": {"Model": MODEL}}
    answer = plan(document).answer
    assert {("made",), ("ended",), ("parts", "[]", "made")} <= set(answer.dates)
    names = [name for name, _, _ in answer.fields]
    assert ("id", "string", "Which.") in answer.fields
    assert ("made", "date-time", "") in answer.fields
    assert "secret" not in names


def test_models_that_hold_each_other_are_documented_without_end_of_patience() -> None:
    """Fifty models of fifty fields that hold all others: only the upper levels are listed."""
    names = [f"M{n}" for n in range(50)]
    schemas = {
        name: {"properties": {other: {"$ref": f"#/components/schemas/{other}"} for other in names}}
        for name in names
    }
    first = {"$ref": "#/components/schemas/M0"}
    document = answering({"200": answer_of("application/json", first)})
    document["components"] = {"schemas": schemas}
    assert [name for name, _, _ in plan(document).answer.fields] == names


def replied(body: bytes, kind: str) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response._content = body
    response.headers["Content-Type"] = kind
    response.encoding = get_encoding_from_headers(response.headers)
    response.url = "http://h/at"
    return response


def test_text_is_given_back_as_text_and_bytes_as_the_response() -> None:
    several = {
        "200": {
            "description": "D",
            "content": {kind: {} for kind in ("application/json", "text/csv", "image/*")},
        }
    }
    made = plan(answering(several))
    assert made.accept == "application/json, */*;q=0.5"
    assert Interpreter(made)(replied(b'{"a": 1}', "application/json")) == {"a": 1}
    assert Interpreter(made)(replied("é,b".encode(), "text/csv")) == "é,b"
    assert Interpreter(made)(replied(b"", "text/csv")) is None
    assert Interpreter(made)(replied(b"\xe9", "text/csv; charset=latin-1")) == "é"
    picture = Interpreter(made)(replied(b"\x89", "image/png"))
    assert isinstance(picture, requests.Response)
    with pytest.raises(AnswerError, match="text/html"):
        Interpreter(made)(replied(b"<html>", "text/html"))


@pytest.mark.parametrize(
    ("produces", "schema", "accept"),
    [
        (
            ["application/xml", "application/json"],
            {"type": "object"},
            "application/json, */*;q=0.5",
        ),
        (["text/html", "application/json"], {"type": "file"}, ""),  # the JSON is of refusals
        (["application/json", "application/octet-stream"], {"type": "object"}, ""),
    ],
)
def test_json_is_asked_for_where_a_server_may_choose_another_text(
    produces: list[str], schema: Document, accept: str
) -> None:
    responses = {"200": {"description": "D", "schema": schema}}
    document = swagger({"/at": {"get": operation(produces=produces, responses=responses)}})
    assert plan(document).accept == accept


def test_an_envelope_is_opened_in_openapi_3_too() -> None:
    whole = {"properties": {"result": {"properties": {"made": {"format": "date-time"}}}}}
    document = answering(
        {"200": answer_of("application/json", whole)}, **{"x-agavepy-envelope": "java"}
    )
    made = plan(document)
    assert (made.answer.kind, made.answer.dates) == ("envelope", (("made",),))
    body = b'{"status": "success", "message": null, "result": {"made": "2026-01-02T03:04:05Z"}}'
    result = Interpreter(made)(replied(body, "application/json"))
    assert result.made.year == 2026


def test_an_api_that_answers_json_alone_is_asked_as_always() -> None:
    assert plan(answering({"200": answer_of("application/json")})).accept == ""
