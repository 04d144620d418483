"""Merging a partial document over a description."""

from __future__ import annotations

from typing import Any

import pytest

from agavepy.overlay import merge

#: (document, overlay, result): the examples of RFC 7396, appendix A.
STANDARD: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("document", "overlay", "result"), STANDARD)
def test_it_is_a_json_merge_patch(document: Any, overlay: Any, result: Any) -> None:
    assert merge(document, overlay) == result


def test_one_parameter_is_mended_without_repeating_the_others() -> None:
    limit = {"name": "limit", "in": "query", "type": "string"}
    path = {"name": "id", "in": "path", "type": "string", "required": True}
    document = {"get": {"parameters": [path, limit, {"$ref": "#/parameters/x"}]}}
    overlay = {
        "get": {
            "parameters": [
                {"name": "limit", "in": "query", "type": "integer", "default": None},
                {"name": "limit", "in": "header", "type": "string"},
                {"$ref": "#/parameters/y"},
            ]
        }
    }
    assert merge(document, overlay)["get"]["parameters"] == [
        path,
        {**limit, "type": "integer"},
        {"$ref": "#/parameters/x"},
        {"name": "limit", "in": "header", "type": "string"},
        {"$ref": "#/parameters/y"},
    ]


def test_neither_document_nor_overlay_is_changed() -> None:
    document = {"a": {"b": 1}, "parameters": [{"name": "n", "in": "query"}]}
    overlay = {"a": {"b": None}, "parameters": [{"name": "n", "in": "query", "type": "string"}]}
    merge(document, overlay)
    assert document == {"a": {"b": 1}, "parameters": [{"name": "n", "in": "query"}]}
    assert overlay["a"] == {"b": None}
