"""Python values as text on the wire: path segments, query, header and form values, JSON bodies."""

from __future__ import annotations

import datetime
import enum
import json
import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from requests.exceptions import InvalidHeader
from requests.utils import check_header_validity

from agavepy.errors import UsageError
from agavepy.plan import Parameter

#: What may stand unencoded in a path segment (RFC 3986, pchar).
_SEGMENT = "!$&'()*+,;=:@-._~"
#: A ``%`` that begins no encoded character.
LONE_PERCENT = r"%(?![0-9A-Fa-f]{2})"
#: A segment that is the directory it stands in, and the slash that ends it.
_HERE = r"(?:^|(?<=/))(?:\.|%2[Ee])(?:/+|$)"
_SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "multi": ","}
_BOOLEANS = {"true": "true", "false": "false", "1": "true", "0": "false"}


def path_text(parameter: Parameter, value: Any) -> str:
    """Return a path variable as it is written into the URL.

    Characters that have a meaning in a URL are encoded; ``%XX`` is kept, because callers of the
    earlier releases quote their paths themselves, and any other ``%`` is encoded. A slash is kept
    in a tail and encoded elsewhere; a ``.`` between the slashes of a tail is left out, as earlier
    releases did. Raises UsageError for an empty value that the path cannot do without, and for
    other ``.`` and ``..``, which a server or proxy would resolve to another address.
    """
    text = value if value.__class__ is str else text_of(parameter, value)
    if not text and not (parameter.tail or parameter.optional):
        raise UsageError(f"{parameter.name} is empty: it is a part of the address")
    if "." in text or "%" in text:
        text = _without_dots(parameter, text)
    if "%" in text:
        text = re.sub(LONE_PERCENT, "%25", text)
    safe = _SEGMENT + ("%/" if parameter.tail else "%")
    return quote(text, safe=safe, errors="surrogateescape")


def _without_dots(parameter: Parameter, text: str) -> str:
    decoded = text.replace("%2e", ".").replace("%2E", ".")
    if not parameter.tail:
        segments = [decoded]
    else:
        segments = decoded.replace("%2f", "/").replace("%2F", "/").split("/")
    if "." not in segments and ".." not in segments:
        return text
    plain = re.sub(_HERE, "", text) if parameter.tail else text
    if plain != text:
        return _without_dots(parameter, plain)
    raise UsageError(
        f"{parameter.name}={text!r}: '.' and '..' are no names in a path; write it without them"
    )


def terms(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    """Return the query or form terms of one argument: none, one or several pairs.

    Raises UsageError if the value cannot be what the description says.
    """
    name = parameter.key or parameter.name
    if value.__class__ is str or value.__class__ is int:
        return [(name, text_of(parameter, value))]
    if parameter.flatten and isinstance(value, Mapping):
        return pairs(name, value)
    if parameter.json and not isinstance(value, str | bytes):
        return [(name, json_text(name, value))]
    if parameter.type == "array" and parameter.collection == "multi" and is_list(value):
        convert = _CONVERTERS.get(parameter.items, _string)
        return [(name, convert(parameter, item)) for item in value]
    if is_list(value) and not value:
        return []
    return [(name, text_of(parameter, value))]


def text_of(parameter: Parameter, value: Any) -> str:
    """Return one value as text by the type of its parameter; lists are joined."""
    if is_list(value):
        if parameter.type not in ("array", "string", "object", "any"):
            raise _wrong(parameter, value)
        convert = _CONVERTERS.get(parameter.items, _string)
        separator = _SEPARATORS.get(parameter.collection, ",")
        return separator.join(convert(parameter, item) for item in value)
    kind = parameter.type if parameter.type != "array" else "string"
    return _CONVERTERS.get(kind, _string)(parameter, value)


def header_text(name: Any, value: Any) -> str:
    """Return the value of a header as text. Raises UsageError for what is no header."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    try:
        check_header_validity((name, text))
        text.encode("latin-1")
    except (InvalidHeader, UnicodeEncodeError) as error:
        raise UsageError(f"{name!r} is no valid name of a header, or its value none") from error
    return text


def pairs(name: str, given: Any) -> list[tuple[str, str]]:
    """Return the terms of a dict (or of pairs) that is merged into the query, None left out.

    ``name`` is the argument that an error names.
    """
    if isinstance(given, Mapping):
        items: Iterable[Any] = given.items()
    elif is_list(given) and all(is_list(pair) and len(pair) == 2 for pair in given):
        items = given
    else:
        raise UsageError(f"{name}={given!r}: give a dict of query terms")
    found = []
    for key, value in items:
        if value is not None:
            found.append((str(key), text_of(Parameter(f"{name}[{key!r}]", "query"), value)))
    return found


def json_text(name: str, value: Any) -> str:
    """Return ``value`` as JSON; dates become ISO 8601 text. Raises UsageError naming ``name``."""
    try:
        return json.dumps(value, allow_nan=False, default=_json_default)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{name} cannot be sent as JSON: {error}") from error


def _json_default(value: Any) -> Any:
    if isinstance(value, datetime.date):  # a datetime too
        return _date(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) has no JSON form")


def _date(value: datetime.date) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat()


def is_list(value: Any) -> bool:
    """Tell whether a value is several values."""
    return isinstance(value, list | tuple | set | frozenset | range)


def _wrong(parameter: Parameter, value: Any, wanted: str = "") -> UsageError:
    wanted = wanted or f"{'an' if parameter.type[:1] in 'aeio' else 'a'} {parameter.type}"
    return UsageError(f"{parameter.name}={value!r} ({type(value).__name__}): give {wanted}")


def _string(parameter: Parameter, value: Any) -> str:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise _wrong(parameter, value, "text: these bytes are no UTF-8") from error
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return _date(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Mapping):
        raise _wrong(parameter, value, "text; json.dumps(...) makes JSON text of a dict")
    if value is None or hasattr(value, "read") or isinstance(value, type) or _has_no_text(value):
        raise _wrong(parameter, value, "text")
    return str(value)


def _has_no_text(value: Any) -> bool:
    """Tell whether the text of ``value`` would only be its address in memory."""
    kind: Any = type(value)
    plain: Any = object
    return kind.__str__ is plain.__str__ and kind.__repr__ is plain.__repr__


def _integer(parameter: Parameter, value: Any) -> str:
    try:
        if isinstance(value, str) and "_" not in value:
            return str(int(value))
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if not isinstance(value, str | bool):
            return str(operator.index(value))
    except (TypeError, ValueError) as error:
        raise _wrong(parameter, value, "a whole number") from error
    raise _wrong(parameter, value, "a whole number")


def _number(parameter: Parameter, value: Any) -> str:
    try:
        finite = not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError) as error:
        raise _wrong(parameter, value, "a number") from error
    if not finite:
        raise _wrong(parameter, value, "a finite number")
    return str(value).strip()


def _boolean(parameter: Parameter, value: Any) -> str:
    known = _BOOLEANS.get(str(value).strip().lower())
    if known is None:
        raise _wrong(parameter, value, "True or False")
    return known


def _object(parameter: Parameter, value: Any) -> str:
    return value if isinstance(value, str) else json_text(parameter.name, value)


_CONVERTERS: dict[str, Callable[[Parameter, Any], str]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": _object,
}
