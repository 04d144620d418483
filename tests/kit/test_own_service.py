"""A description alone is a service: it keeps what it is sent, and requires what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from agavepy import Agave
from agavepy.errors import BadRequest, Conflict, DescriptionError, NotFound, UsageError
from agavepy.testing import Asked, OwnService, Refused

BOOK = {"$ref": "#/definitions/Book"}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Shelf", "version": "1"},
    "basePath": "/shelf/v1",
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "security": [{"key": []}],
    "paths": {
        "/books": {
            "get": {
                "operationId": "books.list",
                "parameters": [
                    {"name": "author", "in": "query", "type": "string"},
                    {"name": "order", "in": "query", "type": "string", "enum": ["up", "down"]},
                    {"name": "limit", "in": "query", "type": "integer"},
                    {"name": "offset", "in": "query", "type": "integer"},
                ],
                "responses": {
                    "200": {
                        "description": "Books.",
                        "schema": {
                            "type": "object",
                            "properties": {
                                "total": {"type": "integer"},
                                "books": {"type": "array", "items": BOOK},
                            },
                        },
                    }
                },
            },
            "post": {
                "operationId": "add",
                "parameters": [
                    {"name": "body", "in": "body", "required": True,
                     "schema": BOOK},
                ],
                "responses": {
                    "201": {"description": "Kept.", "schema": BOOK}
                },
            },
        },
        "/books/{isbn}": {
            "parameters": [{"name": "isbn", "in": "path", "required": True, "type": "string"}],
            "get": {
                "operationId": "get",
                "responses": {"200": {"description": ".", "schema": BOOK}},
            },
            "put": {
                "operationId": "replace",
                "parameters": [
                    {"name": "body", "in": "body", "required": True,
                     "schema": BOOK},
                ],
                "responses": {"200": {"description": ".", "schema": BOOK}},
            },
            "patch": {
                "operationId": "change",
                "parameters": [{"name": "body", "in": "body", "schema": {"type": "object"}}],
                "responses": {"200": {"description": ".", "schema": BOOK}},
            },
            "delete": {"operationId": "remove", "responses": {"204": {"description": "Gone."}}},
        },
        "/books/{isbn}/cover": {
            "parameters": [{"name": "isbn", "in": "path", "required": True, "type": "string"}],
            "get": {
                "operationId": "cover",
                "responses": {"200": {"description": ".", "schema": {"type": "file"}}},
            },
        },
    },
    "definitions": {
        "Book": {
            "type": "object",
            "required": ["title"],
            "properties": {
                "isbn": {"type": "string"},
                "title": {"type": "string"},
                "author": {"type": "string"},
                "added": {"type": "string", "format": "date-time"},
            },
        }
    },
}  # fmt: skip


@pytest.fixture
def shelf(tmp_path: Path, agave_spec: Callable[..., OwnService]) -> OwnService:
    document = tmp_path / "shelf.json"
    document.write_text(json.dumps(SWAGGER))
    return agave_spec(document)


def test_items_are_kept_listed_changed_and_removed(shelf: OwnService) -> None:
    books = shelf.client.shelf
    first = books.add(body={"title": "Emma", "author": "Austen"})
    books.add(body={"title": "Persuasion", "author": "Austen", "isbn": "42"})
    books.add(body={"title": "Ulysses", "author": "Joyce"})
    assert first.added.tzinfo is not None
    assert [b.title for b in books.books_list(author="Austen").books] == ["Emma", "Persuasion"]
    assert [b.title for b in books.books_list(limit=1, offset=1).books] == ["Persuasion"]
    assert books.change(isbn="42", body={"author": "J. A."}).title == "Persuasion"
    assert books.get(isbn="42").author == "J. A."
    replaced = books.replace(isbn="42", body={"title": "Sanditon"})
    assert ("author" in replaced, replaced.isbn) == (False, "42")
    books.remove(isbn="42")
    with pytest.raises(NotFound, match="there is no 42"):
        books.get(isbn="42")
    for missing in (books.remove, books.change, books.cover):
        with pytest.raises(NotFound):
            missing(isbn="42")
    assert [item["title"] for item in shelf.items["/books"].values()] == ["Emma", "Ulysses"]


def test_what_a_description_requires_is_required_of_any_client(shelf: OwnService) -> None:
    with pytest.raises(BadRequest, match="the field title of the body is missing"):
        shelf.client.shelf.add(body={"author": "Joyce"})
    url = f"{shelf.url}/shelf/v1/books"  # as the document has it
    answer = requests.post(url, data="{", headers={"Content-Type": "application/json"}, timeout=9)
    assert (answer.status_code, "no JSON" in answer.json()["message"]) == (400, True)
    assert requests.post(url, timeout=9).json()["message"] == "the body is missing"
    answer = requests.get(url, params={"order": "sideways"}, timeout=9)
    assert answer.json()["message"] == "order = 'sideways': it is one of up, down"
    assert requests.get(f"{shelf.url}/nowhere", timeout=9).status_code == 404
    assert requests.delete(url, timeout=9).status_code == 405
    assert shelf.items.get("/shelf/v1/books", {}) == {}


def test_an_operation_does_something_else_when_it_is_told(shelf: OwnService) -> None:
    def cover(asked: Asked) -> bytes:
        if asked.variables["isbn"] == "0":
            raise Refused(409, "no cover for 0")
        return b"\x89PNG " + asked.variables["isbn"].encode()

    shelf.answers("cover", cover)
    assert shelf.client.shelf.cover(isbn="7").content == b"\x89PNG 7"
    with pytest.raises(Conflict, match="no cover for 0"):
        shelf.client.shelf.cover(isbn="0")
    shelf.answers("get", {"title": "Always"})
    assert shelf.client.shelf.get(isbn="x").title == "Always"
    assert [asked.operation for asked in shelf.requests] == ["cover", "cover", "get"]
    with pytest.raises(UsageError, match="did you mean 'cover'"):
        shelf.answers("covers", None)


def test_a_document_that_is_none_is_named(
    tmp_path: Path, agave_spec: Callable[..., OwnService]
) -> None:
    with pytest.raises(DescriptionError, match=r"none\.yaml"):
        agave_spec(tmp_path / "none.yaml")
    (tmp_path / "odd.yaml").write_text("a: 1")
    with pytest.raises(DescriptionError, match=r"odd\.yaml"):
        agave_spec(tmp_path / "odd.yaml")


def test_the_client_of_a_test_has_the_services_of_its_markers_and_settings(
    pytester: pytest.Pytester,
) -> None:
    (pytester.path / "shelf.json").write_text(json.dumps(SWAGGER))
    (pytester.path / "rack.json").write_text(json.dumps(SWAGGER))
    pytester.makeini("[pytest]\nagave_specs = rack.json\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.agave_spec("shelf.json")
        def test_both(agave, agave_spec):
            agave.shelf.add(body={"title": "Emma"})
            assert agave.rack.books_list().books == []
            assert len(agave_spec("shelf.json").items["/books"]) == 1
            assert agave.profiles.get().username == "ada"

        @pytest.mark.agave_spec(path="shelf.json")
        def test_every_client(agave_as, agave_admin):
            agave_admin.shelf.add(body={"title": "Emma"})
            assert len(agave_as("grace").shelf.books_list().books) == 1

        def test_settings_only(agave):
            assert "rack" in dir(agave)
            assert "shelf" not in dir(agave)
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=3)


def test_a_brought_service_is_no_part_of_another_client(shelf: OwnService, agave: Agave) -> None:
    assert "shelf" in dir(shelf.client)
    assert "shelf" not in dir(agave)
