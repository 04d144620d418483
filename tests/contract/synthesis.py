"""Arguments, requests and answers made up from descriptions alone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.contract.described import BYTES, Described, follow, properties

DATE = "2018-11-02T10:08:54.000-05:00"
WHEN = datetime(2018, 11, 2, 10, 8, 54, tzinfo=timezone(timedelta(hours=-5)))
CONTENT = bytes(range(256)) + b"\r\n--\r\n"
JSON_TEXT = '{ "text" : "as it is, ü" , "n": [1,2.50 , null] }'
SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}

Terms = list[tuple[str, str]]


def argument(parameter: dict[str, Any]) -> Any:
    """Return a value for a parameter that is awkward to send: blanks, signs, letters, slashes."""
    if parameter["in"] == "body":
        return example(parameter["schema"], {})[0]
    if parameter.get("x-agavepy-flatten"):
        return {"A b": "1&2=3", "C.gt": 4, "yes": True}
    if parameter.get("x-agavepy-json"):
        return [{"url": "http://h/?a=b&c", "persistent": True}]
    if parameter["type"] == "array":
        return [_single(parameter["items"], "one"), _single(parameter["items"], "two &")]
    return _single(parameter, parameter["name"])


def _single(schema: dict[str, Any], word: str) -> Any:
    if schema.get("enum"):
        return schema["enum"][-1]
    kind = schema.get("type", "string")
    if kind == "integer":
        return int(max(7, schema.get("minimum", 7)))
    if kind == "file":
        return (f"{word} é.dat", io.BytesIO(CONTENT))
    if schema.get("in") == "header":
        return f"{word}=0-7; é"
    if schema.get("x-agavepy-tail"):
        return f"{word} ü/b#?//c+d%e & more/"
    text = f"{word} ü/?#[x]+&=;:@\\"
    return {"number": 2.5, "boolean": True, "string": text}[kind]


def text(value: Any) -> str:
    """Return a value as servers expect it in paths, queries, forms and headers."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def terms(parameter: dict[str, Any], value: Any) -> Terms:
    """Return the query or form terms of a value."""
    name = parameter["name"]
    if isinstance(value, dict):
        return [(key, text(item)) for key, item in value.items()]
    if parameter.get("x-agavepy-json"):
        return [(name, json.dumps(value))]
    if isinstance(value, list):
        style = parameter.get("collectionFormat", "csv")
        if style == "multi":
            return [(name, text(item)) for item in value]
        return [(name, SEPARATORS[style].join(map(text, value)))]
    return [(name, text(value))]


def calls(operation: Described) -> Iterator[dict[str, Any]]:
    """Yield the arguments of calls that together use every parameter and every style of body."""
    every = {parameter["name"]: argument(parameter) for parameter in operation.parameters}
    only_bytes = operation.consumes == (BYTES,)
    bodies = [parameter["name"] for parameter in operation.at("body")]
    for name in bodies if only_bytes else ():
        every[name] = CONTENT
    yield every
    least = {
        parameter["name"]: every[parameter["name"]]
        for parameter in operation.parameters
        if parameter.get("required") and not parameter.get("x-agavepy-optional")
    }
    for name in bodies:
        yield {**least, name: JSON_TEXT}
        yield {**least, name: CONTENT}
        yield {**least, name: io.BytesIO(CONTENT)}
        if not only_bytes:
            yield {**least, name: [1, {"a": "ü"}]}
    if not bodies:
        yield least
    files = {p["name"] for p in operation.at("formData") if p["type"] == "file"}
    form = {p["name"] for p in operation.at("formData")} - files
    if files and form:
        yield {name: value for name, value in every.items() if name not in files}
    for parameter in operation.parameters:
        for value in parameter.get("enum", ()):
            yield {**least, parameter["name"]: value}


def example(schema: Any, options: dict[str, Any], within: tuple[int, ...] = ()) -> tuple[Any, Any]:
    """Return a value of a schema and what a caller gets to see of it.

    With ``nulls`` in ``options`` every field that may be null is; models do not nest themselves.
    """
    schema = follow(schema)
    if schema.get("x-nullable") and options.get("nulls"):
        return None, None
    if schema.get("enum"):
        known = next(value for value in schema["enum"] if value is not None)
        return known, known
    kind = schema.get("type")
    fields = properties(schema)
    if schema.get("items") and (kind == "array" or options.get("lists")):
        items = [example(schema["items"], options, (*within, id(schema))) for _ in range(2)]
        return [sent for sent, _ in items], [seen for _, seen in items]
    if fields or kind == "object":
        chosen: dict[str, Any] = {}
        for name, field in fields.items():
            if id(follow(field)) not in within:
                chosen[name] = example(field, options, (*within, id(schema)))
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            chosen["any name"] = example(more, options, (*within, id(schema)))
        sent = {name: pair[0] for name, pair in chosen.items()}
        return sent, {name: pair[1] for name, pair in chosen.items()}
    if kind == "string" and schema.get("format") == "date-time":
        return DATE, DATE if schema.get("x-agavepy-text") else WHEN
    known = {"integer": 7, "number": 2.5, "boolean": True, "string": "text ü"}.get(
        str(kind), ["anything", {"at": "all"}, None]
    )
    return known, known
