"""Bodies of OpenAPI 3 requests: a value written as one of the media types that are described."""

from __future__ import annotations

import json
import mimetypes
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from agavepy import marshal, media, multipart, styles
from agavepy.errors import UsageError
from agavepy.plan import BYTES, JSON, Body, Parameter, Plan

Content = bytes | multipart.Stream
_KNOWN_TEXT = "text/plain; charset=utf-8"


def encode(plan: Plan, name: str, value: Any, wanted: str = "") -> tuple[Content, str]:
    """Return the body of one call and its Content-Type.

    ``wanted`` is the Content-Type that the caller asks for; it chooses among the described ones.
    Without it, bytes and open files travel as a type of bytes if there is one, text as a type of
    text, and all else as the first type. Raises UsageError naming the argument.
    """
    body = _chosen(plan, value, wanted)
    content_type = wanted or _concrete(body)
    if isinstance(value, Mapping) and body.kind == "multipart":
        return _multipart(body, value)
    if hasattr(value, "read") or isinstance(value, os.PathLike):
        return multipart.Stream([multipart.Source(value, name)]), content_type
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value), content_type
    if isinstance(value, Mapping) and body.kind == "form":
        text = _form(body, value)
    elif isinstance(value, str):
        text = marshal.json_text(name, value) if _is_json_string(body, value) else value
        content_type = _KNOWN_TEXT if body.kind == "any" and not wanted else content_type
    elif body.kind in ("json", "any"):
        text = marshal.json_text(name, value)
        content_type = content_type if wanted or body.kind == "json" else JSON
    elif body.kind == "text" and isinstance(value, int | float):
        text = marshal.text_of(Parameter(name, "body"), value)
    else:
        fields = body.kind in ("form", "multipart")
        raise UsageError(
            f"{plan.id}: {name} travels as {content_type}: give "
            f"{'a dict of its fields' if fields else 'text or bytes of it'}"
        )
    return text.encode(), content_type


def _is_json_string(body: Body, value: str) -> bool:
    """Tell whether text is a value of its own, and not the JSON text of one.

    It is where the description takes strings. Where it does not say what it takes, text that is
    JSON travels as it is.
    """
    if body.kind != "json" or body.type not in ("string", ""):
        return False
    try:
        json.loads(value)
    except ValueError:
        return True
    return body.type == "string"


def _chosen(plan: Plan, value: Any, wanted: str) -> Body:
    """Return the media type for a value; the caller's own where that is described."""
    if wanted:
        found = [body for body in plan.bodies if media.matches(wanted, body.media)]
        return found[0] if found else Body(wanted, media.kind(wanted))
    first = plan.bodies[0]
    ways: tuple[str, ...] = ()
    if hasattr(value, "read") or isinstance(value, bytes | bytearray | memoryview | os.PathLike):
        ways = ("bytes", "any")
    elif isinstance(value, str) and first.kind in ("form", "multipart", "bytes"):
        ways = ("text",)
    return next((body for body in plan.bodies if body.kind in ways), first)


def _concrete(body: Body) -> str:
    """Return a media type that can be sent: a range is none."""
    if "*" not in body.media:
        return body.media
    return _KNOWN_TEXT if body.media.startswith("text/") else BYTES


def _form(body: Body, value: Mapping[Any, Any]) -> str:
    """Return a form as servers read it: blanks are plus signs there."""
    terms: list[str] = []
    for part, given in _parts(body, value):
        if part.style:
            terms += styles.query_terms(part._replace(media=""), given)
            continue
        written = Parameter(part.name, "form", style="form", reserved=part.reserved)
        for item in _items(part, given):
            terms += styles.query_terms(written, _field(part, item))
    return "&".join(term.replace("%20", "+") for term in terms)


def _multipart(body: Body, value: Mapping[Any, Any]) -> tuple[multipart.Stream, str]:
    fields: list[multipart.Field] = []
    files: list[tuple[str, multipart.Source]] = []
    for part, given in _parts(body, value):
        if part.style and part.location != "file" and not _is_part(given):
            for term in styles.query_terms(part, given):
                key, _, text = term.partition("=")
                fields.append(multipart.Field(unquote(key), unquote(text)))
            continue
        described = body.headers.get(part.name, ())
        for item in _items(part, given):
            if _is_part(item):
                item = (*item[:3], _styled(described, item[3]))  # noqa: PLW2901
            if part.location == "file" or _is_file(item):
                files.append((part.name, _source(part, item)))
            elif _is_part(item):
                _, content, kind, headers = item
                told = multipart.part_headers(headers, part.name)
                kind = str(kind or _field_type(part, content))
                fields.append(multipart.Field(part.name, _field(part, content), kind, told))
            else:
                fields.append(
                    multipart.Field(part.name, _field(part, item), _field_type(part, item))
                )
    return multipart.encode(fields, files)


def _parts(body: Body, value: Mapping[Any, Any]) -> Iterator[tuple[Parameter, Any]]:
    """Yield the fields that are given with what describes each; one may be of the caller's own."""
    table = {part.name: part for part in body.parts}
    for name, given in value.items():
        if given is not None:
            yield table.get(str(name)) or Parameter(str(name), "form", "any"), given


def _items(part: Parameter, given: Any) -> list[Any]:
    """Return the values of one field: each item of a list is a field or a file of its own."""
    one = _is_part(given) or _is_file(given)
    several = marshal.is_list(given) and part.type in ("array", "any") and not one
    if several and not (part.location == "file" and isinstance(given, tuple)):
        return [item for item in given if item is not None]
    return [given]


def _is_part(value: Any) -> bool:
    """Tell whether a value is (name or None, content, media type or None, headers)."""
    return isinstance(value, tuple) and len(value) == 4 and isinstance(value[3], Mapping)


def _styled(described: Iterable[Parameter], given: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the headers that are given for a part, those that are described as text."""
    table = {header.name.lower(): header for header in described}
    return {
        name: styles.header_text(table[str(name).lower()], value)
        if value is not None and str(name).lower() in table
        else value
        for name, value in given.items()
    }


def _is_file(value: Any) -> bool:
    if isinstance(value, tuple):
        return (len(value) in (2, 3) or _is_part(value)) and _is_file(value[1])
    return isinstance(value, bytes | bytearray | memoryview) or hasattr(value, "read")


def _source(part: Parameter, value: Any) -> multipart.Source:
    source = multipart.Source(value, part.name)
    if part.media and not (isinstance(value, tuple) and len(value) > 2 and value[2]):
        source.media_type = _file_type(part.media, source.name)
    return source


def _file_type(described: str, name: str) -> str:
    """Return which of the media types that are described for a file its name tells."""
    kinds = [kind.strip() for kind in described.split(",")]
    if len(kinds) > 1 or "*" in described:
        told = mimetypes.guess_type(name)[0]
        if told and any(media.matches(told, kind) for kind in kinds):
            return told
    return kinds[0] if "*" not in kinds[0] else BYTES


def _field_type(part: Parameter, value: Any) -> str:
    """Return the media type of one field; "" for text."""
    if part.media:
        return part.media
    return JSON if isinstance(value, Mapping) or marshal.is_list(value) else ""


def _field(part: Parameter, value: Any) -> str:
    """Return one field as text."""
    if isinstance(value, str):
        return value
    if media.kind(_field_type(part, value) or "text/plain") == "json":
        return marshal.json_text(part.name, value)
    kind = part.items if part.type == "array" else part.type
    return marshal.text_of(Parameter(part.name, "form", kind or "any"), value)
