"""Metadata to test with, under names of its own."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import quote

from tests.conftest import Http
from tests.sandbox.answers import result

DATA = "/meta/v2/data"
SCHEMAS = "/meta/v2/schemas"
BULK = "/meta/v2/bulk"
NOBODY = "1234567890123456789-242ac11b-0001-012"

SCHEMA: dict[str, Any] = {
    "title": "A plant",
    "type": "object",
    "properties": {"genus": {"type": "string"}, "height": {"type": "number"}},
    "required": ["genus"],
}


def new_name() -> str:
    """Return a name that no other item has."""
    return f"item-{secrets.token_hex(6)}"


def add(http: Http, value: Any = None, **more: Any) -> dict[str, Any]:
    """Add an item and return it."""
    body = {"name": new_name(), "value": value, **more}
    item: dict[str, Any] = result(http.post(DATA, json=body), 201)
    return item


def add_schema(http: Http, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Add a schema and return it."""
    added: dict[str, Any] = result(http.post(SCHEMAS, json=schema or SCHEMA), 201)
    return added


def encoded(query: Any) -> str:
    """Return the value of ``q`` for a query, as careful programs write it: encoded once already."""
    return quote(json.dumps(query))


def search(http: Http, query: Any, address: str = DATA, **terms: Any) -> list[dict[str, Any]]:
    """Return what a query finds."""
    found: list[dict[str, Any]] = result(http.get(address, params={"q": encoded(query), **terms}))
    return found


def uuids(found: list[dict[str, Any]]) -> set[str]:
    """Return the uuids of a listing."""
    return {item["uuid"] for item in found}
