"""Values made up from the schemas of others."""

from __future__ import annotations

import io
from typing import Any

from tests.contract.corpus import Foreign

CONTENT = bytes(range(256)) + b"\r\n--\r\n"


def value(operation: Foreign, schema: Any, word: str, within: tuple[int, ...] = ()) -> Any:
    """Return a value of a schema that is awkward to send; models do not nest themselves."""
    schema = operation.follow(schema)
    if id(schema) in within or len(within) > 6:
        return None
    deeper = (*within, id(schema))
    if "const" in schema:
        return schema["const"]
    known = [item for item in schema.get("enum") or () if item is not None]
    if known:
        return known[-1]
    for together in ("allOf", "oneOf", "anyOf"):
        if schema.get(together) and not schema.get("properties"):
            options = [value(operation, part, word, deeper) for part in schema[together]]
            if together == "allOf" and all(isinstance(option, dict) for option in options):
                return {name: item for option in options for name, item in option.items()}
            return next((option for option in options if option is not None), None)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((item for item in kind if item != "null"), "string")
    if kind == "object" or schema.get("properties"):
        found = {
            name: value(operation, part, name, deeper)
            for name, part in (schema.get("properties") or {}).items()
            if not operation.follow(part).get("readOnly")
        }
        return {name: item for name, item in found.items() if item is not None} or {"k é": "v &"}
    if kind == "array":
        items = schema.get("items") or {}
        first = value(operation, items, "one", deeper)
        second = value(operation, items, "two &,|;", deeper)
        return [item for item in (first, second) if item is not None]
    if kind in ("integer", "number"):
        # One that is within the bounds, which some documents state exclusively.
        least = schema.get("minimum", schema.get("exclusiveMinimum", 6))
        least = least if isinstance(least, int | float) and not isinstance(least, bool) else 6
        return int(max(7, least + 1)) if kind == "integer" else max(7.5, least + 1)
    if kind == "boolean":
        return True
    return f"{word} ü/?#[x]+&=;:@,|%"


def binary(operation: Foreign, schema: Any) -> bool:
    """Tell whether a schema is of bytes."""
    schema = operation.follow(schema)
    return bool(schema.get("format") == "binary" or schema.get("type") == "file")


def fields(operation: Foreign, described: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form: files where these are bytes."""
    schema = operation.follow(described.get("schema"))
    made = value(operation, schema, "form")
    result = dict(made) if isinstance(made, dict) else {"k é": "v &"}
    for name, raw in (schema.get("properties") or {}).items():
        part = operation.follow(raw)
        if binary(operation, part):
            result[name] = (f"{name} é.dat", io.BytesIO(CONTENT))
        elif part.get("type") == "array" and binary(operation, part.get("items")):
            result[name] = [(f"{name} {n}.dat", io.BytesIO(CONTENT)) for n in (1, 2)]
    return result
