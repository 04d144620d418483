"""Parameters of OpenAPI 3 are written as the tables of its specification say."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

import pytest

from agavepy.errors import UsageError
from tests.unit.documents import Document, address, openapi, operation, sent

LIST = ["blue", "black", "brown"]
COLORS = {"R": 100, "G": 200, "B": 150}

#: "Style Examples" of the OpenAPI Specification 3.1.1 (3.0.4 has the same): location, style,
#: explode, value, what is written for a parameter called ``color``.
TABLE: list[tuple[str, str, bool, Any, str]] = [
    ("path", "matrix", False, "", ";color"),
    ("path", "matrix", False, "blue", ";color=blue"),
    ("path", "matrix", False, LIST, ";color=blue,black,brown"),
    ("path", "matrix", False, COLORS, ";color=R,100,G,200,B,150"),
    ("path", "matrix", True, "", ";color"),
    ("path", "matrix", True, "blue", ";color=blue"),
    ("path", "matrix", True, LIST, ";color=blue;color=black;color=brown"),
    ("path", "matrix", True, COLORS, ";R=100;G=200;B=150"),
    ("path", "label", False, "blue", ".blue"),
    ("path", "label", False, LIST, ".blue,black,brown"),
    ("path", "label", False, COLORS, ".R,100,G,200,B,150"),
    ("path", "label", True, "blue", ".blue"),
    ("path", "label", True, LIST, ".blue.black.brown"),
    ("path", "label", True, COLORS, ".R=100.G=200.B=150"),
    ("path", "simple", False, "blue", "blue"),
    ("path", "simple", False, LIST, "blue,black,brown"),
    ("path", "simple", False, COLORS, "R,100,G,200,B,150"),
    ("path", "simple", True, "blue", "blue"),
    ("path", "simple", True, LIST, "blue,black,brown"),
    ("path", "simple", True, COLORS, "R=100,G=200,B=150"),
    ("header", "simple", False, "blue", "blue"),
    ("header", "simple", False, LIST, "blue,black,brown"),
    ("header", "simple", False, COLORS, "R,100,G,200,B,150"),
    ("header", "simple", True, COLORS, "R=100,G=200,B=150"),
    ("query", "form", False, "", "color="),
    ("query", "form", False, "blue", "color=blue"),
    ("query", "form", False, LIST, "color=blue,black,brown"),
    ("query", "form", False, COLORS, "color=R,100,G,200,B,150"),
    ("query", "form", True, "", "color="),
    ("query", "form", True, "blue", "color=blue"),
    ("query", "form", True, LIST, "color=blue&color=black&color=brown"),
    ("query", "form", True, COLORS, "R=100&G=200&B=150"),
    ("query", "spaceDelimited", False, LIST, "color=blue%20black%20brown"),
    ("query", "spaceDelimited", False, COLORS, "color=R%20100%20G%20200%20B%20150"),
    ("query", "pipeDelimited", False, LIST, "color=blue%7Cblack%7Cbrown"),
    ("query", "pipeDelimited", False, COLORS, "color=R%7C100%7CG%7C200%7CB%7C150"),
    ("query", "deepObject", True, COLORS, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ("cookie", "form", False, "blue", "color=blue"),
    ("cookie", "form", False, LIST, "color=blue,black,brown"),
    ("cookie", "form", False, COLORS, "color=R,100,G,200,B,150"),
    # RFC 6265: cookies are separated by "; ", where the table has the ampersand of a query.
    ("cookie", "form", True, LIST, "color=blue; color=black; color=brown"),
    ("cookie", "form", True, COLORS, "R=100; G=200; B=150"),
]


def described(place: str, style: str, explode: bool, schema: Document, **more: Any) -> Document:
    parameter = {
        **{"name": "color", "in": place, "style": style, "explode": explode, "schema": schema},
        **({"required": True} if place == "path" else {}),
        **more,
    }
    path = "/at/{color}" if place == "path" else "/at"
    return openapi({path: {"get": operation(parameters=[parameter])}})


def written(document: Document, place: str, value: Any) -> str:
    request = sent(document, color=value)
    if place == "path":
        return address(request).removeprefix("/at/")
    if place == "query":
        return address(request).removeprefix("/at").removeprefix("?")
    return str(request.headers.get("Cookie" if place == "cookie" else "color", ""))


def schema_of(value: Any) -> Document:
    if isinstance(value, list):
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "object"} if isinstance(value, dict) else {"type": "string"}


@pytest.mark.parametrize(("place", "style", "explode", "value", "expected"), TABLE)
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "untyped"])
def test_a_value_is_written_as_the_table_of_the_specification_has_it(
    place: str, style: str, explode: bool, value: Any, expected: str, typed: bool
) -> None:
    schema = schema_of(value) if typed else {}
    assert written(described(place, style, explode, schema), place, value) == expected


@pytest.mark.parametrize(
    ("place", "schema", "expected"),
    [
        ("path", {"type": "array", "items": {"type": "integer"}}, "3,4"),
        ("query", {"type": "array", "items": {"type": "integer"}}, "color=3&color=4"),
        ("header", {"type": "array", "items": {"type": "integer"}}, "3,4"),
        ("cookie", {"type": "array", "items": {"type": "integer"}}, "color=3; color=4"),
    ],
)
def test_a_parameter_that_names_no_style_has_that_of_its_location(
    place: str, schema: Document, expected: str
) -> None:
    parameter = {"name": "color", "in": place, "required": True, "schema": schema}
    path = "/at/{color}" if place == "path" else "/at"
    document = openapi({path: {"get": operation(parameters=[parameter])}})
    assert written(document, place, [3, 4]) == expected


AWKWARD = "a b/c?d#e&f=g+h%i,j;k|lü"


@pytest.mark.parametrize(
    ("place", "style"),
    [
        *[("path", style) for style in ("simple", "label", "matrix")],
        *[("query", style) for style in ("form", "spaceDelimited", "pipeDelimited")],
        ("cookie", "form"),
    ],
)
def test_a_value_never_ends_what_it_stands_in(place: str, style: str) -> None:
    text = written(described(place, style, False, {"type": "string"}), place, AWKWARD)
    assert not set(" /?#&+;,|") & set(text.lstrip(";"))
    assert unquote(text).removeprefix(".").removeprefix(";").removeprefix("color=") == AWKWARD
    pair = written(described(place, style, False, {"type": "array"}), place, ["a,b", "c"])
    assert "a%2Cb" in pair


def test_a_value_that_holds_what_separates_values_is_an_error() -> None:
    for style, item in (("spaceDelimited", "two words"), ("pipeDelimited", "a|b")):
        document = described("query", style, False, {"type": "array"})
        with pytest.raises(UsageError, match="color: a value has"):
            written(document, "query", [item, "other"])


def test_a_percent_sign_in_a_path_is_what_the_caller_meant() -> None:
    document = described("path", "simple", False, {"type": "string"})
    assert written(document, "path", "100%25") == "100%2525"


def test_reserved_characters_stay_where_the_description_allows_them() -> None:
    document = described("query", "form", True, {"type": "string"}, allowReserved=True)
    # RFC 6570, 3.2.3: {+path} of "/foo/bar"
    assert written(document, "query", "/foo/bar") == "color=/foo/bar"
    assert written(document, "query", "a:b@c?d=e;f%20g 100%") == "color=a:b@c?d=e;f%20g%20100%25"
    # These would end the term or the query, or be read as a blank.
    assert written(document, "query", "a&b#c+d") == "color=a%26b%23c%2Bd"


def test_values_within_a_list_or_an_object_are_written_by_their_type() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    document = described("query", "form", True, {"type": "array", "items": {}})
    assert written(document, "query", [True, None, 1.5, when]) == (
        "color=true&color=1.5&color=2026-01-02T03%3A04%3A05.000%2B00%3A00"
    )
    deep = described("query", "deepObject", True, {"type": "object"})
    value = {"a": {"b": True, "c": None}, "list": [1, 2]}
    assert written(deep, "query", value) == (
        "color%5Ba%5D%5Bb%5D=true&color%5Blist%5D=1&color%5Blist%5D=2"
    )


def test_an_empty_list_or_object_is_nothing_in_a_query() -> None:
    empty: list[Any] = [[], {}]
    for value in empty:
        for explode in (True, False):
            assert written(described("query", "form", explode, {}), "query", value) == ""


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "integer"}, "three", "whole number"),
        ({"type": "integer"}, [1, 2], "give an integer"),
        ({"type": "array", "items": {"type": "integer"}}, [1, "two"], "whole number"),
        ({"type": "boolean"}, "perhaps", "True or False"),
        ({"type": "string"}, {"a": 1}, "text"),
    ],
)
def test_a_value_of_another_type_is_an_error_that_names_the_parameter(
    schema: Document, value: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=f"color.*{said}"):
        written(described("query", "form", True, schema), "query", value)


@pytest.mark.parametrize(
    ("style", "value"), [("simple", ""), ("simple", ".."), ("label", ""), ("simple", [])]
)
def test_a_path_is_not_cut_short_by_its_variable(style: str, value: Any) -> None:
    """``.`` and ``..`` are resolved by servers, and an empty segment is another address."""
    with pytest.raises(UsageError, match="color"):
        written(described("path", style, False, {}), "path", value)


def test_the_rest_of_a_path_keeps_its_slashes() -> None:
    """By the extension of this package, and as other dialects of templates write it."""
    own = described("path", "simple", False, {"type": "string"}, **{"x-agavepy-tail": True})
    assert written(own, "path", "/a b/c?d/") == "/a%20b/c%3Fd/"
    assert written(own, "path", "") == ""
    with pytest.raises(UsageError, match="color"):
        written(own, "path", "a/../b")
    for template in ("/at/{color*}", "/at/{+color}"):
        parameter = {"name": "color", "in": "path", "required": True, "schema": {}}
        document = openapi({template: {"get": operation(parameters=[parameter])}})
        assert written(document, "path", "a/b c") == "a/b%20c"


def test_a_parameter_of_a_media_type_is_written_as_that() -> None:
    for place, expected in {
        "query": "color=%7B%22a%22%3A%20%5B1%2C%202%5D%7D",
        "header": '{"a": [1, 2]}',
        "cookie": "color=%7B%22a%22%3A%20%5B1%2C%202%5D%7D",
        "path": "%7B%22a%22%3A%20%5B1%2C%202%5D%7D",
    }.items():
        parameter = {
            **{"name": "color", "in": place, "required": True},
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
        path = "/at/{color}" if place == "path" else "/at"
        document = openapi({path: {"get": operation(parameters=[parameter])}})
        assert written(document, place, {"a": [1, 2]}) == expected


def test_several_cookies_are_one_header() -> None:
    parameters: list[Document] = [
        {"name": name, "in": "cookie", "schema": {}} for name in ("a", "b")
    ]
    document = openapi({"/at": {"get": operation(parameters=parameters)}})
    assert sent(document, a=1, b="x y").headers["Cookie"] == "a=1; b=x%20y"


def test_a_header_takes_no_line_of_its_own() -> None:
    with pytest.raises(UsageError, match="header"):
        written(described("header", "simple", False, {}), "header", "a\r\nX-Other: b")
