"""The vendor extensions of descriptions: where each may stand and what its value has to be.

``docs/descriptions.rst`` says what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agavepy.errors import nearest
from agavepy.naming import is_name

PREFIX = "x-agavepy-"
FAMILIES = ("java", "php", "django", "flask", "none")
CREDENTIALS = ("bearer", "user", "client", "secret")
REQUIREMENTS = ("admin", "aloe", "classic")
SEARCH_TYPES = ("string", "number", "boolean", "date")


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "is true or false"


def _among(known: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda value: "" if value in known else f"is one of {', '.join(known)}"


def _name(value: Any) -> str:
    # A name that begins with an underscore is that of a document which is no service of tenants.
    good = isinstance(value, str) and is_name(value.lstrip("_"))
    return "" if good else "is the name of an attribute of the client"


def _needs(value: Any) -> str:
    good = isinstance(value, list) and value and set(map(str, value)) <= set(REQUIREMENTS)
    return "" if good else f"is a list of: {', '.join(REQUIREMENTS)}"


def _body(value: Any) -> str:
    return "" if isinstance(value, dict) and set(value) == {"$ref"} else "is a `$ref` to a body"


def _words(value: Any) -> str:
    for word, rule in value.items() if isinstance(value, dict) else [("", None)]:
        if not isinstance(rule, dict) or not set(rule) <= {"type", "field", "computed"}:
            return f"maps each word to its type, field or computed{f': {word}' if word else ''}"
        if rule.get("type", "string") not in SEARCH_TYPES:
            return f"{word} has one of the types {', '.join(SEARCH_TYPES)}"
    return ""


#: Each extension: the kinds of parts that it belongs to, and what is wrong with a value ("" if
#: nothing is).
EXTENSIONS: dict[str, tuple[tuple[str, ...], Callable[[Any], str]]] = {
    "x-agavepy-service": (("document",), _name),
    "x-agavepy-extends": (("document",), _name),
    "x-agavepy-overlay": (("overlay",), _name),
    "x-agavepy-envelope": (("document", "operation"), _among(FAMILIES)),
    "x-agavepy-tail": (("path parameter",), _flag),
    "x-agavepy-optional": (("path parameter",), _flag),
    "x-agavepy-flatten": (("query parameter",), _flag),
    "x-agavepy-json": (("formData parameter",), _flag),
    "x-agavepy-text": (("date-time",), _flag),
    "x-agavepy-search": (("operation",), _words),
    "x-agavepy-requires": (("operation",), _needs),
    "x-agavepy-aloe": (("response",), _body),
    "x-agavepy-credential": (("security definition",), _among(CREDENTIALS)),
}


def faults(part: Mapping[Any, Any], kind: str) -> Iterator[str]:
    """Yield what is wrong with the extensions of one part; ``kind`` is "" where none may stand."""
    for key, value in part.items():
        if not str(key).startswith(PREFIX):
            continue
        kinds, fault_of = EXTENSIONS.get(key, ((), _flag))
        if not kinds:
            known = ", ".join(sorted(EXTENSIONS))
            yield f"{key} is no extension{nearest(key, EXTENSIONS)}; there are: {known}"
        elif kind not in kinds:
            yield f"{key} has no meaning here: it belongs to a {' or '.join(kinds)}"
        elif fault := fault_of(value):
            yield f"{key} {fault}; it is {value!r}"
