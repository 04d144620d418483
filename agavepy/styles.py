"""Parameters of OpenAPI 3 as text on the wire, by style and explode (RFC 6570 behind most).

An array is written item by item and an object by its names and values; None among them is left
out. What the specification leaves open is done so: an object within a deepObject goes on with
brackets and a list within it repeats its name; an exploded cookie is a cookie for each item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from agavepy import marshal, media
from agavepy.errors import UsageError
from agavepy.plan import Parameter

_UNRESERVED = "-._~"
#: Reserved characters that may stand in a query: others would end it, a term, or be read as blanks.
_RESERVED = _UNRESERVED + ":/?@!$'()*,;="
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
#: What begins a value in the path and what separates its parts if it is exploded.
_PREFIXES = {"simple": ("", ","), "label": (".", "."), "matrix": (";", ";")}
_PLAIN = Parameter("", "query", "any")


def path_text(parameter: Parameter, value: Any) -> str:
    """Return a path variable as it is written into the URL.

    Raises UsageError for one that is empty, and for ``.`` and ``..``, which would be resolved.
    """
    safe = _UNRESERVED + ("/" if parameter.tail else "")
    key = quote(parameter.key or parameter.name, safe=_UNRESERVED)
    prefix, separator = _PREFIXES[parameter.style or "simple"]
    if parameter.media:
        return _checked(parameter, quote(_content(parameter, value), safe=safe))
    if parameter.style == "matrix":
        text = _matrix(key, _encoded(parameter, value, safe), parameter.explode)
    else:
        joint = separator if parameter.explode else ","
        text = prefix + joint.join(_flat(_encoded(parameter, value, safe), parameter.explode))
    return _checked(parameter, text)


def _checked(parameter: Parameter, text: str) -> str:
    if not text and not (parameter.tail or parameter.optional):
        raise UsageError(f"{parameter.name} is empty: it is a part of the address")
    if {".", ".."} & set(text.split("/")):
        raise UsageError(
            f"{parameter.name} is written {text!r}, which is no name in a path: '.' and '..' are "
            "resolved to another address"
        )
    return text


def _matrix(key: str, parts: str | list[str] | dict[str, str], explode: bool) -> str:
    if isinstance(parts, str):
        return f";{key}={parts}" if parts else f";{key}"
    if isinstance(parts, list) and explode:
        return "".join(f";{key}={item}" for item in parts)
    if isinstance(parts, dict) and explode:
        return "".join(f";{name}={item}" for name, item in parts.items())
    return f";{key}={','.join(_flat(parts, False))}" if parts else ""


def query_terms(parameter: Parameter, value: Any) -> list[str]:
    """Return the terms of a query, or of a form, encoded: none, one or several ``name=value``."""
    key = quote(parameter.key or parameter.name, safe=_UNRESERVED + "$:@")
    safe = _RESERVED if parameter.reserved else _UNRESERVED
    if parameter.media:
        return [f"{key}={quote(_content(parameter, value), safe=safe)}"]
    if parameter.style == "deepObject" and isinstance(value, Mapping):
        return list(_deep(key, value, safe))
    parts = _encoded(parameter, value, safe, parameter.reserved)
    if isinstance(parts, str):
        return [f"{key}={parts}"]
    if isinstance(parts, dict) and parameter.explode and parameter.style == "form":
        return [f"{name}={item}" for name, item in parts.items()]
    if isinstance(parts, list) and (parameter.explode or parameter.style == "deepObject"):
        return [f"{key}={item}" for item in parts]
    joint = _DELIMITERS.get(parameter.style, ",")
    if joint != "," and any(joint in part for part in _flat(parts, False)):
        raise UsageError(
            f"{parameter.name}: a value has {unquote(joint)!r} in it, which separates values there"
        )
    return [f"{key}={joint.join(_flat(parts, False))}"] if parts else []


def _deep(key: str, value: Mapping[Any, Any], safe: str) -> Iterable[str]:
    for name, item in value.items():
        inner = f"{key}%5B{quote(str(name), safe=_UNRESERVED)}%5D"
        if isinstance(item, Mapping):
            yield from _deep(inner, item, safe)
        else:
            items = item if marshal.is_list(item) else [item]
            yield from (f"{inner}={_quoted(_text(i), safe)}" for i in items if i is not None)


def header_text(parameter: Parameter, value: Any) -> str:
    """Return the value of a header; nothing is encoded there."""
    if parameter.media:
        return _content(parameter, value)
    return ",".join(_flat(_parts(parameter, value), parameter.explode))


def cookies(parameter: Parameter, value: Any) -> list[str]:
    """Return the cookies of one argument, encoded as in a query."""
    return query_terms(parameter, value)


def _flat(parts: str | list[str] | dict[str, str], explode: bool) -> list[str]:
    if isinstance(parts, str):
        return [parts]
    if isinstance(parts, list):
        return parts
    if explode:
        return [f"{name}={item}" for name, item in parts.items()]
    return [text for pair in parts.items() for text in pair]


def _encoded(
    parameter: Parameter, value: Any, safe: str, reserved: bool = False
) -> str | list[str] | dict[str, str]:
    parts = _parts(parameter, value)
    if isinstance(parts, str):
        return _quoted(parts, safe, reserved)
    if isinstance(parts, list):
        return [_quoted(item, safe, reserved) for item in parts]
    return {
        _quoted(name, _UNRESERVED): _quoted(item, safe, reserved) for name, item in parts.items()
    }


def _quoted(text: str, safe: str, reserved: bool = False) -> str:
    if reserved:  # what is encoded already stays so
        return quote(
            re.sub(marshal.LONE_PERCENT, "%25", text), safe=safe + "%", errors="surrogateescape"
        )
    return quote(text, safe=safe, errors="surrogateescape")


def _parts(parameter: Parameter, value: Any) -> str | list[str] | dict[str, str]:
    """Return a value as its text, or the texts of its items. Raises UsageError naming it."""
    if marshal.is_list(value) and parameter.type in ("array", "any"):
        item = parameter._replace(type=parameter.items or "any")
        return [_text(each, item) for each in value if each is not None]
    if isinstance(value, Mapping) and parameter.type in ("object", "any"):
        return {str(name): _text(item) for name, item in value.items() if item is not None}
    kind = parameter.items if parameter.type == "array" else parameter.type
    return marshal.text_of(parameter._replace(type=kind or "any"), value)


def _text(value: Any, parameter: Parameter = _PLAIN) -> str:
    if isinstance(value, Mapping) or marshal.is_list(value):
        # The styles end at the first level; what is deeper can only be given as JSON.
        return marshal.json_text(parameter.name, value)
    return marshal.text_of(parameter, value)


def _content(parameter: Parameter, value: Any) -> str:
    """Return a value as the media type that describes it."""
    if media.kind(parameter.media) == "json":
        if isinstance(value, str) and parameter.type not in ("string", "any"):
            return value  # JSON text
        return marshal.json_text(parameter.name, value)
    return _text(value, parameter)
